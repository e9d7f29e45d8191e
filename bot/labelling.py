"""Labels a chat export by hand: which message to ask about next, undo, and resume. Knows no terminal.

The label file is the input of `qunda eval` and ``--train``: one object per line, appended and flushed at each answer,
so that nothing is lost whenever the person stops. Undoing a label cuts off the last line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RELEARN_EVERY = 10

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

    def resume(self) -> int:
        """Take up the labels that the file holds already; how many. A half-written last line is cut off."""
        if not self.path.exists():
            return 0
        known = {candidate.text: candidate for candidate in self.candidates}
        size = 0
        data = self.path.read_bytes()
        for line in data.splitlines(keepends=True):
            row = _row(line)
            if row is None:
                break
            size += len(line)
            candidate = known.get(row["text"], Candidate(row["text"], {}))
            self.labels.append((candidate, row["answer"]))
        if size < len(data):
            with self.path.open("rb+") as file:
                file.truncate(size)
        return len(self.labels)

    @property
    def left(self) -> int:
        """How many messages wait for a label."""
        done = {candidate.text for candidate, _ in self.labels} | self.skipped
        return sum(candidate.text not in done for candidate in self._distinct())

    def next(self) -> Candidate | None:
        """The message that would teach most; None when all are labelled or skipped."""
        done = {candidate.text for candidate, _ in self.labels} | self.skipped
        if self._learned < 0 or len(self.labels) >= self._learned + RELEARN_EVERY:
            self._rank([candidate for candidate in self._distinct() if candidate.text not in done])
        return next((candidate for candidate in self._order if candidate.text not in done), None)

    def label(self, candidate: Candidate, answer: bool) -> None:
        """Store a label."""
        row = {**candidate.fields, "text": candidate.text, "answer": answer}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.labels.append((candidate, answer))

    def skip(self, candidate: Candidate) -> None:
        """Do not ask about this one again in this sitting."""
        self.skipped.add(candidate.text)

    def undo(self) -> Candidate | None:
        """Take the last label back; its message, or None where there is none."""
        if not self.labels:
            return None
        candidate, _ = self.labels.pop()
        lines = self.path.read_bytes().splitlines(keepends=True)
        with self.path.open("rb+") as file:
            file.truncate(sum(map(len, lines[:-1])))
        self._order.insert(0, candidate)
        return candidate

    def _distinct(self) -> list[Candidate]:
        return list({candidate.text: candidate for candidate in self.candidates if candidate.text.strip()}.values())

    def _rank(self, open_ones: list[Candidate]) -> None:
        labelled = [(candidate.text, answer) for candidate, answer in self.labels]
        scores = self.uncertainty([candidate.text for candidate in open_ones], labelled)
        ranked = sorted(zip(scores, range(len(open_ones)), strict=True), key=lambda pair: (-pair[0], pair[1]))
        self._order = [open_ones[number] for _, number in ranked]
        self._learned = len(self.labels)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    complete = isinstance(row, dict) and isinstance(row.get("text"), str) and isinstance(row.get("answer"), bool)
    return row if complete and line.endswith(b"\n") else None
