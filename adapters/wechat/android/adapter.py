"""The endpoint that HuixiangDou's Android app posts to and polls, as an adapter. Knows no queue and no model."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter, OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.base import Abilities, AdapterError, Attachment, Deliver, Health, Message, Reply, SentMessage
from adapters.clock import Clock, RealClock
from adapters.defaults import BaseAdapter
from adapters.wechat.android.mailbox import Mailbox
from adapters.wechat.android.messages import (
    PLATFORM,
    Ask,
    Poll,
    answer_of,
    group_of,
    id_of,
    message_of,
    read_post,
    response,
    silence_of,
)
from adapters.wechat.android.settings import AndroidSettings
from adapters.wechat.callbacks import MalformedError, serving
from adapters.wechat.download import download
from adapters.wechat.incoming import Ignored
from adapters.wechat.mentions import addressed
from adapters.wechat.plain import rendered

if TYPE_CHECKING:
    from aiohttp.web import Request

MAX_CHARS = 1_000
MAX_REMEMBERED = 2_000
FETCH_TIMEOUT_S = 20.0
SAID = frozenset({"answered", "command"})


class AndroidAdapter(BaseAdapter):
    """Answers are left in a mailbox; sending succeeds when one is left, and whether it was fetched is counted."""

    name = PLATFORM
    abilities = Abilities(max_chars=MAX_CHARS)

    def __init__(self, settings: AndroidSettings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self.port = 0
        self._clock = clock or RealClock()
        self._mailbox = Mailbox(self._clock, self.counters, keep_s=settings.keep_s)
        self._requests: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._heard: OrderedDict[tuple[str, str, str, str], tuple[str, float]] = OrderedDict()
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._deliver: Deliver | None = None
        self._polled_at: datetime | None = None
        self._up = False

    async def run(self, deliver: Deliver) -> None:
        """Listen for the app until cancelled.

        Raises:
            AdapterError: the address cannot be listened at.
        """
        self._deliver = deliver
        settings = self.settings
        where = serving(settings.host, settings.port, self._welcome, self._on_post, self.counters, name=PLATFORM)
        async with where as port:
            self.port, self._up = port, True
            try:
                await asyncio.Event().wait()
            finally:
                self._up = False

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """See `Adapter.send`. The app posts the answer below the question, so a mention stands in its text."""
        self.refuse_too_long(reply)
        text = rendered(reply)
        if not text:
            raise AdapterError("WeChat shows no empty message", permanent=True)
        if reply.mention and reply.to.conversation.kind == "group":
            text = addressed(reply.to.sender.name, text)
        self._answered[reply.to.id] = None
        _bound(self._answered)
        chat = reply.to.conversation.chat
        self._mailbox.put(chat, answer_of(self._request(reply.to), reply, text), answers=True)
        return SentMessage(reply.to.conversation, (key,), datetime.now(UTC))

    async def record(self, message: Message, decision: Mapping[str, Any]) -> None:
        """Tell the app that a message gets no answer, where it wants to know."""
        outcome = str(decision["outcome"])
        if not self.settings.report_silence or outcome in SAID or message.id in self._answered:
            return
        entry = silence_of(self._request(message), outcome)
        self._mailbox.put(message.conversation.chat, entry, answers=False)

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """See `Adapter.fetch`."""
        return await download(attachment.ref, max_bytes, FETCH_TIMEOUT_S)

    def health(self) -> Health:
        """Whether it listens, and when the app was there last: what it does not see nobody can count."""
        if not self._up:
            return Health("down", "not listening", dict(self.counters))
        seen = f"the app polled last at {self._polled_at:%Y-%m-%d %H:%M:%S} UTC" if self._polled_at else "no app yet"
        missed = "; messages outside the open chat, and while the phone is locked, are missed"
        return Health("up", seen + missed, dict(self.counters))

    def _welcome(self, request: Request) -> int:
        """The token stands in the URL, which is all that the app can be told; other programs may use the header."""
        given = request.query.get("token") or request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        known = hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.settings.token.encode())
        return 0 if known and self.settings.token else 401

    async def _on_post(self, payload: dict[str, Any]) -> Any:
        post = read_post(payload)
        if isinstance(post, Poll):
            self.counters["polls"] += 1
            self._polled_at = datetime.now(UTC)
            return response(self._mailbox.take(post.group))
        if isinstance(post, Ignored):
            raise MalformedError(f"not what the app posts ({post.reason})")
        await self._take(post)
        return response([])

    async def _take(self, ask: Ask) -> None:
        assert self._deliver is not None
        message = message_of(ask, self._id(ask), self.settings.names, datetime.now(UTC))
        ignored = self._why_ignored(message)
        if ignored:
            self.counters[f"ignored: {ignored}"] += 1
            return
        self._requests[message.id] = ask.request
        _bound(self._requests)
        new = await self._deliver(message)
        self.counters["messages" if new else "repeated"] += 1

    def _why_ignored(self, message: Message) -> str:
        settings, place = self.settings, message.conversation
        if message.sender.name.strip() in settings.names:
            return "own message"
        if place.kind == "direct":
            return "" if settings.direct else "direct message"
        known = not settings.groups or place.chat in map(group_of, settings.groups)
        return "" if known else "another group"

    def _id(self, ask: Ask) -> str:
        """The same for the same words of the same person within a while, since the app may post them twice."""
        key, now = (ask.group, ask.person, ask.text, ask.image), self._clock.monotonic()
        known, at = self._heard.get(key, ("", float("-inf")))
        if now - at > self.settings.repeat_within_s:
            known, at = id_of(ask, datetime.now(UTC).isoformat()), now
        self._heard[key] = (known, at)
        self._heard.move_to_end(key)
        _bound(self._heard)
        return known

    def _request(self, message: Message) -> Mapping[str, Any]:
        """What the app sent; after a restart as much of it as the message tells."""
        place = message.conversation.chat
        query = {"type": "text", "content": message.text}
        anew = {"query_id": place, "groupname": place, "username": message.sender.name, "query": query}
        return self._requests.get(message.id, anew)


def _bound(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > MAX_REMEMBERED:
        remembered.popitem(last=False)
