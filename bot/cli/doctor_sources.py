"""The part of ``qunda doctor`` about sources: what they need here, and how their last fetch went. Asks no host."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from bot.builder import source_line
from bot.cli.findings import Finding
from bot.config import Settings
from bot.sources.entries import FeishuEntry, GitEntry, Remote, TrackedEntry
from bot.sources.refresh import last_report, shown_entry

MARKS = {"fresh": "ok", "kept": "warning", "failed": "error"}


def examine_sources(settings: Settings, base: str, entries: Sequence[Remote]) -> Iterator[Finding]:
    """What is missing for the sources of one base, and what went wrong the last time."""
    subject = f"sources {base}"
    if shutil.which("git") is None and any(isinstance(entry, GitEntry | TrackedEntry) for entry in entries):
        yield Finding("error", subject, "git is not installed", "install it with the system's package manager")
    if any(isinstance(entry, FeishuEntry) for entry in entries) and not settings.feishu.app_id:
        yield Finding("error", subject, "documents of Feishu need an app", "set [feishu] app_id (docs/feishu.md)")
    for entry in entries:
        report = last_report(settings, entry)
        if report is None:
            yield Finding("warning", subject, f"{shown_entry(entry)} was never fetched", "qunda build")
            continue
        state = "warning" if report.state == "fresh" and report.failed_items else MARKS[report.state]
        failed = f"; {len(report.failed_items)} failed" if report.failed_items else ""
        fix = "" if state == "ok" else "qunda build fetches again; qunda knowledge lists what failed"
        yield Finding(state, subject, source_line(report) + failed, fix)  # type: ignore[arg-type]
