"""Handles messages one after the other within a group and side by side across groups. Knows no platform.

A fixed array of lanes, each with a bounded queue and one worker; a stable hash of (platform, chat) chooses the lane. A
full lane notes only the number of a message and reads it from the store when there is room, so it loses nothing.

`Lanes.offer` is the one way in for new messages; `bot.gather` stands in front of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from loguru import logger

from adapters.base import Message
from bot.clock import Clock
from bot.config import BotSettings
from bot.deadline import message_deadline
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.precedence import Precedence
from bot.store import State, Store, StoreError, persist

Handler = Callable[[Message], Awaitable[Outcome]]
Listener = Callable[[Message, Outcome], None]
_STORING_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How many lanes of what size, and the time limits of a message. ``lane_size`` is what one lane keeps in memory."""

    lanes: int = 8
    lane_size: int = 64
    max_age_s: float = 600.0
    max_age_mention_s: float = 3600.0
    message_timeout_s: float = 120.0

    @classmethod
    def of(cls, bot: BotSettings) -> LaneSettings:
        """The part of ``[bot]`` that concerns the lanes."""
        return cls(bot.lanes, bot.lane_size, bot.max_age_s, bot.max_age_mention_s, bot.message_timeout_s)


@dataclass(slots=True)
class _Lane:
    """``queue`` feeds the worker, ``waiting`` are numbers of messages behind it, ``decided`` what is being stored."""

    queue: asyncio.Queue[tuple[Message, State] | None]
    decided: asyncio.Queue[tuple[Message, Outcome, asyncio.Future[bool]] | None]
    waiting: deque[int] = field(default_factory=deque)


