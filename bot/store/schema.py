"""The tables, and how an older file is brought up to date. Knows no values of ours, only columns."""

from __future__ import annotations

import sqlite3

from bot.store.errors import StoreDamagedError

# Times are seconds since 1970 (REAL). One entry per version of the file; entries are never edited, only added.
_MIGRATIONS = (
    """
    CREATE TABLE events (                 -- every delivery seen, to know it again
        platform TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (platform, id)) WITHOUT ROWID;

    CREATE TABLE signals (                -- recalls, reactions and pressed buttons, until handled
        seq INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL, received_at REAL NOT NULL, handled_at REAL);
    CREATE INDEX signals_open ON signals (seq) WHERE handled_at IS NULL;

    CREATE TABLE messages (               -- seq is the order of delivery
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        platform TEXT NOT NULL, id TEXT NOT NULL, chat TEXT NOT NULL, thread TEXT, sender TEXT NOT NULL,
        payload TEXT NOT NULL, received_at REAL NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'decided', 'done')),
        kind TEXT, outcome TEXT, finished_at REAL,
        UNIQUE (platform, id));
    CREATE INDEX messages_open ON messages (seq) WHERE state <> 'done';
    CREATE INDEX messages_chat ON messages (platform, chat, seq);
    CREATE INDEX messages_finished ON messages (finished_at) WHERE state = 'done';

    CREATE TABLE outbox (                 -- one row per part of a reply
        key TEXT PRIMARY KEY,
        platform TEXT NOT NULL, message_id TEXT NOT NULL, chat TEXT NOT NULL, part INTEGER NOT NULL,
        edition INTEGER NOT NULL, streamed INTEGER NOT NULL, payload TEXT,
        state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'sent', 'failed', 'unknown', 'recalled')),
        in_doubt INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, first_attempt_at REAL,
        sent_ids TEXT NOT NULL DEFAULT '[]', error TEXT NOT NULL DEFAULT '', updated_at REAL NOT NULL);
    CREATE INDEX outbox_message ON outbox (platform, message_id);
    CREATE INDEX outbox_chat ON outbox (platform, chat, updated_at) WHERE state = 'sent';
    CREATE INDEX outbox_state ON outbox (state) WHERE state <> 'sent';

    CREATE TABLE sent_ids (platform TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (platform, id)) WITHOUT ROWID;

    CREATE TABLE examples (
        id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, text TEXT NOT NULL,
        label TEXT NOT NULL CHECK (label IN ('good', 'bad')),
        by TEXT NOT NULL, at REAL NOT NULL, source TEXT NOT NULL DEFAULT '', undone_at REAL, undone_by TEXT);
    CREATE INDEX examples_scope ON examples (scope) WHERE undone_at IS NULL;

    CREATE TABLE group_settings ("group" TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY ("group", key)) WITHOUT ROWID;

    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, platform TEXT NOT NULL, message_id TEXT NOT NULL, by TEXT NOT NULL, kind TEXT NOT NULL,
        detail TEXT NOT NULL, at REAL NOT NULL);

    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, "group" TEXT NOT NULL,
        detail TEXT NOT NULL);
    """,
    """
    CREATE TABLE spending (               -- tokens of language models, by days of [bot] timezone
        day TEXT NOT NULL, "group" TEXT NOT NULL, person TEXT NOT NULL,
        prompt INTEGER NOT NULL, completion INTEGER NOT NULL, calls INTEGER NOT NULL, estimated INTEGER NOT NULL,
        at REAL NOT NULL, UNIQUE (day, "group", person));
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file up to date in one transaction.

    Raises:
        StoreDamagedError: the file was written by a newer version of the program.
    """
    connection.execute("BEGIN IMMEDIATE")  # another process may be at the same
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(_MIGRATIONS):
        raise StoreDamagedError(
            f"the store has version {version}, this program knows {len(_MIGRATIONS)}:"
            " update the program, or use another --data"
        )
    for script in _MIGRATIONS[version:]:
        for statement in script.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")
