"""The whole bot on the stand-in for Feishu: real app, store, adapter and SDK. Outages are compressed, unless soaking.

With ``QUNDA_SOAK=1`` (``make soak``) every interval is the one that ``qunda run`` has.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from feishu_platform import Entry, FeishuPlatform, Shown
from group import built_data, make_settings

from adapters.feishu import FeishuAdapter, FeishuSettings, Timings
from adapters.feishu.webhook import Webhook
from bot.app import App
from bot.clock import SystemClock
from bot.config import Settings
from bot.outcome import Outcome
from bot.store import Store, StoredMessage

ROOT = Path(__file__).resolve().parent.parent
SOAK = bool(os.environ.get("QUNDA_SOAK"))
PATIENCE_S = 600.0 if SOAK else 30.0
QUESTIONS = ("Zephyrlink 怎么安装？", "如何修改 Zephyrlink 的端口？", "zephyr 的日志级别怎么改？")
QUICK = Timings(
    call_timeout_s=1.0,
    watch_every_s=0.05,
    silent_after_s=0.5,
    reconnect_base_s=0.05,
    reconnect_cap_s=0.2,
    exceed_limit_s=0.3,
    stop_timeout_s=2.0,
)
TIMINGS = Timings() if SOAK else QUICK


@dataclass
class PacedClock(SystemClock):
    """The clock of the machine, ``ahead`` of it by what a test skipped; pauses are 50 times shorter unless soaking."""

    ahead: timedelta = timedelta()
    sleeps: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return super().now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(seconds if SOAK or seconds >= 3600 else seconds / 50)


def pace(platform: FeishuPlatform) -> None:
    """Make the platform as quick as the bot."""
    if not SOAK:
        platform.link.redeliver_after_s = (0.3, 0.6, 1.2, 2.4, 4.8)
        platform.link.config["PingInterval"] = 0.1


@dataclass
class Bot:
    """The running bot, and what to hold against the platform's memory afterwards."""

    app: App
    adapter: FeishuAdapter
    clock: PacedClock
    platform: FeishuPlatform

    @property
    def store(self) -> Store:
        assert self.app.store is not None
        return self.app.store

    async def stored(self, entry: Entry) -> StoredMessage | None:
        return await self.store.messages.get("feishu", entry.id)

    async def ended(self, *entries: Entry) -> list[Outcome]:
        """The outcomes, once every one of these messages has one."""
        outcomes: list[Outcome] = []
        async with asyncio.timeout(PATIENCE_S):
            for entry in entries:
                while (outcome := await self._outcome(entry)) is None:  # noqa: ASYNC110 - the store has no event for it
                    await asyncio.sleep(0.01)
                outcomes.append(outcome)
        return outcomes

    async def _outcome(self, entry: Entry) -> Outcome | None:
        found = await self.stored(entry)
        return found.outcome if found and found.state == "done" else None

    async def settled(self, *entries: Entry) -> list[Outcome]:
        """As `ended`; and none was lost, answered twice or out of order, and nothing is left unacknowledged or open."""
        outcomes = await self.ended(*entries)
        await self.platform.until(lambda: not self.platform.unacknowledged, PATIENCE_S)
        outcomes = await self.ended(*entries)
        assert_one_reply_each(self.platform, entries)
        return outcomes


def assert_one_reply_each(platform: FeishuPlatform, entries: Sequence[Entry]) -> None:
    """At most one reply for each question, in the order of the questions of a chat, and all cards closed."""
    order = {entry.id: number for number, entry in enumerate(entries)}
    for chat in {entry.chat for entry in entries}:
        parents = [shown.parent for shown in platform.shown(chat)]
        assert max(Counter(parents).values(), default=0) <= 1, parents
        assert parents == sorted(parents, key=order.__getitem__), "replies out of order"
    assert all(shown.finished for shown in platform.shown())


def reply_to(platform: FeishuPlatform, entry: Entry) -> Shown | None:
    """The bot's reply to a message, as members see it."""
    return next((shown for shown in platform.shown() if shown.parent == entry.id), None)


def feishu_settings(platform: FeishuPlatform) -> FeishuSettings:
    """Credentials and timings for the stand-in, and a webhook on a port that the system chooses."""
    world = platform.world
    return FeishuSettings(
        world.app_id,
        world.app_secret,
        platform.domain,
        encrypt_key=world.encrypt_key,
        verification_token=world.verification_token,
        host="127.0.0.1",
        port=0,
        timings=TIMINGS,
    )


@asynccontextmanager
async def open_webhook_bot(folder: Path, platform: FeishuPlatform) -> AsyncIterator[Bot]:
    """As `open_bot`, with events over the webhook."""
    platform.world.encrypt_key, platform.world.verification_token = "a key", "a token"
    settings = replace(feishu_settings(platform), transport="webhook")
    webhook = Webhook(settings)

    async def reachable() -> None:
        await webhook.started.wait()
        platform.use_webhook(f"http://127.0.0.1:{webhook.port}{settings.path}")

    async with _running(folder, platform, FeishuAdapter(settings, transport=webhook), PacedClock(), reachable) as bot:
        yield bot


@asynccontextmanager
async def open_bot(folder: Path, platform: FeishuPlatform, *, ahead: timedelta = timedelta()) -> AsyncIterator[Bot]:
    """Run the bot on ``folder``, connected, until the block ends; the same folder again is a restart."""
    adapter = FeishuAdapter(feishu_settings(platform))

    async def connected() -> None:
        await platform.until(lambda: platform.connections == 1, PATIENCE_S)

    async with _running(folder, platform, adapter, PacedClock(ahead), connected) as bot:
        yield bot


@asynccontextmanager
async def _running(
    folder: Path,
    platform: FeishuPlatform,
    adapter: FeishuAdapter,
    clock: PacedClock,
    connected: Callable[[], Awaitable[None]],
) -> AsyncIterator[Bot]:
    pace(platform)
    app = App(prepare(folder), [adapter], clock=clock, modes={"feishu": "mention"})
    ready = asyncio.Event()
    app.ready = ready.set
    running = asyncio.ensure_future(app.run())
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await connected()
        yield Bot(app, adapter, clock, platform)
    finally:
        waiting.cancel()
        app.stop()
        await running
        await adapter.close()


@asynccontextmanager
async def bot_process(folder: Path, platform: FeishuPlatform) -> AsyncIterator[None]:
    """The bot as a process of its own, connected; killed at the end of the block as nothing can catch."""
    pace(platform)
    prepare(folder)
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    script = ROOT / "tests" / "feishu_platform_child.py"
    arguments = (str(folder), platform.domain, platform.world.app_id)
    bot = await asyncio.create_subprocess_exec(
        sys.executable, str(script), *arguments, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
    )
    try:
        await platform.until(lambda: platform.connections == 1, PATIENCE_S)
        yield
    finally:
        bot.kill()
        await bot.wait()
        await platform.until(lambda: platform.connections == 0, PATIENCE_S)


def prepare(folder: Path, *overrides: str) -> Settings:
    """A config without limits for people, and its knowledge."""
    settings = make_settings(folder, "bot.per_person_per_hour=0", "bot.per_group_per_hour=0", *overrides)
    if not settings.data.exists():
        shutil.copytree(built_data(), settings.data)
    return settings
