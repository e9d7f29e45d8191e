"""Knowledge versions on disk: opens one by memory map, falls back from a damaged one to the last good one.

It knows no documents folder and no model; `rag.publish` writes them. Layout: ``<root>/<base>/<version>/`` beside a
file ``<root>/<base>/CURRENT`` that names one.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import weakref
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from rag.base import FloatArray, KnowledgeError, NoKnowledgeError, Passage, is_base_name
from rag.definitions import DefinitionIndex
from rag.intact import MANIFEST, DamagedError, hold, verified
from rag.lexical import BM25Arrays, LexicalIndex, TermCounts
from rag.manifest import Manifest

CURRENT = "CURRENT"
PASSAGES = "passages.jsonl"
VOCABULARY = "vocabulary.txt"
DEFINITIONS = "definitions.jsonl"
_ARRAYS = (
    "vectors",
    "bm25_data",
    "bm25_rows",
    "bm25_starts",
    "terms_ids",
    "terms_counts",
    "terms_offsets",
    "terms_lengths",
    "passages_offsets",
)
_TRIES = 5


class Version:
    """One immutable knowledge version, read by memory map; thread-safe.

    ``warnings`` say why it is used in place of a damaged one. All its files are open from the beginning, and its folder
    is locked against `rag.publish.prune`, in any process, until nobody has the version any more.
    """

    def __init__(self, path: Path, manifest: Manifest, warnings: tuple[str, ...] = (), handle: int = -1) -> None:
        """``handle``: an open and locked descriptor of the folder, closed with the version."""
        self.path = path
        self.manifest = manifest
        self.warnings = warnings
        self.base = manifest.base
        self.id = manifest.version
        names = (*_ARRAYS, "passage_keys") if (path / "passage_keys.npy").exists() else _ARRAYS
        self._arrays = {name: self._map(name) for name in names}
        with (path / PASSAGES).open("rb") as file:
            self._passage_bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if len(self) else b""
        with (path / VOCABULARY).open("rb") as file:
            empty = not path.joinpath(VOCABULARY).stat().st_size
            self._term_bytes = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.definitions = DefinitionIndex(path / DEFINITIONS)
        self._let_go = weakref.finalize(self, os.close, handle) if handle >= 0 else None

    def release(self) -> None:
        """Let it be pruned, though it is still open; what it holds stays readable."""
        if self._let_go is not None:
            self._let_go()

    def __len__(self) -> int:
        return self.manifest.passages

    def passage(self, row: int) -> Passage:
        """Decode one passage; its id is ``base/uri#position``."""
        uri, position, source, headings, start, end, text, place, question = json.loads(self.line(row))
        where = (tuple(headings), position, start, end, place, question, self.link(uri))
        return Passage(f"{self.base}/{uri}#{position}", text, source, uri, *where)

    def link(self, uri: str) -> str:
        """Where readers find a document, empty where that is nowhere: the longest beginning that is known counts."""
        links = self.manifest.links
        if not links or uri in links:
            return links.get(uri, "")
        end = uri.rfind("/")
        while end >= 0:
            if address := links.get(uri[: end + 1]):
                return address + quote(uri[end + 1 :])
            end = uri.rfind("/", 0, end)
        return ""

    def line(self, row: int) -> bytes:
        """A passage as it is stored, with its line end."""
        return self.lines(row, row + 1)

    def lines(self, first: int, last: int) -> bytes:
        """The passages ``first`` to ``last`` (exclusive) as they are stored."""
        offsets = self._arrays["passages_offsets"]
        return self._passage_bytes[int(offsets[first]) : int(offsets[last])]

    @cached_property
    def pairs(self) -> list[Passage]:
        """The curated pairs of question and answer, in order."""
        entries = [entry for entry in self.manifest.documents.values() if entry.pairs]
        rows = [row for entry in entries for row in range(entry.first, entry.first + entry.passages)]
        return [passage for passage in map(self.passage, rows) if passage.question]

    @cached_property
    def vectors(self) -> FloatArray:
        """The passages' vectors: shape (passages, dim)."""
        vectors: FloatArray = self._arrays["vectors"]
        return vectors

    @property
    def passage_keys(self) -> np.ndarray[Any, np.dtype[np.uint64]] | None:
        """A hash of what was embedded of each passage, shape (passages, 2); None in a version without them."""
        return self._arrays.get("passage_keys")

    @cached_property
    def terms(self) -> list[str]:
        """The vocabulary in the order of its numbers."""
        return str(self._term_bytes[:], "utf-8").split("\n")[:-1]

    @cached_property
    def ids(self) -> dict[str, int]:
        """The vocabulary: a term's number."""
        return {term: number for number, term in enumerate(self.terms)}

    @cached_property
    def counts(self) -> TermCounts:
        """How often each passage has each term."""
        return TermCounts(*(self._arrays[f"terms_{name}"] for name in ("ids", "counts", "offsets", "lengths")))

    @cached_property
    def lexical(self) -> LexicalIndex:
        """BM25 over the passages of this version alone."""
        data, rows, starts = (self._arrays[f"bm25_{name}"] for name in ("data", "rows", "starts"))
        return LexicalIndex(self.ids, BM25Arrays(data, rows, starts, len(self)))

    def _map(self, name: str) -> Any:
        path = self.path / f"{name}.npy"
        try:
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))  # a plain view: far faster to slice
        except (OSError, ValueError) as error:
            raise KnowledgeError(f"{path} cannot be read ({error}): run `qunda build` again") from error


