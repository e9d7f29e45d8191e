"""``qunda demo``: sample knowledge, a sample group chat with the decision beside each message, then a group to try."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

from adapters.base import Message
from adapters.console import ADMIN, ConsoleAdapter
from adapters.replay import ReplayAdapter
from bot.app import App
from bot.cli.build import build_with_progress
from bot.cli.demo_screen import DemoScreen
from bot.cli.signals import stop_on_signals
from bot.clock import ReplayClock
from bot.config import KnowledgeSettings, Settings

SAMPLE = Path(__file__).resolve().parent.parent / "demo"
LONGEST_S = 55.0
CHAT_ADMIN = "replay:老周"  # of the sample chat: asks /why about an answer and about an abstention


def demo(settings: Settings, options: argparse.Namespace) -> int:
    """Build, replay, and hand over the keyboard where there is one."""
    sample = demo_settings(settings)
    for name in ("qunda.db", "qunda.db-wal", "qunda.db-shm"):  # each demo starts anew; only its knowledge is kept
        (sample.data / name).unlink(missing_ok=True)
    screen = DemoScreen()
    screen.opening()
    screen.built(build_with_progress(sample, "default"))
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    speed = options.speed if interactive else 0.0
    return asyncio.run(_demo(sample, screen, speed, interactive))


def demo_settings(settings: Settings) -> Settings:
    """The sample knowledge and examples in a data folder of their own; gate, search and model as configured."""
    base = KnowledgeSettings(
        documents=(str(SAMPLE / "knowledge"),),
        good_questions=str(SAMPLE / "good_questions.json"),
        bad_questions=str(SAMPLE / "bad_questions.json"),
    )
    changed = {"knowledge": {"default": base}, "groups": {}, "data": settings.data / "demo"}
    changed["gate"] = settings.gate.model_copy(update={"quiet_window_s": 0})  # each message is shown as decided
    at_all_hours = {"hours": "", "days": ""}  # a process would start no sooner than a thread
    changed["bot"] = settings.bot.model_copy(update={"computing": "thread", **at_all_hours})
    return settings.model_copy(update=changed)


async def _demo(settings: Settings, screen: DemoScreen, speed: float, interactive: bool) -> int:
    stopped = await _replay(settings, screen, speed)
    screen.summary()
    if not interactive or stopped:
        return 0
    adapter = ConsoleAdapter(language="en" if settings.bot.language == "en" else "zh", bot_name=settings.bot.name)
    app = App(settings, [adapter], admins=frozenset({ADMIN}))
    with stop_on_signals(app.stop):
        await app.run()
    return 0


async def _replay(settings: Settings, screen: DemoScreen, speed: float) -> bool:
    out = settings.data / "demo.jsonl"
    with contextlib.suppress(FileNotFoundError):
        out.unlink()
    adapter = _ShownReplay(SAMPLE / "chat.jsonl", out, screen, speed)
    admins = frozenset({CHAT_ADMIN})
    app = App(settings, [adapter], clock=ReplayClock(), admins=admins, limited=False, replaying=True)
    with stop_on_signals(app.stop):
        await app.run()
    return not adapter.complete


class _ShownReplay(ReplayAdapter):
    """A replay that prints each message with its decision as it is decided, at a pace that people can read."""

    def __init__(self, chat: Path, out: Path, screen: DemoScreen, speed: float) -> None:
        lines = sum(1 for line in chat.read_text("utf-8").splitlines() if line.strip())
        self._pause_s = min(1.1, LONGEST_S / max(1, lines)) / speed if speed > 0 else 0.0
        self._screen = screen
        self._turn = asyncio.Event()
        self._turn.set()
        super().__init__(chat, out, pace=self._wait)

    async def _wait(self, message: Message) -> None:
        await self._turn.wait()  # one after the other, so that each decision stands under its message
        self._turn.clear()
        self._screen.message(message)
        await asyncio.sleep(self._pause_s)

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        posted = [reply for reply, _ in self.posts.values() if reply.to.id == message.id]
        self._screen.decision(decision, posted)
        await super().record(message, decision)
        self._turn.set()
