"""Labels a chat export by hand: which message to ask about next, undo, and resume. Knows no terminal.

The label file is the input of `qunda eval` and ``--train``: one object per line, appended and flushed at each answer,
so that nothing is lost whenever the person stops. Undoing a label cuts off the last line. A file that holds anything
but labels is never changed.
"""

from __future__ import annotations

import codecs
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config import ConfigError

RELEARN_EVERY = 10
POOL = 500  # messages that are ranked: what comes next must not take longer in a long export than in a short one

Uncertainty = Callable[[Sequence[str], Sequence[tuple[str, bool]]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One message of the export; ``fields`` are the other keys of its line, copied to the label file."""

    text: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Labelling:
    """A pass over an export. ``uncertainty(texts, labelled)``: how little a gate trained on ``labelled`` knows of each.

    Texts that stand in the export more than once are asked about once.
    """

    candidates: Sequence[Candidate]
    path: Path
    uncertainty: Uncertainty
    labels: list[tuple[Candidate, bool]] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    _order: list[Candidate] = field(default_factory=list)
    _learned: int = -1
    _trail: list[tuple[Candidate, bool]] = field(default_factory=list)  # of this sitting; True: labelled

    def resume(self) -> int:
        """Take up the labels that the file holds already; how many. A half-written last line is cut off.

        Raises:
            ConfigError: the file holds something else than labels; it is left as it is.
        """
        if not self.path.exists():
            return 0
        known = {candidate.text: candidate for candidate in self.candidates}
        lines = self.path.read_bytes().splitlines(keepends=True)
        whole = lines[:-1] if lines and _half_written(lines[-1]) else lines
        for number, line in enumerate(whole, 1):
            row = _row(line)
            if row is None and line.strip():
                raise ConfigError(
                    f'{self.path}, line {number} is no label ({{"text": "...", "answer": true or false}}): '
                    "mend the line, or name another file with --out; nothing was changed"
                )
            if row is not None:
                self.labels.append((known.get(row["text"], Candidate(row["text"], {})), row["answer"]))
        with self.path.open("rb+") as file:
            file.truncate(sum(map(len, whole)))
            if whole and not whole[-1].endswith(b"\n"):
                file.seek(0, os.SEEK_END)
                file.write(b"\n")
        return len(self.labels)

    @property
    def left(self) -> int:
        """How many messages wait for a label."""
        return len(self._open())

    @property
    def learns(self) -> bool:
        """Whether `next` ranks the messages anew, which takes a moment."""
        done = self._done()
        taught = self._learned < 0 or len(self.labels) >= self._learned + RELEARN_EVERY
        return taught or all(candidate.text in done for candidate in self._order)

    def next(self) -> Candidate | None:
        """The message that would teach most; None when all are labelled or skipped."""
        if self.learns and (waiting := self._open()):
            self._rank(waiting[:POOL])
        done = self._done()
        return next((candidate for candidate in self._order if candidate.text not in done), None)

    def label(self, candidate: Candidate, answer: bool) -> None:
        """Store a label."""
        row = {**candidate.fields, "text": candidate.text, "answer": answer}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self.path.open("ab") as file:
            file.write(line.encode("utf-8", "backslashreplace"))  # half a surrogate pair becomes its JSON escape
            file.flush()
            os.fsync(file.fileno())
        self.labels.append((candidate, answer))
        self._trail.append((candidate, True))

    def skip(self, candidate: Candidate) -> None:
        """Do not ask about this one again in this sitting."""
        self.skipped.add(candidate.text)
        self._trail.append((candidate, False))

    def undo(self) -> Candidate | None:
        """Take the last step back, a label or a skip, then labels of earlier sittings; None where there is none.

        Raises:
            ConfigError: the file does not end with that label any more.
        """
        candidate, labelled = self._trail.pop() if self._trail else (None, True)
        if candidate is not None and not labelled:
            self.skipped.discard(candidate.text)
        elif self.labels:
            candidate, _ = self.labels.pop()
            self._cut_off(candidate)
        if candidate is not None:
            self._order.insert(0, candidate)
        return candidate

    def _cut_off(self, candidate: Candidate) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)
        while lines and not lines[-1].strip():
            lines.pop()
        row = _row(lines[-1]) if lines else None
        if row is None or row["text"] != candidate.text:
            raise ConfigError(f"{self.path} was changed meanwhile; start again to go on with what it holds now")
        with self.path.open("rb+") as file:
            file.truncate(sum(map(len, lines[:-1])))

    def _done(self) -> set[str]:
        return {candidate.text for candidate, _ in self.labels} | self.skipped

    def _open(self) -> list[Candidate]:
        """What waits for a label: in the order of the export, or shuffled (always alike) where that is long."""
        distinct = list({candidate.text: candidate for candidate in self.candidates if candidate.text.strip()}.values())
        if len(distinct) > POOL:
            random.Random(0).shuffle(distinct)
        done = self._done()
        return [candidate for candidate in distinct if candidate.text not in done]

    def _rank(self, open_ones: list[Candidate]) -> None:
        labelled = [(candidate.text, answer) for candidate, answer in self.labels]
        scores = self.uncertainty([candidate.text for candidate in open_ones], labelled)
        ranked = sorted(zip(scores, range(len(open_ones)), strict=True), key=lambda pair: (-pair[0], pair[1]))
        self._order = [open_ones[number] for _, number in ranked]
        self._learned = len(self.labels)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    complete = isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("answer"), bool)
    return row if complete else None


def _half_written(line: bytes) -> bool:
    """Whether a last line was cut short while it was written: it is the beginning of an object."""
    if line.endswith(b"\n") or not line.startswith(b"{"):
        return False
    try:
        json.loads(line.decode("utf-8"))
    except ValueError:
        return True
    return False
