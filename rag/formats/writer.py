"""Writes Markdown piece by piece and keeps the places in it. It knows no format.

Text that is none of our mark-up is kept from being taken for it; tables with long cells are written as records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.formats.base import Converted, Place

RECORD_CHARS = 500  # a table with a longer row reads better as a record for each row
MAX_COLUMNS = 256
_SPACES = re.compile(r"[^\S\n]+")
_MARKUP = re.compile(r"^(\s{0,3})(?=#{1,6}(?:\s|$)|`{3,}|~{3,}|\||=+\s*$|-{2,}\s*$|<table\b)", re.MULTILINE)
_BACKTICKS = re.compile(r"`{3,}")


class MarkdownWriter:
    """Collects blocks, each followed by a blank line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._places: list[Place] = []
        self.notices: list[str] = []

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    def place(self, fragment: str, *, cuts: bool = False, question: str = "") -> None:
        """What follows stands here."""
        self._places.append(Place(self._length, fragment, cuts, question))

    def raw(self, markdown: str) -> None:
        """Markdown as it is."""
        if markdown.strip():
            block = markdown.strip("\n") + "\n\n"
            self._parts.append(block)
            self._length += len(block)

    def heading(self, level: int, text: str) -> None:
        """A heading; a line of text where it is too long for one."""
        line = " ".join(text.split())
        if len(line) > 200:
            self.paragraph(line)
        elif line:
            self.raw(f"{'#' * min(max(level, 1), 6)} {line}")

    def paragraph(self, text: str) -> None:
        """Text, whose own line breaks stay."""
        self.raw(escaped("\n".join(" ".join(line.split()) for line in text.strip().splitlines())))

    def items(self, items: Sequence[tuple[int, str, str]]) -> None:
        """A list: (depth, mark, text) of each item."""
        lines = [
            "  " * min(depth, 6) + f"{mark} {' '.join(text.split())}" for depth, mark, text in items if text.strip()
        ]
        self.raw("\n".join(lines))

    def code(self, text: str, language: str = "") -> int:
        """A code block; its fence is longer than any in it. Returns where its text begins."""
        longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
        fence = "`" * (longest + 1)
        begins = self._length + len(fence) + len(language) + 1
        if text.strip():
            self.raw(f"{fence}{language}\n{text.strip(chr(10))}\n{fence}")
        return begins

    def table(self, rows: Sequence[Sequence[str]], *, caption: str = "") -> None:
        """A table whose first row is its header; without empty rows and columns at its end, or as records."""
        rows, title = _trimmed(rows)
        if caption or title:
            self.paragraph(caption or title)
        if not rows:
            return
        if len(rows) > 1 and max(sum(map(len, row)) for row in rows) > RECORD_CHARS:
            self._records(rows)
            return
        lines = [_line(row) for row in rows]
        lines.insert(1, "|" + " --- |" * len(rows[0]))
        self.raw("\n".join(lines))

    def _records(self, rows: Sequence[Sequence[str]]) -> None:
        header = rows[0]
        for row in rows[1:]:
            cells = [f"**{name}**: {cell}" if name else cell for name, cell in zip(header, row, strict=True) if cell]
            self.raw("\n".join(escaped(cell) for cell in cells))

    def result(self, title: str = "") -> Converted:
        """All of it."""
        places = tuple(place for place in self._places if place.start < self._length)
        return Converted("".join(self._parts), " ".join(title.split())[:200], places, tuple(self.notices))


def escaped(text: str) -> str:
    """Text in which nothing at the start of a line is taken for a heading, a fence, a rule or a table."""
    return _MARKUP.sub(r"\1\\", text)


def cell(text: str) -> str:
    """The text of a table's cell on one line."""
    return " ".join(text.split()).replace("|", "\\|")


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _trimmed(rows: Sequence[Sequence[str]]) -> tuple[list[list[str]], str]:
    """Rows of one width without empty ones; and a first row that is one merged cell, as a caption."""
    kept = [[cell(text) for text in row] for row in rows]
    kept = [row for row in kept if any(row)]
    width = max((max(i for i, text in enumerate(row, 1) if text) for row in kept), default=0)
    kept = [[*row[:width], *[""] * (width - len(row))] for row in kept]
    empty = {i for i in range(width) if not any(row[i] for row in kept)}
    kept = [[text for i, text in enumerate(row) if i not in empty] for row in kept]
    title = ""
    is_title = len(kept) > 2 and len(kept[0]) > 1 and {text for text in kept[0] if text} == {kept[0][0]}
    if is_title and sum(map(bool, kept[1])) > 1:
        title = next(text for text in kept.pop(0) if text)
    return kept, title
