"""The outbox's rows: one per part of a reply, and what became of it. Sends nothing itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from adapters.base import Message, Reply
from bot.clock import Clock
from bot.outcome import Outcome
from bot.store.codec import dump_outcome, dump_reply
from bot.store.database import Database

SendState = Literal["planned", "sending", "sent", "failed", "unknown", "recalled"]
_COLUMNS = (
    "key, platform, message_id, chat, part, edition, streamed, payload, state, in_doubt, attempts, first_attempt_at,"
    " sent_ids, error, updated_at"
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One part of a reply.

    ``in_doubt``: an attempt may have posted it. ``streamed``: it was written live, so its text cannot be sent again
    under its key. ``edition`` counts the live replies to the message that were withdrawn before this one.
    """

    key: str
    platform: str
    message_id: str
    chat: str
    part: int
    edition: int
    streamed: bool
    payload: str | None
    state: SendState
    in_doubt: bool
    attempts: int
    first_attempt_at: datetime | None
    sent_ids: tuple[str, ...]
    error: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A part about to be stored."""

    key: str
    part: int
    edition: int
    reply: Reply | None
    streamed: bool = False


class Replies:
    """The tables outbox and sent_ids."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def plan(self, message: Message, parts: Sequence[Planned], outcome: Outcome | None) -> None:
        """In one transaction: the parts of the reply, and the outcome that will hold once they are out.

        Without an outcome it is a further reply to a message that has ended.
        A part that is written live starts as ``sending``: once the stream opens, something may be seen.
        """
        place, at = message.conversation, self._time()
        rows = [
            (
                part.key,
                place.platform,
                message.id,
                place.chat,
                part.part,
                part.edition,
                part.streamed,
                dump_reply(part.reply) if part.reply else None,
                "sending" if part.streamed else "planned",
                part.streamed,
                int(part.streamed),
                at if part.streamed else None,
                at,
            )
            for part in parts
        ]

        def store(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO outbox (key, platform, message_id, chat, part, edition, streamed, payload, state,"
                " in_doubt, attempts, first_attempt_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            if outcome is not None:
                _decide(db, message, outcome)

        await self._database.write(store)

    async def complete_stream(
        self, message: Message, key: str, reply: Reply, rest: Sequence[Planned], outcome: Outcome
    ) -> None:
        """The live part has its final text: store it with the parts that follow and the outcome."""
        place, at = message.conversation, self._time()

        def store(db: sqlite3.Connection) -> None:
            db.execute("UPDATE outbox SET payload = ?, updated_at = ? WHERE key = ?", (dump_reply(reply), at, key))
            db.executemany(
                "INSERT INTO outbox (key, platform, message_id, chat, part, edition, streamed, payload, state,"
                " updated_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 'planned', ?)",
                [
                    (p.key, place.platform, message.id, place.chat, p.part, p.edition, dump_reply(p.reply), at)
                    for p in rest
                    if p.reply
                ],
            )
            _decide(db, message, outcome)

        await self._database.write(store)

    async def start(self, key: str) -> None:
        """An attempt begins: from here on the part may be seen. The first one starts the window of the key."""
        query = (
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, updated_at = ?1,"
            " first_attempt_at = coalesce(first_attempt_at, ?1) WHERE key = ?2"
        )
        await self._database.execute(query, (self._time(), key))

    async def settle(self, key: str, state: SendState, *, error: str = "", in_doubt: bool = False) -> None:
        """An attempt ended without a post that we know of."""
        query = "UPDATE outbox SET state = ?, error = ?, in_doubt = max(in_doubt, ?), updated_at = ? WHERE key = ?"
        await self._database.execute(query, (state, error, in_doubt, self._time(), key))

    async def sent(self, row: OutboxRow, ids: Sequence[str]) -> None:
        """The platform confirmed the part under these ids."""
        at = self._time()

        def store(db: sqlite3.Connection) -> None:
            query = (
                "UPDATE outbox SET state = 'sent', sent_ids = ?, error = '', in_doubt = 0, updated_at = ? WHERE key = ?"
            )
            db.execute(query, (json.dumps(list(ids)), at, row.key))
            db.executemany(
                "INSERT OR REPLACE INTO sent_ids VALUES (?, ?, ?)", [(row.platform, i, row.key) for i in ids]
            )

        await self._database.write(store)

    async def withdraw(self, message: Message, edition: int) -> None:
        """A live reply was taken back, or never came to be: the message is undecided again."""
        place = (message.conversation.platform, message.id)
        at = self._time()

        def store(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE outbox SET state = 'recalled', error = 'withdrawn before it was finished', updated_at = ?"
                " WHERE platform = ? AND message_id = ? AND edition = ?",
                (at, *place, edition),
            )
            db.execute(
                "UPDATE messages SET state = 'queued', outcome = NULL"
                " WHERE platform = ? AND id = ? AND state = 'decided'",
                place,
            )

        await self._database.write(store)

    async def give_up(self, message: Message) -> None:
        """Nothing of the reply is tried any more: what was under way is unknown, what had not begun has failed."""
        await self._database.execute(
            "UPDATE outbox SET state = CASE WHEN state = 'sending' OR in_doubt THEN 'unknown' ELSE 'failed' END,"
            " updated_at = ? WHERE platform = ? AND message_id = ? AND state IN ('planned', 'sending')",
            (self._time(), message.conversation.platform, message.id),
        )

    async def left_behind(self) -> list[tuple[str, str]]:
        """``(platform, message id)`` of ended messages with parts that are not sent yet, in the order of delivery."""
        query = (
            "SELECT DISTINCT messages.platform, messages.id, messages.seq FROM outbox JOIN messages"
            " ON messages.platform = outbox.platform AND messages.id = outbox.message_id"
            " WHERE outbox.state IN ('planned', 'sending') AND messages.state = 'done' ORDER BY messages.seq"
        )
        return [(row[0], row[1]) for row in await self._database.fetch(query)]

    async def mark_recalled(self, keys: Sequence[str]) -> None:
        """These parts were withdrawn from the group."""
        at = self._time()
        marks = ",".join("?" * len(keys))
        await self._database.execute(
            f"UPDATE outbox SET state = 'recalled', updated_at = ? WHERE key IN ({marks})", (at, *keys)
        )

    async def rows_for(self, platform: str, message_id: str) -> list[OutboxRow]:
        """Every part stored for a message, withdrawn ones included, in order."""
        query = f"SELECT {_COLUMNS} FROM outbox WHERE platform = ? AND message_id = ? ORDER BY edition, part"
        return await self._rows(query, (platform, message_id))

    async def last_answered(self, group: str) -> str | None:
        """The id of the message of this group (``platform:chat``) whose answer went out last and still stands.

        What the bot says of itself, such as the reply to a command, is no answer.
        """
        platform, _, chat = group.partition(":")
        query = (
            f"SELECT {_COLUMNS} FROM outbox WHERE platform = ? AND chat = ? AND state = 'sent' AND EXISTS (SELECT 1"
            " FROM messages WHERE messages.platform = outbox.platform AND messages.id = outbox.message_id"
            " AND coalesce(messages.kind, 'answered') IN ('answered', 'abstained'))"
            " ORDER BY updated_at DESC, rowid DESC LIMIT 1"
        )
        await self._database.settled()
        rows = await self._rows(query, (platform, chat))
        return rows[0].message_id if rows else None

    async def unknown(self, limit: int = 20) -> list[OutboxRow]:
        """Parts of which nobody knows whether they were posted, latest first."""
        query = f"SELECT {_COLUMNS} FROM outbox WHERE state = 'unknown' ORDER BY updated_at DESC LIMIT ?"
        return await self._rows(query, (limit,))

    async def counts(self) -> dict[str, int]:
        """How many parts stand in which state."""
        query = "SELECT state, count(*) FROM outbox GROUP BY state"
        return {row[0]: row[1] for row in await self._database.fetch(query)}

    async def _rows(self, query: str, values: Sequence[object]) -> list[OutboxRow]:
        rows = await self._database.fetch(query, values)
        return [_read_row(row) for row in rows]

    def _time(self) -> float:
        return self._clock.now().timestamp()


def _decide(db: sqlite3.Connection, message: Message, outcome: Outcome) -> None:
    db.execute(
        "UPDATE messages SET state = 'decided', outcome = ? WHERE platform = ? AND id = ? AND state <> 'done'",
        (dump_outcome(outcome), message.conversation.platform, message.id),
    )


def _read_row(row: sqlite3.Row) -> OutboxRow:
    first = row["first_attempt_at"]
    return OutboxRow(
        key=row["key"],
        platform=row["platform"],
        message_id=row["message_id"],
        chat=row["chat"],
        part=row["part"],
        edition=row["edition"],
        streamed=bool(row["streamed"]),
        payload=row["payload"],
        state=row["state"],
        in_doubt=bool(row["in_doubt"]),
        attempts=row["attempts"],
        first_attempt_at=datetime.fromtimestamp(first, UTC) if first is not None else None,
        sent_ids=tuple(json.loads(row["sent_ids"])),
        error=row["error"],
        updated_at=datetime.fromtimestamp(row["updated_at"], UTC),
    )
