"""Tells the blocks of a Markdown text: headings, code, tables, list items, prose, and what a chat cannot show.

It knows no sentence and no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.documents import plain_heading

BlockKind = Literal["heading", "code", "table", "item", "prose", "hidden"]

ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)、])\s+\S")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
_COLONS = re.compile(r"\s*:{3,}\s*(?:\{.*)?$")
_DIRECTIVE = re.compile(r"\s*\{([\w:+.-]+)\}")
_ADMONITIONS = frozenset(
    ("note", "warning", "tip", "attention", "caution", "danger", "error", "hint", "important", "seealso", "admonition")
)
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_SETEXT = re.compile(r" {0,3}(?:={3,}|-{3,})[ \t]*$")
_TABLE = re.compile(r"\s*\|.*\|\s*$")
_HTML_TABLE = re.compile(r"</?(?:table|thead|tbody|tr|th|td)\b", re.IGNORECASE)
_CODE_LINE = re.compile(
    r"^(?:\s{2,}\S|\s*(?:#|//|\$|>>>|@|import |from |def |class |return |pip |git |cd |sudo |export |python\d? ))"
    r"|[=({\[,;\\)\]}]\s*$|\s--\w"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together. ``level`` and ``name`` are a heading's; ``open``: code that began before the text."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    name: str = ""
    open: bool = False


def blocks(text: str, *, continues: bool = False) -> Iterator[Block]:
    """The blocks of ``text`` in order, without the blank lines between them.

    ``continues`` says that something stands before the text in its document, so that it may begin inside a code block.
    """
    reader = _Reader(text)
    if continues and (tag := _HTML_TABLE.search(text)) and tag.group().lower() != "<table":
        reader.leave_table()
    elif continues and _begins_in_code(text):
        yield reader.take_code(0, "", "code", is_open=True)
    while not reader.done:
        if block := reader.take():
            yield block


class _Reader:
    """A place in a text that moves block by block."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._at = 0  # the next line
        self._position = 0  # its offset
        self._admonition = ""  # the fence that ends the admonition we are in

    @property
    def done(self) -> bool:
        return self._at >= len(self._lines)

    def take(self) -> Block | None:
        """The next block, or None for a blank line."""
        start, line = self._position, self._next()
        if not line.strip():
            return None
        if fence := _FENCE.match(line):
            return self._fenced(start, fence.group(1), fence.group(2))
        if _COLONS.match(line):
            return Block("hidden", start, self._position)
        if heading := _HEADING.match(line):
            return Block("heading", start, self._position, len(heading.group(1)), plain_heading(heading.group(2)))
        if _HTML_TABLE.search(line):
            self.leave_table(line)
            return Block("hidden", start, self._position)
        kind = _line_kind(line)
        if kind == "prose" and not self.done and _SETEXT.match(self._lines[self._at]):
            underline = self._next()
            return Block("heading", start, self._position, 1 if "=" in underline else 2, plain_heading(line.strip()))
        while kind != "item" and not self.done and _line_kind(self._lines[self._at]) == kind:
            self._next()
        while kind == "item" and not self.done and _line_kind(self._lines[self._at]) == "prose":
            self._next()  # the item goes on
        return Block(kind, start, self._position)

    def leave_table(self, line: str = "") -> None:
        """Go on behind the table that ``line`` belongs to, which a chat cannot show."""
        while "</table" not in line.lower() and not self.done:
            line = self._next()

    def take_code(self, start: int, fence: str, kind: BlockKind, *, is_open: bool = False) -> Block:
        """Lines up to the one that closes the code."""
        while not self.done:
            bare = self._next().strip()
            if bare[:3] in ("```", "~~~") and not bare.strip("`~") and bare.startswith(fence):
                break
        return Block(kind, start, self._position, open=is_open)

    def _fenced(self, start: int, fence: str, info: str) -> Block:
        if self._admonition == fence and not info.strip():
            self._admonition = ""
            return Block("hidden", start, self._position)
        name = match.group(1) if (match := _DIRECTIVE.match(info)) else ""
        if name in _ADMONITIONS:  # what stands in it is prose
            self._admonition = fence
            return Block("hidden", start, self._position)
        return self.take_code(start, fence, "hidden" if name and not name.startswith("code") else "code")

    def _next(self) -> str:
        line = self._lines[self._at]
        self._at += 1
        self._position += len(line)
        return line


def _line_kind(line: str) -> BlockKind:
    """The kind of a line that neither begins nor ends a fence."""
    if (
        not line.strip()
        or _HEADING.match(line)
        or _FENCE.match(line)
        or _COLONS.match(line)
        or _HTML_TABLE.search(line)
    ):
        return "hidden"
    if _TABLE.match(line):
        return "table"
    return "item" if ITEM.match(line) else "prose"


def _begins_in_code(text: str) -> bool:
    """Whether a passage that is not the first of its document begins in the middle of a code block."""
    lines = text.splitlines()
    fences = [i for i, line in enumerate(lines) if _FENCE.match(line)]
    if not fences:
        return _looks_like_code(lines)
    is_bare = not lines[fences[0]].strip("`~ \t")
    return is_bare and len(fences) % 2 == 1 and _looks_like_code(lines[: fences[0]])


def _looks_like_code(lines: Sequence[str]) -> bool:
    written = [line for line in lines if line.strip()]
    likely = sum(_CODE_LINE.search(line) is not None and not ITEM.match(line) for line in written)
    return likely > 0.6 * len(written)
