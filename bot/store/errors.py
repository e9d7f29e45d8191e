"""What can be wrong with the store, and SQLite's errors translated into it.

Errors::

    StoreError              the store could not do it; the message names the fix
      StoreLockedError      another process holds the database
      StoreReadOnlyError    the file, its folder or the file system cannot be written
      StoreFullError        no room on the disk
      StoreDamagedError     the file is no database, is damaged, or comes from a newer version
      StoreClosedError      the store was closed
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store could not do it; the message names the fix."""


class StoreLockedError(StoreError):
    """Another process holds the database."""


class StoreReadOnlyError(StoreError):
    """The file, its folder or the file system cannot be written."""


class StoreFullError(StoreError):
    """There is no room on the disk."""


class StoreDamagedError(StoreError):
    """The file is no database, is damaged, or comes from a newer version."""


class StoreClosedError(StoreError):
    """The store was closed."""


class StoreConflictError(StoreError):
    """The write breaks a rule of the tables: the caller's fault, not the disk's."""


# By SQLite's primary result code: the class, and what to say. https://www.sqlite.org/rescode.html
_MEANINGS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreLockedError, "{path} is held by another process; close it there and try again"),
    sqlite3.SQLITE_LOCKED: (StoreLockedError, "{path} is held by another process; close it there and try again"),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnlyError,
        "{path} cannot be written; give the user that runs this the right to write the file and its folder",
    ),
    sqlite3.SQLITE_PERM: (StoreReadOnlyError, "{path} cannot be written; check the rights of its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreReadOnlyError,
        "{path} cannot be opened; check that its folder exists and can be written, and that it is a file",
    ),
    sqlite3.SQLITE_FULL: (StoreFullError, "no room is left for {path}; free some space on that disk"),
    sqlite3.SQLITE_NOTADB: (StoreDamagedError, "{path} is not a database; move it away to start anew"),
    sqlite3.SQLITE_CORRUPT: (
        StoreDamagedError,
        "{path} is damaged; restore it, or move it away to start with a new one",
    ),
}


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """The error of ours that says what SQLite's means for the person who runs the bot."""
    if isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError | sqlite3.DataError
    ):
        return StoreConflictError(f"{path}: the write was refused ({error})")
    code = getattr(error, "sqlite_errorcode", None)
    kind, text = _MEANINGS.get((code or 0) & 0xFF, (StoreError, "{path}: the store failed"))
    return kind(f"{text.format(path=path)} ({error})")
