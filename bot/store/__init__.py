"""What the bot remembers on disk: one SQLite file, each table behind a small object of its own."""

from __future__ import annotations

from pathlib import Path

from adapters.base import Health
from bot.clock import Clock, SystemClock
from bot.store.codec import Signal
from bot.store.database import Database
from bot.store.errors import (
    StoreClosedError,
    StoreConflictError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
)
from bot.store.groups import Audit, AuditEntry, Example, Examples, Feedback, GroupSettingsTable, Label
from bot.store.messages import Messages, State, StoredMessage
from bot.store.persist import persist
from bot.store.replies import OutboxRow, Planned, Replies, SendState
from bot.store.retention import keep_retention, retain
from bot.store.spending import Spending, Spent

__all__ = [
    "AuditEntry",
    "Example",
    "Label",
    "OutboxRow",
    "Planned",
    "SendState",
    "Signal",
    "Spent",
    "State",
    "Store",
    "StoreClosedError",
    "StoreConflictError",
    "StoreDamagedError",
    "StoreError",
    "StoreFullError",
    "StoreLockedError",
    "StoreReadOnlyError",
    "StoredMessage",
    "persist",
]


class Store:
    """The open store. A method that writes returns after the commit, and raises `StoreError` when there was none."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.messages = Messages(database, clock)
        self.replies = Replies(database, clock)
        self.examples = Examples(database, clock)
        self.settings = GroupSettingsTable(database, clock)
        self.feedback = Feedback(database, clock)
        self.audit = Audit(database, clock)
        self.spending = Spending(database, clock)
        self._clock = clock

    @classmethod
    def open(cls, path: Path, clock: Clock | None = None, *, busy_timeout_s: float = 5.0) -> Store:
        """Open the file, or create it with its folder.

        Raises:
            StoreError: it cannot be used; the message says why and what to do.
        """
        return cls(Database.open(path, busy_timeout_s=busy_timeout_s), clock or SystemClock())

    def health(self) -> Health:
        """Whether the last write worked, and why not."""
        return self.database.health

    async def retain(self, keep_texts_days: int, keep_ids_days: int) -> int:
        """Forget what is older than config allows; the number of rows touched."""
        return await retain(self.database, self._clock, keep_texts_days, keep_ids_days)

    async def keep_retention(self, keep_texts_days: int, keep_ids_days: int) -> None:
        """`retain` every few hours, until cancelled."""
        await keep_retention(self.database, self._clock, keep_texts_days, keep_ids_days)

    async def close(self) -> None:
        """Commit what is under way and close the file."""
        await self.database.close()
