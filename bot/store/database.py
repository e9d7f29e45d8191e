"""One SQLite file: a writer thread that commits in groups, and a reader beside it. Knows no table.

SQLite has one writer at a time, and a commit costs an fsync. So every write of the process goes to one thread, which
puts all that queued up meanwhile into one transaction and tells the callers after the commit.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger

from adapters.base import Health
from bot.store.errors import StoreClosedError, StoreConflictError, StoreError, StoreReadOnlyError, translate
from bot.store.schema import migrate

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
MAX_BATCH = 512


@dataclass(slots=True)
class _Write:
    """One operation on its way through the writer thread. It may run twice, so it only touches the database."""

    operation: Operation[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def settle(self) -> None:
        """Tell the caller; on the event loop, in the order of the commits."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)
            self.future.exception()  # logged by the database already, also when the caller has gone


class Database:
    """An open file. All methods but `open` are called on an event loop."""

    def __init__(self, path: Path, writer: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        self.path = path
        self.health = Health("up")
        self._writer, self._reader = writer, reader
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._last: asyncio.Future[Any] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._thread.start()

    @classmethod
    def open(cls, path: Path, *, busy_timeout_s: float) -> Database:
        """Open or create the file.

        Raises:
            StoreError: it cannot be written or is no store.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreReadOnlyError(f"the data folder {path.parent} cannot be made: {error.strerror}") from error
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(_connect(path, busy_timeout_s))
            connections[0].execute("PRAGMA journal_mode = WAL")
            migrate(connections[0])
            connections[0].execute(
                "BEGIN IMMEDIATE"
            )  # a file that cannot be written says so now, not at the first message
            connections[0].execute("COMMIT")
            connections.append(_connect(path, busy_timeout_s))
            connections[1].execute("PRAGMA query_only = ON")
        except (sqlite3.Error, StoreError) as error:
            for connection in connections:
                connection.close()
            if isinstance(error, sqlite3.Error):
                raise translate(error, path) from error
            raise
        return cls(path, *connections)

    def submit(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Queue ``operation`` for the next transaction; the future ends after the commit.

        Writes run in the order of the calls, and their futures end in that order. An operation that raises undoes only
        itself. Cancelling the future does not take the write back.
        """
        if self._closed:
            raise StoreClosedError(f"{self.path} was closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Write(operation, future))
        self._last = future
        return future

    async def write(self, operation: Operation[T]) -> T:
        """`submit`, and wait.

        Raises:
            StoreError: nothing of the operation was stored.
        """
        return await self.submit(operation)

    async def settled(self) -> None:
        """Wait until every write submitted so far has ended, one way or the other."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    async def read(self, operation: Operation[T]) -> T:
        """Run a query beside the writer; it sees every write whose caller was told."""
        if self._closed:
            raise StoreClosedError(f"{self.path} was closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, operation)

    async def execute(self, query: str, values: Sequence[Any] = ()) -> int:
        """`write` one statement; the number of rows that it changed."""
        return await self.write(lambda db: db.execute(query, values).rowcount)

    async def fetch(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """`read` one query."""
        return await self.read(lambda db: db.execute(query, values).fetchall())

    async def close(self) -> None:
        """Commit what is queued, then close both connections."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._reader.close()
        self._writer.close()
        self.health.state = "stopped"

    def _query(self, operation: Operation[T]) -> T:
        try:
            return operation(self._reader)
        except sqlite3.Error as error:
            raise translate(error, self.path) from error

    def _run(self) -> None:
        open_ = True
        while open_:
            batch: list[_Write] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= MAX_BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            open_ = item is not None
            if batch:
                self._commit(batch)
                _settle(batch)

    def _commit(self, batch: Sequence[_Write]) -> None:
        """All in one transaction; when one of them fails, once more with a savepoint round each."""
        try:
            if len(batch) == 1 or not self._try_together(batch):
                self._try_each(batch)
        except sqlite3.Error as error:
            self._rollback()
            for write in batch:
                write.error = _translated(error, self.path)
        self._note(batch)

    def _try_together(self, batch: Sequence[_Write]) -> bool:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for write in batch:
                write.result = write.operation(self._writer)
            self._writer.execute("COMMIT")
        except Exception:  # whose fault it was shows when each runs alone
            self._rollback()
            return False
        return True

    def _try_each(self, batch: Sequence[_Write]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        for write in batch:
            self._run_alone(write)
        self._writer.execute("COMMIT")

    def _run_alone(self, write: _Write) -> None:
        """One operation within a savepoint. Raises only when the whole transaction is gone."""
        self._writer.execute("SAVEPOINT one")
        try:
            write.result = write.operation(self._writer)
        except Exception as error:  # handed to the caller, whatever it is
            if not self._writer.in_transaction:
                raise  # a full disk makes SQLite roll back everything
            write.error = _translated(error, self.path) if isinstance(error, sqlite3.Error) else error
            self._writer.execute("ROLLBACK TO one")
        self._writer.execute("RELEASE one")

    def _rollback(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _note(self, batch: Sequence[_Write]) -> None:
        """Keep `health`: a write that breaks a rule of the tables is its caller's fault, anything else the store's."""
        counters = self.health.counters
        broken = [
            w.error for w in batch if isinstance(w.error, StoreError) and not isinstance(w.error, StoreConflictError)
        ]
        counters["commits"] = counters.get("commits", 0) + 1
        counters["writes"] = counters.get("writes", 0) + sum(write.error is None for write in batch)
        if not broken:
            self.health.state, self.health.detail = "up", ""
            return
        counters["errors"] = counters.get("errors", 0) + 1
        if self.health.state != "down":
            logger.error("the store fails: {}", broken[0])
        self.health.state, self.health.detail = "down", str(broken[0])


def _translated(error: sqlite3.Error, path: Path) -> StoreError:
    ours = translate(error, path)
    ours.__cause__ = error
    return ours


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    return connection


def _settle(batch: Sequence[_Write]) -> None:
    """One wake-up of each event loop for the whole batch."""
    loops = {write.future.get_loop() for write in batch}
    for loop in loops:
        mine = [write for write in batch if write.future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_settle_all, mine)
        except RuntimeError:  # the loop was closed: nobody waits any more
            logger.debug("{} writes were committed after their event loop had ended", len(mine))


def _settle_all(batch: Sequence[_Write]) -> None:
    for write in batch:
        write.settle()
