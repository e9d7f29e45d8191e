"""What checks find: one thing each, how bad it is and what to do; and how that is printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bot.cli.screen import shown
from bot.config import Settings
from rag.base import RagError
from rag.gate import read_examples

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "error": "[red]✗[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; ``fix`` says what to do, empty where nothing is."""

    state: Literal["ok", "warning", "error"]
    subject: str
    detail: str
    fix: str = ""


def examine_examples(settings: Settings, base: str) -> Iterator[Finding]:
    """The lists of good and bad questions of a base: a wrong one is an error, one without questions a warning."""
    section = settings.knowledge[base]
    for path, good in ((section.good_questions, True), (section.bad_questions, False)):
        if not path:
            continue
        subject = f"{'good' if good else 'bad'} questions"
        try:
            count = len(read_examples(settings.resolve(path), good))
        except RagError as error:
            yield Finding("error", subject, str(error))
            continue
        if count:
            yield Finding("ok", subject, f"{count} in {settings.resolve(path)}")
        else:
            fix = "the packaged ones still count, and so does what /good and /bad teach"
            yield Finding("warning", subject, f"{settings.resolve(path)} holds no question", fix)


def print_findings(findings: Iterable[Finding]) -> None:
    """One line each, and one for what to do."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{MARKS[finding.state]} [bold]{shown(finding.subject)}[/]: {shown(finding.detail)}")
        if finding.fix:
            console.print(f"    → {shown(finding.fix)}")
