"""Keeps the decision file of a replay: resumable, one line for each id, in the order of the input. Knows no event loop.

`Decisions.open` reads the ids that the file holds and cuts off a half-written last line. A small ``OUT.resume`` beside
it names the unfinished run until every line has its decision. Without that file a run gets a new name, so messages of
an earlier, finished replay are never taken for this one's.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.base import AdapterError
from adapters.replay_file import Line, decode, is_id, parse_lines

FIRST_KEY = b'{"id": '


@dataclass(slots=True)
class Decisions:
    """Which lines of the input the file holds, and where the next decision goes."""

    path: Path
    run_id: str
    lines: list[Line]
    size: int
    written: set[str]
    ready: dict[str, bytes] = field(default_factory=dict)
    position: int = 0

    @classmethod
    def open(
        cls, in_path: Path, out_path: Path, new_id: Callable[[], str] = lambda: uuid.uuid4().hex[:12]
    ) -> Decisions:
        """Read both files, and mend the second.

        Raises:
            AdapterError: a file cannot be used; permanent, and the message says what to do.
        """
        data = _read_input(in_path)
        try:
            if out_path.exists() and out_path.samefile(in_path):
                raise AdapterError(
                    f"{out_path} is the input itself: name another file for the decisions", permanent=True
                )
            found, size = _read_written(out_path)
            run_id = _run_id(out_path, new_id)
            with out_path.open("ab") as file:
                file.truncate(size)
        except OSError as error:
            raise AdapterError(f"cannot write {out_path}: {error.strerror}", permanent=True) from error
        lines = parse_lines(data, run_id)
        decisions = cls(out_path, run_id, lines, size, found & {line.key for line in lines})
        decisions._finish(decisions._reached())
        return decisions

    @property
    def decided(self) -> int:
        """How many lines of the input have a decision, written or waiting for an earlier one."""
        return len(self.written) + len(self.ready)

    @property
    def complete(self) -> bool:
        """Every line of the input stands in the file."""
        return self.position == len(self.lines)

    def has(self, line: Line) -> bool:
        """Whether the line has its decision."""
        return line.key in self.written or line.key in self.ready

    def add(self, line: Line, decision: dict[str, Any]) -> None:
        """Take the decision of a line, and write all those that no earlier line holds up. A second one is ignored.

        A decision that waits here is not lost by a crash: the outcome is in the store and is asked for again.

        Raises:
            OSError: it could not be written; what was half-written is overwritten by the next attempt.
        """
        if self.has(line):
            return
        self.ready[line.key] = line.decision(decision)
        reached = self._reached()
        due = [key for line in self.lines[self.position : reached] if (key := line.key) in self.ready]
        if due:
            self._write(b"".join(self.ready[key] for key in due), last=reached == len(self.lines))
        for key in due:
            del self.ready[key]
            self.written.add(key)
        self._finish(reached)

    def _reached(self) -> int:
        """The first line without a decision."""
        position = self.position
        while position < len(self.lines) and self.has(self.lines[position]):
            position += 1
        return position

    def _finish(self, reached: int) -> None:
        self.position = reached
        if self.complete:
            _resume_path(self.path).unlink(missing_ok=True)

    def _write(self, data: bytes, *, last: bool) -> None:
        # At a fixed offset instead of appended: a half-written attempt is overwritten. No handle stays open in between.
        with self.path.open("r+b", buffering=0) as file:
            file.seek(self.size)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if last:
                os.fsync(file.fileno())
        self.size += len(data)


def _read_input(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AdapterError(f"cannot read {path}: {error.strerror}", permanent=True) from error


def _resume_path(out_path: Path) -> Path:
    return out_path.with_name(out_path.name + ".resume")


def _run_id(out_path: Path, new_id: Callable[[], str]) -> str:
    """The name of the run that OUT belongs to. Stored before OUT exists: an OUT without it is of a finished run."""
    path = _resume_path(out_path)
    if out_path.exists() and path.exists() and (known := path.read_text("utf-8").strip()):
        return known
    run_id = new_id()
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(run_id + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return run_id


def _read_written(path: Path) -> tuple[set[str], int]:
    """The ids in a decision file, and its size without a half-written last line."""
    if not path.exists():
        return set(), 0
    data = path.read_bytes()
    size = data.rfind(b"\n") + 1
    half = data[size:]
    if half and not half.startswith(FIRST_KEY[: len(half)]):
        raise _foreign(path, data.count(b"\n") + 1)
    written = set()
    for number, raw in enumerate(data[:size].split(b"\n")[:-1], 1):
        fields, _ = decode(raw)
        if not is_id(fields.get("id")) or "outcome" not in fields:
            raise _foreign(path, number)
        written.add(str(fields["id"]))
    return written, size


def _foreign(path: Path, number: int) -> AdapterError:
    message = f"{path} line {number} is no decision of a replay: name another file, or delete this one"
    return AdapterError(message, permanent=True)
