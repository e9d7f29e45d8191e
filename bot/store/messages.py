"""Messages and their outcomes, events seen, and signals waiting: the inbox's side of the store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from adapters.base import Conversation, Message
from bot.clock import Clock
from bot.outcome import Outcome
from bot.store.codec import Signal, dump_message, dump_outcome, dump_signal, load_message, load_outcome, load_signal
from bot.store.database import Database

State = Literal["queued", "decided", "done"]
_COLUMNS = "seq, payload, state, outcome, received_at, finished_at"


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the store has it. Once ``done`` it is a decision: ``outcome`` says how it ended.

    ``seq`` is its place in the order of delivery. While ``decided``, ``outcome`` is what holds once the reply is out.
    """

    seq: int
    message: Message
    state: State
    outcome: Outcome | None
    received_at: datetime
    finished_at: datetime | None


class Messages:
    """The tables messages, events and signals."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, message: Message, outcome: Outcome | None = None) -> asyncio.Future[int | None]:
        """Store a message, at once as done when it comes with an outcome.

        The future's result is its ``seq``, or None when its message id or event id was known. Futures end in the order
        of the calls.
        """
        platform, at = message.conversation.platform, self._time()
        values = (
            platform,
            message.id,
            message.conversation.chat,
            message.conversation.thread,
            message.sender.id,
            dump_message(message),
            at,
            "queued" if outcome is None else "done",
            outcome.name if outcome else None,
            dump_outcome(outcome) if outcome else None,
            at if outcome else None,
        )

        def insert(db: sqlite3.Connection) -> int | None:
            if not _note_event(db, platform, message.event_id, at):
                return None
            cursor = db.execute(
                "INSERT OR IGNORE INTO messages (platform, id, chat, thread, sender, payload, received_at, state, kind,"
                " outcome, finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return cursor.lastrowid if cursor.rowcount else None

        return self._database.submit(insert)

    async def add_signal(self, signal: Signal) -> bool:
        """Store an event that is no message; False when it was known."""
        payload, at = dump_signal(signal), self._time()

        def insert(db: sqlite3.Connection) -> bool:
            if not _note_event(db, signal.conversation.platform, signal.event_id, at):
                return False
            db.execute("INSERT INTO signals (payload, received_at) VALUES (?, ?)", (payload, at))
            return True

        return await self._database.write(insert)

    async def open_signals(self, limit: int = 50) -> list[tuple[int, Signal]]:
        """Signals that nobody has handled yet, oldest first, with the number that `close_signal` takes."""
        query = "SELECT seq, payload FROM signals WHERE handled_at IS NULL ORDER BY seq LIMIT ?"
        rows = await self._database.fetch(query, (limit,))
        return [(row["seq"], load_signal(row["payload"])) for row in rows]

    async def close_signal(self, seq: int) -> None:
        """Handled: it is not handed out again."""
        query, values = "UPDATE signals SET handled_at = ? WHERE seq = ?", (self._time(), seq)
        await self._database.execute(query, values)

    def finish(self, message: Message, outcome: Outcome) -> asyncio.Future[bool]:
        """Store the outcome; the future's result is False when the message has one already, which then stays."""
        query = (
            "UPDATE messages SET state = 'done', kind = ?, outcome = ?, finished_at = ?"
            " WHERE platform = ? AND id = ? AND state <> 'done'"
        )
        values = (outcome.name, dump_outcome(outcome), self._time(), message.conversation.platform, message.id)
        return self._database.submit(lambda db: db.execute(query, values).rowcount > 0)

    async def revise(self, message: Message, outcome: Outcome) -> None:
        """Replace the outcome of an ended message: its late reply came to nothing after all."""
        query = "UPDATE messages SET kind = ?, outcome = ? WHERE platform = ? AND id = ? AND state = 'done'"
        values = (outcome.name, dump_outcome(outcome), message.conversation.platform, message.id)
        await self._database.execute(query, values)

    async def merge(self, seq: int, joined: Message, others: Sequence[Message], outcome: Outcome) -> None:
        """In one transaction: message ``seq`` becomes ``joined``, and the ``others`` that went into it are done."""
        at, payload, end = self._time(), dump_message(joined), dump_outcome(outcome)
        ends = [(outcome.name, end, at, other.conversation.platform, other.id) for other in others]

        def store(db: sqlite3.Connection) -> None:
            db.execute("UPDATE messages SET payload = ? WHERE seq = ? AND state = 'queued'", (payload, seq))
            db.executemany(
                "UPDATE messages SET state = 'done', kind = ?, outcome = ?, finished_at = ?"
                " WHERE platform = ? AND id = ? AND state = 'queued'",
                ends,
            )

        await self._database.write(store)

    async def open_seqs(self) -> list[tuple[int, str, str]]:
        """``(seq, platform, chat)`` of every message without an outcome, in the order of delivery."""
        query = "SELECT seq, platform, chat FROM messages WHERE state <> 'done' ORDER BY seq"
        return [(row[0], row[1], row[2]) for row in await self._database.fetch(query)]

    async def load(self, seqs: Sequence[int]) -> list[StoredMessage]:
        """The messages with these numbers, in the order of delivery."""
        query = f"SELECT {_COLUMNS} FROM messages WHERE seq IN ({','.join('?' * len(seqs))}) ORDER BY seq"
        return _read(await self._database.fetch(query, seqs))

    async def get(self, platform: str, message_id: str) -> StoredMessage | None:
        """The message with this id and, once done, the decision on it."""
        await self._database.settled()
        query = f"SELECT {_COLUMNS} FROM messages WHERE platform = ? AND id = ?"
        return await self._first(query, (platform, message_id))

    async def last_decision(self, group: str, skip: Sequence[str] = ("command", "merged")) -> StoredMessage | None:
        """The latest decision in a group (``platform:chat``), passing over outcomes named in ``skip``."""
        await self._database.settled()  # lanes do not wait for the outcome of one message before the next
        platform, _, chat = group.partition(":")
        query = (
            f"SELECT {_COLUMNS} FROM messages WHERE platform = ? AND chat = ? AND state = 'done'"
            f" AND kind NOT IN ({','.join('?' * len(skip))}) ORDER BY seq DESC LIMIT 1"
        )
        return await self._first(query, (platform, chat, *skip))

    async def for_sent(self, platform: str, sent_id: str) -> StoredMessage | None:
        """The message that was answered by this message of ours."""
        query = (
            f"SELECT {_COLUMNS} FROM messages WHERE (platform, id) = (SELECT outbox.platform, message_id"
            " FROM sent_ids JOIN outbox USING (key) WHERE sent_ids.platform = ? AND sent_ids.id = ?)"
        )
        return await self._first(query, (platform, sent_id))

    async def recent(
        self, conversation: Conversation, limit: int = 20, before: Message | None = None
    ) -> list[StoredMessage]:
        """The latest messages of a chat and thread, oldest first; with ``before``, those delivered earlier than it."""
        query = (
            f"SELECT {_COLUMNS} FROM messages WHERE platform = ? AND chat = ? AND thread IS ? AND seq < coalesce("
            "(SELECT seq FROM messages WHERE platform = ? AND id = ?), 9e18) ORDER BY seq DESC LIMIT ?"
        )
        place = (conversation.platform, conversation.chat, conversation.thread)
        values = (*place, conversation.platform, before.id if before else None, limit)
        rows = await self._database.fetch(query, values)
        return _read(reversed(rows))

    async def counts(self, since: datetime) -> dict[str, int]:
        """How many messages ended how since then, by ``Outcome.name``."""
        query = (
            "SELECT kind, count(*) FROM messages WHERE state = 'done' AND finished_at >= ?"
            " GROUP BY kind ORDER BY 2 DESC"
        )
        await self._database.settled()
        rows = await self._database.fetch(query, (since.timestamp(),))
        return {row[0]: row[1] for row in rows}

    async def answers(self, since: datetime) -> list[tuple[str, str, datetime]]:
        """Person and group (``platform:id``) of every answer since then, and when; oldest first."""
        query = (
            "SELECT platform, sender, chat, finished_at FROM messages"
            " WHERE kind = 'answered' AND finished_at >= ? ORDER BY finished_at"
        )
        rows = await self._database.fetch(query, (since.timestamp(),))
        return [(f"{row[0]}:{row[1]}", f"{row[0]}:{row[2]}", datetime.fromtimestamp(row[3], UTC)) for row in rows]

    async def first_words(self, since: datetime) -> list[float]:
        """Seconds until the first words of every answer since then."""
        query = (
            "SELECT outcome ->> '$.timing.first_s' AS first FROM messages"
            " WHERE kind = 'answered' AND finished_at >= ? AND first NOT NULL"
        )
        return [float(row[0]) for row in await self._database.fetch(query, (since.timestamp(),))]

    async def unfinished(self) -> int:
        """How many messages have no outcome yet."""
        query = "SELECT count(*) FROM messages WHERE state <> 'done'"
        return int((await self._database.fetch(query))[0][0])

    async def _first(self, query: str, values: Sequence[object]) -> StoredMessage | None:
        rows = await self._database.fetch(query, values)
        return next(iter(_read(rows)), None)

    def _time(self) -> float:
        return self._clock.now().timestamp()


def _note_event(db: sqlite3.Connection, platform: str, event_id: str, at: float) -> bool:
    """Whether the event is new; platforms without event ids pass an empty one."""
    if not event_id:
        return True
    return db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", (platform, event_id, at)).rowcount > 0


def _read(rows: Iterable[sqlite3.Row]) -> list[StoredMessage]:
    return [_read_row(row) for row in rows]


def _read_row(row: sqlite3.Row) -> StoredMessage:
    outcome, finished = row["outcome"], row["finished_at"]
    return StoredMessage(
        row["seq"],
        load_message(row["payload"]),
        row["state"],
        load_outcome(outcome) if outcome else None,
        datetime.fromtimestamp(row["received_at"], UTC),
        datetime.fromtimestamp(finished, UTC) if finished is not None else None,
    )