class Lanes:
    """``listeners`` hear of each outcome after it is stored; they must not block."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        handler: Handler,
        clock: Clock,
        settings: LaneSettings | None = None,
        precedence: Precedence | None = None,
    ) -> None:
        self.listeners: list[Listener] = []
        self.counters: dict[str, int] = {}
        self._store, self._outbox, self._handler, self._clock = store, outbox, handler, clock
        self._settings = settings or LaneSettings()
        self._precedence = precedence or Precedence()
        size = self._settings.lane_size
        self._lanes = [_Lane(asyncio.Queue(size), asyncio.Queue(size)) for _ in range(self._settings.lanes)]
        self._workers: list[asyncio.Task[None]] = []
        self._recorders: list[asyncio.Task[None]] = []
        self._stopping = False

    def offer(self, seq: int, message: Message) -> None:
        """Take a stored message. It never blocks and never refuses: the inbox bounds how many there are."""
        lane = self._choose(message.conversation.platform, message.conversation.chat)
        if lane.waiting or lane.queue.full():
            lane.waiting.append(seq)
        else:
            lane.queue.put_nowait((message, "queued"))

    def offer_stored(self, seq: int, platform: str, chat: str) -> None:
        """Take a message of an earlier run, known by number only."""
        lane = self._choose(platform, chat)
        lane.waiting.append(seq)

    async def run(self) -> None:
        """Work until `stop` or cancelled. What has no outcome then stays in the store."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                self._workers.append(group.create_task(self._work(lane)))
                self._recorders.append(group.create_task(self._record(lane)))

    async def stop(self, grace_s: float) -> None:
        """Begin no message any more; those being handled get ``grace_s`` to finish and are then cancelled."""
        self._stopping = True
        for lane in self._lanes:
            if lane.queue.empty():
                lane.queue.put_nowait(None)  # wakes an idle worker
        if not self._workers:
            return
        _, late = await asyncio.wait(self._workers, timeout=grace_s)
        for task in late:
            task.cancel()
        if late:
            logger.warning(
                "{} messages were not finished in {:g} s; the next start goes on with them", len(late), grace_s
            )
            await asyncio.wait(late)
        try:
            async with asyncio.timeout(max(grace_s, _STORING_GRACE_S)):
                for lane in self._lanes:
                    await lane.decided.put(None)  # behind the last outcome
                await asyncio.wait(self._recorders)
        except TimeoutError:
            logger.error("some outcomes could not be stored; the next start decides on those messages again")
            for recorder in self._recorders:
                recorder.cancel()

    def announce(self, message: Message, outcome: Outcome) -> None:
        """Count a stored outcome and tell the listeners."""
        self.counters[outcome.name] = self.counters.get(outcome.name, 0) + 1
        for listener in self.listeners:
            listener(message, outcome)

    def _choose(self, platform: str, chat: str) -> _Lane:
        name = f"{platform}:{chat}".encode("utf-8", "surrogatepass")
        digest = blake2b(name, digest_size=8).digest()  # hash() differs from run to run
        return self._lanes[int.from_bytes(digest, "big") % len(self._lanes)]

    async def _work(self, lane: _Lane) -> None:
        while not self._stopping:
            while lane.waiting and lane.queue.empty() and not self._stopping:
                await self._refill(lane)
            item = await lane.queue.get()
            await self._precedence.turn()
            if item is None or self._stopping:
                return
            await self._handle(lane, *item)

    async def _refill(self, lane: _Lane) -> None:
        """Read the next waiting messages. While it reads, new ones line up behind them."""
        seqs = [lane.waiting[i] for i in range(min(len(lane.waiting), lane.queue.maxsize))]
        found = await persist(lambda: self._store.messages.load(seqs), self._clock)
        if self._stopping:
            return
        for stored in found:
            lane.queue.put_nowait((stored.message, stored.state))
        for _ in seqs:
            lane.waiting.popleft()

    async def _handle(self, lane: _Lane, message: Message, state: State) -> None:
        with logger.contextualize(conversation=message.conversation.group, message=message.id):
            self._clock.observe(message)
            outcome = await self._decide(message, state)
            # The next message of the group need not wait for this commit: a crash only repeats a decision.
            await lane.decided.put((message, outcome, self._store.messages.finish(message, outcome)))

    async def _record(self, lane: _Lane) -> None:
        """See every outcome of a lane into the store, then announce it."""
        while (item := await lane.decided.get()) is not None:
            message, outcome, stored = item
            if not await self._stored(message, outcome, stored):
                earlier = await self._store.messages.get(message.conversation.platform, message.id)
                outcome = earlier.outcome if earlier and earlier.outcome else outcome
            self.announce(message, outcome)

    async def _stored(self, message: Message, outcome: Outcome, stored: asyncio.Future[bool]) -> bool:
        try:
            return await stored
        except StoreError:
            return await persist(lambda: self._store.messages.finish(message, outcome), self._clock)

    async def _decide(self, message: Message, state: State) -> Outcome:
        age_s = self._clock.age_s(message)
        limit_s = self._settings.max_age_mention_s if message.mentions_bot else self._settings.max_age_s
        if age_s > limit_s:
            expired = Outcome("expired", detail=f"{age_s:.0f} s old when its turn came, more than {limit_s:g} s")
            return await self._outbox.give_up(message, expired)
        return await self._guard(message, self._handler if state == "queued" else self._outbox.resume)

    async def _guard(self, message: Message, handle: Handler) -> Outcome:
        """The boundary round one message: whatever breaks in it ends it and nothing else."""
        deadline = asyncio.timeout(self._settings.message_timeout_s)
        token = message_deadline.set(deadline)
        try:
            async with deadline:
                return await handle(message)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return await self._fail(message, "internal", error)  # something inside cancelled itself, not us
        except Exception as error:
            late = isinstance(error, TimeoutError) and deadline.expired()
            return await self._fail(message, "timeout" if late else "internal", error)
        finally:
            message_deadline.reset(token)

    async def _fail(self, message: Message, stage: str, error: BaseException) -> Outcome:
        if stage == "timeout":
            limit_s = self._settings.message_timeout_s
            logger.error("not handled within {:g} s", limit_s)
            failed = Outcome("failed", stage="timeout", detail=f"not handled within {limit_s:g} s")
        else:
            logger.opt(exception=error).error("handling failed")
            failed = Outcome("failed", stage="internal", detail=f"{type(error).__name__}: {error}")
        return await self._outbox.give_up(message, failed)
