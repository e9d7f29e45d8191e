"""Knowledge versions on disk: opens one by memory map, falls back from a damaged one to the last good one.

It knows no documents folder and no model; `rag.publish` writes them. Layout: ``<root>/<base>/<version>/`` beside a
file ``<root>/<base>/CURRENT`` that names one.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rag.base import FloatArray, KnowledgeError, NoKnowledgeError, Passage, is_base_name
from rag.documents import Failure
from rag.lexical import BM25Arrays, LexicalIndex, TermCounts

FORMAT = 2
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
PASSAGES = "passages.jsonl"
VOCABULARY = "vocabulary.txt"
_NESTED = ("documents", "failed", "partial")
_SAMPLE_BYTES = 4 << 20  # a larger file is checked at both ends only: opening stays fast at any size


class _DamagedError(Exception):
    """Why a version cannot be used."""

    def __str__(self) -> str:
        return f"is damaged ({super().__str__()})"


class _OtherFormatError(_DamagedError):
    """It was written by another release."""

    def __str__(self) -> str:
        return f"is of another release ({Exception.__str__(self)})"


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document of a version: its digest, title, and which passages are its own (``first`` and how many).

    ``pairs``: some of them are curated pairs of question and answer.
    """

    digest: str
    title: str
    first: int
    passages: int
    pairs: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version was made of and with. ``partial``: documents in it, and what of each could not be read."""

    base: str
    version: str
    created: str
    embedder: str
    dim: int
    tokenizer: str
    splitter: str
    passages: int
    documents: Mapping[str, DocumentEntry]
    failed: tuple[Failure, ...] = ()
    partial: tuple[Failure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        documents = {uri: [d.digest, d.title, d.first, d.passages, d.pairs] for uri, d in self.documents.items()}
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in _NESTED},
            "format": FORMAT,
            "documents": documents,
            "failed": [[failure.uri, failure.reason, failure.digest] for failure in self.failed],
            "partial": [[notice.uri, notice.reason] for notice in self.partial],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """Read what `as_dict` wrote."""
        fields = {name: data[name] for name in cls.__slots__ if name not in _NESTED}
        documents = {uri: DocumentEntry(*entry) for uri, entry in data["documents"].items()}
        failed = tuple(Failure(uri, reason, digest=digest) for uri, reason, digest in data["failed"])
        partial = tuple(Failure(uri, reason, partial=True) for uri, reason in data["partial"])
        return cls(**fields, documents=documents, failed=failed, partial=partial)


class Version:
    """One immutable knowledge version, read by memory map; thread-safe.

    ``warnings`` say why it is used in place of a damaged one.
    """

    def __init__(self, path: Path, manifest: Manifest, warnings: tuple[str, ...] = ()) -> None:
        self.path = path
        self.manifest = manifest
        self.warnings = warnings
        self.base = manifest.base
        self.id = manifest.version

    def __len__(self) -> int:
        return self.manifest.passages

    def passage(self, row: int) -> Passage:
        """Decode one passage; its id is ``base/uri#position``."""
        uri, position, source, headings, start, end, text, place, question = json.loads(self.line(row))
        where = (tuple(headings), position, start, end, place, question)
        return Passage(f"{self.base}/{uri}#{position}", text, source, uri, *where)

    def line(self, row: int) -> bytes:
        """A passage as it is stored, with its line end."""
        offsets = self._passage_offsets
        return self._passage_bytes[int(offsets[row]) : int(offsets[row + 1])]

    @cached_property
    def pairs(self) -> list[Passage]:
        """The curated pairs of question and answer, in order."""
        entries = [entry for entry in self.manifest.documents.values() if entry.pairs]
        rows = [row for entry in entries for row in range(entry.first, entry.first + entry.passages)]
        return [passage for passage in map(self.passage, rows) if passage.question]

    @cached_property
    def vectors(self) -> FloatArray:
        """The passages' vectors: shape (passages, dim)."""
        vectors: FloatArray = self._array("vectors")
        return vectors

    @cached_property
    def terms(self) -> list[str]:
        """The vocabulary in the order of its numbers."""
        return (self.path / VOCABULARY).read_text("utf-8").split("\n")[:-1]

    @cached_property
    def ids(self) -> dict[str, int]:
        """The vocabulary: a term's number."""
        return {term: number for number, term in enumerate(self.terms)}

    @cached_property
    def counts(self) -> TermCounts:
        """How often each passage has each term."""
        return TermCounts(*(self._array(f"terms_{name}") for name in ("ids", "counts", "offsets", "lengths")))

    @cached_property
    def lexical(self) -> LexicalIndex:
        """BM25 over the passages of this version alone."""
        arrays = BM25Arrays(self._array("bm25_data"), self._array("bm25_rows"), self._array("bm25_starts"), len(self))
        return LexicalIndex(self.ids, arrays)

    @cached_property
    def _passage_offsets(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        offsets: np.ndarray[Any, np.dtype[np.int64]] = self._array("passages_offsets")
        return offsets

    @cached_property
    def _passage_bytes(self) -> mmap.mmap | bytes:
        with (self.path / PASSAGES).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if len(self) else b""

    def _array(self, name: str) -> Any:
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
    folder, current = root / base, read_current(root, base)
    names = version_names(root, base)
    candidates = ([current] if current in names else []) + [name for name in reversed(names) if name != current]
    warnings: list[str] = []
    if names and current not in names:
        warnings.append(f"knowledge base {base!r}: {CURRENT} names {current or 'nothing'}, which is not there")
    for name in candidates:
        try:
            manifest = _verify(folder / name)
        except _DamagedError as error:
            warnings.append(f"knowledge base {base!r}: version {name} {error}; run `qunda build` to replace it")
            continue
        if warnings:
            warnings.append(f"knowledge base {base!r}: using version {name}, the last good one")
        if embedder_id is not None and manifest.embedder != embedder_id:
            raise KnowledgeError(
                f"knowledge base {base!r} was built with the embedder {manifest.embedder}, but {embedder_id} is "
                "configured: run `qunda build` to rebuild it"
            )
        return Version(folder / name, manifest, tuple(warnings))
    why = f" ({'; '.join(warnings)})" if warnings else ""
    raise NoKnowledgeError(f"the knowledge base {base!r} has no usable version in {folder}{why}: run `qunda build`")


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


def checksum(path: Path) -> tuple[int, int]:
    """A file's size and a CRC-32 of its content, of both ends only where it is large."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _SAMPLE_BYTES:
            return size, zlib.crc32(file.read())
        crc = zlib.crc32(file.read(_SAMPLE_BYTES // 2))
        file.seek(-(_SAMPLE_BYTES // 2), 2)
        return size, zlib.crc32(file.read(), crc)


def _verify(path: Path) -> Manifest:
    try:
        text = (path / MANIFEST).read_text("utf-8")
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise _OtherFormatError(f"it has format {data['format']}, this program reads {FORMAT}")
        body = {key: value for key, value in data.items() if key != "checksum"}
        if data["checksum"] != manifest_checksum(body):
            raise _DamagedError(f"{MANIFEST} is not as it was written")
        for name, expected in data["files"].items():
            if list(checksum(path / name)) != expected:
                raise _DamagedError(f"{name} is not as it was written")
        return Manifest.from_dict(data)
    except FileNotFoundError as error:
        raise _DamagedError(f"{Path(error.filename).name} is missing") from error
    except OSError as error:
        raise _DamagedError(f"it cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _DamagedError(f"{MANIFEST} is not as it was written") from error


def manifest_checksum(body: Mapping[str, Any]) -> int:
    """The CRC-32 of a manifest without its own checksum."""
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())
