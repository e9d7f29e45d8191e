"""``qunda build``: documents to a knowledge version, with progress and a line for every file that failed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.builder import BaseBuild, build_base, source_line, with_documents
from bot.cli.findings import examine_examples, print_findings
from bot.cli.progress import progress
from bot.cli.screen import one_line, shown
from bot.config import ConfigError, Settings
from bot.sources.base import SourceReport
from rag.formats.registry import OCR_FIX, is_image

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_SUFFIXES = 8
STAGES = {"read": "reading documents", "count": "counting terms", "embed": "computing vectors", "write": "writing"}


def build(settings: Settings, options: argparse.Namespace) -> int:
    """Build one base."""
    base: str = options.base
    if options.paths:
        settings = with_documents(settings, base, options.paths)
    elif base not in settings.knowledge:
        raise ConfigError(f"there is no section [knowledge:{base}]; name the folder: qunda build FOLDER --base {base}")
    report = build_with_progress(settings, base)
    if options.json:
        print(json.dumps(asdict(report), ensure_ascii=False))
    else:
        print_report(report)
        print_findings(finding for finding in examine_examples(settings, base) if finding.state != "ok")
    return 0


def build_with_progress(settings: Settings, base: str) -> BaseBuild:
    """Build with a progress bar on stderr where that is a terminal."""
    with progress() as step:
        return build_base(
            settings,
            base,
            lambda at: step(STAGES[at.stage], at.done, at.total),
            lambda entry, done, total: step(f"fetching {one_line(entry)}", done, total),
        )


def print_report(report: BaseBuild) -> None:
    """What was built and what failed."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    print_sources(report.sources, console)
    for warning in report.warnings:
        console.print(f"[yellow]![/] {shown(warning)}")
    for uri, reason in report.partial:
        console.print(f"[yellow]~[/] {one_line(uri)}: {shown(reason)}")
    for uri, count in report.masked:
        console.print(f"[yellow]~[/] {one_line(uri)}: {masked_line(count)}")
    for uri, reason in report.failed:
        console.print(f"[red]✗[/] {one_line(uri)}: {shown(reason)}")
    if report.skipped:
        console.print(f"[yellow]![/] {one_line(skipped_line(report.skipped))}")
    total = f"{report.documents:,} documents, {report.passages:,} passages"
    if report.unchanged_build:
        console.print(f"[green]✓[/] {report.base}: nothing has changed ({total}), version {report.version} stays")
        return
    if report.rebuilt:
        console.print(f"  everything was rebuilt: {shown(report.rebuilt)}")
    changes = f"{report.added} added, {report.changed} changed, {report.removed} removed, {len(report.failed)} failed"
    changes += f", {len(report.partial)} read in part" * bool(report.partial)
    made = f"{report.embedded:,} passages embedded in {report.seconds:.1f} s"
    console.print(f"[green]✓[/] {report.base}: {total} ({changes}); {made}; version {report.version}")


def print_sources(reports: Sequence[SourceReport], console: Console) -> None:
    """How fetching each source went, and what of it failed."""
    marks = {"fresh": "[green]✓[/]", "kept": "[yellow]![/]", "failed": "[red]✗[/]"}
    for source in reports:
        console.print(f"{marks[source.state]} {one_line(source_line(source))}")
        for note in source.notes:
            console.print(f"[yellow]![/] {one_line(source.entry)}: {one_line(note)}")
        for what, reason in source.failed_items:
            console.print(f"[red]✗[/] {one_line(what)}: {shown(reason)}")


def masked_line(count: int) -> str:
    """How many secrets of a file are not in the knowledge."""
    return f"{count} secret{'s' * (count > 1)} masked (keys, tokens, passwords)"


def skipped_line(skipped: Sequence[tuple[str, int]]) -> str:
    """What was left out because its type is not read."""
    counts = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in skipped[:SHOWN_SUFFIXES]]
    rest = sum(count for _, count in skipped[SHOWN_SUFFIXES:])
    line = f"skipped {', '.join(counts + [f'{rest:,} others'] * bool(rest))}: not a supported format"
    return f"{line}; {OCR_FIX} reads the text in pictures" if any(is_image(suffix) for suffix, _ in skipped) else line
