"""Who is in the console's group and what was said there, with numbers to quote by. Draws and delivers nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from adapters.base import Conversation, Message, Person, Quote
from adapters.console_input import mention_pattern

PLATFORM = "console"


@dataclass(slots=True)
class Shown:
    """One message of the group as the terminal has it."""

    number: int
    id: str
    author: Person
    text: str
    recalled: bool = False


class ConsoleGroup:
    """The members, who of them speaks, and the messages. Numbers are never used again, not even after a failure."""

    def __init__(self, chat: str, bot_name: str, admin_name: str, first_name: str) -> None:
        self.conversation = Conversation(PLATFORM, chat)
        self.bot = Person(PLATFORM, "bot", bot_name, is_bot=True)
        self.admin = Person(PLATFORM, "admin", admin_name)
        self.people: dict[str, Person] = {}
        self.speaker = self.member(first_name)
        self._before_admin = self.speaker
        self._mention = mention_pattern((bot_name, "bot", "群答"))
        # The store remembers message ids for weeks, so each console has its own.
        self._run_id = uuid.uuid4().hex[:12]
        self._by_number: dict[int, Shown] = {}
        self._by_id: dict[str, Shown] = {}
        self._count = 0

    @property
    def shown(self) -> tuple[Shown, ...]:
        """All messages in order."""
        return tuple(self._by_number.values())

    @property
    def next_number(self) -> int:
        """The number of the next message."""
        return self._count + 1

    def member(self, name: str) -> Person:
        """The person of that name, new where there was none. The id keeps ``admin`` and ``bot`` apart from names."""
        return self.people.setdefault(name, Person(PLATFORM, f"member-{name}", name))

    def speak_as(self, name: str) -> None:
        """Let somebody speak."""
        self.speaker = self._before_admin = self.member(name)

    def toggle_admin(self) -> None:
        """Let the admin speak, or who spoke before."""
        self.speaker = self._before_admin if self.speaker == self.admin else self.admin

    def find(self, number: int | None) -> Shown | None:
        """A message by its number."""
        return self._by_number.get(number) if number else None

    def find_id(self, message_id: str) -> Shown | None:
        """A message by its id."""
        return self._by_id.get(message_id)

    def add(self, author: Person, text: str) -> Shown:
        """Take a message up."""
        self._count += 1
        shown = Shown(self._count, f"{self._run_id}-{self._count}", author, text)
        self._by_number[shown.number] = self._by_id[shown.id] = shown
        return shown

    def drop(self, shown: Shown) -> None:
        """Forget a message that was never sent."""
        del self._by_number[shown.number], self._by_id[shown.id]

    def message(self, shown: Shown, quoted: Shown | None, sent_at: datetime) -> Message:
        """The message as an adapter delivers it: mentions of the bot taken out; what starts with / is meant for it."""
        text, mentions = self._mention.subn("", shown.text)
        text = text.strip()
        return Message(
            id=shown.id,
            event_id=uuid.uuid4().hex,
            conversation=self.conversation,
            sender=shown.author,
            text=text,
            sent_at=sent_at,
            mentions_bot=mentions > 0 or text.startswith("/"),
            mentions=tuple(person for name, person in self.people.items() if f"@{name}" in text),
            quote=Quote(quoted.id, quoted.author, quoted.text) if quoted else None,
        )

    def roster(self) -> str:
        """Everybody, a line each, with a star at who speaks."""
        people = [*self.people.values(), self.admin, self.bot]
        return "\n".join(f"{'*' if person == self.speaker else ' '} {person.name} ({person.key})" for person in people)
