"""Fakes that several tests share: a clock, an adapter that records, and messages."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from adapters.base import (
    Abilities,
    AdapterError,
    Attachment,
    Conversation,
    Deliver,
    Event,
    Message,
    Person,
    Quote,
    Reply,
    ReplyStream,
    SentMessage,
)

START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


class FakeClock:
    """Time that moves only when told, or when somebody sleeps: then it jumps, and the others get their turn."""

    def __init__(self, start: datetime = START) -> None:
        self._start = self._now = start
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def age_s(self, message: Message) -> float:
        return (self._now - message.sent_at).total_seconds()

    def observe(self, message: Message) -> None:
        """Real time moves by itself, and so does this."""

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def make_message(
    text: str = "How do I install it?",
    *,
    id: str | None = None,
    event_id: str | None = None,
    chat: str = "g1",
    thread: str | None = None,
    platform: str = "fake",
    sender: str = "alice",
    name: str = "",
    mentions_bot: bool = False,
    mentions: tuple[Person, ...] = (),
    quote: Quote | None = None,
    attachments: tuple[Attachment, ...] = (),
    sent_at: datetime = START,
    kind: Literal["group", "direct"] = "group",
) -> Message:
    """A message with sensible defaults; ids are new unless given."""
    number = next(_numbers)
    return Message(
        id=f"m{number}" if id is None else id,
        event_id=f"e{number}" if event_id is None else event_id,
        conversation=Conversation(platform, chat, thread, kind),
        sender=Person(platform, sender, name or sender),
        text=text,
        sent_at=sent_at,
        mentions_bot=mentions_bot,
        mentions=mentions,
        quote=quote,
        attachments=attachments,
    )


@dataclass
class Post:
    """One message that the fake platform shows."""

    id: str
    key: str
    reply: Reply
    recalled: bool = False


@dataclass
class RecordingAdapter:
    """An adapter to a platform in memory. It obeys the protocol, and fails where told.

    ``faults`` are used up one per call of `send`, ``stream_faults`` one per `open_stream`, ``finish_faults`` one
    per ``finish``, ``withdraw_faults`` one per stream left unfinished: None lets the call pass, an exception is raised
    before anything is posted, one made by `after` although it was posted. A key repeated within the window posts
    nothing new. With ``hold`` set, `send` waits there after it set ``reached``. ``files`` can be fetched, by their ref.
    """

    name: str = "fake"
    abilities: Abilities = field(default_factory=Abilities)
    clock: FakeClock = field(default_factory=FakeClock)
    events: Sequence[Event] = ()
    faults: deque[BaseException | None] = field(default_factory=deque)
    stream_faults: deque[BaseException | None] = field(default_factory=deque)
    finish_faults: deque[BaseException | None] = field(default_factory=deque)
    withdraw_faults: deque[BaseException | None] = field(default_factory=deque)
    posts: list[Post] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    signs: list[tuple[str, str]] = field(default_factory=list)
    delivered: list[bool] = field(default_factory=list)
    files: dict[str, bytes | AdapterError] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _known: dict[str, tuple[datetime, SentMessage]] = field(default_factory=dict)

    async def run(self, deliver: Deliver) -> None:
        for event in self.events:
            self.delivered.append(await deliver(event))

    async def send(self, reply: Reply, key: str) -> SentMessage:
        self.keys.append(key)
        self.reached.set()
        if self.hold is not None:
            await self.hold.wait()
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not getattr(fault, "posts_first", False):
            raise fault
        sent = self._post(reply, key)
        if fault is not None:
            raise fault
        return sent

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        return self._open_stream(to, key)

    async def acknowledge(self, to: Message) -> None:
        if self.abilities.react:
            self.signs.append(("on", to.id))

    async def clear_acknowledgement(self, to: Message) -> None:
        if self.abilities.react:
            self.signs.append(("off", to.id))

    async def recall(self, sent: SentMessage) -> None:
        if not self.abilities.recall_within_s:
            raise AdapterError("this platform has no recall", permanent=True)
        for post in self.posts:
            if post.id in sent.ids:
                post.recalled = True

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        self.fetched.append(attachment.ref)
        found = self.files.get(attachment.ref, AdapterError("there is no such file here", permanent=True))
        if isinstance(found, AdapterError):
            raise found
        return found

    @property
    def visible(self) -> list[str]:
        """The texts that members of the groups can read now."""
        return [post.reply.text for post in self.posts if not post.recalled]

    def _post(self, reply: Reply, key: str) -> SentMessage:
        known = self._known.get(key)
        if known and (self.clock.now() - known[0]).total_seconds() < self.abilities.idempotent_for_s:
            return known[1]
        post = Post(f"{self.name}-{len(self.posts) + 1}", key, reply)
        self.posts.append(post)
        sent = SentMessage(reply.to.conversation, (post.id,), self.clock.now())
        self._known[key] = (self.clock.now(), sent)
        return sent

    @asynccontextmanager
    async def _open_stream(self, to: Message, key: str) -> AsyncIterator[ReplyStream]:
        if not self.abilities.stream:
            raise AdapterError("this platform has no live replies", permanent=True)
        self.keys.append(key)
        fault = self.stream_faults.popleft() if self.stream_faults else None
        if fault is not None:
            raise fault
        stream = _RecordingStream(self, key)
        try:
            yield stream
        finally:
            if not stream.finished:
                fault = self.withdraw_faults.popleft() if self.withdraw_faults else None
                if fault is not None:
                    raise fault
                self.withdrawn.append(key)


@dataclass
class _RecordingStream:
    adapter: RecordingAdapter
    key: str
    finished: bool = False

    async def update(self, full_text: str) -> None:
        self.adapter.shown.append(full_text)

    async def finish(self, reply: Reply) -> SentMessage:
        fault = self.adapter.finish_faults.popleft() if self.adapter.finish_faults else None
        if fault is not None:
            raise fault
        self.finished = True
        return self.adapter._post(reply, self.key)


def after(error: AdapterError) -> AdapterError:
    """This error, raised although the message was posted: the answer was lost on its way back."""
    error.posts_first = True  # type: ignore[attr-defined]
    return error
