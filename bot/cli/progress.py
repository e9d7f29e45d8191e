"""What commands show beside their result, on stderr: a progress bar where that is a terminal, and warnings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def warn(text: str) -> None:
    """One line that does not disturb ``--json``."""
    print(f"qunda: warning: {text}", file=sys.stderr)
