"""The Feishu adapter: wires a transport, the parser and the sender together. Knows neither queue nor model."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from adapters.base import (
    Abilities,
    AdapterError,
    Attachment,
    Deliver,
    Health,
    Message,
    Person,
    Quote,
    Reply,
    ReplyStream,
    SentMessage,
)
from adapters.clock import Clock, RealClock
from adapters.defaults import BaseAdapter
from adapters.feishu.api import FeishuApi
from adapters.feishu.buckets import Buckets
from adapters.feishu.chats import GroupAdmins, Quotes
from adapters.feishu.client import Client
from adapters.feishu.errors import RECALLED, ApiError
from adapters.feishu.names import NameBook
from adapters.feishu.parse import PLATFORM, Ignored, parse
from adapters.feishu.sender import Sender
from adapters.feishu.settings import FeishuSettings
from adapters.feishu.signs import Signs
from adapters.feishu.stream import Streams
from adapters.feishu.transport import Transport

DAY_S = 86_400.0
MAX_CHARS = 4_000  # 12 KB of Chinese, with sources well below the 30 KB of a card
IDEMPOTENT_FOR_S = 3_000.0  # the platform knows a uuid for an hour


class FeishuAdapter(BaseAdapter):
    """One app's bot. ``clock`` paces calls; ``transport`` is made from the settings unless given."""

    name = PLATFORM
    abilities = Abilities(
        stream=True,
        react=True,
        markdown=True,
        recall_within_s=DAY_S,
        max_chars=MAX_CHARS,
        idempotent_for_s=IDEMPOTENT_FOR_S,
    )

    def __init__(
        self, settings: FeishuSettings, *, clock: Clock | None = None, transport: Transport | None = None
    ) -> None:
        timings = settings.timings
        clock = clock or RealClock()
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self._client = Client(settings, Buckets(clock))
        self.api = FeishuApi(self._client)
        self._transport = transport or make_transport(settings)
        self._names = NameBook(self.api, clock)
        self._quotes = Quotes(self.api, self._names, timeout_s=timings.quote_timeout_s)
        self._admins = GroupAdmins(self.api, clock, fresh_s=timings.admins_fresh_s)
        self._signs = Signs(self.api)
        self._sender = Sender(self.api, MAX_CHARS, self._count, self._said)
        self._streams = Streams(self.api, self._sender, clock, self._count, every_s=timings.stream_every_s)
        self._bot_id = ""
        self._started_at = datetime.now(UTC)
        self._deliver: Deliver | None = None

    async def run(self, deliver: Deliver) -> None:
        """Find out who the bot is, then hand on events until cancelled."""
        try:
            bot = await self.api.bot()
            self._bot_id = str(bot["open_id"])
            logger.info("Feishu knows the bot as {} ({})", bot.get("app_name"), self._bot_id)
            self._deliver = deliver
            await self._receive()
        finally:
            await self._client.close()

    async def _receive(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._client.keep_token()), group.create_task(self._names.run())]
                await self._transport.run(self._on_event)
                for task in beside:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _on_event(self, payload: dict[str, Any]) -> None:
        """Durable when it returns. It awaits nothing before that: order and acknowledgement depend on it."""
        event = parse(payload, self._bot_id)
        if isinstance(event, Ignored):
            self.counters[f"ignored: {event.reason}"] += 1
            return
        if isinstance(event, Message):
            event = self._completed(event)
            self._count("mentions" if event.mentions_bot else "messages")
        else:
            self._count("signals")
        assert self._deliver is not None
        if not await self._deliver(event):
            self._count("repeated")

    def _completed(self, message: Message) -> Message:
        """With what is known of names and quotes."""
        self._names.learn(message.mentions)
        self._sender.gone.discard(message.conversation.chat)
        sender = replace(message.sender, name=self._names.name(message.sender.id, message.conversation))
        self._quotes.remember(message.id, sender, message.text)
        quote = self._quotes.known(message.quote) if message.quote else None
        return replace(message, sender=sender, quote=quote)

    async def close(self) -> None:
        """Let go of what calls outside of `run` have started."""
        await self._client.close()

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`."""
        sent = await self._sender.send(reply, key)
        if reply.to.sent_at < self._started_at:
            await self._signs.take_quietly(reply.to.id)
        return sent

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        """See `Adapter.open_stream`."""
        return self._streams.open(to, key)

    async def acknowledge(self, to: Message) -> None:
        """See `Adapter.acknowledge`."""
        await self._signs.put(to.id)

    async def clear_acknowledgement(self, to: Message) -> None:
        """See `Adapter.clear_acknowledgement`."""
        await self._signs.take(to.id)

    async def recall(self, sent: SentMessage) -> None:
        """See `Adapter.recall`."""
        for n, message_id in enumerate(sent.ids):
            try:
                await self.api.delete(message_id)
            except ApiError as error:
                if n == 0 or error.code not in RECALLED:
                    raise

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """See `Adapter.fetch`."""
        message_id, slash, key = attachment.ref.partition("/")
        if not slash or not key:
            raise AdapterError(f"{attachment.ref!r} is no file of Feishu", permanent=True)
        kind = "image" if attachment.kind == "image" else "file"
        content = await self.api.resource(message_id, key, kind)
        if len(content) > max_bytes:
            raise AdapterError(f"the file has {len(content)} bytes, more than {max_bytes}", permanent=True)
        return content

    async def is_admin(self, message: Message) -> bool:
        """Whether the platform gives the sender a say in the group, and config.ini lets that count."""
        return self.settings.owners_are_admins and await self._admins.has(message)

    async def quoted(self, message: Message) -> Quote | None:
        """The message that a message quotes, with its text where that can be read in time."""
        return await self._quotes.fetched(message)

    def health(self) -> Health:
        """How the connection is doing, with what was received, ignored and fallen back to."""
        theirs = self._transport.health()
        return Health(theirs.state, theirs.detail, {**theirs.counters, **self.counters})

    def _said(self, reply: Reply, sent: SentMessage) -> None:
        bot = Person(PLATFORM, self._bot_id, is_bot=True)
        for message_id in sent.ids:
            self._quotes.remember(message_id, bot, reply.text)

    def _count(self, what: str) -> None:
        self.counters[what] += 1


def make_transport(settings: FeishuSettings) -> Transport:
    """The way of receiving events that the settings ask for."""
    if settings.transport == "webhook":
        from adapters.feishu.webhook import Webhook

        return Webhook(settings)
    from adapters.feishu.longconn import LongConnection

    return LongConnection(settings.app_id, settings.app_secret, settings.domain, settings.timings)
