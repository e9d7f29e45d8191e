"""What people taught and set in the groups: examples, settings, feedback, and the audit of who did what."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.clock import Clock
from bot.store.database import Database

Label = Literal["good", "bad"]
_EXAMPLE = "id, scope, text, label, by, at, source, undone_at"


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. ``scope`` is a platform, ``platform:chat`` or ``*``.

    ``source`` is the id of the message that it came from.
    """

    id: int
    scope: str
    text: str
    label: Label
    by: str
    at: datetime
    source: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Somebody did something."""

    at: datetime
    by: str
    action: str
    group: str
    detail: str


class _Table:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _time(self) -> float:
        return self._clock.now().timestamp()


class Examples(_Table):
    """The table examples. Nothing is deleted: an example is undone."""

    async def add(self, scope: str, text: str, label: Label, by: str, source: str = "") -> Example:
        """Store an example, active at once."""
        values = (scope, text, label, by, self._time(), source)
        query = (
            f"INSERT INTO examples (scope, text, label, by, at, source) VALUES (?, ?, ?, ?, ?, ?) RETURNING {_EXAMPLE}"
        )
        return _read_example(await self._database.write(lambda db: db.execute(query, values).fetchall()[0]))

    async def undo(self, example_id: int, by: str) -> bool:
        """Take an example out of use; False when there is none with this id or it was undone before."""
        query = "UPDATE examples SET undone_at = ?, undone_by = ? WHERE id = ? AND undone_at IS NULL"
        return await self._database.execute(query, (self._time(), by, example_id)) > 0

    async def active(self, *scopes: str) -> list[Example]:
        """The examples in use in these scopes (none named: in all), oldest first."""
        where = f" AND scope IN ({','.join('?' * len(scopes))})" if scopes else ""
        query = f"SELECT {_EXAMPLE} FROM examples WHERE undone_at IS NULL{where} ORDER BY id"
        return [_read_example(row) for row in await self._database.fetch(query, scopes)]

    async def by_source(self, scope: str, source: str) -> list[Example]:
        """The examples in use that were made from this message, oldest first."""
        query = f"SELECT {_EXAMPLE} FROM examples WHERE undone_at IS NULL AND scope = ? AND source = ? ORDER BY id"
        return [_read_example(row) for row in await self._database.fetch(query, (scope, source))]

    async def last(self, scope: str) -> Example | None:
        """The newest example in use of a scope."""
        query = f"SELECT {_EXAMPLE} FROM examples WHERE undone_at IS NULL AND scope = ? ORDER BY id DESC LIMIT 1"
        rows = await self._database.fetch(query, (scope,))
        return _read_example(rows[0]) if rows else None


class GroupSettingsTable(_Table):
    """The table group_settings: what ``/dial`` and ``/pause`` set. ``group`` is ``platform:chat``."""

    async def get(self, group: str, key: str) -> str | None:
        """The value, or None where nothing was set."""
        rows = await self._database.fetch(
            'SELECT value FROM group_settings WHERE "group" = ? AND key = ?', (group, key)
        )
        return rows[0][0] if rows else None

    async def set(self, group: str, key: str, value: str | None) -> None:
        """Set a value; None takes the setting away."""
        if value is None:
            await self._database.execute('DELETE FROM group_settings WHERE "group" = ? AND key = ?', (group, key))
        else:
            await self._database.execute("INSERT OR REPLACE INTO group_settings VALUES (?, ?, ?)", (group, key, value))

    async def all(self) -> dict[str, dict[str, str]]:
        """Every setting of every group."""
        found: dict[str, dict[str, str]] = {}
        for group, key, value in await self._database.fetch("SELECT * FROM group_settings"):
            found.setdefault(group, {})[key] = value
        return found


class Feedback(_Table):
    """The table feedback: reactions to answers and buttons pressed under them."""

    async def add(self, platform: str, message_id: str, by: str, kind: str, detail: str = "") -> None:
        """Note what somebody thought of the answer to this message."""
        query = "INSERT INTO feedback (platform, message_id, by, kind, detail, at) VALUES (?, ?, ?, ?, ?, ?)"
        await self._database.execute(query, (platform, message_id, by, kind, detail, self._time()))

    async def of(self, platform: str, message_id: str) -> list[tuple[str, str]]:
        """What was noted of one message, oldest first: (who, kind)."""
        query = "SELECT by, kind FROM feedback WHERE platform = ? AND message_id = ? ORDER BY rowid"
        rows = await self._database.fetch(query, (platform, message_id))
        return [(row["by"], row["kind"]) for row in rows]

    async def counts(self, since: datetime) -> dict[str, int]:
        """How often each kind came since then."""
        rows = await self._database.fetch(
            "SELECT kind, count(*) FROM feedback WHERE at >= ? GROUP BY kind", (since.timestamp(),)
        )
        return {row[0]: row[1] for row in rows}


class Audit(_Table):
    """The table audit. It only grows."""

    async def append(self, by: str, action: str, group: str = "", detail: str = "") -> None:
        """Note who did what."""
        query = 'INSERT INTO audit (at, by, action, "group", detail) VALUES (?, ?, ?, ?, ?)'
        await self._database.execute(query, (self._time(), by, action, group, detail))

    async def tail(self, limit: int = 50, group: str | None = None) -> list[AuditEntry]:
        """The latest entries, oldest first, of one group or of all."""
        where = '?1 IS NULL OR "group" = ?1'
        query = f'SELECT at, by, action, "group", detail FROM audit WHERE {where} ORDER BY id DESC LIMIT ?2'
        rows = await self._database.fetch(query, (group, limit))
        return [AuditEntry(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in reversed(rows)]


def _read_example(row: sqlite3.Row) -> Example:
    undone = row["undone_at"]
    return Example(
        row["id"],
        row["scope"],
        row["text"],
        row["label"],
        row["by"],
        datetime.fromtimestamp(row["at"], UTC),
        row["source"],
        datetime.fromtimestamp(undone, UTC) if undone is not None else None,
    )
