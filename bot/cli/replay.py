"""``qunda replay``: recorded messages through the real queue, one decision line each."""

from __future__ import annotations

import argparse
import asyncio

from adapters.replay import ReplayAdapter
from bot.app import App
from bot.cli.signals import stop_on_signals
from bot.clock import ReplayClock
from bot.config import Settings


def replay(settings: Settings, options: argparse.Namespace) -> int:
    """Replay IN to OUT; restarted, it goes on where it was."""
    return asyncio.run(_replay(settings, options))


async def _replay(settings: Settings, options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("replay", total=None)
        adapter = ReplayAdapter(
            options.input,
            options.output,
            recall_outcome=lambda message_id: app.recall_outcome(ReplayAdapter.name, message_id),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            max_undecided=min(2_000, settings.bot.max_backlog),
        )
        app = App(settings, [adapter], clock=ReplayClock(), limited=options.limits, replaying=True)
        with stop_on_signals(app.stop):
            await app.run()
    return 0 if adapter.complete else 1
