"""Sends replies so that none goes out twice and each is accounted for. Knows adapters only by their protocol.

A reply is stored with the outcome before anything is sent, one row per part. A row that was ``sending`` when the
process died may have been posted: it is sent again only under the same key, and only while the platform knows the key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from loguru import logger

from adapters.base import Adapter, AdapterError, Message, Reply, SentMessage
from bot.clock import Clock
from bot.deadline import lift_deadline
from bot.late import LateReplies
from bot.live import LiveReply, open_live
from bot.outcome import Outcome
from bot.parts import reply_key, split_reply
from bot.store import OutboxRow, Planned, SendState, Store, persist
from bot.store.codec import load_reply


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How long and how often to try. Pauses double from ``base_s`` to ``cap_s``, less up to half at random.

    These are the attempts that a lane waits for; `bot.late` makes one every ``cap_s`` afterwards.
    """

    attempt_timeout_s: float = 20.0
    max_attempts: int = 8
    base_s: float = 0.5
    cap_s: float = 30.0

    def pause_s(self, attempt: int, retry_after_s: float | None) -> float:
        """How long to wait after attempt number ``attempt`` (from 1); never shorter than the platform asks."""
        pause = min(self.cap_s, self.base_s * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
        return max(pause, retry_after_s or 0.0)


@dataclass(frozen=True, slots=True)
class SentReply:
    """A reply that stands in a group: the message it answers, and what was posted."""

    message: Message
    sent: SentMessage
    keys: tuple[str, ...]


class Outbox:
    """``adapters`` by platform."""

    def __init__(
        self, store: Store, adapters: Mapping[str, Adapter], clock: Clock, policy: SendPolicy | None = None
    ) -> None:
        self.store = store
        self.adapters = adapters
        self.clock = clock
        self.policy = policy or SendPolicy()
        self.late = LateReplies(self)

    async def run(self) -> None:
        """Send late replies, until cancelled."""
        await self.late.run()

    async def post(self, message: Message, replies: Sequence[Reply], outcome: Outcome) -> Outcome:
        """Store the replies with the outcome, then send them; the outcome that finally holds.

        Called twice for a message it sends nothing new, unless what was posted has been withdrawn.
        """
        if not replies:
            return outcome
        lift_deadline()
        rows = await self.rows(message)
        if any(row.state != "recalled" for row in rows):
            return await self.resume(message)
        parts = self.plan_parts(message, replies, edition=len({row.edition for row in rows}))
        await persist(lambda: self.store.replies.plan(message, parts, outcome), self.clock)
        return await self.resume(message)

    async def notify(self, message: Message, reply: Reply) -> None:
        """A second word on a message that has ended, such as the end of a long reload. A crash may lose it."""
        edition = len({row.edition for row in await self.rows(message)})
        parts = self.plan_parts(message, [reply], edition=edition)
        await self.store.replies.plan(message, parts, None)
        for row in await self.rows(message):
            if row.edition == edition and await self._send(row, message, self.policy.max_attempts) != "sent":
                return

    async def resume(self, message: Message) -> Outcome:
        """Send what is stored for a message and not yet sent; the outcome that finally holds."""
        stored = await self.store.messages.get(message.conversation.platform, message.id)
        outcome = stored.outcome if stored else None
        if outcome is None:
            outcome = Outcome("failed", stage="internal", detail="a reply was stored without an outcome")
        place = message.conversation
        if self.late.holds(place.group) or not await self._send_all(message, self._attempts(place.platform)):
            self.late.add(message)
        return _verdict(outcome, await self._standing(message))

    async def try_late(self, message: Message) -> bool:
        """One more attempt for a reply whose message has ended. True once its parts are out, lost or unknown."""
        if not await self._send_all(message, 1):
            return False
        await self.revise(message)
        return True

    async def revise(self, message: Message) -> None:
        """Make the stored outcome of an ended message agree with what became of its reply."""
        stored = await self.store.messages.get(message.conversation.platform, message.id)
        if stored is None or stored.outcome is None:
            return
        holds = _verdict(stored.outcome, await self._standing(message))
        if holds != stored.outcome:
            await persist(lambda: self.store.messages.revise(message, holds), self.clock)

    def _attempts(self, platform: str) -> int:
        return 1 if self.late.concerns(platform) else self.policy.max_attempts

    async def _send_all(self, message: Message, attempts: int) -> bool:
        """Send the open parts in order; False where one of them, and so the rest, has to wait."""
        lost = False
        for row in await self._standing(message):
            state = row.state
            if state in ("planned", "sending"):
                state = await (self._drop(row) if lost else self._send(row, message, attempts))
            if state == "planned":
                return False
            lost = lost or state == "failed"
        return True

    def stream(self, message: Message) -> AbstractAsyncContextManager[LiveReply]:
        """A reply that grows while it is written; where that is impossible, it is posted when finished.

        Leaving the context without `LiveReply.finish` withdraws what was shown.
        """
        return open_live(self, message)

    async def give_up(self, message: Message, outcome: Outcome) -> Outcome:
        """Stop trying. What was sent decides: its own outcome holds when any part is out, else ``outcome``."""
        await persist(lambda: self.store.replies.give_up(message), self.clock)
        rows = await self._standing(message)
        stored = await self.store.messages.get(message.conversation.platform, message.id)
        if stored and stored.outcome and any(row.state == "sent" for row in rows):
            return _verdict(stored.outcome, rows)
        return outcome

    async def sent_for(self, platform: str, message_id: str) -> SentReply | None:
        """What stands in the group as the reply to this message."""
        stored = await self.store.messages.get(platform, message_id)
        if stored is None:
            return None
        rows = [row for row in await self.rows(stored.message) if row.state == "sent"]
        ids = tuple(sent_id for row in rows for sent_id in row.sent_ids)
        if not rows:
            return None
        sent = SentMessage(stored.message.conversation, ids, max(row.updated_at for row in rows))
        return SentReply(stored.message, sent, tuple(row.key for row in rows))

    async def last_sent(self, group: str) -> SentReply | None:
        """The reply that went out last in this group (``platform:chat``) and still stands."""
        message_id = await self.store.replies.last_answered(group)
        return await self.sent_for(group.partition(":")[0], message_id) if message_id is not None else None

    async def sent_by_id(self, platform: str, sent_id: str) -> SentReply | None:
        """The reply that this message of ours is a part of, if it still stands."""
        stored = await self.store.messages.for_sent(platform, sent_id)
        return await self.sent_for(platform, stored.message.id) if stored else None

    async def recall(self, reply: SentReply) -> None:
        """Withdraw a reply from its group.

        Raises:
            AdapterError: the platform refused; the reply still stands.
        """
        adapter = self.adapters.get(reply.message.conversation.platform)
        if adapter is None:
            raise AdapterError(_no_adapter(reply.message.conversation.platform), permanent=True)
        try:
            async with asyncio.timeout(self.policy.attempt_timeout_s):
                await adapter.recall(reply.sent)
        except TimeoutError as error:
            raise AdapterError("the platform did not answer the recall", outcome_known=False) from error
        await persist(lambda: self.store.replies.mark_recalled(reply.keys), self.clock)

    def plan_parts(
        self, message: Message, replies: Sequence[Reply], *, edition: int, streamed: bool = False
    ) -> list[Planned]:
        """The replies cut to what the platform accepts, numbered and with their keys."""
        adapter = self.adapters.get(message.conversation.platform)
        limit = adapter.abilities.max_chars if adapter else 2_000
        cut = [part for reply in replies for part in split_reply(reply, limit)]
        return [
            Planned(reply_key(message, n, edition), n, edition, part, streamed and n == 0) for n, part in enumerate(cut)
        ]

    async def rows(self, message: Message) -> list[OutboxRow]:
        """Every row stored for the message, withdrawn ones included."""
        return await self.store.replies.rows_for(message.conversation.platform, message.id)

    async def _standing(self, message: Message) -> list[OutboxRow]:
        return [row for row in await self.rows(message) if row.state != "recalled"]

    async def _send(self, row: OutboxRow, message: Message, attempts: int) -> SendState:
        """Try one part until it is sent, failed or unknown; ``planned`` where its key holds for later attempts."""
        adapter = self.adapters.get(row.platform)
        in_doubt = row.in_doubt or row.state == "sending"
        if adapter is None or row.payload is None or row.streamed:
            why = _no_adapter(row.platform) if adapter is None else "stopped while it was being written"
            return await self._settle(row, "unknown" if in_doubt else "failed", why)
        first, error_text = row.first_attempt_at, row.error or "stopped while it was being sent"
        reply = load_reply(row.payload, message)
        for attempt in range(1, attempts + 1):
            if in_doubt and not self.key_holds(adapter, first):
                break
            first = first or self.clock.now()
            await persist(lambda: self.store.replies.start(row.key), self.clock)
            error = await self._attempt(adapter, reply, row)
            if error is None:
                return "sent"
            error_text = str(error)
            in_doubt = in_doubt or not error.outcome_known
            logger.warning("part {} not confirmed at attempt {}: {}", row.part, attempt, error)
            if error.permanent or (attempt == attempts and not self.key_holds(adapter, first)):
                break
            await self._settle(row, "planned", error_text, in_doubt=in_doubt)
            if attempt == attempts:
                return "planned"
            await self.clock.sleep(self.policy.pause_s(attempt, error.retry_after_s))
        return await self._settle(row, "unknown" if in_doubt else "failed", error_text)

    async def _drop(self, row: OutboxRow) -> SendState:
        return await self._settle(row, "failed", "an earlier part was not sent")

    async def _attempt(self, adapter: Adapter, reply: Reply, row: OutboxRow) -> AdapterError | None:
        try:
            async with asyncio.timeout(self.policy.attempt_timeout_s):
                sent = await adapter.send(reply, row.key)
        except AdapterError as error:
            return error
        except TimeoutError:
            return AdapterError(f"no answer within {self.policy.attempt_timeout_s:g} s", outcome_known=False)
        await persist(lambda: self.store.replies.sent(row, sent.ids), self.clock)
        return None

    def key_holds(self, adapter: Adapter, first_attempt_at: datetime | None) -> bool:
        """Whether the platform still knows a key used first at that time, so that repeating it posts nothing new."""
        if first_attempt_at is None:
            return False
        return (self.clock.now() - first_attempt_at).total_seconds() < adapter.abilities.idempotent_for_s

    async def _settle(self, row: OutboxRow, state: SendState, error: str, *, in_doubt: bool = False) -> SendState:
        replies = self.store.replies
        await persist(lambda: replies.settle(row.key, state, error=error, in_doubt=in_doubt), self.clock)
        return state


def _no_adapter(platform: str) -> str:
    return f"no adapter for {platform!r} is running; enable it in config.ini"


def _verdict(outcome: Outcome, rows: Sequence[OutboxRow]) -> Outcome:
    """What holds given how the parts fared. A reply of which nothing surely arrived is a failure, and says so.

    Parts that are still to be sent count as sent: if they come to nothing, the outcome is revised.
    """
    lost = [row for row in rows if row.state in ("failed", "unknown")]
    if not lost:
        return outcome
    why = "; ".join(dict.fromkeys(f"{row.state}: {row.error}" for row in lost))
    if len(lost) < len(rows):
        return replace(outcome, detail=f"{len(rows) - len(lost)} of {len(rows)} parts were sent ({why})")
    if outcome.kind == "failed":
        return replace(outcome, detail=f"{outcome.detail}; the notice was not sent ({why})".lstrip("; "))
    return replace(outcome, kind="failed", stage="send", detail=why)
