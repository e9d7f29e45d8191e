"""A group in the terminal: one person plays all its members, and the bot takes part as it would anywhere else.

It does not know how the bot decides. Whoever runs it tells it how each message ended, with `ConsoleAdapter.record` or
`ConsoleAdapter.note`: silence then shows as a dim line, and the end of the input waits for what is still in work.
"""

from __future__ import annotations

import asyncio
import math
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from adapters.base import (
    Abilities,
    AdapterError,
    Deliver,
    Event,
    InboxError,
    Message,
    Recalled,
    Reply,
    ReplyStream,
    SentMessage,
)
from adapters.console_group import PLATFORM, ConsoleGroup, Shown
from adapters.console_input import Local, Say, numbered_option, parse, read_lines
from adapters.console_screen import Language, Screen
from adapters.defaults import BaseAdapter

if TYPE_CHECKING:
    from rich.console import Console

ADMIN = f"{PLATFORM}:admin"
"""The key of the ``:admin`` persona: list it among the admins to give it rights."""


def _now() -> datetime:
    return datetime.now(UTC)


class ConsoleAdapter(BaseAdapter):
    """The interactive group. `run` ends at ``:quit``, or at the end of the input once all messages have ended.

    A key is remembered as long as the process lives: a new process is a new, empty screen. At the end of the input
    `run` waits ``settle_within_s`` at most.
    """

    name = PLATFORM
    abilities = Abilities(
        stream=True, markdown=True, recall_within_s=math.inf, max_chars=100_000, idempotent_for_s=math.inf
    )

    def __init__(
        self,
        *,
        language: Language = "zh",
        bot_name: str = "群答",
        chat: str = "demo",
        stdin: TextIO | None = None,
        console: Console | None = None,
        clock: Callable[[], datetime] = _now,
        settle_within_s: float = 120.0,
    ) -> None:
        from rich.console import Console

        self._stdin = stdin
        self._screen = Screen(console or Console(), language)
        self._group = ConsoleGroup(chat, bot_name, self._screen.text("admin"), self._screen.text("person"))
        self._clock = clock
        self._settle_within_s = settle_within_s
        self._sent: dict[str, SentMessage] = {}
        self._pending: set[str] = set()
        self._settled = asyncio.Event()

    @property
    def transcript(self) -> tuple[Shown, ...]:
        """The group as it stands, in order."""
        return self._group.shown

    # --- in ---

    async def run(self, deliver: Deliver) -> None:
        """Read and deliver what is typed. A message that could not be stored is not shown, and has to be said again."""
        screen = self._screen
        screen.info(screen.text("welcome", chat=self._group.conversation.chat, bot=self._group.bot.name))
        try:
            screen.ask(self._prompt)
            async for line in read_lines(self._stdin or sys.stdin):
                screen.asked()
                if not await self._handle(parse(line), deliver):
                    return
                screen.ask(self._prompt)
            screen.asked()
            await self._settle()
        finally:
            screen.close()

    def _prompt(self) -> str:
        return f"#{self._group.next_number} {self._group.speaker.name} › "

    async def _handle(self, entry: Say | Local | None, deliver: Deliver) -> bool:
        """Do what was typed; False when it ends the console."""
        if isinstance(entry, Say):
            await self._say(entry, deliver)
        elif entry is not None:
            return await self._obey(entry, deliver)
        return True

    async def _obey(self, command: Local, deliver: Deliver) -> bool:
        screen, group = self._screen, self._group
        match command:
            case Local("quit"):
                return False
            case Local("as", name) if name:
                group.speak_as(name)
                screen.info(screen.text("speaking", speaker=group.speaker.name))
            case Local("admin"):
                group.toggle_admin()
                screen.info(screen.text("speaking", speaker=group.speaker.name))
            case Local("as"):
                screen.warn(screen.text("usage", usage=":as NAME"))
            case Local("quote"):
                screen.warn(screen.text("usage", usage=">N TEXT"))
            case Local("recall", argument):
                await self._recall_own(numbered_option(argument), deliver)
            case Local("who"):
                screen.info(group.roster())
            case Local("help"):
                screen.info(screen.text("help", bot=group.bot.name))
            case Local(unknown):
                screen.warn(screen.text("unknown", command=unknown))
        return True

    async def _say(self, entry: Say, deliver: Deliver) -> None:
        group, quoted = self._group, None
        if entry.quotes is not None:
            if group.find(entry.quotes) is None and not self._screen.interactive:
                await self._settle()  # a script may quote a reply that is still to come
            quoted = group.find(entry.quotes)
            if quoted is None:
                self._screen.warn(self._screen.text("number", number=entry.quotes))
                return
        shown = group.add(group.speaker, entry.text)
        message = group.message(shown, quoted, self._clock())
        self._screen.message(shown.number, shown.author.name, shown.text)
        self._pending.add(message.id)
        delivered = False
        try:
            delivered = await self._delivered(message, deliver)
        finally:
            if not delivered:
                self._end(message.id)
                group.drop(shown)

    async def _recall_own(self, number: int | None, deliver: Deliver) -> None:
        screen, speaker = self._screen, self._group.speaker
        shown = self._group.find(number)
        if shown is None or shown.recalled:
            screen.warn(screen.text("number", number=number or "?"))
        elif shown.author != speaker:
            screen.warn(screen.text("not_yours", number=number, speaker=speaker.name))
        elif await self._delivered(Recalled(uuid.uuid4().hex, self._group.conversation, shown.id, speaker), deliver):
            self._strike(shown)

    async def _delivered(self, event: Event, deliver: Deliver) -> bool:
        try:
            await deliver(event)
        except InboxError as error:
            self._screen.warn(self._screen.text("not_stored", error=error))
            return False
        return True

    # --- how messages ended ---

    def note(self, message_id: str, text: str) -> None:
        """Say in a dim line how a message ended; a message without a number here is of an earlier console."""
        shown = self._group.find_id(message_id)
        if shown:
            self._screen.info(f"   #{shown.number} · {text}")
        self._end(message_id)

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        """Take the outcome of a message; one that ended without a reply gets a dim line with its first reason."""
        if decision["outcome"] in ("answered", "command"):
            self._end(message.id)
            return
        parts = [self._screen.outcome(str(decision["outcome"]))]
        if decision.get("probability") is not None and decision.get("threshold") is not None:
            sign = "<" if decision["probability"] < decision["threshold"] else "≥"
            parts.append(f"{decision['probability']:.2f} {sign} {decision['threshold']:.2f}")
        reasons = decision.get("reasons") or ()
        self.note(message.id, " ".join(parts) + (f": {reasons[0]}" if reasons else ""))

    def _end(self, message_id: str) -> None:
        self._pending.discard(message_id)
        self._settled.set()

    async def _settle(self) -> None:
        """Wait until every message has ended, or for as long as it may take."""
        if self._pending and self._screen.interactive:
            self._screen.info(self._screen.text("waiting", count=len(self._pending)))
        try:
            async with asyncio.timeout(self._settle_within_s):
                while self._pending:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            self._screen.warn(self._screen.text("gave_up", count=len(self._pending)))

    # --- out ---

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Print the reply below the conversation."""
        return self._post(reply, key)

    def open_stream(self, to: Message, key: str) -> AbstractAsyncContextManager[ReplyStream]:
        """On a terminal the text is drawn while it grows; elsewhere only the final reply is printed."""
        return self._stream(to, key)

    @asynccontextmanager
    async def _stream(self, to: Message, key: str) -> AsyncIterator[ReplyStream]:
        try:
            yield _ConsoleStream(self, self._screen, self._head(to), key)
        finally:
            self._screen.stop_growing(key)

    async def recall(self, sent: SentMessage) -> None:
        """Strike the messages: what a terminal has printed stays, but it is shown to be void."""
        found = [shown for item in sent.ids if (shown := self._group.find_id(item))]
        if len(found) != len(sent.ids):
            raise AdapterError("the message is not in this console", permanent=True)
        for shown in found:
            if not shown.recalled:
                self._strike(shown)

    def _post(self, reply: Reply, key: str) -> SentMessage:
        if key not in self._sent:
            self.refuse_too_long(reply)
            head = self._head(reply.to)
            shown = self._group.add(self._group.bot, reply.text)
            self._screen.reply(head, reply.text, reply.citations)
            self._sent[key] = SentMessage(reply.to.conversation, (shown.id,), self._clock())
            self._end(reply.to.id)
        return self._sent[key]

    def _head(self, to: Message) -> str:
        asked = self._group.find_id(to.id)
        number = f"#{self._group.next_number} {self._group.bot.name} → {to.sender.name}"
        return f"{number} #{asked.number}" if asked else number

    def _strike(self, shown: Shown) -> None:
        shown.recalled = True
        self._screen.struck(shown.text, self._screen.text("recalled", number=shown.number))


class _ConsoleStream:
    """A reply that grows in the terminal."""

    def __init__(self, adapter: ConsoleAdapter, screen: Screen, head: str, key: str) -> None:
        self._adapter, self._screen, self._head, self._key = adapter, screen, head, key

    async def update(self, full_text: str) -> None:
        """See `ReplyStream.update`."""
        self._screen.grow(self._key, self._head, full_text)

    async def finish(self, reply: Reply) -> SentMessage:
        """See `ReplyStream.finish`."""
        self._screen.stop_growing(self._key)
        return self._adapter._post(reply, self._key)
