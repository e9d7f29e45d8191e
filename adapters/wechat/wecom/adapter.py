"""The WeCom smart bot as an adapter: its connection kept up, messages in, answers out. Knows no queue and no model."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from adapters.base import Abilities, AdapterError, Attachment, Deliver, Health, Message, Reply, ReplyStream, SentMessage
from adapters.clock import Clock, RealClock
from adapters.defaults import BaseAdapter
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.intake import Intake
from adapters.wechat.outages import Outages
from adapters.wechat.wecom import frames
from adapters.wechat.wecom.answers import Answers
from adapters.wechat.wecom.line import Frame, Line, LineLostError
from adapters.wechat.wecom.media import fetch_media
from adapters.wechat.wecom.messages import PLATFORM, read_message
from adapters.wechat.wecom.settings import WecomSettings

MAX_CHARS = 4_000  # of up to 4 bytes, which leaves room for sources below the 20,480 bytes of a frame
MAX_EVENT_CHARS = 40
TAKEN_OVER = (
    "another connection with the same bot_id took over, and WeCom allows one: stop the other program "
    "(or give this one a bot of its own), then start Qunda again"
)


class WecomAdapter(BaseAdapter):
    """Hears mentions in groups and everything in single chats; nothing else reaches a smart bot."""

    name = PLATFORM
    abilities = Abilities(stream=True, markdown=True, max_chars=MAX_CHARS)

    def __init__(self, settings: WecomSettings, *, clock: Clock | None = None) -> None:
        timings = settings.timings
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self._clock = clock or RealClock()
        self._outages = Outages("mentions sent meanwhile may have been missed")
        self._intake = Intake(self.counters, retry_s=timings.store_retry_s)
        self._line = Line(settings, self._on_frame, self._outages.seen)
        self._answers = Answers(
            lambda name, body, req_id: self._line.command(name, body, req_id),
            self.counters,
            self._clock,
            within_s=timings.respond_within_s,
            every_s=timings.stream_every_s,
        )

    async def run(self, deliver: Deliver) -> None:
        """Stay connected and hand on messages until cancelled.

        Raises:
            AdapterError: permanent; wrong credentials, or another connection took over.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._intake.run(deliver))
                await self._stay_connected()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`."""
        self.refuse_too_long(reply)
        if not frames.content_of(reply).strip() or not reply.text.strip():
            raise AdapterError("WeCom shows no empty message", permanent=True)
        return await self._answers.send(reply, key)

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        """See `Adapter.open_stream`."""
        return self._answers.open(to, key)

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """See `Adapter.fetch`."""
        return await fetch_media(attachment, max_bytes, self.settings.timings.fetch_timeout_s)

    def health(self) -> Health:
        """How the connection is doing, and what outages may have cost."""
        return self._outages.health(self.counters)

    async def _stay_connected(self) -> None:
        timings, attempt = self.settings.timings, 0
        while True:
            self._line = Line(self.settings, self._on_frame, self._outages.seen)
            started = self._clock.monotonic()
            try:
                await self._line.run(self._opened)
            except LineLostError as error:
                self._lost(error)
            except AdapterError as error:
                self._outages.down(str(error))
                raise
            lasted_s = self._clock.monotonic() - started
            attempt = 1 if lasted_s > timings.connect_timeout_s + timings.reconnect_cap_s else attempt + 1
            pause_s = min(timings.reconnect_cap_s, timings.reconnect_base_s * 2.0 ** min(attempt - 1, 10))
            await self._clock.sleep(pause_s * random.uniform(0.5, 1.0))

    def _opened(self) -> None:
        self._outages.up()
        self.counters["connections"] += 1
        logger.info("WeCom: connected as {}", self.settings.bot_id)

    def _lost(self, error: LineLostError) -> None:
        logger.log("WARNING" if self._outages.is_up else "DEBUG", "WeCom: {}", error)
        self._outages.down(str(error), unseen=error.unseen)

    def _on_frame(self, frame: Frame) -> None:
        body = frame.get("body")
        if frame.get("cmd") == frames.EVENT and isinstance(body, Mapping):
            self._on_event(body)
        elif frame.get("cmd") == frames.MESSAGE and isinstance(body, Mapping):
            self._on_message(frame, body)
        elif frame.get("cmd") == frames.MESSAGE or not frame:
            self._ignore(MALFORMED, frame)

    def _on_event(self, body: Mapping[str, Any]) -> None:
        event = body.get("event")
        kind = event.get("eventtype") if isinstance(event, Mapping) else None
        if kind == frames.TAKEN_OVER:
            raise AdapterError(TAKEN_OVER, permanent=True)
        known = f" {kind}" if isinstance(kind, str) and kind.isidentifier() and len(kind) <= MAX_EVENT_CHARS else ""
        self.counters[f"ignored: event{known}"] += 1

    def _on_message(self, frame: Frame, body: Mapping[str, Any]) -> None:
        message = read_message(body, self.settings.name, datetime.now(UTC))
        if isinstance(message, Ignored):
            self._ignore(message, frame)
            return
        headers = frame.get("headers")
        req_id = headers.get("req_id") if isinstance(headers, Mapping) else None
        if isinstance(req_id, str) and req_id:
            self._answers.expect(message.id, req_id)
        self._intake.put(message)

    def _ignore(self, ignored: Ignored, frame: Frame) -> None:
        self.counters[f"ignored: {ignored.reason}"] += 1
        if ignored is MALFORMED:
            logger.warning("WeCom sent a callback of another shape than documented")
            logger.debug("{}", json.dumps(frame, ensure_ascii=False)[:2_000])
