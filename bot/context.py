"""What was said before in a conversation: a short memory for each (platform, chat, thread), refilled from the store.

It knows nothing of gates and answers. Another group's or thread's messages never enter.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.base import Conversation, Message
from bot.outcome import Outcome

KEPT_TURNS = 12
KEPT_CONVERSATIONS = 2_000
MAX_TURN_CHARS = 500


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier message: who, when (seconds since the epoch) and what; ``quotes`` is the id it quotes."""

    message_id: str
    sender: str
    name: str
    text: str
    at: float
    is_bot: bool = False
    quotes: str = ""


class Recorded(Protocol):
    """A stored message with its outcome, as the store returns it."""

    @property
    def message(self) -> Message:
        """The message."""
        ...

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""
        ...


class History(Protocol):
    """Where earlier messages are read from: ``store.messages``."""

    async def recent(
        self, conversation: Conversation, limit: int = 20, before: Message | None = None
    ) -> Sequence[Recorded]:
        """The latest messages of the conversation, oldest first."""
        ...


@dataclass(slots=True)
class Contexts:
    """The memory of all conversations, bounded; the least recently used one is forgotten first."""

    history: History
    _said: OrderedDict[tuple[str, str, str | None], deque[Said]] = field(default_factory=OrderedDict)

    async def before(self, message: Message) -> tuple[Said, ...]:
        """What was said before ``message``, oldest first; then ``message`` itself is remembered."""
        said = await self._conversation(message)
        earlier = tuple(said)
        said.append(_said(message))
        return earlier

    async def answered(self, message: Message, text: str) -> None:
        """Remember what the bot replied."""
        said = await self._conversation(message)
        said.append(_reply(message, text))

    def latest(self, conversation: Conversation) -> tuple[str, ...]:
        """What people said lately in a conversation, latest first, as far as it is in memory."""
        said = self._said.get((conversation.platform, conversation.chat, conversation.thread), ())
        return tuple(one.text for one in reversed(said) if not one.is_bot)

    async def _conversation(self, message: Message) -> deque[Said]:
        place = message.conversation
        key = (place.platform, place.chat, place.thread)
        if key not in self._said:
            self._said[key] = deque(await self._load(message), maxlen=KEPT_TURNS)
            if len(self._said) > KEPT_CONVERSATIONS:
                self._said.popitem(last=False)
        self._said.move_to_end(key)
        return self._said[key]

    async def _load(self, message: Message) -> list[Said]:
        loaded: list[Said] = []
        for stored in await self.history.recent(message.conversation, KEPT_TURNS, before=message):
            loaded.append(_said(stored.message))
            if stored.outcome and stored.outcome.answer:
                loaded.append(_reply(stored.message, stored.outcome.answer))
        return loaded


def _said(message: Message) -> Said:
    return Said(
        message.id,
        message.sender.id,
        message.sender.name or message.sender.id,
        message.text[:MAX_TURN_CHARS],
        message.sent_at.timestamp(),
        message.sender.is_bot,
        message.quote.id if message.quote else "",
    )


def _reply(message: Message, text: str) -> Said:
    return Said("", "", "bot", text[:MAX_TURN_CHARS], message.sent_at.timestamp(), True, message.id)
