"""Tokens that language models took: who spent them in which group on which day."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass

from bot.clock import Clock
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Spent:
    """A person's tokens in a group on one day; ``estimated`` of ``calls`` were not told by the model's server."""

    group: str
    person: str
    prompt: int
    completion: int
    calls: int
    estimated: int


class Spending:
    """The table spending."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, day: str, spent: Spent) -> asyncio.Future[None]:
        """Add to what was spent that day."""
        query = (
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " prompt = prompt + excluded.prompt, completion = completion + excluded.completion,"
            " calls = calls + excluded.calls, estimated = estimated + excluded.estimated, at = excluded.at"
        )
        amounts = (spent.prompt, spent.completion, spent.calls, spent.estimated, self._clock.now().timestamp())

        def store(db: sqlite3.Connection) -> None:
            db.execute(query, (day, spent.group, spent.person, *amounts))

        return self._database.submit(store)

    async def of(self, day: str) -> list[Spent]:
        """What was spent that day."""
        await self._database.settled()
        query = 'SELECT "group", person, prompt, completion, calls, estimated FROM spending WHERE day = ?'
        return [Spent(*row) for row in await self._database.fetch(query, (day,))]
