"""Builds a knowledge version from document folders; of an earlier version it takes over whatever is unchanged.

It knows no settings and no command line: everything comes as plain arguments, progress goes to a callback.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray, KnowledgeError, NoKnowledgeError, Passage
from rag.documents import Document, Failure, Item, read_changed
from rag.formats.base import Limits
from rag.knowledge import Version, check_base_name, open_current, version_names
from rag.lexical import TermCounts, Vocabulary, compact, concatenate, score_terms
from rag.manifest import DocumentEntry, Manifest, compare
from rag.masking import cut_document, splitter_id
from rag.names import passage_names
from rag.passages import PASSAGE_CHARS, indexed_text
from rag.protocols import Embedder
from rag.publish import build_lock, new_version_name, prune, publish
from rag.reuse import KeyArray, VectorSource, distinct, find, text_keys
from rag.tokens import TOKENIZER_ID

_LIMITS = Limits()
_VECTOR_LOG = ".vectors"  # what a build has embedded so far


class BuildCancelledError(KnowledgeError):
    """The build was asked to stop; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: ``total`` is 0 while it is unknown."""

    stage: Literal["read", "count", "embed", "write"]
    done: int
    total: int = 0
    uri: str = ""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. ``rebuilt`` says why nothing was taken over from the version before, empty where it was.

    ``failed`` names what could not be read, ``partial`` documents that were read in part or with a reservation.
    ``embedded`` counts the passages whose vectors had to be computed.
    ``is_new``: there is a new version, else the current one was kept. ``masked``: how many secrets are, by uri.
    """

    version: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[Failure, ...]
    passages: int
    seconds: float
    rebuilt: str = ""
    warnings: tuple[str, ...] = ()
    embedded: int = 0
    partial: tuple[Failure, ...] = ()
    is_new: bool = True
    masked: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    """The passages of the new version in order: taken over (rows of the old version) or new."""

    entries: dict[str, DocumentEntry] = field(default_factory=dict)
    reused: dict[str, DocumentEntry] = field(default_factory=dict)
    fresh: dict[str, list[Passage]] = field(default_factory=dict)
    defined: dict[str, bytes] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)
    partial: list[Failure] = field(default_factory=list)
    passages: int = 0

    @property
    def notes(self) -> tuple[tuple[Failure, ...], tuple[Failure, ...]]:
        """What failed, and what was read in part."""
        return tuple(self.failed), tuple(self.partial)


