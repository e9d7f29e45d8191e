"""The Wechaty adapter: wires session, parser, names and pacing together. Knows neither queue nor model."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime
from operator import methodcaller
from typing import Any

from loguru import logger

from adapters.base import (
    Abilities,
    AdapterError,
    Attachment,
    Deliver,
    Health,
    InboxError,
    Message,
    Person,
    Recalled,
    Reply,
    SentMessage,
)
from adapters.clock import Clock, RealClock
from adapters.defaults import BaseAdapter
from adapters.wechat.mentions import addressed
from adapters.wechat.pacing import Pacer
from adapters.wechat.plain import rendered
from adapters.wechat.wechaty.failures import RETRY_AFTER_S
from adapters.wechat.wechaty.messages import (
    IMAGE,
    LINK,
    PLATFORM,
    Around,
    Link,
    Own,
    Payload,
    mentioned_ids,
    parse,
    why_ignored,
)
from adapters.wechat.wechaty.names import NameBook
from adapters.wechat.wechaty.recent import Recent
from adapters.wechat.wechaty.scan import Show, log_scan
from adapters.wechat.wechaty.session import MESSAGE, Session
from adapters.wechat.wechaty.settings import WechatySettings

MAX_CHARS = 1_500
RECALL_WITHIN_S = 115.0  # WeChat allows two minutes
MAX_WAITING = 10_000
MAX_READS = 5
NO_ID = "no-id:"  # some gateways do not say what they posted
ARTWORK = 3


class WechatyAdapter(BaseAdapter):
    """One gateway with one WeChat account. ``show`` prints the code to scan; ``pacer`` sets the speed of posts."""

    name = PLATFORM
    abilities = Abilities(max_chars=MAX_CHARS, recall_within_s=RECALL_WITHIN_S)

    def __init__(
        self,
        settings: WechatySettings,
        *,
        show: Show = log_scan,
        clock: Clock | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        clock = clock or RealClock()
        timings = settings.timings
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self._clock = clock
        self._pacer = pacer or Pacer(settings.pace, clock)
        self._session = Session(settings, show=show)
        self._names = NameBook(self._session, clock, fresh_s=timings.names_fresh_s, timeout_s=timings.name_timeout_s)
        self._recent = Recent()
        self._waiting: deque[str] = deque()
        self._more = asyncio.Event()
        self._deliver: Deliver | None = None

    async def run(self, deliver: Deliver) -> None:
        """Keep the session and hand on messages, in order, until cancelled."""
        self._deliver = deliver
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._work())
                await self._session.run(self._on_event)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def health(self) -> Health:
        """How the session is doing, with what was received, ignored and lost."""
        health = self._session.health()
        return Health(health.state, health.detail, {**health.counters, **self.counters})

    def _on_event(self, kind: int, data: dict[str, Any]) -> None:
        if kind != MESSAGE:
            self._names.heard(kind, data)
            return
        message_id = str(data.get("messageId") or "")
        if not message_id:
            self.counters["malformed"] += 1
        elif len(self._waiting) >= MAX_WAITING:
            self.counters["lost: too many waiting"] += 1
        else:
            self._waiting.append(message_id)
            self._more.set()

    async def _work(self) -> None:
        """One message after the other: the gateway repeats nothing, so the first stays in line until it is durable."""
        while True:
            while not self._waiting:
                self._more.clear()
                await self._more.wait()
            await self._handle(self._waiting[0])
            self._waiting.popleft()

    async def _handle(self, message_id: str) -> None:
        """The boundary round one message. Without a connection it waits for the next one."""
        for attempt in range(1, MAX_READS + 1):
            try:
                await self._session.connected.wait()
                return await self._take(message_id)
            except AdapterError as error:
                if error.permanent or attempt == MAX_READS:
                    self.counters["lost: unreadable"] += 1
                    return logger.warning("message {} cannot be read: {}", message_id, error)
                await self._clock.sleep(self.settings.timings.store_retry_s)
            except Exception:
                self.counters["lost: failed"] += 1
                return logger.exception("message {} could not be handled", message_id)
        return None

    async def _take(self, message_id: str) -> None:
        payload: Payload = await self._session.call(lambda puppet: puppet.puppet_stub.message_payload(id=message_id))
        own_id = self._session.self_id
        ignored = why_ignored(payload, own_id) if own_id else "own id unknown"
        if ignored or not await self._is_read(payload):
            self.counters[f"ignored: {ignored or 'other conversation'}"] += 1
            return
        event = await self._parsed(payload)
        if isinstance(event, Message):
            event = self._recent.completed(event)
            self.counters["mentions" if event.mentions_bot else "messages"] += 1
        await self._store(event)
        if isinstance(event, Message):
            self._recent.remember(event.conversation, event.id, event.sender, event.text)

    async def _is_read(self, payload: Payload) -> bool:
        rooms = self.settings.rooms
        if not payload.room_id:
            return self.settings.direct
        return not rooms or payload.room_id in rooms or await self._names.topic(payload.room_id) in rooms

    async def _parsed(self, payload: Payload) -> Message | Recalled:
        room, own_id = payload.room_id, self._session.self_id
        names = await self._names.names(room, (payload.from_id, *mentioned_ids(payload)))
        own = Own(own_id, frozenset(await self._names.all_names(room, own_id) if room else ()))
        link = await self._link(payload.id) if payload.type == LINK else Link()
        return parse(payload, own, Around(names, link), datetime.now(UTC))

    async def _link(self, message_id: str) -> Link:
        try:
            found = await self._session.call(lambda puppet: puppet.message_url(message_id))
        except (AdapterError, ValueError) as error:
            logger.info("the link of message {} cannot be read: {}", message_id, error)
            return Link()
        return Link(str(found.title or ""), str(found.description or ""), str(found.url or ""))

    async def _store(self, event: Message | Recalled) -> None:
        """Until it is durable: nobody else keeps it."""
        assert self._deliver is not None
        first_s = pause_s = self.settings.timings.store_retry_s
        while True:
            try:
                new = await self._deliver(event)
            except InboxError as error:
                self.counters["storing failed"] += 1
                logger.error("a message is not stored yet, tried again in {:.1f} s: {}", pause_s, error)
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, first_s * 20)
                continue
            if not new:
                self.counters["repeated"] += 1
            return

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`. Never repeated when its outcome is unknown: nothing would recognise the second post."""
        self.refuse_too_long(reply)
        text = rendered(reply)
        if not text:
            raise AdapterError("WeChat shows no empty message", permanent=True)
        place, sender, ids = reply.to.conversation, reply.to.sender, []
        if reply.mention and place.kind == "group":
            text, ids = addressed(sender.name or await self._names.name(place.chat, sender.id), text), [sender.id]
        self._check_login()
        await self._pacer.wait(place.chat)
        self._check_login()
        post_id = await self._session.call(lambda puppet: puppet.message_send_text(place.chat, text, ids))
        self.counters["posts"] += 1
        post_id = post_id or f"{NO_ID}{key}"
        self._recent.remember(place, post_id, Person(PLATFORM, self._session.self_id, is_bot=True), text)
        return SentMessage(place, (post_id,), datetime.now(UTC))

    def _check_login(self) -> None:
        if self._session.running and not self._session.logged_in:
            raise AdapterError(f"nothing can be posted: {self.health().detail}", retry_after_s=RETRY_AFTER_S)

    async def recall(self, sent: SentMessage) -> None:
        """See `Adapter.recall`."""
        for post_id in sent.ids:
            if post_id.startswith(NO_ID):
                raise AdapterError("the gateway did not say which message it posted", permanent=True)
            if not await self._session.call(methodcaller("message_recall", post_id)):
                raise AdapterError(f"WeChat does not withdraw {post_id}", permanent=True)

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """See `Adapter.fetch`. Links are not followed."""
        kind, slash, message_id = attachment.ref.partition("/")
        if attachment.kind == "link" or not slash or not kind.isdigit():
            raise AdapterError(f"{attachment.ref!r} is no file of WeChat", permanent=True)
        image = int(kind) == IMAGE
        return await self._session.call(lambda puppet: _download(puppet.puppet_stub, message_id, image, max_bytes))


async def _download(stub: Any, message_id: str, image: bool, max_bytes: int) -> bytes:
    """The bytes in pieces, so that one that is too large is noticed before it has come."""
    pieces = (
        stub.message_image_stream(id=message_id, type=ARTWORK) if image else stub.message_file_stream(id=message_id)
    )
    content = bytearray()
    async for piece in pieces:
        content += piece.file_box_chunk.data
        if len(content) > max_bytes:
            raise AdapterError(f"the file has more than {max_bytes} bytes", permanent=True)
    return bytes(content)
