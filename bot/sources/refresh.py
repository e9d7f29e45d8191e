"""Brings the sources of one base up to date before it is built. What cannot be fetched keeps its last copy."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from loguru import logger

from bot.config import ConfigError, KnowledgeSettings, Settings
from bot.sources.base import Fetched, Limits, Note, Shelf, SourceError, SourceReport
from bot.sources.entries import (
    FeishuEntry,
    FolderEntry,
    GitEntry,
    Remote,
    TrackedEntry,
    WebEntry,
    host_of,
    name_of,
    parse_entry,
    prefix_of,
    public_url,
    refine,
)
from bot.sources.git import checked_out, fetch_repository, mirror_tracked
from rag.folders import prefixes

Step = Callable[[str, int, int], None]  # which entry, how many documents, of how many (0: unknown)


@dataclass(slots=True)
class Sources:
    """What `rag.build` reads: folders with what their uris begin with (None: its own rule), and addresses by uri."""

    folders: list[Path] = field(default_factory=list)
    prefixes: list[str] | None = None
    links: dict[str, str] = field(default_factory=dict)
    reports: tuple[SourceReport, ...] = ()


def refresh(settings: Settings, base: str, step: Step | None = None, limits: Limits | None = None) -> Sources:
    """Fetch what the base is made of; must not be called on an event loop where there is anything to fetch.

    Raises:
        ConfigError: an entry is none of the known forms.
    """
    local, remote = split_entries(settings, base)
    folders = [Path(entry.path) for entry in local]
    if not remote:
        return Sources(folders)
    limits = limits or limits_of(settings.knowledge[base])
    got = asyncio.run(_fetch_all(settings, remote, limits, step or (lambda *_: None)))
    sources = Sources(folders, prefixes(folders))
    taken: set[str] = set()
    for entry, (fetched, _) in zip(remote, got, strict=True):
        if fetched is not None:
            prefix = _unique(prefix_of(entry), entry, taken)
            sources.folders.append(fetched.root)
            assert sources.prefixes is not None
            sources.prefixes.append(prefix)
            sources.links |= {prefix + path: address for path, address in fetched.links.items()}
    sources.reports = tuple(report for _, report in got)
    return sources


def split_entries(settings: Settings, base: str) -> tuple[list[FolderEntry], list[Remote]]:
    """The folders of a base, and what has to be fetched; each once.

    Raises:
        ConfigError: an entry is none of the known forms.
    """
    local: list[FolderEntry] = []
    remote: list[Remote] = []
    section = "knowledge" if base == "default" else f"knowledge:{base}"
    for text in settings.knowledge[base].documents:
        try:
            entry = refine(parse_entry(text), settings.resolve)
        except ValueError as error:
            raise ConfigError(f"[{section}] documents: {error}") from None
        if isinstance(entry, FolderEntry):
            local.append(entry)
        elif entry not in remote:
            remote.append(entry)
    return local, remote


def limits_of(section: KnowledgeSettings) -> Limits:
    """The limits that config.ini sets."""
    return Limits(section.max_file_mb, section.max_source_mb, section.max_source_pages)


def is_due(settings: Settings, base: str) -> bool:
    """Whether some source of a base was last tried more than ``refresh_hours`` ago."""
    hours = settings.knowledge[base].refresh_hours
    oldest = datetime.now(UTC) - timedelta(hours=hours)
    tried = [last_fetch(settings, entry) for entry in split_entries(settings, base)[1]] if hours else []
    return any(at is None or at <= oldest for at in tried)


def last_fetch(settings: Settings, entry: Remote) -> datetime | None:
    """When a source was tried last."""
    try:
        return datetime.fromisoformat(str(shelf_of(settings, entry).read().get("tried_at", "")))
    except ValueError:
        return None


def last_report(settings: Settings, entry: Remote) -> SourceReport | None:
    """How the last fetch of a source went."""
    report = shelf_of(settings, entry).read().get("report")
    return as_report(report) if isinstance(report, dict) else None


def as_report(plain: Mapping[str, Any]) -> SourceReport:
    """A report from plain data."""
    failed = tuple((str(what), str(reason)) for what, reason in plain["failed_items"])
    return SourceReport(**{**plain, "notes": tuple(plain["notes"]), "failed_items": failed})


def shelf_of(settings: Settings, entry: Remote) -> Shelf:
    """Where a source is kept."""
    return Shelf(settings.data / "sources", name_of(entry))


def shown_entry(entry: Remote) -> str:
    """An entry as people read it, without the password that it may carry."""
    if isinstance(entry, TrackedEntry):
        return f"git-tracked:{entry.path}"
    if isinstance(entry, GitEntry):
        ref, folder = (f"@{entry.ref}" if entry.ref else ""), (f"#{entry.folder}" if entry.folder else "")
        return f"{public_url(entry.url)}{ref}{folder}"
    if isinstance(entry, WebEntry):
        return public_url(entry.url) + ("*" if entry.scope == "below" else "")
    return f"feishu:{entry.scope}/{entry.token}"


Outcome = tuple[Fetched | None, SourceReport]


async def _fetch_all(settings: Settings, entries: Sequence[Remote], limits: Limits, step: Step) -> list[Outcome]:
    """All sources, side by side where they are of different hosts."""
    locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def one(entry: Remote) -> Outcome:
        async with locks[host_of(entry)]:
            return await _fetch(settings, entry, limits, partial(step, shown_entry(entry)))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(entry)) for entry in entries]
    return [task.result() for task in tasks]


async def _fetch(settings: Settings, entry: Remote, limits: Limits, note: Note) -> Outcome:
    shelf = shelf_of(settings, entry)
    name = shown_entry(entry)
    note(0, 0)
    try:
        with shelf.held():
            try:
                fetched = await _brought(settings, entry, shelf, limits, note)
                shape = (fetched.documents, fetched.detail, tuple(fetched.notes), tuple(fetched.failed_items))
                outcome: Outcome = fetched, SourceReport(name, "fresh", *shape)
            except (SourceError, OSError) as error:
                outcome = _kept(entry, shelf, name, str(error))
            except Exception as error:  # the boundary round one source of a build
                logger.exception("{} could not be fetched", name)
                outcome = _kept(entry, shelf, name, f"{type(error).__name__}: {error}; the log has more")
            _remember(shelf, outcome[1])
    except (SourceError, OSError) as error:
        outcome = _kept(entry, shelf, name, str(error))
    return outcome


def _remember(shelf: Shelf, report: SourceReport) -> None:
    shelf.folder.mkdir(parents=True, exist_ok=True)
    shelf.write({"report": asdict(report), "tried_at": datetime.now(UTC).isoformat(timespec="seconds")})


async def _brought(settings: Settings, entry: Remote, shelf: Shelf, limits: Limits, note: Note) -> Fetched:
    if isinstance(entry, GitEntry):
        return await fetch_repository(entry, shelf, limits)
    if isinstance(entry, TrackedEntry):
        return await mirror_tracked(entry, shelf, limits)
    if isinstance(entry, FeishuEntry):
        from bot.sources.feishu import fetch_documents

        return await fetch_documents(settings, entry, shelf, limits, note)
    from bot.sources.site import fetch_site

    return await fetch_site(entry, shelf, limits, note)


def _kept(entry: Remote, shelf: Shelf, name: str, reason: str) -> Outcome:
    """The last copy, as it was recorded when it was made."""
    try:
        if isinstance(entry, GitEntry):
            fetched = checked_out(entry, shelf)
        else:
            items = shelf.read().get("items", {})
            if not (items or (isinstance(entry, TrackedEntry) and shelf.read())):
                raise SourceError("there is no copy")
            links = {item["file"]: item["url"] for item in items.values() if item.get("file")}
            fetched = Fetched(shelf.folder, links, documents=len(links))
    except SourceError:
        return None, SourceReport(name, "failed", detail=reason)
    return fetched, SourceReport(name, "kept", fetched.documents, reason)


def _unique(prefix: str, entry: Remote, taken: set[str]) -> str:
    """Two entries of one site have documents of their own."""
    if prefix in taken:
        prefix = f"{prefix.rstrip('/')}-{hashlib.sha256(repr(entry).encode()).hexdigest()[:6]}/"
    taken.add(prefix)
    return prefix
