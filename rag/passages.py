"""Cuts a document along its structure into passages that keep heading path and place.

It knows nothing of files, terms or vectors. A passage's text is the document's text from ``start`` to ``end``, below
the head of its table where it begins within one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal

from rag.base import Passage
from rag.documents import Document, plain_heading
from rag.formats.base import Place

SPLITTER_ID = "structure-2"
PASSAGE_CHARS = 800

_Kind = Literal["heading", "text", "code", "table"]
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?)[ \t]*#*)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r"[ \t]*(?:[-*+>][ \t]+)?(`{3,}|~{3,})")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:|-]*-[ \t:|-]*$", re.MULTILINE)
_OWN_ANCHOR = re.compile(r"\{#([\w.:-]+)\}|<a\s+(?:id|name)=[\"']?([\w.:-]+)", re.IGNORECASE)
_HTML_TABLE = re.compile(r"[ \t]*<table\b", re.IGNORECASE)
_HTML_TABLE_END = re.compile(r"</table>", re.IGNORECASE)
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_BREAKS = ("\n", "。！？!?；;", ".", "，,、：:", " \t")  # where to cut a long text, best first
_MAX_SETEXT_CHARS = 120


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that belong together; ``header`` ends the head of a table, which begins where its block does."""

    kind: _Kind
    start: int
    end: int
    level: int = 0
    heading: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    """A passage to be: ``header`` is the head of the table that it begins within, ``body`` where its headings end."""

    start: int
    end: int
    headings: tuple[str, ...]
    body: int
    header: str = ""


def cut(document: Document, passage_chars: int = PASSAGE_CHARS) -> list[Passage]:
    """The passages of a document, in order, about ``passage_chars`` long; together they hold every non-blank character.

    Code blocks and tables are cut between lines only, so that one long line makes one long passage. A passage that
    begins within a table has the table's head above its rows. None reaches across a place that cuts.
    """
    text = document.text
    packer = _Packer(text, document.is_markdown, passage_chars)
    places = _Places(document, packer)
    passages: list[Passage] = []
    for start, end, question in places.regions():
        spans = [_Span(start, end, (question,), end)] if question else list(packer.pack(start, end))
        for span in spans:
            body = text[span.start : span.end]
            at, to = span.start + len(body) - len(body.lstrip()), span.end - (len(body) - len(body.rstrip()))
            if at < to:
                n, where = len(passages), places.of(span.start + 1 if question else max(span.body, span.start + 1))
                name = f"{document.uri}#{n}"
                whole = span.header + text[at:to]
                place = (document.title, document.uri, span.headings, n, at, to, where, question)
                passages.append(Passage(name, whole, *place))
    return passages


class _Places:
    """Where in its file each stretch of a document stands: as its converter says, else by Markdown's headings."""

    def __init__(self, document: Document, packer: _Packer) -> None:
        self._length = len(document.text)
        self._cuts = [place for place in document.places if place.cuts]
        self._given = document.places
        self._packer = packer
        self._names_headings = not document.places and not document.converted

    def regions(self) -> Iterator[tuple[int, int, str]]:
        """Stretches between places that cut: start, end and, of a curated pair, its question."""
        starts = [(0, ""), *((place.start, place.question) for place in self._cuts)]
        for (start, question), (end, _) in pairwise([*starts, (self._length, "")]):
            if end > start:
                yield start, end, question

    def of(self, offset: int) -> str:
        """The place before ``offset``."""
        places = self._packer.anchors if self._names_headings else self._given
        at = bisect_left(places, offset, key=lambda place: place.start) if offset else 0
        return places[at - 1].fragment if at else ""


