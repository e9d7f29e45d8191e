"""Hands messages to the core in order and keeps what could not be stored. Knows no platform.

For platforms that push without waiting for an acknowledgement: they never deliver a message twice, so the one that the
core could not store is held here and tried again. What is held survives a restart of the adapter, not of the process.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from loguru import logger

from adapters.base import Deliver, InboxError, Message


class Intake:
    """Holds up to ``limit`` messages; ``retry_s`` is the pause after a refusal."""

    def __init__(self, counters: Counter[str], *, retry_s: float = 0.5, limit: int = 5_000) -> None:
        self._counters = counters
        self._retry_s = retry_s
        self._limit = limit
        self._held: deque[Message] = deque()
        self._more = asyncio.Event()

    def put(self, message: Message) -> None:
        """Take a message in. Past the limit it is lost, which is counted and logged."""
        if len(self._held) >= self._limit:
            self._counters["lost"] += 1
            logger.error("a message is lost: {} others wait to be stored already", len(self._held))
            return
        self._held.append(message)
        self._more.set()

    async def run(self, deliver: Deliver) -> None:
        """Deliver until cancelled. A message leaves only when it is durable."""
        while True:
            self._more.clear()
            while self._held:
                await self._store(self._held[0], deliver)
                self._held.popleft()
            await self._more.wait()

    async def _store(self, message: Message, deliver: Deliver) -> None:
        while True:
            try:
                new = await deliver(message)
            except InboxError as error:
                self._counters["not stored"] += 1
                logger.warning("a message was not stored, trying again: {}", error)
                await asyncio.sleep(self._retry_s)
            else:
                self._counters["messages" if new else "repeated"] += 1
                return
