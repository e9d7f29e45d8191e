"""A reply that grows in the chat while it is written. Knows no queue and no model.

A card entity is streamed through CardKit. Where that is refused, a card is posted and replaced as a whole; where cards
are refused, nothing shows before the end. What was opened is closed, and what was not finished is withdrawn.

CardKit: https://open.feishu.cn/document/cardkit-v1/streaming-updates-openapi-overview
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from loguru import logger

from adapters.base import AdapterError, Message, Reply, SentMessage
from adapters.clock import Clock
from adapters.feishu.api import FeishuApi, Posted
from adapters.feishu.errors import CARD_REFUSED, ApiError
from adapters.feishu.render import ANSWER, card, card_text, growing_card, unfinished_card
from adapters.feishu.sender import Sender

MAX_OPEN = 1_000
PATCH_PAUSE_S = 1.0


@dataclass(slots=True)
class Shape:
    """How one key is shown. It outlives an attempt: after a lost answer the same card has to be sent again.

    ``sequence`` rises with every operation on a card entity, whatever became of it.
    """

    kind: Literal["entity", "card", "none"]
    card_id: str = ""
    sequence: int = 0

    def next(self) -> int:
        """The number of the next operation."""
        self.sequence += 1
        return self.sequence


class Streams:
    """Opens streams. ``every_s`` is the pause between two updates of a card."""

    def __init__(
        self, api: FeishuApi, sender: Sender, clock: Clock, count: Callable[[str], None], *, every_s: float
    ) -> None:
        self._api, self._sender, self._clock, self._count = api, sender, clock, count
        self._every_s = every_s
        self._shapes: OrderedDict[str, Shape] = OrderedDict()

    @asynccontextmanager
    async def open(self, to: Message, key: str) -> AsyncIterator[CardStream]:
        """See `adapters.base.Adapter.open_stream`."""
        shape = self._shapes.get(key) or await self._shape()
        self._remember(key, shape)
        posted = await self._start(to, key, shape)
        pause_s = self._every_s if shape.kind == "entity" else max(PATCH_PAUSE_S, self._every_s)
        stream = CardStream(self._api, self._sender, self._clock, to, key, shape, posted, pause_s)
        try:
            yield stream
        finally:
            await stream.end()

    async def _shape(self) -> Shape:
        """A card entity; nobody sees it before it is sent, so every failure may fall back."""
        try:
            return Shape("entity", await self._api.create_card(growing_card()))
        except AdapterError as error:
            logger.warning("no streaming card, updating a plain one instead: {}", error)
            self._count("card without streaming")
            return Shape("card")

    async def _start(self, to: Message, key: str, shape: Shape) -> Posted | None:
        nothing = Reply(to, "")
        if shape.kind == "entity":
            try:
                content = {"type": "card", "data": {"card_id": shape.card_id}}
                return await self._sender.post(nothing, "interactive", content, key)
            except ApiError as error:
                if error.code not in CARD_REFUSED:
                    raise
            shape.kind = "card"
            self._count("card without streaming")
        if shape.kind == "card":
            try:
                return await self._sender.post(nothing, "interactive", unfinished_card(""), key)
            except ApiError as error:
                if error.code not in CARD_REFUSED:
                    raise
            shape.kind = "none"
        return None

    def _remember(self, key: str, shape: Shape) -> None:
        self._shapes[key] = shape
        while len(self._shapes) > MAX_OPEN:
            self._shapes.popitem(last=False)


@dataclass(slots=True)
class CardStream:
    """One growing reply; ``posted`` is None where nothing shows before the end."""

    api: FeishuApi
    sender: Sender
    clock: Clock
    to: Message
    key: str
    shape: Shape
    posted: Posted | None
    pause_s: float
    updated_at: float = float("-inf")
    open: bool = True
    finished: bool = False

    async def update(self, full_text: str) -> None:
        """Show the text so far; too soon after the last time it waits for the next."""
        now = self.clock.monotonic()
        if self.posted is None or not full_text.strip() or now - self.updated_at < self.pause_s:
            return
        self.updated_at = now
        if self.shape.kind == "entity":
            await self.api.show(self.shape.card_id, ANSWER, card_text(full_text), self.shape.next())
        else:
            await self.api.replace_card(self.posted.id, unfinished_card(full_text))

    async def finish(self, reply: Reply) -> SentMessage:
        """Put the final card in place. It replaces what is shown, so it may be repeated.

        Raises:
            AdapterError: where its outcome is known the platform refuses this card, and leaving withdraws it.
        """
        if self.posted is None:
            sent = await self.sender.send(reply, self.key)
            self.finished = True
            return sent
        self.sender.check(reply)
        if self.shape.kind == "entity":
            final = card(reply)
            closed = {**final, "config": {**final["config"], "streaming_mode": False}}
            await self.api.update_card(self.shape.card_id, closed, self.shape.next())
        else:
            await self.api.replace_card(self.posted.id, card(reply))
        self.finished = True
        sent = SentMessage(self.to.conversation, (self.posted.id,), self.posted.at)
        self.sender.said(reply, sent)
        return sent

    async def end(self) -> None:
        """Close the card, and withdraw it where it was not finished."""
        if self.posted is None:
            return
        if self.shape.kind == "entity" and self.open:
            try:
                await self.api.close_card(self.shape.card_id, self.shape.next())
                self.open = False
            except AdapterError as error:
                logger.warning("a card was not closed; the platform does so after ten minutes: {}", error)
        if not self.finished:
            await self.api.delete(self.posted.id)
