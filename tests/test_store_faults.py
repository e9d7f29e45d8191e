"""A store that cannot write says why, keeps what it has, and works again when it can."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fakes import FakeClock, make_message

from bot.store import (
    Store,
    StoreConflictError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
)

NOBODY = 65534


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    store = Store.open(tmp_path / "data" / "qunda.db", clock, busy_timeout_s=0.05)
    yield store
    await store.close()


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that this process cannot write; the superuser becomes somebody else for it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(sqlite3.connect(folder / "qunda.db")) as connection:
            connection.execute("PRAGMA user_version = 0")
            connection.execute("CREATE TABLE there (x)")
        (folder / "qunda.db").chmod(0o444)
        folder.chmod(0o555)
        was = os.geteuid()
        if was == 0:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(was)
            folder.chmod(0o755)


async def test_a_failing_write_fails_alone(store: Store) -> None:
    def fails_half_way(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO group_settings VALUES ('g', 'half', '1')")
        db.execute("INSERT INTO examples (scope, text, label, by, at) VALUES ('*', 't', 'neither', 'me', 0)")

    def breaks(db: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    database = store.database
    results = await asyncio.gather(
        store.settings.set("g", "before", "1"),
        database.write(fails_half_way),
        database.write(breaks),
        store.settings.set("g", "after", "1"),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [type(None), StoreConflictError, ZeroDivisionError, type(None)]
    assert await store.settings.all() == {"g": {"before": "1", "after": "1"}}
    assert store.health().state == "up"


async def test_while_another_process_holds_the_file_writing_raises_and_health_says_so(store: Store) -> None:
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLockedError, match="held by another process"):
            await store.messages.add(make_message())
        assert store.health().state == "down"
        assert "held by another process" in store.health().detail
        other.execute("ROLLBACK")
    await store.messages.add(make_message())
    assert store.health().state == "up"


def test_a_file_held_from_the_start_is_an_error_at_opening(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "q.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLockedError):
            Store.open(tmp_path / "q.db", busy_timeout_s=0.05)


async def test_a_full_disk_fails_the_write_and_keeps_what_was_there(store: Store) -> None:
    await store.settings.set("g", "k", "v")
    await store.database.write(lambda db: db.execute("PRAGMA max_page_count = 1").fetchall())  # what it has now
    big = "x" * 100_000
    results = await asyncio.gather(*(store.messages.add(make_message(big)) for _ in range(3)), return_exceptions=True)
    assert {type(r) for r in results} == {StoreFullError}
    assert store.health().state == "down"
    assert "free some space" in store.health().detail
    assert await store.settings.get("g", "k") == "v"
    await store.database.write(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    assert await store.messages.add(make_message(big))
    assert store.health().state == "up"


def test_a_file_that_cannot_be_written_is_an_error_at_opening(unwritable: Path) -> None:
    with pytest.raises(StoreReadOnlyError, match="cannot be written"):
        Store.open(unwritable / "qunda.db")


def test_a_folder_that_cannot_be_made_is_an_error_at_opening(unwritable: Path) -> None:
    with pytest.raises(StoreReadOnlyError, match="cannot be made"):
        Store.open(unwritable / "data" / "qunda.db")


async def test_a_file_that_becomes_read_only_fails_the_write(store: Store) -> None:
    await store.database.write(lambda db: db.execute("PRAGMA query_only = ON").fetchall())
    with pytest.raises(StoreReadOnlyError):
        await store.messages.add(make_message())
    assert store.health().state == "down"


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "q.db").mkdir()
    with pytest.raises(StoreReadOnlyError, match="cannot be opened"):
        Store.open(tmp_path / "q.db")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "q.db").write_bytes(b"not a database at all, sorry" * 100)
    with pytest.raises(StoreDamagedError, match="not a database"):
        Store.open(tmp_path / "q.db")


def test_a_file_of_a_newer_version_is_an_error(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "q.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreDamagedError, match="update the program"):
        Store.open(tmp_path / "q.db")


async def test_every_store_error_is_of_the_tree(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.database.execute("SELECT nothing FROM nowhere")
    with pytest.raises(StoreError):
        await store.database.fetch("SELECT nothing FROM nowhere")
