"""What every platform adapter speaks: the messages that come in, the replies that go out, and the contract between.

It knows no platform, no queue and no model. All values are immutable.

Errors::

    AdapterError            a platform call failed; says whether its outcome is known
    InboxError              an event could not be stored: the adapter must not acknowledge it
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where messages flow.

    Settings, limits, knowledge and admins go by (platform, chat); order by chat; context by (chat, thread).
    """

    platform: str
    chat: str
    thread: str | None = None
    kind: Literal["group", "direct"] = "group"

    @property
    def group(self) -> str:
        """``platform:chat``, the name that ``[group:...]`` sections and the store use."""
        return f"{self.platform}:{self.chat}"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a conversation. ``name`` is for display only and never identifies anybody."""

    platform: str
    id: str
    name: str = ""
    is_bot: bool = False

    @property
    def key(self) -> str:
        """``platform:id``, as admins are listed in config.ini."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the text, fetched only when needed (`Adapter.fetch`)."""

    kind: Literal["image", "file", "link"]
    name: str
    ref: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The earlier message that a message quotes; the text may be cut by the platform."""

    id: str
    author: Person | None
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a group or a direct chat.

    ``id`` names the message and ``event_id`` the delivery: a redelivery repeats the first and may change the second.
    ``text`` is clean: no mark-up, and mentions of the bot are taken out. ``sent_at`` is aware and in UTC.
    """

    id: str
    event_id: str
    conversation: Conversation
    sender: Person
    text: str
    sent_at: datetime
    mentions_bot: bool = False
    mentions: tuple[Person, ...] = ()
    quote: Quote | None = None
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if self.sent_at.tzinfo is None:
            raise ValueError("Message.sent_at must be an aware datetime")


@dataclass(frozen=True, slots=True)
class Recalled:
    """A message was withdrawn by its author or by somebody with the right to."""

    event_id: str
    conversation: Conversation
    message_id: str
    by: Person | None


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody put a reaction on a message, or took it off."""

    event_id: str
    conversation: Conversation
    message_id: str
    by: Person
    emoji: str
    added: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button of one of the bot's replies. ``action`` is the name that the reply gave the button."""

    event_id: str
    conversation: Conversation
    message_id: str
    by: Person
    action: str


Event = Message | Recalled | Reacted | Pressed


@dataclass(frozen=True, slots=True)
class Citation:
    """One source of an answer as readers see it; ``n`` is the number that stands in the text as ``[n]``."""

    n: int
    title: str
    uri: str
    quote: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One part of what the bot says: markdown, with the citations that this part shows.

    ``confidence`` is the gate's probability, where the adapter has room to show it; ``mention`` asks the adapter to
    address the sender of ``to``.
    """

    to: Message
    text: str
    citations: tuple[Citation, ...] = ()
    confidence: float | None = None
    mention: bool = False


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What the platform made of a reply: ids of the messages posted."""

    conversation: Conversation
    ids: tuple[str, ...]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an adapter can do. The contract suite holds each adapter to what it states here.

    ``idempotent_for_s``: for how long the platform accepts a repeated ``key`` without posting twice (0: never, so an
    unknown outcome is not sent again). ``max_chars`` bounds one part; ``recall_within_s`` is 0
    where recall is impossible.
    """

    stream: bool = False
    react: bool = False
    markdown: bool = False
    recall_within_s: float = 0.0
    max_chars: int = 2_000
    idempotent_for_s: float = 0.0


class AdapterError(Exception):
    """A platform call failed.

    ``outcome_known`` is True when the platform surely did not act (so the same call may be made again), False when it
    may have acted. ``permanent`` says that no repetition can succeed; ``retry_after_s`` how long the
    platform asks to wait.
    """

    def __init__(
        self, message: str, *, outcome_known: bool = True, permanent: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.outcome_known = outcome_known
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class InboxError(Exception):
    """An event could not be made durable. The platform has to keep it: do not acknowledge."""


class Deliver(Protocol):
    """Hands an event to the core."""

    async def __call__(self, event: Event) -> bool:
        """Return once the event is durable (True) or was known already (False).

        Raises:
            InboxError: it could not be stored, so it must not be acknowledged.
        """
        ...


class ReplyStream(Protocol):
    """A reply that grows while it is written."""

    async def update(self, full_text: str) -> None:
        """Show ``full_text`` in place of what was shown before."""
        ...

    async def finish(self, reply: Reply) -> SentMessage:
        """Put the final reply in place. Leaving the context without it withdraws or closes what was shown."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """One platform. `run` is the whole life of its connection; every other method may be called while it runs.

    Methods raise `AdapterError`; what ``abilities`` rules out raises it with ``permanent=True``, except the two
    acknowledgement methods, which are then no-ops.
    """

    name: str
    abilities: Abilities

    async def run(self, deliver: Deliver) -> None:
        """Connect and deliver events until cancelled. Returning means that the platform has no more to say."""
        ...

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Post one part. The same ``key`` within ``idempotent_for_s`` posts nothing new and returns the first post."""
        ...

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        """Start a growing reply to ``to``."""
        ...

    async def acknowledge(self, to: Message) -> None:
        """Show that the message was seen and is being worked on."""
        ...

    async def clear_acknowledgement(self, to: Message) -> None:
        """Take the sign of `acknowledge` away."""
        ...

    async def recall(self, sent: SentMessage) -> None:
        """Withdraw messages of ours."""
        ...

    async def fetch(self, attachment: Attachment, max_bytes: int) -> bytes:
        """The bytes of an attachment, refused when they exceed ``max_bytes``."""
        ...


@dataclass(slots=True)
class Health:
    """How a connection is doing, for ``/status`` and ``qunda doctor``: a word, a sentence, and counters."""

    state: Literal["starting", "up", "down", "stopped"] = "starting"
    detail: str = ""
    counters: dict[str, int] = field(default_factory=dict)
