"""What commands show beside their result, on stderr: a progress bar where that is a terminal, and warnings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Step = Callable[[str, int, int], None]


@contextmanager
def progress(*, stays: bool = False) -> Iterator[Step]:
    """A bar; call what is yielded with (what is done, how much of it, of how much; 0: unknown).

    ``stays``: the finished bar is left on the screen.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=not stays, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(description: str, done: int, total: int) -> None:
            bar.update(task, description=description, completed=done, total=total or None)

        yield step


@contextmanager
def downloading() -> Iterator[Step]:
    """Like `progress`, in bytes, a bar for each file; without a terminal a line for every tenth of a file."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _tenths()
        return
    columns = TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        tasks: dict[str, Any] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        yield step


def _tenths() -> Step:
    told: dict[str, int] = {}

    def step(name: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if told.get(name) != tenth:
            told[name] = tenth
            print(f"  {name} {10 * tenth}% of {total / 1e6:,.1f} MB", file=sys.stderr, flush=True)

    return step


def warn(text: str) -> None:
    """One line that does not disturb ``--json``."""
    print(f"qunda: warning: {text}", file=sys.stderr)
