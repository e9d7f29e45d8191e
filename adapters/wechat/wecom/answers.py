"""Posts replies through WeCom's smart bot: in place of the question while that is possible, else pushed, or growing.

A question is answered in place once, with the ``req_id`` that it came with; whatever follows is pushed. Knows no queue.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from adapters.base import AdapterError, Message, Reply, SentMessage
from adapters.clock import Clock
from adapters.wechat.plain import visible
from adapters.wechat.wecom.frames import MAX_BYTES, PUSH, RESPOND, content_of, push_body, stream_body
from adapters.wechat.wecom.line import RefusedError

MAX_REMEMBERED = 5_000
INTERRUPTED = "……"

Command = Callable[[str, Mapping[str, Any], str], Awaitable[None]]


class Answers:
    """``command`` sends one command of the connection that stands now."""

    def __init__(self, command: Command, counters: Counter[str], clock: Clock, *, within_s: float, every_s: float):
        self._command = command
        self._counters = counters
        self._clock = clock
        self._within_s = within_s
        self._every_s = every_s
        self._open: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def expect(self, message_id: str, req_id: str) -> None:
        """A message has come that may be answered in place with ``req_id``."""
        self._open[message_id] = (req_id, self._clock.monotonic())
        while len(self._open) > MAX_REMEMBERED:
            self._open.popitem(last=False)

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Post one part. See `Adapter.send`."""
        place = self._claim(reply.to)
        if place is None:
            return await self._push(reply, key)
        try:
            await self._respond(place[0], key, content_of(reply), finish=True)
        except RefusedError as error:
            if not error.permanent:
                self._open[reply.to.id] = place
                raise
            logger.warning("not answered in place, pushed instead: {}", error)
            self._counters["answer in place refused"] += 1
            return await self._push(reply, key)
        except AdapterError as error:
            if error.outcome_known:
                self._open[reply.to.id] = place
            raise
        return _sent(reply.to, _stream_id(key))

    @asynccontextmanager
    async def open(self, to: Message, key: str) -> AsyncIterator[GrowingAnswer]:
        """See `Adapter.open_stream`. Nothing shows before the first words."""
        growing = GrowingAnswer(self, to, key, self._claim(to))
        try:
            yield growing
        finally:
            await self._end(growing)

    async def show(self, growing: GrowingAnswer, text: str) -> None:
        """The text so far; too soon after the last time it waits for the next."""
        now = self._clock.monotonic()
        shown = _within(visible(text), MAX_BYTES)
        if growing.place is None or not shown.strip() or now - growing.shown_at < self._every_s:
            return
        growing.shown_at, growing.text = now, shown
        await self._respond(growing.place[0], growing.key, shown, finish=False)

    async def complete(self, growing: GrowingAnswer, reply: Reply) -> SentMessage:
        """The final text in place of what was shown. May be repeated until it is known to stand."""
        if growing.place is None:
            sent = await self._push(reply, growing.key)
        else:
            sent = await self._complete_in_place(growing, growing.place[0], reply)
        growing.finished = True
        return sent

    async def _complete_in_place(self, growing: GrowingAnswer, req_id: str, reply: Reply) -> SentMessage:
        try:
            await self._respond(req_id, growing.key, content_of(reply), finish=True)
        except RefusedError as error:
            if growing.in_doubt:  # the first attempt may have been the one that counted
                text = f"whether the answer stands is not known: {error}"
                raise AdapterError(text, outcome_known=False, permanent=True) from error
            if not error.permanent:
                raise
            self._counters["answer in place refused"] += 1
            return await self._push(reply, growing.key)
        except AdapterError as error:
            growing.in_doubt = growing.in_doubt or not error.outcome_known
            raise
        return _sent(growing.to, _stream_id(growing.key))

    async def _end(self, growing: GrowingAnswer) -> None:
        """An answer that was not finished must not look as if it still grew; it cannot be taken back."""
        if growing.finished or growing.place is None:
            return
        if not growing.text:
            self._open[growing.to.id] = growing.place
            return
        text = _within(growing.text, MAX_BYTES - 20) + INTERRUPTED
        try:
            await self._respond(growing.place[0], growing.key, text, finish=True)
        except AdapterError as error:
            logger.warning("an answer that was given up was not closed; WeCom does so after minutes: {}", error)

    def _claim(self, to: Message) -> tuple[str, float] | None:
        place = self._open.pop(to.id, None)
        return place if place and self._clock.monotonic() - place[1] < self._within_s else None

    async def _respond(self, req_id: str, key: str, content: str, *, finish: bool) -> None:
        await self._command(RESPOND, stream_body(_stream_id(key), content, finish=finish), req_id)

    async def _push(self, reply: Reply, key: str) -> SentMessage:
        await self._command(PUSH, push_body(reply.to.conversation, content_of(reply)), f"push-{_stream_id(key)}")
        self._counters["pushed"] += 1
        return _sent(reply.to, f"push-{_stream_id(key)}")


@dataclass(slots=True)
class GrowingAnswer:
    """One growing reply; ``place`` is None where nothing shows before the end."""

    answers: Answers
    to: Message
    key: str
    place: tuple[str, float] | None
    text: str = ""
    shown_at: float = float("-inf")
    in_doubt: bool = False
    finished: bool = False

    async def update(self, full_text: str) -> None:
        """See `ReplyStream.update`."""
        await self.answers.show(self, full_text)

    async def finish(self, reply: Reply) -> SentMessage:
        """See `ReplyStream.finish`."""
        return await self.answers.complete(self, reply)


def _stream_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _within(text: str, max_bytes: int) -> str:
    return text if len(text.encode()) <= max_bytes else text.encode()[:max_bytes].decode(errors="ignore")


def _sent(to: Message, sent_id: str) -> SentMessage:
    return SentMessage(to.conversation, (sent_id,), datetime.now(UTC))
