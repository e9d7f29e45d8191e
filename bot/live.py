"""A reply that is shown while it is written, with the outbox's guarantees. Knows no platform.

The row is stored as ``sending`` before anything is shown, so a crash while it is written never leads to a second reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from loguru import logger

from adapters.base import Adapter, AdapterError, Message, Reply, ReplyStream
from bot.deadline import lift_deadline
from bot.outcome import Outcome
from bot.parts import reply_key
from bot.store import Planned, persist

if TYPE_CHECKING:
    from bot.outbox import Outbox

INTERRUPTED = Outcome("failed", stage="send", detail="stopped while the answer was being written")
_OPEN_ATTEMPTS = 3


class LiveReply:
    """A growing reply. Without a stream of the adapter it keeps silent until `finish`, which posts."""

    def __init__(self, outbox: Outbox, message: Message, edition: int) -> None:
        self.finished = False
        self._outbox = outbox
        self._message = message
        self._edition = edition
        self._key = reply_key(message, 0, edition)
        self._stack = AsyncExitStack()
        self._stream: ReplyStream | None = None
        self._in_doubt = False

    async def update(self, full_text: str) -> None:
        """Show ``full_text`` in place of what was shown before. A platform that refuses only shows it later."""
        if self._stream is None:
            return
        try:
            async with asyncio.timeout(self._outbox.policy.attempt_timeout_s):
                await self._stream.update(full_text)
        except (AdapterError, TimeoutError) as error:
            logger.debug("a live update was not shown: {!r}", error)

    async def finish(self, replies: Sequence[Reply], outcome: Outcome) -> Outcome:
        """Put the final replies in place; the outcome that finally holds."""
        self.finished = True
        lift_deadline()
        if not replies or (self._stream is None and not self._in_doubt):
            await self.close(withdraw=True)
            return await self._outbox.post(self._message, replies, outcome)
        first, *rest = self._outbox.plan_parts(self._message, replies, edition=self._edition, streamed=True)
        assert first.reply is not None
        rest = [] if self._in_doubt else rest
        write = self._outbox.store.replies.complete_stream
        await persist(partial(write, self._message, self._key, first.reply, rest, outcome), self._outbox.clock)
        if self._stream is None:
            return await self._outbox.resume(self._message)
        error = await self._put_in_place(self._stream, first.reply)
        if error is None:
            return await self._outbox.resume(self._message)
        if not error.outcome_known:
            await self._lose(str(error))
            return await self._outbox.resume(self._message)
        await self.close(withdraw=True)
        return await self._outbox.post(self._message, replies, outcome)

    async def open(self, adapter: Adapter) -> None:
        """Store the row and open the adapter's stream; without one the reply waits for `finish`."""
        outbox = self._outbox
        row = Planned(self._key, 0, self._edition, None, streamed=True)
        await outbox.store.replies.plan(self._message, [row], INTERRUPTED)
        started = outbox.clock.now()
        for attempt in range(1, _OPEN_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(outbox.policy.attempt_timeout_s):
                    stream = adapter.open_stream(self._message, self._key)
                    self._stream = await self._stack.enter_async_context(stream)
                return
            except AdapterError as error:
                failure = error
            except TimeoutError:
                failure = AdapterError("the platform did not open a live reply in time", outcome_known=False)
            self._in_doubt = self._in_doubt or not failure.outcome_known
            if not self._in_doubt or failure.permanent or not outbox.key_holds(adapter, started):
                break
            await outbox.clock.sleep(outbox.policy.pause_s(attempt, failure.retry_after_s))
        logger.warning("no live reply: {}", failure)
        if self._in_doubt:
            await self._lose(str(failure))
        else:
            await self._withdrawn()

    async def close(self, *, withdraw: bool = False) -> None:
        """End the adapter's stream; with ``withdraw`` (or unfinished) what it showed is taken back."""
        if self._stream is None:
            return
        self._stream = None
        try:
            async with asyncio.timeout(self._outbox.policy.attempt_timeout_s):
                await self._stack.aclose()
        except (AdapterError, TimeoutError) as error:
            logger.warning("a live reply could not be closed: {!r}", error)
            if withdraw:
                await self._lose(f"it could not be withdrawn: {error}")
            return
        if withdraw:
            await self._withdrawn()

    async def _put_in_place(self, stream: ReplyStream, reply: Reply) -> AdapterError | None:
        """Finish the stream. It replaces what is shown, so repeating it cannot post twice."""
        outbox = self._outbox
        in_doubt = False
        failure = AdapterError("not tried")
        row = next(row for row in await outbox.rows(self._message) if row.key == self._key)
        for attempt in range(1, outbox.policy.max_attempts + 1):
            try:
                async with asyncio.timeout(outbox.policy.attempt_timeout_s):
                    sent = await stream.finish(reply)
            except AdapterError as error:
                failure = error
            except TimeoutError:
                failure = AdapterError("the platform did not answer the last update", outcome_known=False)
            else:
                await persist(partial(outbox.store.replies.sent, row, sent.ids), outbox.clock)
                return None
            in_doubt = in_doubt or not failure.outcome_known
            if failure.permanent or attempt == outbox.policy.max_attempts:
                break
            await outbox.clock.sleep(outbox.policy.pause_s(attempt, failure.retry_after_s))
        return AdapterError(str(failure), outcome_known=not in_doubt)

    async def _lose(self, error: str) -> None:
        """Nobody knows what is shown: nothing else may be posted for this message."""
        replies, key = self._outbox.store.replies, self._key
        await persist(lambda: replies.settle(key, "unknown", error=error, in_doubt=True), self._outbox.clock)

    async def _withdrawn(self) -> None:
        replies = self._outbox.store.replies
        await persist(lambda: replies.withdraw(self._message, self._edition), self._outbox.clock)


@asynccontextmanager
async def open_live(outbox: Outbox, message: Message) -> AsyncIterator[LiveReply]:
    """See `Outbox.stream`."""
    rows = await outbox.rows(message)
    live = LiveReply(outbox, message, edition=len({row.edition for row in rows}))
    adapter = outbox.adapters.get(message.conversation.platform)
    answered = any(row.state != "recalled" for row in rows)
    if adapter is not None and adapter.abilities.stream and not answered:
        await live.open(adapter)
    try:
        yield live
    finally:
        await live.close(withdraw=not live.finished)


@dataclass(slots=True)
class GrowingReply:
    """Opens the reply's stream with the first text, so that an answer that never comes is never announced."""

    outbox: Outbox
    message: Message
    stack: AsyncExitStack
    stream: LiveReply | None = None

    async def show(self, text: str) -> None:
        if self.stream is None:
            self.stream = await self.stack.enter_async_context(self.outbox.stream(self.message))
        await self.stream.update(text)
