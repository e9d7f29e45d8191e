"""Cuts a passage into the units that an extractive answer quotes: sentences, list items, code blocks and table rows.

Units cover their text verbatim and keep their place, so neighbours can be told. It knows no question and no score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rag.blocks import ITEM, blocks
from rag.documents import plain_heading
from rag.markup import says_something, shown, without_comments

UnitKind = Literal["sentence", "item", "code", "row"]
MAX_SENTENCE = 150  # characters; a longer one is cut between clauses
MAX_ITEM = 240  # characters up to which a list item stays whole

_BOLD_LINE = re.compile(r"(?:\*\*|__)[^*_\n]+(?:\*\*|__)\s*[:：]?")
_ASKED = 9  # the level of a question or of a line in bold, which serve as headings
_RULE = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*$")
_QUESTION = re.compile(r"[?？]\s*[*_」』”\")）]*\s*$")
# A full stop of Latin script ends a sentence only before white space and something that can begin one.
_END = re.compile(
    r"[。！？!?；]+[」』”’\"'）)】》]*"
    r"|(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bDr)(?<!\bMr)(?<!\bNo)(?<!\betc)\.[\"')\]]*(?=\s+[^\sa-z])"
    r"|;(?=\s)"
)
_CLAUSE = re.compile(r"[，：、](?![0-9])|[,:](?=\s)")
_ASIDE = re.compile(r"（[^（）\n]{1,80}）|(?<!\w)\([^()\n]{1,80}\)")  # nothing ends within what is said in passing
_SOFT_WRAP = re.compile(r"[a-z0-9,\-)`]\s*\n\s*[a-z(`0-9]|[，、（]\s*\n")


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a passage that is quoted whole.

    ``path`` is the headings that it stands under, the nearest last; a line in bold and a line that asks something (an
    FAQ) are headings too. ``table`` is the header of its table. ``cut`` says that its end is the middle of a sentence,
    ``open`` that it is code whose beginning stands in another passage; ``start`` and ``end`` are offsets.
    """

    kind: UnitKind
    text: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    table: str = ""
    cut: bool = False
    open: bool = False

    @property
    def heading(self) -> str:
        """The nearest heading, or nothing."""
        return self.path[-1] if self.path else ""


def split_units(text: str, headings: tuple[str, ...] = (), *, continues: bool = False) -> list[Unit]:
    """The units of a passage in order; headings become the ``path`` of what follows them.

    ``headings`` is the heading path that the passage stands under; for ``continues`` see `rag.blocks.blocks`.
    """
    units: list[Unit] = []
    path, source = _Path(headings), text
    text = without_comments(text, in_place=True)  # but for code, which is quoted as it is
    for block in blocks(text, continues=continues):
        start, end = block.start, block.end
        if block.kind == "heading":
            path.enter(block.level, block.name)
        elif block.kind == "code":
            units.append(Unit("code", source[start:end].strip("\n"), start, end, path.names, open=block.open))
        elif block.kind == "table":
            units += _rows(text, start, end, path.names)
        elif block.kind != "hidden":
            if "<summary" in text[start:end]:
                path.enter(_ASKED, plain_heading(shown(text[start:end])))
                continue
            if "</details" in text[start:end]:
                path.leave()
            for unit in _sentences(text, start, end, "item" if block.kind == "item" else "sentence"):
                if _QUESTION.search(unit.text) or _BOLD_LINE.fullmatch(unit.text):
                    path.enter(_ASKED, plain_heading(shown(unit.text)))
                elif says_something(unit.text):
                    units.append(replace(unit, path=path.names))
    return units


class _Path:
    """The headings above a place, by level; those from outside the text stand above all in it."""

    def __init__(self, headings: tuple[str, ...]) -> None:
        self._given = headings
        self._own: list[tuple[int, str]] = []
        self._begun = False

    @property
    def names(self) -> tuple[str, ...]:
        self._begun = True
        return (*self._given, *(name for _, name in self._own))

    def enter(self, level: int, name: str) -> None:
        """Stand under a further heading."""
        if not name:
            return
        if not self._begun and name in self._given:  # the path of a passage ends in the headings that it begins with
            self._given = self._given[: self._given.index(name)]
        elif self._begun and not self._own and level < _ASKED:
            self._given = self._given[:-1]  # its level is unknown: taken for a sibling
        self._own = [*(entry for entry in self._own if entry[0] < level), (level, name)]

    def leave(self) -> None:
        """Leave what a question, a bold line or a summary stood for."""
        self._own = [entry for entry in self._own if entry[0] < _ASKED]


def _rows(text: str, start: int, end: int, path: tuple[str, ...]) -> Iterator[Unit]:
    lines = text[start:end].splitlines(keepends=True)
    has_header = len(lines) > 1 and _RULE.match(lines[1]) is not None
    table = "".join(lines[:2]).strip() if has_header else ""
    position = start
    for i, line in enumerate(lines):
        if not (has_header and i < 2):
            yield Unit("row", line.strip(), position, position + len(line), path, table)
        position += len(line)


def _sentences(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    if kind == "item" and end - start <= MAX_ITEM:
        yield Unit(kind, text[start:end].strip(), start, end)
        return
    begin = start
    marker = ITEM.match(text, start, end) if kind == "item" else None
    for stop in (*_stops(text, marker.end() if marker else start, end), end):
        if text[begin:stop].strip():
            yield from _clauses(text, begin, stop, kind)
        begin = stop


def _stops(text: str, start: int, end: int) -> list[int]:
    asides = [match.span() for match in _ASIDE.finditer(text, start, end)]
    stops = {match.end() for match in _END.finditer(text, start, end)}
    stops = {stop for stop in stops if not any(first < stop < last for first, last in asides)}
    for match in re.compile("\n").finditer(text, start, end):
        at = match.start()
        if not _SOFT_WRAP.match(text, at - 1):
            stops.add(at + 1)
    return sorted(stop for stop in stops if start < stop < end)


def _clauses(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    """One unit, or several of whole clauses where the sentence is too long to be quoted whole."""
    begin = start
    if end - start > MAX_SENTENCE:
        last = start
        for match in _CLAUSE.finditer(text, start, end):
            if match.end() - begin > MAX_SENTENCE // 2 and last > begin:
                yield Unit(kind, text[begin:last].strip(), begin, last, cut=True)
                begin = last
            last = match.end()
        if last > begin and end - begin > MAX_SENTENCE // 2 and last < end:
            yield Unit(kind, text[begin:last].strip(), begin, last, cut=True)
            begin = last
    yield Unit(kind, text[begin:end].strip(), begin, end)