def build(
    roots: Sequence[Path],
    root: Path,
    embedder: Embedder,
    *,
    base: str = "default",
    passage_chars: int = PASSAGE_CHARS,
    limits: Limits = _LIMITS,
    keep_versions: int = 3,
    mask_secrets: bool = True,
    prefixes: Sequence[str] | None = None,
    links: Mapping[str, str] | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> BuildReport:
    """Build ``base`` below ``root`` (``data/knowledge``) from the folders ``roots`` and make it current.

    ``prefixes``: what uris below each root begin with, if not as `rag.folders.prefixes`; ``links``: see `Manifest`.

    Raises:
        KnowledgeError: no documents, another build is running, the disk is full; the current version stays as it was.
        BuildCancelledError: ``cancelled`` returned True.
    """
    started = time.monotonic()
    check_base_name(base)
    step = _stepping(base, progress or (lambda _: None), cancelled)
    with build_lock(root, base):
        splitter = splitter_id(passage_chars, mask_secrets)
        old, why, warnings = _previous(root, base, embedder, splitter)
        read = partial(read_changed, roots, limits, prefixes=prefixes, own=root.resolve().parent)
        cutting = partial(cut_document, passage_chars=passage_chars, mask_secrets=mask_secrets)
        plan = _read(read, cutting, None if why else old, step)
        added, changed, removed = compare(plan.entries, old.manifest.documents if old else {})
        same_notes = old is not None and (old.manifest.failed, old.manifest.partial) == plan.notes
        keep = old is not None and same_notes and not (added or changed or removed or why or warnings)
        embedded, source = 0, VectorSource(embedder, root / base / _VECTOR_LOG)
        if keep and old is not None:
            version = old.id
        else:
            version = new_version_name(root, base, now())
            made = now().isoformat(timespec="seconds")
            head = (base, version, made, embedder.id, embedder.dim, TOKENIZER_ID, splitter)
            manifest = Manifest(*head, plan.passages, plan.entries, *plan.notes, links or {})
            embedded = _write(root, manifest, plan, old, source, step)
            if old is not None:
                old.release()
            prune(root, base, keep_versions)
        source.done()
    failed, notices = plan.notes
    unchanged = len(plan.entries) - len(added) - len(changed)
    counts = (plan.passages, time.monotonic() - started, why, warnings, embedded)
    masked = {uri: entry.masked for uri, entry in plan.entries.items() if entry.masked}
    return BuildReport(version, added, changed, removed, unchanged, failed, *counts, notices, not keep, masked)


def _stepping(
    base: str, report: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> Callable[[Progress], None]:
    """Tells how far the build is, and ends it where it is to be ended."""

    def step(state: Progress) -> None:
        if cancelled():
            said = f"the build of the knowledge base {base!r} was cancelled: the current version is unchanged"
            raise BuildCancelledError(said)
        report(state)

    return step


def _previous(root: Path, base: str, embedder: Embedder, splitter: str) -> tuple[Version | None, str, tuple[str, ...]]:
    """The version to build on, why it cannot be taken over (if so), and what was wrong with newer ones."""
    try:
        old = open_current(root, base)
    except NoKnowledgeError as error:
        return None, "", (str(error),) if version_names(root, base) else ()
    made = old.manifest
    for name, before, after in (
        ("embedder", made.embedder, embedder.id),
        ("tokenizer", made.tokenizer, TOKENIZER_ID),
        ("splitter", made.splitter, splitter),
    ):
        if before != after:
            return old, f"the {name} changed from {before} to {after}", old.warnings
    return old, "", old.warnings


def _read(
    read: Callable[[Mapping[str, str], Mapping[str, Failure]], Iterator[Item]],
    cutting: Callable[[Document], tuple[list[Passage], DocumentEntry, bytes]],
    old: Version | None,
    step: Callable[[Progress], None],
) -> _Plan:
    """Read what changed; the rest, and what was said of it, is taken over from the old version."""
    plan = _Plan()
    known = old.manifest.documents if old else {}
    failed = {failure.uri: failure for failure in old.manifest.failed} if old else {}
    notices = {notice.uri: notice for notice in old.manifest.partial} if old else {}
    digests = {uri: entry.digest for uri, entry in known.items()}
    for item in read(digests, failed):
        step(Progress("read", len(plan.entries) + len(plan.failed), uri=item.uri))
        if isinstance(item, Failure):
            (plan.partial if item.partial else plan.failed).append(item)
            continue
        if isinstance(item, Document):
            plan.fresh[item.uri], made, plan.defined[item.uri] = cutting(item)
            entry = replace(made, first=plan.passages)
        else:
            before = plan.reused[item.uri] = known[item.uri]
            plan.defined[item.uri] = old.definitions.line(item.uri) if old else b""
            entry = replace(before, first=plan.passages)
            plan.partial += [notices[item.uri]] if item.uri in notices else []
        plan.entries[item.uri] = entry
        plan.passages += entry.passages
    return plan


def _write(
    root: Path,
    manifest: Manifest,
    plan: _Plan,
    old: Version | None,
    source: VectorSource,
    step: Callable[[Progress], None],
) -> int:
    """Write the version; how many passages were embedded for it."""
    terms, counts = _count(plan, old, step)
    vectors, keys, embedded = _vectors(plan, old, source, lambda done, of: step(Progress("embed", done, of)))
    step(Progress("write", 0, plan.passages))
    arrays: dict[str, NDArray[Any]] = {"vectors": vectors, "passage_keys": keys}
    scores = score_terms(counts, {term: number for number, term in enumerate(terms)})
    arrays |= {"bm25_data": scores.data, "bm25_rows": scores.rows, "bm25_starts": scores.starts}
    arrays |= {"terms_ids": counts.ids, "terms_counts": counts.counts}
    arrays |= {"terms_offsets": counts.offsets, "terms_lengths": counts.lengths}
    publish(root, manifest, _lines(plan, old), terms, arrays, plan.defined.values())
    return embedded


def _count(plan: _Plan, old: Version | None, step: Callable[[Progress], None]) -> tuple[list[str], TermCounts]:
    vocabulary = Vocabulary(old.terms if old and plan.reused else ())
    parts: list[TermCounts] = []
    for uri, entry in plan.entries.items():
        before = plan.reused.get(uri)
        if before is not None and old is not None:
            parts.append(old.counts.select(before.first, before.first + before.passages))
        else:
            parts.append(vocabulary.count(map(indexed_text, plan.fresh[uri]), map(passage_names, plan.fresh[uri])))
            step(Progress("count", entry.first, plan.passages, uri))
    return compact(list(vocabulary.ids), concatenate(parts))


def _vectors(
    plan: _Plan, old: Version | None, source: VectorSource, step: Callable[[int, int], None]
) -> tuple[FloatArray, KeyArray, int]:
    """The vectors of all passages, shape (passages, dim), their keys, and how many had to be embedded."""
    vectors = np.zeros((plan.passages, source.dim), np.float32)
    keys = np.zeros((plan.passages, 2), np.uint64)
    known = old if old is not None and old.manifest.embedder == source.id else None
    known_keys = _keys_of(known) if known is not None else keys[:0]
    places: list[int] = []
    texts: list[str] = []
    for uri, entry in plan.entries.items():
        before, last = plan.reused.get(uri), entry.first + entry.passages
        if before is not None and known is not None:
            vectors[entry.first : last] = known.vectors[before.first : before.first + before.passages]
            keys[entry.first : last] = known_keys[before.first : before.first + before.passages]
        else:
            places.extend(range(entry.first, last))
            texts.extend(map(indexed_text, plan.fresh[uri]))
    rows, fresh = np.array(places, np.int64), text_keys(texts)
    keys[rows] = fresh
    at = find(fresh, known_keys)
    if known is not None and (at >= 0).any():
        vectors[rows[at >= 0]] = known.vectors[at[at >= 0]]
    missing = np.flatnonzero(at < 0)
    once, which = distinct(fresh[missing])
    first = missing[once]
    embedded = source.fill(vectors, rows[first], [texts[n] for n in first], fresh[first], step)
    twins = np.flatnonzero(first[which] != missing)
    vectors[rows[missing[twins]]] = vectors[rows[first[which[twins]]]]
    return vectors, keys, embedded


def _keys_of(version: Version) -> KeyArray:
    """The hashes of what was embedded; versions from before they were stored hold what they follow from."""
    stored = version.passage_keys
    return stored if stored is not None else text_keys(indexed_text(version.passage(n)) for n in range(len(version)))


def _lines(plan: _Plan, old: Version | None) -> Iterator[bytes]:
    """The passages as they are stored: whole lines, several at a time where they are taken over."""
    for uri, entry in plan.entries.items():
        before = plan.reused.get(uri)
        if before is not None and old is not None:
            yield old.lines(before.first, before.first + entry.passages)
        else:
            for p in plan.fresh[uri]:
                row = [p.uri, p.position, p.source, p.headings, p.start, p.end, p.text, p.place, p.question]
                yield json.dumps(row, ensure_ascii=False).encode() + b"\n"
