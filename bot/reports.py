"""Words what a build did, for admins in the chat and for the log. Knows no engine and no store."""

from __future__ import annotations

from collections.abc import Sequence

from bot.builder import BaseBuild
from bot.sources.base import SourceReport
from bot.texts import Language, say

SHOWN_FAILURES = 5


def _source_lines(reports: Sequence[SourceReport], language: Language) -> list[str]:
    """What an admin should know of the sources; the ones that are fine say nothing."""
    lines = []
    for report in reports:
        if report.state != "fresh":
            key = "source_kept" if report.state == "kept" else "source_failed"
            lines.append(say(key, language, entry=report.entry, detail=report.detail))
        lines += [say("source_note", language, entry=report.entry, detail=note) for note in report.notes]
        lines += _file_lines("reload_file", report.failed_items, language)
    return lines


def _file_lines(key: str, files: Sequence[tuple[str, str]], language: Language) -> list[str]:
    """A line for each of the first few files, and how many there are beyond."""
    shown = [(uri.replace("\n", "\\n"), reason) for uri, reason in files[:SHOWN_FAILURES]]
    lines = [say(key, language, uri=uri, reason=reason) for uri, reason in shown]
    if len(files) > SHOWN_FAILURES:
        lines.append(say("reload_more", language, n=len(files) - SHOWN_FAILURES))
    return lines


def report_text(report: BaseBuild, language: Language, *, named: bool = True) -> str:
    """What one build did, with the files that failed; not ``named``: whoever asks does not see the base's documents."""
    failed: Sequence[tuple[str, str]] = report.failed
    if report.error:
        head = say("reload_failed", language, error=report.error if named else say("see_log", language))
    elif report.unchanged_build:
        head = say("reload_same", language, documents=report.documents)
    else:
        counts = {"added": report.added, "changed": report.changed, "removed": report.removed, "failed": len(failed)}
        facts = {"documents": report.documents, "passages": report.passages, "embedded": report.embedded}
        head = say("reload_done", language, **counts, **facts, seconds=f"{report.seconds:.1f}")
    lines = [head if report.base == "default" else f"[{report.base}] {head}"]
    if not named:
        return lines[0]
    lines += _source_lines(report.sources, language)
    lines += [say("reload_rebuilt", language, why=report.rebuilt)] if report.rebuilt else []
    lines += report.warnings
    for key, files in (("reload_file", failed), ("reload_partial", report.partial)):
        lines += _file_lines(key, files, language)
    masked = [(uri, say("masked", language, n=count)) for uri, count in report.masked]
    lines += _file_lines("reload_partial", masked, language)
    return "\n".join(lines)
