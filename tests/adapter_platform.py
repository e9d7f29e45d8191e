"""What the adapter contract suite needs of a platform: hooks to implement, and a core that records. Holds no tests."""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from adapters.base import Adapter, Attachment, Event, InboxError, Message

Fault = Literal["known", "unknown", "permanent"]
UNUSUAL = {
    "empty": "",
    "emoji only": "👍🏽👨‍👩‍👧🇨🇳",
    "control characters": "how\x00 to\x07 install\x1b[31m?",
    "bidi marks": "how to \u202einstall\u202c \u2066it\u2069?",
    "several lines": "first\nsecond\n\nthird",
    "markup": "[bold]x[/bold] <b>y</b> & `z` **w**",
    "long": "怎么安装" * 5_000,
}


@dataclass(frozen=True)
class Posted:
    """One message of the bot as the platform shows it now; ``finished`` is False while a stream is open."""

    id: str
    text: str
    finished: bool = True


@dataclass
class Recorder:
    """A core that stores events in memory. ``broken`` makes that many deliveries fail, ``gate`` holds them up."""

    events: list[Event] = field(default_factory=list)
    broken: int = 0
    attempts: int = 0
    gate: asyncio.Event | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, event: Event) -> bool:
        async with self.changed:
            self.attempts += 1
            self.changed.notify_all()
        if self.gate:
            await self.gate.wait()
        async with self.changed:
            if self.broken > 0:
                self.broken -= 1
                raise InboxError("the disk is full")
            new = all(event.event_id != known.event_id for known in self.events)
            self.events.append(event)
            self.changed.notify_all()
        return new

    @property
    def messages(self) -> list[Message]:
        return [event for event in self.events if isinstance(event, Message)]

    async def until(self, reached: Callable[[], bool]) -> None:
        async with self.changed:
            await self.changed.wait_for(reached)


def alive() -> set[object]:
    """Tasks and threads, without the threads that the event loop keeps for its own pool."""
    threads = {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
    return {*threads, *asyncio.all_tasks()}


class AdapterPlatform:
    """The hooks of the suite. Those without a default have to be implemented."""

    within_s: ClassVar[float] = 10.0
    """How long anything may take before the test fails; generous, nothing waits for it when all is well."""
    live: ClassVar[bool] = True
    """Whether the platform can say something while `run` runs; False: only what `inject` gave it before."""
    shows_citations: ClassVar[bool] = True
    """Whether the titles of citations reach readers with the post itself."""

    async def make_adapter(self, folder: Path) -> Adapter:
        """A fresh adapter, its platform started, `run` not yet called. ``folder`` is empty and private to the test."""
        raise NotImplementedError

    async def close_platform(self) -> None:
        """Stop what `make_adapter` started."""

    async def connected(self) -> None:
        """Wait until the running adapter is ready to hear what `inject` says."""

    async def inject(self, text: str, *, mention: bool = False) -> None:
        """Have a member of a group say something."""
        raise NotImplementedError

    async def redeliver(self) -> None:
        """Have the platform deliver again what was not acknowledged, where it does not do so by itself."""

    async def decide(self, message: Message) -> None:
        """Tell the adapter that the core is done with a message, where it wants to know."""

    async def posted(self) -> list[Posted]:
        """What the platform shows of the bot now, in order."""
        raise NotImplementedError

    async def unacknowledged(self) -> int | None:
        """How many events the platform still holds because they were not acknowledged; None: it has no such notion."""
        return None

    async def signs(self, message: Message) -> int | None:
        """How many signs of the bot (`acknowledge`) a message carries; None: the platform has none."""
        return None

    async def fail_next(self, kind: Fault) -> str | None:
        """Break the next post: surely not posted, perhaps posted, refused for good. None: it cannot be provoked."""
        return None

    async def attachment(self, size: int) -> Attachment | None:
        """An attachment of that many bytes that lies on the platform; None: it has none."""
        return None

    def visible(self, text: str) -> str:
        """What comparison leaves of a text: no white space, no control and format characters."""
        return "".join(char for char in text if unicodedata.category(char)[0] not in "CZ")

    # --- what the tests share ---

    @pytest.fixture
    async def adapter(self, tmp_path: Path) -> AsyncIterator[Adapter]:
        """The adapter under test."""
        adapter = await self.make_adapter(tmp_path)
        try:
            yield adapter
        finally:
            await self.close_platform()

    @asynccontextmanager
    async def running(
        self, adapter: Adapter, core: Recorder, *texts: str, mention: bool = False
    ) -> AsyncIterator[None]:
        """`run` as the supervisor would run it, with ``texts`` said; cancelled and checked for leaks at the end."""
        before = alive()
        if not self.live:
            await self._say(texts, mention)
        task = asyncio.create_task(self._supervise(adapter, core))
        try:
            async with asyncio.timeout(self.within_s):
                if self.live:
                    await self.connected()
                    await self._say(texts, mention)
                yield
        finally:
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=self.within_s)
            assert done, "run does not end when it is cancelled"
            if not task.cancelled():
                task.result()
        assert not (left := alive() - before), f"run left {left} behind"

    async def _say(self, texts: tuple[str, ...], mention: bool) -> None:
        for text in texts:
            await self.inject(text, mention=mention)

    async def _supervise(self, adapter: Adapter, core: Recorder) -> None:
        while True:
            try:
                return await adapter.run(core)
            except InboxError:
                await asyncio.sleep(0)

    async def heard(self, adapter: Adapter, text: str = "怎么安装？") -> Message:
        """A message that came in."""
        core = Recorder()
        async with self.running(adapter, core, text):
            await core.until(lambda: bool(core.messages))
        return core.messages[0]

    async def shown(self, text: str) -> int:
        """In how many posts the platform shows a text."""
        return sum(self.visible(text) in self.visible(post.text) for post in await self.posted())
