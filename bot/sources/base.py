"""What fetching a source takes and gives, and the folder that it goes to. Knows no network.

Errors::

    SourceError     a source could not be fetched as a whole; its last copy stays
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["fresh", "kept", "failed"]
STATE_FORMAT = 1


class SourceError(Exception):
    """A source could not be fetched; the message says why and names the fix."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one source may take. ``pause_s`` is the least time between two requests to a site."""

    max_file_mb: float = 20
    max_source_mb: float = 500
    max_pages: int = 500
    page_timeout_s: float = 30
    source_timeout_s: float = 1800
    pause_s: float = 0.5

    @property
    def file_bytes(self) -> int:
        """The limit of one file or page."""
        return int(self.max_file_mb * 1e6)

    @property
    def source_bytes(self) -> int:
        """The limit of one source."""
        return int(self.max_source_mb * 1e6)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How fetching one source went; plain data.

    ``kept``: the last copy is used, ``detail`` says why. ``failed``: there is none. ``failed_items`` holds (what,
    reason) for single pages and documents, ``notes`` what else an admin should know.
    """

    entry: str
    state: State
    documents: int = 0
    detail: str = ""
    notes: tuple[str, ...] = ()
    failed_items: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Fetched:
    """What a fetch brought: the folder to build from, and addresses by path below it, or by its beginning.

    A beginning ends in a slash, or is empty.
    """

    root: Path
    links: dict[str, str] = field(default_factory=dict)
    documents: int = 0
    detail: str = ""
    notes: list[str] = field(default_factory=list)
    failed_items: list[tuple[str, str]] = field(default_factory=list)


Note = Callable[[int, int], None]  # how many documents are done, of how many (0: unknown)


class Shelf:
    """The place of one source below ``data/sources``: a folder of documents, and beside it a file with their state."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / name
        self._state = root / f"{name}.json"
        self._lock = root / f".{name}.lock"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else fetches into it meanwhile.

        Raises:
            SourceError: somebody does already.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SourceError("another build is fetching it right now") from error
            yield

    def read(self) -> dict[str, Any]:
        """The state of the last fetch; empty where there was none or it cannot be read."""
        try:
            state = json.loads(self._state.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        fine = isinstance(state, dict) and state.get("format") == STATE_FORMAT and self.folder.is_dir()
        return state if fine else {}

    def write(self, state: Mapping[str, Any]) -> None:
        """Replace the state; what it had of other keys stays."""
        whole = {**self.read(), **state, "format": STATE_FORMAT}
        beside = self._state.with_suffix(".new")
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
        beside.replace(self._state)

    def save(self, name: str, data: bytes) -> None:
        """Write a document; whoever reads sees the old one or the new one."""
        path = self.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f".{name}.new"
        beside.write_bytes(data)
        beside.replace(path)

    def keep_only(self, names: set[str]) -> None:
        """Remove every other document."""
        with contextlib.suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                if path.name not in names:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def now_text() -> str:
    """The time as states hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def size_of(folder: Path, enough: int) -> int:
    """The bytes below a folder; counting ends once it is more than ``enough``."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
        if total > enough:
            break
    return total
