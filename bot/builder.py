"""Builds a knowledge base as the settings say, and tells what was done. Knows no process and no command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.config import ConfigError, KnowledgeSettings, Settings
from bot.models import make_embedder
from bot.sources.base import SourceReport
from bot.sources.entries import Entry, FolderEntry, TrackedEntry, parse_entry
from bot.sources.refresh import Sources, Step, refresh
from rag.base import KnowledgeError, ModelError, is_base_name
from rag.build import BuildCancelledError, BuildReport, Progress, build
from rag.documents import unsupported
from rag.protocols import Embedder

SHOWN_ITEMS = 5  # of a source, where nothing could be built


@dataclass(frozen=True, slots=True)
class BaseBuild:
    """What the build of one base did; plain data, so that it can cross processes. ``failed`` holds (uri, reason);
    so does ``partial`` for documents that were read in part or with a reservation. ``masked`` holds (uri, how many
    secrets were masked).

    ``embedded`` counts the passages whose vectors were computed; those of the others were there.
    ``skipped`` holds (suffix, count) of the files whose type is not read, the most frequent first. ``error`` says why
    nothing was built; the version before stays, and everything else here is empty then.
    """

    base: str
    version: str
    added: int
    changed: int
    removed: int
    unchanged_build: bool
    failed: tuple[tuple[str, str], ...]
    documents: int
    passages: int
    seconds: float
    rebuilt: str = ""
    warnings: tuple[str, ...] = ()
    skipped: tuple[tuple[str, int], ...] = ()
    error: str = ""
    embedded: int = 0
    sources: tuple[SourceReport, ...] = ()
    partial: tuple[tuple[str, str], ...] = ()
    masked: tuple[tuple[str, int], ...] = ()


def not_built(base: str, reason: str) -> BaseBuild:
    """The report on a base that could not be built."""
    return BaseBuild(base, "", 0, 0, 0, False, (), 0, 0, 0.0, error=reason)


def build_base(
    settings: Settings,
    base: str,
    progress: Callable[[Progress], None] | None = None,
    fetching: Step | None = None,
    embedder: Embedder | None = None,
) -> BaseBuild:
    """Fetch the sources of one base and build it, in this process and not on an event loop.

    Raises:
        KnowledgeError: nothing could be built; the current version stays.
        ModelError: the embedder cannot be used; the current version stays.
    """
    section = settings.knowledge[base]
    if not section.documents:
        place = "knowledge" if base == "default" else f"knowledge:{base}"
        raise KnowledgeError(
            f"[{place}] documents is empty: name the folder of your documents there, or on the command line"
        )
    sources = refresh(settings, base, fetching)
    if not sources.folders:
        raise KnowledgeError(f"there is nothing to build from: {'; '.join(map(source_line, sources.reports))}")
    try:
        embedder = embedder or make_embedder(settings)
    except ModelError as error:
        raise ModelError(f"nothing was built, the current version stays: {error}") from error
    try:
        report = build(
            sources.folders,
            settings.data / "knowledge",
            embedder,
            base=base,
            passage_chars=section.passage_chars,
            limits=section.limits,
            keep_versions=section.keep_versions,
            mask_secrets=section.mask_secrets,
            prefixes=sources.prefixes,
            links=sources.links,
            progress=progress,
        )
    except KnowledgeError as error:
        told = [f"{what}: {why}" for fetched in sources.reports for what, why in fetched.failed_items]
        if not told or isinstance(error, BuildCancelledError):
            raise
        raise KnowledgeError("; ".join((str(error), *told[:SHOWN_ITEMS]))) from error
    return _summary(settings, base, report, sources)


def _summary(settings: Settings, base: str, report: BuildReport, sources: Sources) -> BaseBuild:
    return BaseBuild(
        base,
        report.version,
        len(report.added),
        len(report.changed),
        len(report.removed),
        not report.is_new,
        tuple((failure.uri, failure.reason) for failure in report.failed),
        len(report.added) + len(report.changed) + report.unchanged,
        report.passages,
        report.seconds,
        report.rebuilt,
        report.warnings,
        tuple(unsupported(sources.folders, settings.data.resolve()).most_common()),
        embedded=report.embedded,
        sources=sources.reports,
        partial=tuple((notice.uri, notice.reason) for notice in report.partial),
        masked=tuple(report.masked.items()),
    )


def source_line(report: SourceReport) -> str:
    """A source and how fetching it went."""
    if report.state == "fresh":
        return f"{report.entry}: {report.detail}"
    then = "; the last copy stays in use" if report.state == "kept" else ""
    return f"{report.entry} could not be fetched: {report.detail}{then}"


def bases_to_build(settings: Settings) -> list[str]:
    """The bases that have documents; the default one, so that its absence is told, where none has."""
    return [name for name, section in settings.knowledge.items() if section.documents] or ["default"]


def _from_here(text: str, entry: Entry) -> str:
    """An entry of the command line, whose paths start at the working directory."""
    if not isinstance(entry, FolderEntry | TrackedEntry):
        return text
    path = Path(entry.path).expanduser().absolute()
    return str(path) if isinstance(entry, FolderEntry) else f"git-tracked:{path}"


def with_documents(settings: Settings, base: str, entries: Sequence[str]) -> Settings:
    """Settings in which ``base`` is built from ``entries`` instead of what config.ini names; paths start here.

    Raises:
        ConfigError: ``base`` is no name for a base, or an entry is wrong.
    """
    if not is_base_name(base):
        raise ConfigError(f"--base {base!r} is no name for a knowledge base: use letters, digits, - and _")
    try:
        known = {text: parse_entry(text) for text in map(str, entries)}
    except ValueError as error:
        raise ConfigError(str(error)) from None
    folders = tuple(_from_here(text, entry) for text, entry in known.items())
    section = settings.knowledge.get(base, KnowledgeSettings()).model_copy(update={"documents": folders})
    return settings.model_copy(update={"knowledge": {**settings.knowledge, base: section}})
