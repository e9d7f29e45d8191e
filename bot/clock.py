"""Time as the bot sees it: real for a served platform, virtual for a replay. Knows nothing of what is timed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from adapters.base import Message

_EPOCH = datetime.fromtimestamp(0, UTC)


class Clock(Protocol):
    """What everything with a time limit asks."""

    def now(self) -> datetime:
        """The time of day, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a virtual clock only lets others run."""
        ...

    def age_s(self, message: Message) -> float:
        """How long ago the message was sent."""
        ...

    def observe(self, message: Message) -> None:
        """The turn of this message has come: a virtual clock moves on to it."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def age_s(self, message: Message) -> float:
        return (self.now() - message.sent_at).total_seconds()

    def observe(self, message: Message) -> None:
        """Real time moves by itself."""


class ReplayClock:
    """The clock of recorded messages: it stands at the latest ``sent_at`` seen, and no message is ever old."""

    def __init__(self, start: datetime = _EPOCH) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def age_s(self, message: Message) -> float:
        return 0.0

    def observe(self, message: Message) -> None:
        self._now = max(self._now, message.sent_at)
