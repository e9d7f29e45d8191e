"""``qunda knowledge``: bases, versions and failures, and the passages of a file as cut."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.cli.build import masked_line, print_sources
from bot.cli.progress import warn
from bot.cli.screen import one_line, shown
from bot.config import ConfigError, Settings
from bot.models import embedder_id
from bot.sources.base import SourceReport
from bot.sources.refresh import as_report, last_report, split_entries
from rag.base import KnowledgeError, NoKnowledgeError, Passage
from rag.knowledge import Version, base_names, check_embedder, open_current, version_names
from rag.retrieval_eval import matching


def knowledge(settings: Settings, options: argparse.Namespace) -> int:
    """List the bases, or show one file."""
    root = settings.data / "knowledge"
    known = sorted({*base_names(root), *settings.knowledge})
    if options.base and options.base not in known:
        raise ConfigError(f"there is no knowledge base {options.base!r}; there are: {', '.join(known)}")
    names = [options.base] if options.base else known
    if options.action == "show":
        if not options.file:
            raise ConfigError("name the file: qunda knowledge show FILE")
        return _show(settings, names, options)
    rows = [_row(settings, name) for name in names]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
    elif options.action == "files":
        _print_files(rows)
    else:
        _print_rows(rows)
    return 0


def _row(settings: Settings, base: str) -> dict[str, Any]:
    root = settings.data / "knowledge"
    try:
        version = open_current(root, base)
    except KnowledgeError as error:
        return {"base": base, "error": str(error), "sources": _sources(settings, base)}
    return {
        "base": base,
        "version": version.path.name,
        "versions": version_names(root, base),
        "documents": len(version.manifest.documents),
        "passages": len(version),
        "files": [
            {"uri": uri, "title": entry.title, "passages": entry.passages}
            for uri, entry in version.manifest.documents.items()
        ],
        "failed": [{"uri": failure.uri, "reason": failure.reason} for failure in version.manifest.failed],
        "partial": [{"uri": notice.uri, "reason": notice.reason} for notice in version.manifest.partial],
        "masked": {uri: entry.masked for uri, entry in version.manifest.documents.items() if entry.masked},
        "warnings": [*version.warnings, *_embedder_warning(settings, version)],
        "sources": _sources(settings, base),
    }


def _sources(settings: Settings, base: str) -> list[dict[str, Any]]:
    """How the last fetch of each source went; only what was fetched has one."""
    if base not in settings.knowledge:
        return []
    remote = split_entries(settings, base)[1]
    return [asdict(report) for report in (last_report(settings, entry) for entry in remote) if report is not None]


def _print_rows(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(
        "base", Column("version", no_wrap=True, min_width=20), "documents", "passages", "failed", "versions kept"
    )
    notes: list[str] = []
    reports: list[SourceReport] = []
    for row in rows:
        reports += [as_report(source) for source in row["sources"]]
        of = f"\\[{row['base']}] " if len(rows) > 1 else ""
        if "error" in row:
            table.add_row(row["base"], "[red]none usable[/]", "", "", "", "")
            notes.append(f"[red]✗[/] {of}{shown(row['error'])}")
            continue
        kept = str(len(row["versions"]))
        counts = (f"{row['documents']:,}", f"{row['passages']:,}", str(len(row["failed"])))
        table.add_row(row["base"], row["version"], *counts, kept)
        notes += [f"[yellow]![/] {of}{shown(warning)}" for warning in row["warnings"]]
        notes += [f"[yellow]~[/] {of}{one_line(notice['uri'])}: {shown(notice['reason'])}" for notice in row["partial"]]
        notes += [f"[yellow]~[/] {of}{one_line(uri)}: {masked_line(count)}" for uri, count in row["masked"].items()]
        notes += [f"[red]✗[/] {of}{one_line(failure['uri'])}: {shown(failure['reason'])}" for failure in row["failed"]]
    console = Console(highlight=False, soft_wrap=True)
    console.print(table, soft_wrap=False)
    print_sources(reports, console)
    for note in notes:
        console.print(note)


def _print_files(rows: Sequence[dict[str, Any]]) -> None:
    """Every document of every base, those that failed too."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        console.print(f"[bold cyan]\\[{row['base']}][/] {row.get('version', 'none usable')}")
        for file in row.get("files", ()):
            console.print(f"{one_line(file['uri'])} · {one_line(file['title'])} [dim]{file['passages']} passages[/]")
        for failure in row.get("failed", ()):
            console.print(f"[red]✗[/] {one_line(failure['uri'])}: {shown(failure['reason'])}")


def _embedder_warning(settings: Settings, version: Version) -> list[str]:
    wanted = embedder_id(settings)
    if wanted is None:
        return []
    try:
        check_embedder(version.manifest, wanted)
    except KnowledgeError as error:
        return [f"{error}; until then it is searched by words alone"]
    return []


def _show(settings: Settings, names: Sequence[str], options: argparse.Namespace) -> int:
    passages: dict[str, list[Passage]] = {}
    seen: list[str] = []
    for name in names:
        try:
            version = open_current(settings.data / "knowledge", name)
        except NoKnowledgeError:
            continue
        seen += version.manifest.documents
        for warning in version.warnings:
            warn(warning)
        found = _of_file(version, options.file)
        if found:
            passages[name] = found
    if not seen:
        raise NoKnowledgeError("there is no knowledge yet: run `qunda build`")
    if not passages:
        raise KnowledgeError(_not_found(options.file, seen))
    if options.json:
        keys = ("id", "uri", "source", "headings", "place", "position", "start", "end", "text")
        rows = [{"base": name, **{key: getattr(p, key) for key in keys}} for name in passages for p in passages[name]]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        _print_passages(passages, named=len(names) > 1)
    return 0


def _of_file(version: Version, file: str) -> list[Passage]:
    """The passages of a document named by its uri, or of all that have this file name."""
    found: list[Passage] = []
    for uri in sorted(matching(file, version.manifest.documents)):
        entry = version.manifest.documents[uri]
        found += (version.passage(row) for row in range(entry.first, entry.first + entry.passages))
    return found


def _plain(name: str) -> str:
    """A file name that moves no cursor."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in name)


def _not_found(file: str, seen: Sequence[str]) -> str:
    import difflib

    by_name = {uri.rpartition("/")[2]: uri for uri in seen} | {uri: uri for uri in seen}
    close = dict.fromkeys(by_name[name] for name in difflib.get_close_matches(file, by_name, n=3, cutoff=0.4))
    hint = (
        f"did you mean {', '.join(map(_plain, close))}?"
        if close
        else f"it has, for example, {', '.join(map(_plain, sorted(seen)[:3]))}"
    )
    return f"no document {file!r} in the knowledge; {hint}"


def _print_passages(passages: Mapping[str, Sequence[Passage]], *, named: bool) -> None:
    """``named``: the base stands above its passages."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for base, found in passages.items():
        if named:
            console.print(f"[bold cyan]\\[{base}][/]")
        for passage in found:
            place = " › ".join(passage.headings) or passage.source
            size = f"{len(passage.text)} characters, {passage.start}-{passage.end}"
            where = f"{passage.uri}#{passage.place}" if passage.place else passage.uri
            console.print(f"[bold]#{passage.position}[/] {one_line(where)} · {one_line(place)} [dim]{size}[/]")
            console.print(shown(passage.text), "\n")
