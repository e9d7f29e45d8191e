"""What people do to the bot's answers: reactions, pressed buttons and recalls, turned into examples. Knows no gate.

A thumb on an answer teaches the group that the question behind it was worth answering, or was not. The thumbs of all
members count together, so one undone reaction is undone here as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from loguru import logger

from adapters.base import AdapterError, Message, Pressed, Reacted, Recalled
from bot.outbox import Outbox
from bot.store import Signal, Store
from bot.store.groups import Example
from bot.teach import MAX_EXAMPLE_CHARS, Gates

Label = Literal["good", "bad"]
# Names that platforms give to the signs; compared in lower case.
GOOD_SIGNS = frozenset({"👍", "thumbsup", "+1", "good", "ok", "done", "赞", "强"})
BAD_SIGNS = frozenset({"👎", "thumbsdown", "-1", "bad", "踩", "弱"})
SOURCE = "feedback"
TAKEN_BACK = "question taken back"  # what is noted of a question that was recalled before it had its answer


@dataclass(slots=True)
class FeedbackDesk:
    """Handles the events that are no messages; the inbox hands each to `handle` once, in order.

    ``let_go`` takes a message that was recalled out of what waits to be joined with it.
    """

    store: Store
    outbox: Outbox
    gates: Gates
    let_go: Callable[[Message], None] = lambda message: None

    async def handle(self, signal: Signal) -> None:
        """One event."""
        match signal:
            case Reacted():
                await self._vote(signal, signal.emoji, signal.added)
            case Pressed():
                await self._vote(signal, signal.action, True)
            case Recalled():
                await self._question_recalled(signal)

    async def _vote(self, signal: Reacted | Pressed, sign: str, added: bool) -> None:
        label = label_of(sign)
        platform = signal.conversation.platform
        stored = await self.store.messages.for_sent(platform, signal.message_id)
        if label is None or stored is None or signal.by.is_bot:
            return
        if stored.outcome is None or stored.outcome.kind != "answered":
            return  # a thumb on a status line or a notice says nothing about a question
        question = stored.message
        kind = label if added else f"{label} undone"
        await self.store.feedback.add(platform, question.id, signal.by.key, kind)
        await self._learn(question, await self.votes(question), signal.by.key)

    async def votes(self, question: Message) -> int:
        """Good votes less bad ones; of each person the latest of each kind counts."""
        latest: dict[tuple[str, str], bool] = {}
        for by, kind in await self.store.feedback.of(question.conversation.platform, question.id):
            word, _, undone = kind.partition(" ")
            if word == "good" or word == "bad":
                latest[by, word] = not undone
        return sum((1 if label == "good" else -1) for (_, label), on in latest.items() if on)

    async def _learn(self, question: Message, votes: int, by: str) -> None:
        """Make the examples of this question agree with the votes."""
        wanted: Label | None = "good" if votes > 0 else "bad" if votes < 0 else None
        scope, source = question.conversation.group, f"{SOURCE}:{question.id}"
        kept = False
        for example in await self.store.examples.by_source(scope, source):
            if example.label == wanted:
                kept = True
            elif await self.store.examples.undo(example.id, by):
                await self.store.audit.append(by, "example undone", scope, f"#{example.id} by reaction")
                await self.gates.examples_changed(scope)
        if wanted is not None and not kept:
            await teach(self.store, self.gates.example_added, question, wanted, by, source)

    async def _question_recalled(self, signal: Recalled) -> None:
        """A question that its author takes back takes its answer with it, or gets none where it has none yet."""
        platform = signal.conversation.platform
        stored = await self.store.messages.get(platform, signal.message_id)
        if stored is None:
            return
        asker = stored.message.sender.key
        if signal.by is not None and signal.by.key != asker:
            logger.debug("a question was recalled by somebody else; its answer stays")
            return
        if stored.outcome is None:
            await self.store.feedback.add(platform, signal.message_id, asker, TAKEN_BACK)
            self.let_go(stored.message)
        sent = await self.outbox.sent_for(platform, signal.message_id)
        if sent is None:
            return
        try:
            await self.outbox.recall(sent)
        except AdapterError as error:
            logger.warning("the answer to a recalled question could not be withdrawn: {}", error)


async def teach(
    store: Store, added: Callable[[Example], Awaitable[None]], question: Message, label: Label, by: str, source: str
) -> None:
    """Store an example of the question's group, audited, and make it count."""
    text = question.text.strip()[:MAX_EXAMPLE_CHARS]
    if not text:
        return
    scope = question.conversation.group
    example = await store.examples.add(scope, text, label, by, source)
    await store.audit.append(by, f"example {label}", scope, f"#{example.id} {source}")
    await added(example)


def label_of(sign: str) -> Label | None:
    """What a reaction or a button says; None where it says nothing about the answer."""
    word = sign.strip().lower()
    return "good" if word in GOOD_SIGNS else "bad" if word in BAD_SIGNS else None
