"""What the assistant needs of its surroundings: what is set for a group, the text of quotes, the commands."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from adapters.base import Message, Quote
from bot.outcome import Outcome
from bot.texts import Language


class Pauses(Protocol):
    """What is set for a group: the library knows."""

    def paused(self, group: str) -> bool:
        """Whether an admin has paused the bot there."""
        ...


@runtime_checkable
class ReadsQuotes(Protocol):
    """An adapter whose events name a quoted message without its text."""

    async def quoted(self, message: Message) -> Quote | None:
        """The quote with author and text, as far as they can be found out in a moment. Never raises."""
        ...


class CommandRunner(Protocol):
    """The admin commands, as the assistant sees them."""

    def matches(self, message: Message) -> bool:
        """Whether the message is a command."""
        ...

    async def run(self, message: Message, language: Language) -> tuple[str, Outcome]:
        """Carry it out; the text to reply with, and the outcome."""
        ...
