"""A WeChat account behind wkteam as an adapter: callbacks in, API calls out. Knows no queue and no model."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loguru import logger

from adapters.base import Abilities, AdapterError, Attachment, Deliver, Health, Message, Reply, SentMessage
from adapters.clock import Clock, RealClock
from adapters.defaults import BaseAdapter
from adapters.wechat.callbacks import MalformedError, serving
from adapters.wechat.download import download
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.mentions import addressed, shown_name
from adapters.wechat.outages import Outages
from adapters.wechat.pacing import Pacer
from adapters.wechat.plain import rendered
from adapters.wechat.wkteam.account import Account
from adapters.wechat.wkteam.api import WkteamApi
from adapters.wechat.wkteam.forward import Forwarder
from adapters.wechat.wkteam.messages import OFFLINE, PLATFORM, read_callback
from adapters.wechat.wkteam.settings import WkteamSettings

if TYPE_CHECKING:
    from aiohttp.web import Request

MAX_CHARS = 1_000
RECALL_WITHIN_S = 110.0
MAX_REMEMBERED = 2_000
ACCEPTED = {"code": "1000", "message": "ok"}


class WkteamAdapter(BaseAdapter):
    """Reads along in the groups of one account. Nothing is idempotent: what may stand there is not posted again."""

    name = PLATFORM
    abilities = Abilities(max_chars=MAX_CHARS, recall_within_s=RECALL_WITHIN_S)

    def __init__(self, settings: WkteamSettings, *, clock: Clock | None = None) -> None:
        clock = clock or RealClock()
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self.api = WkteamApi(settings.base_url, timeout_s=settings.timings.call_timeout_s)
        self._secret = settings.secret or secrets.token_urlsafe(24)
        self._outages = Outages("messages sent meanwhile may have been missed")
        self._account = Account(settings, self.api, self._outages, self.counters, clock)
        self._pacer = Pacer(settings.pace, clock)
        self._forwarder = Forwarder(settings.forward, self._forward, self.counters, clock)
        self._names: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._sent: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._deliver: Deliver | None = None

    async def run(self, deliver: Deliver) -> None:
        """Listen for callbacks and stay logged in until cancelled.

        Raises:
            AdapterError: permanent; the account is refused, or another was logged in.
        """
        self._deliver = deliver
        settings = self.settings
        where = serving(settings.host, settings.port, self._welcome, self._on_callback, self.counters, name=PLATFORM)
        async with where as port:
            url = f"{settings.callback_url.rstrip('/') or f'http://127.0.0.1:{port}'}/{PLATFORM}/{self._secret}"
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._forwarder.run())
                    await self._account.keep(url)
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`."""
        self.refuse_too_long(reply)
        text = rendered(reply)
        if not text:
            raise AdapterError("WeChat shows no empty message", permanent=True)
        at = ""
        if reply.mention and reply.to.conversation.kind == "group":
            name = await self._name(reply.to)
            text, at = addressed(name, text), reply.to.sender.id if shown_name(name) else ""
        posted = await self._post(reply.to.conversation.chat, text, at)
        return SentMessage(reply.to.conversation, (self._remember(posted),), datetime.now(UTC))

    async def recall(self, sent: SentMessage) -> None:
        """See `Adapter.recall`."""
        for message_id in sent.ids:
            posted = self._sent.get(message_id)
            if posted is None:
                raise AdapterError("what was posted before the last start cannot be withdrawn", permanent=True)
            await self.api.revoke(sent.conversation.chat, posted)

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """See `Adapter.fetch`."""
        try:
            ref = json.loads(attachment.ref)
            message_id, content = str(ref["msgId"]), str(ref["content"])
        except (ValueError, KeyError, TypeError) as error:
            raise AdapterError(f"{attachment.name!r} is no image of wkteam", permanent=True) from error
        url = await self.api.image_url(message_id, content)
        return await download(url, max_bytes, self.settings.timings.fetch_timeout_s)

    def health(self) -> Health:
        """How the login is, and what outages may have cost."""
        return self._outages.health(self.counters)

    # --- callbacks ---

    def _welcome(self, request: Request) -> int:
        expected = f"/{PLATFORM}/{self._secret}"
        return 0 if hmac.compare_digest(request.path.encode(), expected.encode()) else 404

    async def _on_callback(self, payload: dict[str, Any]) -> Any:
        message = read_callback(payload, self._account.own, datetime.now(UTC))
        if message is MALFORMED:
            logger.debug("{}", json.dumps(payload, ensure_ascii=False)[:2_000])
            raise MalformedError("not the documented shape of a message")
        if isinstance(message, Message):
            message = self._welcome_message(message)
        if isinstance(message, Ignored):
            self.counters[f"ignored: {message.reason}"] += 1
            if str(payload.get("messageType")) == OFFLINE:
                self._account.look()
            return ACCEPTED
        await self._take(message)
        return ACCEPTED

    def _welcome_message(self, message: Message) -> Message | Ignored:
        place = message.conversation
        if place.kind == "direct":
            return message if self.settings.direct else Ignored("direct message")
        if self.settings.groups and place.chat not in self.settings.groups:
            return Ignored("another group")
        self._learn(message)
        return message

    async def _take(self, message: Message) -> None:
        assert self._deliver is not None
        if not await self._deliver(message):
            self.counters["repeated"] += 1
            return
        self.counters["messages"] += 1
        self._forwarder.offer(replace(message, sender=replace(message.sender, name=self._known(message))))

    # --- names, and what was posted ---

    def _learn(self, message: Message) -> None:
        if message.sender.name:
            self._names[(message.conversation.chat, message.sender.id)] = message.sender.name
            while len(self._names) > MAX_REMEMBERED:
                self._names.popitem(last=False)

    def _known(self, message: Message) -> str:
        return message.sender.name or self._names.get((message.conversation.chat, message.sender.id), "")

    async def _name(self, message: Message) -> str:
        """The asker's name in the group; unknown ones are looked up, and where that fails nobody is mentioned."""
        name = self._known(message)
        if name:
            return name
        chat = message.conversation.chat
        try:
            members = await self.api.members(chat)
        except AdapterError as error:
            self.counters["names not found"] += 1
            logger.warning("wkteam: the members of {} are not known: {}", chat, error)
            return ""
        for wxid, found in members.items():
            self._names[(chat, wxid)] = found
        while len(self._names) > MAX_REMEMBERED:
            self._names.popitem(last=False)
        return members.get(message.sender.id, "")

    def _remember(self, posted: Mapping[str, Any]) -> str:
        message_id = str(posted.get("newMsgId") or posted.get("msgId") or secrets.token_hex(8))
        self._sent[message_id] = {key: posted[key] for key in ("msgId", "newMsgId", "createTime") if key in posted}
        while len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)
        return message_id

    async def _forward(self, chat: str, text: str) -> None:
        self._remember(await self._post(chat, text))

    async def _post(self, chat: str, text: str, at: str = "") -> Mapping[str, Any]:
        await self._pacer.wait(chat)
        try:
            return await self.api.send_text(chat, text, at)
        except AdapterError as error:
            if error.outcome_known:
                self._account.look()  # refused: the login may be why
            raise
