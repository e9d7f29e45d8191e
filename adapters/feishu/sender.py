"""Posts finished replies: as a card, else as text, and in smaller parts where a part is too large. Knows no queue.

Whatever it falls back to is the same at each attempt, and so are the keys: a repeated attempt posts nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from loguru import logger

from adapters.base import AdapterError, Reply, SentMessage
from adapters.feishu.api import FeishuApi, Posted
from adapters.feishu.errors import CARD_REFUSED, GONE_CHAT, TOO_LONG, ApiError
from adapters.feishu.render import card, halves, plain_text

MAX_UUID = 50
MIN_HALF_CHARS = 200


class Sender:
    """Remembers the chats that the bot was thrown out of, so that nothing is posted there until they speak again.

    ``said`` hears of everything that was posted.
    """

    def __init__(
        self,
        api: FeishuApi,
        max_chars: int,
        count: Callable[[str], None],
        said: Callable[[Reply, SentMessage], None],
    ) -> None:
        self.gone: set[str] = set()
        self.said = said
        self._api = api
        self._max_chars = max_chars
        self._count = count

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Post a reply under a key.

        Raises:
            AdapterError: it was not posted, or perhaps it was.
        """
        self.check(reply)
        posted = await self._post(reply, key)
        sent = SentMessage(reply.to.conversation, tuple(p.id for p in posted), posted[-1].at)
        self.said(reply, sent)
        return sent

    def check(self, reply: Reply) -> None:
        """Refuse what the platform would refuse.

        Raises:
            AdapterError: always permanent.
        """
        if not reply.text.strip():
            raise AdapterError("Feishu shows no empty message", permanent=True)
        if len(reply.text) > self._max_chars:
            message = f"a part has at most {self._max_chars} characters, not {len(reply.text)}: split the reply"
            raise AdapterError(message, permanent=True)

    async def post(self, reply: Reply, kind: str, content: object, key: str) -> Posted:
        """One message of a given kind, where the message that it answers stands."""
        place = reply.to.conversation
        if place.chat in self.gone:
            raise ApiError("the bot is not in this chat any more", permanent=True)
        try:
            in_thread = place.thread is not None
            return await self._api.reply(reply.to.id, kind, content, uuid(key), chat=place.chat, in_thread=in_thread)
        except ApiError as error:
            if error.code in GONE_CHAT:
                self.gone.add(place.chat)
            raise

    async def _post(self, reply: Reply, key: str) -> list[Posted]:
        try:
            return [await self._post_one(reply, key)]
        except ApiError as error:
            if error.code not in TOO_LONG or len(reply.text) < MIN_HALF_CHARS:
                raise
        self._count("split")
        first, second = halves(reply)
        return [*await self._post(first, f"{key}.1"), *await self._post(second, f"{key}.2")]

    async def _post_one(self, reply: Reply, key: str) -> Posted:
        try:
            return await self.post(reply, "interactive", card(reply), key)
        except ApiError as error:
            if error.code not in CARD_REFUSED:
                raise
            logger.warning("a card was refused (code {}); posting text", error.code)
        self._count("text instead of a card")
        return await self.post(reply, "text", {"text": plain_text(reply)}, key)


def uuid(key: str) -> str:
    """The key as the platform takes it: at most 50 characters."""
    return key if len(key) <= MAX_UUID else hashlib.sha256(key.encode()).hexdigest()[:MAX_UUID]
