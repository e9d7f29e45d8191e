"""A whole bot with one group in memory: the real app, store, knowledge and gate; only the platform is a fake."""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fakes import FakeClock, RecordingAdapter, make_message
from views import open_view

from adapters.base import Abilities, Deliver, Event, Message, Quote, Reply, SentMessage
from bot.app import App
from bot.builder import build_base
from bot.config import Settings, load
from bot.store import Store

ADMIN = "root"
DOCUMENTS = {
    "install.md": """# 安装 Zephyrlink

## 环境要求
Zephyrlink 需要 Python 3.11 和 8 GB 内存。

## 安装步骤
用 `pip install zephyrlink` 安装。安装后运行 `zephyrlink init` 生成配置文件。

## Installation on Windows
Zephyrlink on Windows needs the Visual C++ runtime. Run the installer zephyrlink-setup.exe as administrator.
""",
    "config.md": """# Zephyrlink 配置

## 修改端口
在 zephyr.toml 里设置 `port = 8080`，然后重启服务生效。

## 日志级别
日志级别由 `log_level` 决定，默认是 info，排查问题时改成 debug。
""",
}
GOOD = [
    "Zephyrlink 怎么安装",
    "如何修改 Zephyrlink 的端口",
    "zephyr.toml 在哪里",
    "日志级别怎么改",
    "how to install zephyrlink",
]
BAD = ["中午吃什么", "哈哈哈", "早上好", "周末去哪玩", "这个多少钱", "lol", "谢谢大佬"]


class GroupClock(FakeClock):
    """A fake clock for a whole bot: what sleeps for hours, such as retention, stays asleep and moves no time."""

    async def sleep(self, seconds: float) -> None:
        if seconds > 3600:
            await asyncio.Event().wait()
        await super().sleep(seconds)


@dataclass
class ScriptedAdapter(RecordingAdapter):
    """Delivers what the test says, and remembers how each message ended."""

    name: str = "fake"
    outbound: asyncio.Queue[Event | None] = field(default_factory=asyncio.Queue)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    decided: asyncio.Condition = field(default_factory=asyncio.Condition)

    posted: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, reply: Reply, key: str) -> SentMessage:
        sent = await super().send(reply, key)
        self.posted.set()
        return sent

    def posts_of(self, message: Message) -> list[str]:
        """The replies to a message, as posted."""
        return [post.reply.text for post in self.posts if post.reply.to.id == message.id]

    async def run(self, deliver: Deliver) -> None:
        while (event := await self.outbound.get()) is not None:
            self.delivered.append(await deliver(event))
            async with self.decided:
                self.decided.notify_all()

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        async with self.decided:
            self.decisions[message.id] = decision
            self.decided.notify_all()


@dataclass
class Group:
    """The test's hand in the group."""

    app: App
    adapter: ScriptedAdapter
    clock: FakeClock
    settings: Settings
    documents: Path

    async def say(self, text: str, **options: Any) -> dict[str, Any]:
        """Say something, wait until it has ended; its decision, with ``replies`` as posted and its ``message``."""
        return await self.wait(self.post(text, **options))

    def post(self, text: str, *, quote: Message | str | None = None, quoted_id: str = "", **options: Any) -> Message:
        """Say something and do not wait."""
        self.clock.advance(1)
        quoted = Quote(
            quoted_id or getattr(quote, "id", ""), getattr(quote, "sender", None), getattr(quote, "text", str(quote))
        )
        message = make_message(text, quote=quoted if quote or quoted_id else None, sent_at=self.clock.now(), **options)
        self.adapter.outbound.put_nowait(message)
        return message

    async def reported(self, message: Message, words: str) -> None:
        """Until a reply to the message with these words is out: a long rebuild reports in a second one."""
        async with asyncio.timeout(60):
            while not any(words in text for text in self.adapter.posts_of(message)):
                await self.adapter.posted.wait()
                self.adapter.posted.clear()

    @property
    def store(self) -> Store:
        """The bot's own store."""
        store = self.app.store
        assert store is not None
        return store

    async def signals_handled(self) -> None:
        """Until no reaction, button or recall waits."""
        async with asyncio.timeout(30):
            while await self.store.messages.open_signals():  # noqa: ASYNC110 - the store has no event for it
                await asyncio.sleep(0)

    async def delivered(self, count: int) -> None:
        """Until so many messages are stored."""
        async with self.adapter.decided:
            await self.adapter.decided.wait_for(lambda: len(self.adapter.delivered) >= count)

    async def wait(self, message: Message) -> dict[str, Any]:
        """Until the message has ended."""
        async with self.adapter.decided:
            await self.adapter.decided.wait_for(lambda: message.id in self.adapter.decisions)
        posts = [post for post in self.adapter.posts if post.reply.to.id == message.id]
        return {
            **self.adapter.decisions[message.id],
            "replies": [p.reply.text for p in posts],
            "posts": posts,
            "message": message,
        }


def write_documents(folder: Path, documents: dict[str, str] = DOCUMENTS) -> Path:
    """Documents as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def make_settings(folder: Path, *overrides: str) -> Settings:
    """A config with documents and examples of its own below ``folder``."""
    write_documents(folder / "docs")
    (folder / "good.json").write_text(json.dumps(GOOD), "utf-8")
    (folder / "bad.json").write_text(json.dumps(BAD), "utf-8")
    (folder / "config.ini").write_text(
        f"[bot]\nadmins = fake:{ADMIN}\n"
        "[knowledge]\ndocuments = docs\ngood_questions = good.json\nbad_questions = bad.json\n",
        "utf-8",
    )
    # Nothing waits and no process is started, unless a test is about that.
    changes = ("gate.quiet_window_s=0", "bot.computing=thread", *overrides)
    return load(folder / "config.ini", data=folder / "data", overrides=changes, environ={})


@functools.cache
def built_data() -> Path:
    """A data folder with these documents built and the gate trained, made once in a process and copied by each test."""
    folder = Path(tempfile.mkdtemp(prefix="qunda-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = make_settings(folder)
    build_base(settings, "default")
    open_view(settings)
    return settings.data


@asynccontextmanager
async def open_group(
    folder: Path,
    *overrides: str,
    abilities: Abilities | None = None,
    build: bool = True,
    sent_before: datetime | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Group]:
    """Run the bot on ``folder`` until the block ends; the same folder again is a restart."""
    settings = settings or make_settings(folder, *overrides)
    if build and not settings.data.exists():
        shutil.copytree(built_data(), settings.data)
    clock = GroupClock()
    clock.advance((sent_before - clock.now()).total_seconds() if sent_before else timedelta(days=1).total_seconds())
    adapter = ScriptedAdapter(abilities=abilities or Abilities(recall_within_s=120, max_chars=4000), clock=clock)
    app = App(settings, [adapter], clock=clock)
    ready = asyncio.Event()
    app.ready = ready.set
    running = asyncio.ensure_future(app.run())
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        running.result()
    try:
        yield Group(app, adapter, clock, settings, folder / "docs")
    finally:
        app.stop()
        await running
