"""Builds a knowledge version from document folders; of an earlier version it takes over whatever is unchanged.

It knows no settings and no command line: everything comes as plain arguments, progress goes to a callback.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.base import Embedder, FloatArray, KnowledgeError, NoKnowledgeError, Passage, PassageEmbedder
from rag.documents import Document, Failure, read_changed
from rag.formats.base import Limits
from rag.knowledge import DocumentEntry, Manifest, Version, check_base_name, open_current, version_names
from rag.lexical import TermCounts, Vocabulary, compact, concatenate, score_terms
from rag.passages import PASSAGE_CHARS, SPLITTER_ID, cut
from rag.publish import build_lock, prune, publish
from rag.tokens import TOKENIZER_ID

_LIMITS = Limits()
_BATCH = 256  # passages per step of embedding: progress and cancelling come in between


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
    ``is_new``: there is a new version; without any change the current one was kept.
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
    partial: tuple[Failure, ...] = ()
    is_new: bool = True


@dataclass(slots=True)
class _Plan:
    """The passages of the new version in order: taken over (rows of the old version) or new."""

    entries: dict[str, DocumentEntry] = field(default_factory=dict)
    reused: dict[str, DocumentEntry] = field(default_factory=dict)
    fresh: dict[str, list[Passage]] = field(default_factory=dict)
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
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> BuildReport:
    """Build ``base`` below ``root`` (``data/knowledge``) from the folders ``roots`` and make it current.

    Raises:
        KnowledgeError: no documents, another build is running, the disk is full; the current version stays as it was.
        BuildCancelledError: ``cancelled`` returned True.
    """
    started = time.monotonic()
    report = progress or (lambda _: None)

    def step(state: Progress) -> None:
        if cancelled():
            raise BuildCancelledError(
                f"the build of the knowledge base {base!r} was cancelled: the current version is unchanged"
            )
        report(state)

    check_base_name(base)
    with build_lock(root, base):
        splitter = f"{SPLITTER_ID}/{passage_chars}"
        old, why, warnings = _previous(root, base, embedder, splitter)
        plan = _read(roots, limits, passage_chars, None if why else old, step)
        known = old.manifest.documents if old else {}
        added, changed, removed = _compare(plan, known)
        unchanged = len(plan.entries) - len(added) - len(changed)
        same_notes = old is not None and (old.manifest.failed, old.manifest.partial) == plan.notes
        keep = old is not None and same_notes and not (added or changed or removed or why or warnings)
        if keep and old is not None:
            version = old.id
        else:
            version = _version_name(root, base, now())
            head = (
                base,
                version,
                now().isoformat(timespec="seconds"),
                embedder.id,
                embedder.dim,
                TOKENIZER_ID,
                splitter,
            )
            manifest = Manifest(*head, plan.passages, plan.entries, *plan.notes)
            _write(root, manifest, plan, old, embedder, step)
            prune(root, base, keep_versions)
    seconds = time.monotonic() - started
    failed, partial = plan.notes
    return BuildReport(
        version, added, changed, removed, unchanged, failed, plan.passages, seconds, why, warnings, partial, not keep
    )


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
    roots: Sequence[Path], limits: Limits, passage_chars: int, old: Version | None, step: Callable[[Progress], None]
) -> _Plan:
    """Read what changed; the rest, and what was said of it, is taken over from the old version."""
    plan = _Plan()
    known = old.manifest.documents if old else {}
    failed = {failure.uri: failure for failure in old.manifest.failed} if old else {}
    partial = {notice.uri: notice for notice in old.manifest.partial} if old else {}
    digests = {uri: entry.digest for uri, entry in known.items()}
    for item in read_changed(roots, limits, digests, failed):
        step(Progress("read", len(plan.entries) + len(plan.failed), uri=item.uri))
        if isinstance(item, Failure):
            (plan.partial if item.partial else plan.failed).append(item)
            continue
        if isinstance(item, Document):
            passages = plan.fresh[item.uri] = cut(item, passage_chars)
            pairs = any(passage.question for passage in passages)
            entry = DocumentEntry(item.digest, item.title, plan.passages, len(passages), pairs)
        else:
            before = plan.reused[item.uri] = known[item.uri]
            entry = replace(before, first=plan.passages)
            plan.partial += [partial[item.uri]] if item.uri in partial else []
        plan.entries[item.uri] = entry
        plan.passages += entry.passages
    return plan


def _compare(plan: _Plan, known: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    added = tuple(uri for uri in plan.entries if uri not in known)
    changed = tuple(uri for uri, entry in plan.entries.items() if uri in known and known[uri].digest != entry.digest)
    return added, changed, tuple(uri for uri in known if uri not in plan.entries)


def _version_name(root: Path, base: str, now: datetime) -> str:
    """Time first: names sort by age. A number keeps builds of one second, or of a clock set back, in order."""
    stamp, newest = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S"), max(version_names(root, base), default="")
    stamp, n = max(stamp, newest.rpartition("-")[0]), 0
    while f"{stamp}-{n:04d}" <= newest:
        n += 1
    return f"{stamp}-{n:04d}"


def _write(
    root: Path,
    manifest: Manifest,
    plan: _Plan,
    old: Version | None,
    embedder: Embedder,
    step: Callable[[Progress], None],
) -> None:
    terms, counts = _count(plan, old, step)
    arrays: dict[str, NDArray[Any]] = {"vectors": _vectors(plan, old, embedder, step)}
    step(Progress("write", 0, plan.passages))
    scores = score_terms(counts, {term: number for number, term in enumerate(terms)})
    arrays |= {"bm25_data": scores.data, "bm25_rows": scores.rows, "bm25_starts": scores.starts}
    arrays |= {"terms_ids": counts.ids, "terms_counts": counts.counts}
    arrays |= {"terms_offsets": counts.offsets, "terms_lengths": counts.lengths}
    publish(root, manifest, _lines(plan, old), terms, arrays)


def _count(plan: _Plan, old: Version | None, step: Callable[[Progress], None]) -> tuple[list[str], TermCounts]:
    vocabulary = Vocabulary(old.terms if old and plan.reused else ())
    parts: list[TermCounts] = []
    for uri, entry in plan.entries.items():
        before = plan.reused.get(uri)
        if before is not None and old is not None:
            parts.append(old.counts.select(before.first, before.first + before.passages))
        else:
            parts.append(vocabulary.count(map(indexed_text, plan.fresh[uri])))
            step(Progress("count", entry.first, plan.passages, uri))
    return compact(list(vocabulary.ids), concatenate(parts))


def _vectors(plan: _Plan, old: Version | None, embedder: Embedder, step: Callable[[Progress], None]) -> FloatArray:
    """The vectors of all passages, shape (passages, dim): copied for what is taken over, embedded for what is new."""
    vectors = np.zeros((plan.passages, embedder.dim), np.float32)
    rows: list[int] = []
    texts: list[str] = []
    for uri, entry in plan.entries.items():
        before = plan.reused.get(uri)
        if before is not None and old is not None:
            last = entry.first + entry.passages
            vectors[entry.first : last] = old.vectors[before.first : before.first + before.passages]
        else:
            rows.extend(range(entry.first, entry.first + entry.passages))
            texts.extend(map(indexed_text, plan.fresh[uri]))
    embed, size = embedder.embed, _BATCH
    if isinstance(embedder, PassageEmbedder):
        embed, size = embedder.embed_passages, embedder.step_texts
    for start in range(0, len(rows), size):
        step(Progress("embed", start, len(rows)))
        vectors[rows[start : start + size]] = embed(texts[start : start + size])
    return vectors


def _lines(plan: _Plan, old: Version | None) -> Iterator[bytes]:
    for uri, entry in plan.entries.items():
        before = plan.reused.get(uri)
        if before is not None and old is not None:
            yield from (old.line(row) for row in range(before.first, before.first + entry.passages))
        else:
            for p in plan.fresh[uri]:
                row = [p.uri, p.position, p.source, p.headings, p.start, p.end, p.text, p.place, p.question]
                yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def indexed_text(passage: Passage) -> str:
    """What is searched of a passage: its title and heading path stand above its text, wherever it was cut."""
    above = dict.fromkeys((passage.source, *passage.headings))
    return "\n".join((*above, passage.text))
