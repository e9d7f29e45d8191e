"""``qunda replay``: recorded messages through the real queue, one decision line each."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

from adapters.base import AdapterError, Deliver, InboxError
from adapters.replay import ReplayAdapter
from bot.app import App
from bot.cli.lines import read_objects
from bot.cli.offline import check_knowledge
from bot.cli.progress import progress
from bot.cli.screen import one_line
from bot.cli.signals import stop_on_signals
from bot.clock import ReplayClock
from bot.config import Settings

NO_MESSAGE = "failed:input"


class _Replay(ReplayAdapter):
    """Ends the replay at the first failure: unlike a served platform, a person waits for it and can start it again."""

    failure: AdapterError | InboxError | None = None

    async def run(self, deliver: Deliver) -> None:
        try:
            await super().run(deliver)
        except (AdapterError, InboxError) as error:
            self.failure = error


def replay(settings: Settings, options: argparse.Namespace) -> int:
    """Replay IN to OUT; restarted, it goes on where it was. Status 1 where lines of IN are no messages.

    Raises:
        NoKnowledgeError: every message would fail.
    """
    check_knowledge(settings)
    return asyncio.run(_replay(settings, options))


async def _replay(settings: Settings, options: argparse.Namespace) -> int:
    with progress(stays=True) as step:
        adapter = _Replay(
            options.input,
            options.output,
            recall_outcome=lambda message_id: app.recall_outcome(ReplayAdapter.name, message_id),
            progress=lambda done, total: step("replay", done, total),
            max_undecided=min(2_000, settings.bot.max_backlog),
        )
        app = App(settings, [adapter], clock=ReplayClock(), limited=options.limits, replaying=True)
        with stop_on_signals(app.stop):
            await app.run()
    if adapter.failure:
        raise adapter.failure
    if not adapter.complete:
        print(f"qunda: stopped; the same command goes on from here: {options.output}", file=sys.stderr)
        return 1
    return _summary(options.output)


def _summary(path: Path) -> int:
    """Print how often each outcome came, over all runs that wrote to this file; 1 where lines were no messages."""
    outcomes: Counter[str] = Counter()
    first = ""
    for number, row in read_objects(path):
        outcomes[row["outcome"]] += 1
        if row["outcome"] == NO_MESSAGE and not first:
            first = f"line {number}: {one_line(' '.join(map(str, row['reasons'])))}"
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{outcomes.total():,} lines: {counts}; {path}")
    if not first:
        return 0
    told = f"{outcomes[NO_MESSAGE]:,} lines of the input are no messages; the reasons stand in {path} as {NO_MESSAGE}"
    print(f"qunda: {told}, first in its {first}", file=sys.stderr)
    return 1
