"""What the bot asks Feishu about chats and earlier messages when it needs to know. Knows no queue and no reply."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace

from loguru import logger

from adapters.base import AdapterError, Message, Person, Quote
from adapters.clock import Clock
from adapters.feishu.api import FeishuApi
from adapters.feishu.content import ContentError, read_content
from adapters.feishu.names import NameBook
from adapters.feishu.parse import PLATFORM

MAX_TEXTS = 5_000
MAX_CHATS = 2_000
MAX_TEXT_CHARS = 2_000


class Quotes:
    """Texts of recent messages by id, so that a quote can be read; what is not known is fetched within a limit."""

    def __init__(self, api: FeishuApi, names: NameBook, *, timeout_s: float) -> None:
        self._api, self._names = api, names
        self._timeout_s = timeout_s
        self._texts: OrderedDict[str, tuple[Person, str]] = OrderedDict()

    def remember(self, message_id: str, author: Person, text: str) -> None:
        """A message that was heard or said."""
        self._texts[message_id] = (author, text[:MAX_TEXT_CHARS])
        self._texts.move_to_end(message_id)
        while len(self._texts) > MAX_TEXTS:
            self._texts.popitem(last=False)

    def known(self, quote: Quote) -> Quote:
        """The quote with author and text where they are known. It asks nobody."""
        author, text = self._texts.get(quote.id, (None, ""))
        return replace(quote, author=author, text=text) if author else quote

    async def fetched(self, message: Message) -> Quote | None:
        """The quote of a message, read from the platform if need be; without text where that fails."""
        quote = message.quote
        if quote is None or quote.author is not None or quote.text:
            return quote
        quote = self.known(quote)
        if quote.author is not None:
            return quote
        try:
            async with asyncio.timeout(self._timeout_s):
                author, text = await self._read(quote.id, message)
        except (AdapterError, TimeoutError, KeyError, ValueError, TypeError, IndexError, ContentError) as error:
            logger.debug("a quoted message cannot be read: {!r}", error)
            return quote
        self.remember(quote.id, author, text)
        return self.known(quote)

    async def _read(self, message_id: str, asked_in: Message) -> tuple[Person, str]:
        item = await self._api.message(message_id)
        sender = item["sender"]
        by_bot = sender["sender_type"] != "user"
        name = "" if by_bot else self._names.name(sender["id"], asked_in.conversation)
        author = Person(PLATFORM, sender["id"], name, by_bot)
        mentions = {m["key"]: Person(PLATFORM, m["id"], m.get("name") or "") for m in item.get("mentions") or ()}
        content = read_content(item["msg_type"], item["body"]["content"], message_id, mentions, "")
        return author, content.text


@dataclass(frozen=True, slots=True)
class _Admins:
    ids: frozenset[str]
    at: float


class GroupAdmins:
    """Owner and managers of groups, remembered for ``fresh_s``; an older answer serves while there is no newer one."""

    def __init__(self, api: FeishuApi, clock: Clock, *, fresh_s: float) -> None:
        self._api, self._clock, self._fresh_s = api, clock, fresh_s
        self._groups: OrderedDict[str, _Admins] = OrderedDict()

    async def has(self, message: Message) -> bool:
        """Whether the sender owns or manages the group."""
        place = message.conversation
        if place.kind == "direct":
            return False
        known = self._groups.get(place.chat)
        if known is None or self._clock.monotonic() - known.at >= self._fresh_s:
            known = await self._look(place.chat) or known
        return known is not None and message.sender.id in known.ids

    async def _look(self, chat: str) -> _Admins | None:
        try:
            data = await self._api.chat(chat)
        except AdapterError as error:
            logger.warning("owner and managers of {} are not to be had: {}", chat, error)
            return None
        ids = frozenset((*(data.get("user_manager_id_list") or ()), data.get("owner_id") or "")) - {""}
        found = _Admins(ids, self._clock.monotonic())
        self._groups[chat] = found
        while len(self._groups) > MAX_CHATS:
            self._groups.popitem(last=False)
        return found