class _Packer:
    """Puts blocks together up to ``limit`` characters; a heading starts a new passage once this one has substance.

    Headings hold on in the stretches that follow. ``anchors`` are those of Markdown's headings so far.
    """

    def __init__(self, text: str, markdown: bool, limit: int) -> None:
        self.anchors: list[Place] = []
        self._text = text
        self._markdown = markdown
        self._limit = limit
        self._path: list[tuple[int, str]] = []
        self._seen: Counter[str] = Counter()

    def pack(self, begin: int, finish: int) -> Iterator[_Span]:
        """The passages of a stretch."""
        limit = self._limit
        start, end, body = begin, begin, begin
        headings: tuple[str, ...] = ()
        header, only_headings = "", True
        whole = len(self._text[begin:finish].strip()) <= limit
        found = _blocks(self._text, begin, finish, self._markdown)
        for block in chain.from_iterable(_pieces(self._text, whole_block, limit) for whole_block in found):
            is_heading = block.kind == "heading"
            full = block.end - start > limit and not only_headings
            if end > start and not whole and (full or (is_heading and not only_headings and end - start > limit // 3)):
                yield _Span(start, end, headings, body, header)
                start, body, only_headings = block.start, block.start, True
            if is_heading:
                self._enter(block)
            if start == block.start:
                header = block.header
            if only_headings:
                headings = tuple(heading for _, heading in self._path if heading)
                body = block.end if is_heading else block.start
            only_headings = only_headings and is_heading
            end = block.end
        if end > start:
            yield _Span(start, end, headings, body, header)

    def _enter(self, block: _Block) -> None:
        self._path = [*(entry for entry in self._path if entry[0] < block.level), (block.level, block.heading)]
        own = _OWN_ANCHOR.search(self._text, block.start, block.end)
        slug = own[1] or own[2] if own else anchor(block.heading)
        n = self._seen[slug]
        self._seen[slug] += 1
        self.anchors.append(Place(block.start, f"{slug}-{n}" if n else slug))


def anchor(heading: str) -> str:
    """The anchor that GitHub and most others give a heading."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower()))


def _pieces(text: str, block: _Block, limit: int) -> Iterator[_Block]:
    """The block, or where it is over ``limit`` its parts: cut between lines, and text within long lines too."""
    if block.end - block.start <= limit or block.kind == "heading":
        yield block
        return
    start, header = block.start, _table_head(text, block, limit)
    limit -= len(header) if len(header) < limit // 2 else 0
    while block.end - start > limit:
        at = text.rfind("\n", start + 1, start + limit) + 1
        if block.kind == "text":
            at = _text_break(text, start, start + limit)
        elif at <= start:
            newline = text.find("\n", start + limit - 1, block.end)
            at = newline + 1 if newline >= 0 else block.end
        yield _Block(block.kind, start, at, header=header if start > block.start else "")
        start = at
    if start < block.end:
        yield _Block(block.kind, start, block.end, header=header if start > block.start else "")


def _table_head(text: str, block: _Block, limit: int) -> str:
    """The first two lines of a table, its header and the rule below, where it has them and they are not overlong."""
    if block.kind != "table":
        return ""
    names = text.find("\n", block.start, block.end) + 1
    rule = text.find("\n", names, block.end) + 1 if names else 0
    has_rule = rule and _TABLE_RULE.match(text, names, rule)
    return text[block.start : rule].lstrip() if has_rule and rule - block.start <= limit else ""


def _text_break(text: str, start: int, end: int) -> int:
    """The best place to cut running text in its second half before ``end``; ``end`` itself if there is none."""
    low = start + (end - start) // 2
    for marks in _BREAKS:
        at = max(text.rfind(mark, low, end) for mark in marks)
        if at >= 0:
            return at + 1
    return end


def _blocks(text: str, start: int, end: int, markdown: bool) -> Iterator[_Block]:
    """The blocks of a stretch, together covering it: headings, fenced code, tables, list items and paragraphs."""
    lines = _Lines(text, start, end)
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

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.at = start
        self.end = end

    @property
    def done(self) -> bool:
        return self.at >= self.end

    def peek(self) -> str:
        """The line here, without its end."""
        end = self.text.find("\n", self.at, self.end)
        return self.text[self.at : end if end >= 0 else self.end]

    def skip(self) -> None:
        end = self.text.find("\n", self.at, self.end)
        self.at = end + 1 if end >= 0 else self.end

    def take_fence(self, start: int, fence: str) -> _Block:
        self.skip()
        while not self.done:
            line = self.peek().strip()
            self.skip()
            if line.startswith(fence) and not line.strip(fence[0]):
                break
        return _Block("code", start, self.at)

    def take_html_table(self, start: int) -> _Block:
        end = _HTML_TABLE_END.search(self.text, self.at, self.end)
        self.at = end.end() if end else self.end
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
