"""Cuts a document along its structure into passages that keep heading path and place.

It knows nothing of files, terms or vectors. A passage's text is exactly the document's text from ``start`` to ``end``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from rag.base import Passage
from rag.documents import Document, plain_heading

SPLITTER_ID = "structure-1"
PASSAGE_CHARS = 800

_Kind = Literal["heading", "text", "code", "table"]
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?)[ \t]*#*)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r"[ \t]*(?:[-*+>][ \t]+)?(`{3,}|~{3,})")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_HTML_TABLE = re.compile(r"[ \t]*<table\b", re.IGNORECASE)
_HTML_TABLE_END = re.compile(r"</table>", re.IGNORECASE)
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_BREAKS = ("\n", "。！？!?；;", ".", "，,、：:", " \t")  # where to cut a long text, best first
_MAX_SETEXT_CHARS = 120


@dataclass(frozen=True, slots=True)
class _Block:
    kind: _Kind
    start: int
    end: int
    level: int = 0
    heading: str = ""


def cut(document: Document, passage_chars: int = PASSAGE_CHARS) -> list[Passage]:
    """The passages of a document, in order, about ``passage_chars`` long; together they hold every non-blank character.

    Code blocks and tables are cut between lines only, so that one long line makes one long passage.
    """
    spans = _pack(document.text, _blocks(document.text, document.is_markdown), passage_chars)
    passages: list[Passage] = []
    for start, end, headings in spans:
        body = document.text[start:end]
        start, end = start + len(body) - len(body.lstrip()), end - (len(body) - len(body.rstrip()))
        if start < end:
            text, n = document.text[start:end], len(passages)
            passages.append(Passage(f"{document.uri}#{n}", text, document.title, document.uri, headings, n, start, end))
    return passages


def _pack(text: str, blocks: Iterator[_Block], limit: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Put blocks together up to ``limit`` characters; a heading starts a new passage once this one has substance."""
    path: list[tuple[int, str]] = []
    start, end = 0, 0
    headings: tuple[str, ...] = ()
    only_headings = True
    whole = len(text.strip()) <= limit
    for block in chain.from_iterable(_pieces(text, whole_block, limit) for whole_block in blocks):
        is_heading = block.kind == "heading"
        full = block.end - start > limit and not only_headings
        if end > start and not whole and (full or (is_heading and not only_headings and end - start > limit // 3)):
            yield start, end, headings
            start, only_headings = block.start, True
        if is_heading:
            path = [*(entry for entry in path if entry[0] < block.level), (block.level, block.heading)]
        if only_headings:
            headings = tuple(heading for _, heading in path if heading)
        only_headings = only_headings and is_heading
        end = block.end
    if end > start:
        yield start, end, headings


def _pieces(text: str, block: _Block, limit: int) -> Iterator[_Block]:
    """The block, or where it is over ``limit`` its parts: cut between lines, and text within long lines too."""
    if block.end - block.start <= limit or block.kind == "heading":
        yield block
        return
    start = block.start
    while block.end - start > limit:
        at = text.rfind("\n", start + 1, start + limit) + 1
        if block.kind == "text":
            at = _text_break(text, start, start + limit)
        elif at <= start:
            newline = text.find("\n", start + limit - 1, block.end)
            at = newline + 1 if newline >= 0 else block.end
        yield _Block(block.kind, start, at)
        start = at
    if start < block.end:
        yield _Block(block.kind, start, block.end)


def _text_break(text: str, start: int, end: int) -> int:
    """The best place to cut running text in its second half before ``end``; ``end`` itself if there is none."""
    low = start + (end - start) // 2
    for marks in _BREAKS:
        at = max(text.rfind(mark, low, end) for mark in marks)
        if at >= 0:
            return at + 1
    return end


def _blocks(text: str, markdown: bool) -> Iterator[_Block]:
    """The blocks of a text, together covering it: headings, fenced code, tables, list items and paragraphs."""
    lines = _Lines(text)
    while not lines.done:
        start, line = lines.at, lines.peek()
        if not markdown:
            yield lines.take_paragraph(start, markdown=False)
        elif match := _ATX.match(line):
            lines.skip()
            yield _Block("heading", start, lines.at, len(match.group(1)), plain_heading(match.group(2) or ""))
        elif match := _FENCE.match(line):
            yield lines.take_fence(start, match.group(1))
        elif _HTML_TABLE.match(line):
            yield lines.take_html_table(start)
        elif _TABLE_ROW.match(line):
            yield lines.take_table(start)
        else:
            yield lines.take_paragraph(start, markdown=True)


class _Lines:
    """A place in a text that moves line by line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def peek(self) -> str:
        """The line here, without its end."""
        end = self.text.find("\n", self.at)
        return self.text[self.at : end if end >= 0 else len(self.text)]

    def skip(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = end + 1 if end >= 0 else len(self.text)

    def take_fence(self, start: int, fence: str) -> _Block:
        self.skip()
        while not self.done:
            line = self.peek().strip()
            self.skip()
            if line.startswith(fence) and not line.strip(fence[0]):
                break
        return _Block("code", start, self.at)

    def take_html_table(self, start: int) -> _Block:
        end = _HTML_TABLE_END.search(self.text, self.at)
        self.at = end.end() if end else len(self.text)
        self.skip()
        return _Block("table", start, self.at)

    def take_table(self, start: int) -> _Block:
        while not self.done and _TABLE_ROW.match(self.peek()):
            self.skip()
        return _Block("table", start, self.at)

    def take_paragraph(self, start: int, *, markdown: bool) -> _Block:
        """Lines up to a blank one (which it takes too) or to another block; or a setext heading where it is one."""
        first = self.peek()
        self.skip()
        if markdown and first.strip() and len(first) < _MAX_SETEXT_CHARS and not _LIST_ITEM.match(first):
            underline = None if self.done else _SETEXT.match(self.peek())
            if underline:
                self.skip()
                level = 1 if underline.group(1)[0] == "=" else 2
                return _Block("heading", start, self.at, level, plain_heading(first.strip()))
        while not self.done:
            line = self.peek()
            if not line.strip():
                self.skip()
                break
            if markdown and _starts_block(line):
                break
            self.skip()
        return _Block("text", start, self.at)


def _starts_block(line: str) -> bool:
    return bool(
        _ATX.match(line)
        or _FENCE.match(line)
        or _TABLE_ROW.match(line)
        or _HTML_TABLE.match(line)
        or _LIST_ITEM.match(line)
    )


def indexed_text(passage: Passage) -> str:
    """What is searched of a passage: its title and heading path stand above its text, wherever it was cut."""
    above = dict.fromkeys((passage.source, *passage.headings))
    return "\n".join((*above, passage.text))