def check_base_name(base: str) -> None:
    """Refuse a name that would lead out of the data folder, or be taken for something else in it.

    Raises:
        KnowledgeError: it is no name for a base.
    """
    if not is_base_name(base):
        raise KnowledgeError(f"{base!r} is no name for a knowledge base: use letters, digits, - and _")


def open_current(root: Path, base: str, embedder_id: str | None = None) -> Version:
    """Open the current version of a base, or the last good one where that is damaged (then it has ``warnings``).

    Raises:
        NoKnowledgeError: the base has no usable version.
        KnowledgeError: its vectors are of another embedder than ``embedder_id``.
    """
    check_base_name(base)
    for tries_left in reversed(range(_TRIES)):
        current = read_current(root, base)
        try:
            version = _open(root, base, current)
            if not version.warnings or not tries_left or read_current(root, base) == current:
                break
        except NoKnowledgeError:
            if not tries_left or read_current(root, base) == current:  # else it was pruned while it was opened
                raise
    if embedder_id is not None:
        check_embedder(version.manifest, embedder_id)
    return version


def _open(root: Path, base: str, current: str) -> Version:
    folder, names = root / base, version_names(root, base)
    candidates = ([current] if current in names else []) + [name for name in reversed(names) if name != current]
    warnings: list[str] = []
    if names and current not in names:
        warnings.append(f"knowledge base {base!r}: {CURRENT} names {current or 'nothing'}, which is not there")
    for name in candidates:
        with contextlib.ExitStack() as stack:
            try:
                handle = hold(folder / name)
                stack.callback(os.close, handle)
                manifest = _manifest(folder / name)
                last_good = [f"knowledge base {base!r}: using version {name}, the last good one"] if warnings else []
                version = Version(folder / name, manifest, (*warnings, *last_good), handle)
                stack.pop_all()
                return version
            except (DamagedError, KnowledgeError, OSError) as error:
                why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
                why = f"is damaged ({why})" if isinstance(error, KnowledgeError) else why
                warnings.append(f"knowledge base {base!r}: version {name} {why}; run {_command(base)} to replace it")
    why = f" ({'; '.join(warnings)})" if warnings else ""
    raise NoKnowledgeError(f"the knowledge base {base!r} has no usable version in {folder}{why}: run {_command(base)}")


def _manifest(path: Path) -> Manifest:
    data = verified(path)
    try:
        return Manifest.from_dict(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(f"{MANIFEST} is not as it was written") from error


def check_embedder(manifest: Manifest, embedder_id: str) -> None:
    """Whether the vectors of a version can be compared with those of this embedder.

    Raises:
        KnowledgeError: they are of another one.
    """
    if manifest.embedder != embedder_id:
        raise KnowledgeError(
            f"knowledge base {manifest.base!r} was built with the embedder {manifest.embedder}, but {embedder_id} is "
            f"configured: run {_command(manifest.base)} to rebuild it"
        )


def _command(base: str) -> str:
    """What builds a base."""
    return "`qunda build`" if base == "default" else f"`qunda build --base {base}`"


def read_current(root: Path, base: str) -> str:
    """The version that ``CURRENT`` names, empty where there is none; cheap enough to poll."""
    try:
        return (root / base / CURRENT).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def version_names(root: Path, base: str) -> list[str]:
    """The versions of a base on disk, oldest first, good or not."""
    try:
        return sorted(path.name for path in (root / base).iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def base_names(root: Path) -> list[str]:
    """The bases that have a version on disk."""
    try:
        return sorted(path.name for path in root.iterdir() if path.is_dir() and version_names(root, path.name))
    except OSError:
        return []
