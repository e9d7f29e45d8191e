"""Admin commands in a chat: who may use which, under which names, and what each says. Knows no concrete platform.

A message is a command when its first word is a known one; ``/path/to/file`` in a question is none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from adapters.base import Message
from bot.outcome import Outcome
from bot.texts import Language, say


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was given."""

    message: Message
    name: str
    arguments: str
    language: Language

    @property
    def group(self) -> str:
        """The group it was given in."""
        return self.message.conversation.group

    @property
    def by(self) -> str:
        """Who gave it."""
        return self.message.sender.key

    def say(self, key: str, /, **values: object) -> str:
        """A line in the caller's language."""
        return say(key, self.language, **values)


Action = Callable[[Call], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, its aliases, what it does in a few words (zh, en), and whether anyone may use it.

    ``may`` says who may use it besides admins: those whose message it approves of.
    """

    name: str
    aliases: tuple[str, ...]
    summary: tuple[str, str]
    action: Action
    anyone: bool = False
    may: Callable[[Message], Awaitable[bool]] | None = None


@dataclass(slots=True)
class Commands:
    """The table of commands; ``is_admin(message)`` decides who may use those that are not for anyone."""

    is_admin: Callable[[Message], Awaitable[bool]]
    table: dict[str, Command] = field(default_factory=dict)

    def register(self, *commands: Command) -> None:
        """Add commands under their names and aliases."""
        for command in commands:
            for name in (command.name, *command.aliases):
                self.table[name] = command

    def matches(self, message: Message) -> bool:
        """Whether the first word is a command; an unknown one counts only where the bot itself was addressed."""
        word = _first_word(message.text)
        if word.lower() in self.table:
            return True
        spoken_to = message.mentions_bot or message.conversation.kind == "direct"
        return spoken_to and len(word) > 1 and word[0] == "/" and "/" not in word[1:] and len(word) < 20

    async def run(self, message: Message, language: Language) -> tuple[str, Outcome]:
        """The text to reply with, and the outcome ``command`` whose detail names what was done."""
        word = _first_word(message.text)
        command = self.table.get(word.lower())
        if command is None:
            return say("unknown_command", language, command=word), Outcome("command", detail=f"{word}: unknown")
        if not await self._allowed(command, message):
            text = say("admin_only", language, command=command.name)
            return text, Outcome("command", detail=f"{command.name}: refused")
        arguments = message.text.strip()[len(word) :].strip()
        text = await command.action(Call(message, command.name, arguments, language))
        return text, Outcome("command", detail=command.name)

    async def _allowed(self, command: Command, message: Message) -> bool:
        if command.anyone or (command.may is not None and await command.may(message)):
            return True
        return await self.is_admin(message)

    def help(self, call: Call) -> str:
        """The list of commands, those for admins marked."""
        lines = [call.say("help_title")]
        for command in dict.fromkeys(self.table.values()):
            summary = command.summary[0 if call.language == "zh" else 1]
            only = "" if command.anyone else f" — {call.say('help_asker' if command.may else 'help_admin')}"
            lines.append(f"- `{command.name}` ({' '.join(command.aliases)}) {summary}{only}")
        return "\n".join(lines)


def _first_word(text: str) -> str:
    words = text.strip().replace("／", "/", 1).split(maxsplit=1)
    return words[0] if words else ""
