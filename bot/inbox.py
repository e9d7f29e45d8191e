"""Makes events durable before anybody acknowledges them, knows them again, and feeds the lanes. Knows no platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from loguru import logger

from adapters.base import Event, InboxError, Message
from bot.clock import Clock
from bot.lanes import Lanes
from bot.outcome import Outcome
from bot.precedence import Precedence
from bot.store import Signal, Store, StoreError, persist

OnSignal = Callable[[Signal], Awaitable[None]]
OnOverloaded = Callable[[Message], Awaitable[None]]
_MAX_NOTICES = 64


class Inbox:
    """`deliver` implements ``adapters.base.Deliver``. New messages go to ``entrance``, by default that of the lanes.

    ``on_signal`` gets each recall, reaction and pressed button once, in order. ``on_overloaded`` gets mentions that
    came when there were ``max_backlog`` messages without an outcome, to say one short line.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        *,
        entrance: Callable[[int, Message], None] | None = None,
        max_backlog: int = 10_000,
        on_signal: OnSignal | None = None,
        on_overloaded: OnOverloaded | None = None,
        precedence: Precedence | None = None,
    ) -> None:
        self.unfinished = 0
        self.counters = {"delivered": 0, "repeated": 0, "refused": 0, "signals": 0}
        self._store, self._lanes, self._clock = store, lanes, clock
        self._entrance = entrance or lanes.offer
        self._max_backlog = max_backlog
        self._precedence = precedence or Precedence()
        self._on_signal, self._on_overloaded = on_signal, on_overloaded
        self._started = False
        self._signalled = asyncio.Event()
        self._released = asyncio.Event()
        self._notices: asyncio.Queue[Message] = asyncio.Queue(_MAX_NOTICES)
        lanes.listeners.append(self._finished)

    async def start(self) -> int:
        """Feed the lanes what an earlier run left without an outcome, in order; how many. Before any adapter runs."""
        left = await self._store.messages.open_seqs()
        for seq, platform, chat in left:
            self._lanes.offer_stored(seq, platform, chat)
        self.unfinished += len(left)
        self._started = True
        self._signalled.set()
        if left:
            logger.info("{} messages of an earlier run have no outcome yet", len(left))
        return len(left)

    async def deliver(self, event: Event) -> bool:
        """Store an event. True once it is durable, False when it was known already.

        Messages are stored in the order of the calls. A caller that is cancelled leaves the event stored and fed, or
        not stored.

        Raises:
            InboxError: it was not stored.
        """
        if not self._started:
            raise InboxError("the inbox has not started yet")
        try:
            new = await (self._take(event) if isinstance(event, Message) else self._take_signal(event))
        except StoreError as error:
            self.counters["refused"] += 1
            raise InboxError(f"not stored: {error}") from error
        self.counters["delivered" if new else "repeated"] += 1
        return new

    async def run(self) -> None:
        """Hand on signals and notices of overload, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand_on_signals())
            group.create_task(self._send_notices())

    async def room(self, limit: int) -> None:
        """Wait until fewer than ``limit`` messages have no outcome."""
        while self.unfinished >= limit:
            self._released.clear()
            await self._released.wait()

    async def drained(self) -> None:
        """Wait until every message has its outcome."""
        await self.room(1)

    async def _take(self, message: Message) -> bool:
        overloaded = self.unfinished >= self._max_backlog
        outcome = Outcome("overloaded", detail=f"{self.unfinished} messages were waiting") if overloaded else None
        stored = self._store.messages.add(message, outcome)
        if outcome is None:
            self.unfinished += 1
        self._precedence.begin()
        # Not in the code behind the await: a caller that is cancelled there must not leave a stored message unfed.
        stored.add_done_callback(lambda future: self._stored(future, message, outcome))
        return await asyncio.shield(stored) is not None

    def _stored(self, future: asyncio.Future[int | None], message: Message, outcome: Outcome | None) -> None:
        self._precedence.end()
        seq = None if future.cancelled() or future.exception() else future.result()
        if outcome is None:
            if seq is None:
                self._release()
            else:
                self._entrance(seq, message)
            return
        if seq is not None:
            self._overloaded(message, outcome)

    def _overloaded(self, message: Message, outcome: Outcome) -> None:
        self.unfinished += 1  # `announce` takes it off again
        self._lanes.announce(message, outcome)
        if message.mentions_bot and self._on_overloaded and not self._notices.full():
            self._notices.put_nowait(message)

    async def _take_signal(self, signal: Signal) -> bool:
        new = await self._store.messages.add_signal(signal)
        self.counters["signals"] += new
        self._signalled.set()
        return new

    def _finished(self, message: Message, outcome: Outcome) -> None:
        self._release()

    def _release(self) -> None:
        self.unfinished -= 1
        self._released.set()

    async def _hand_on_signals(self) -> None:
        while True:
            await self._signalled.wait()
            self._signalled.clear()
            while waiting := await persist(self._store.messages.open_signals, self._clock):
                for seq, signal in waiting:
                    await self._hand_on(signal)
                    await persist(partial(self._store.messages.close_signal, seq), self._clock)

    async def _hand_on(self, signal: Signal) -> None:
        if self._on_signal is None:
            return
        try:
            await self._on_signal(signal)
        except Exception:  # the boundary round one platform callback
            logger.exception("handling a {} failed", type(signal).__name__)

    async def _send_notices(self) -> None:
        while True:
            message = await self._notices.get()
            assert self._on_overloaded is not None
            try:
                await self._on_overloaded(message)
            except Exception:  # the boundary round one message
                logger.exception("the notice of overload failed")
