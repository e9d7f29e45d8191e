"""Cuts a passage into the units that an extractive answer quotes: sentences, list items, code blocks and table rows.

Units cover their text verbatim and keep their place, so neighbours can be told. It knows no question and no score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

UnitKind = Literal["sentence", "item", "code", "row"]
MAX_SENTENCE = 150  # characters; a longer one is cut between clauses

_FENCE = re.compile(r"\s*(```+|~~~+)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.+?)\s*#*\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)、])\s+\S")
_TABLE = re.compile(r"\s*\|.*\|\s*$")
_RULE = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*$")
_QUESTION = re.compile(r"[?？]\s*[*_」』”\")）]*\s*$")
# A full stop of Latin script ends a sentence only before white space and something that can begin one.
_END = re.compile(
    r"[。！？!?；]+[」』”’\"'）)】》]*"
    r"|(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bDr)(?<!\bMr)(?<!\bNo)(?<!\betc)\.[\"')\]]*(?=\s+[^\sa-z])"
    r"|;(?=\s)"
)
_CLAUSE = re.compile(r"[，,：:、](?![0-9])")
_SOFT_WRAP = re.compile(r"[a-z0-9,\-)`]\s*\n\s*[a-z(`0-9]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a passage that is quoted whole.

    ``heading`` is what it stands under: the last heading, or the last line that asks something (an FAQ). ``table`` is
    the header of its table. ``cut`` says that its end is the middle of a sentence; ``start`` and ``end`` are offsets.
    """

    kind: UnitKind
    text: str
    start: int
    end: int
    heading: str = ""
    table: str = ""
    cut: bool = False


def split_units(text: str) -> list[Unit]:
    """The units of a passage in order. Headings and questions become the ``heading`` of what follows them."""
    units: list[Unit] = []
    heading = ""
    for kind, start, end in _blocks(text):
        block = text[start:end]
        if kind == "heading":
            match = _HEADING.match(block)
            heading = match.group(1) if match else block.strip()
        elif kind == "code":
            units.append(Unit("code", block.strip("\n"), start, end, heading))
        elif kind == "table":
            units += _rows(text, start, end, heading)
        else:
            for unit in _sentences(text, start, end, "item" if kind == "item" else "sentence"):
                if _QUESTION.search(unit.text):
                    heading = unit.text.strip("*_ \n")
                else:
                    units.append(_under(unit, heading))
    return units


def _under(unit: Unit, heading: str) -> Unit:
    return Unit(unit.kind, unit.text, unit.start, unit.end, heading, unit.table, unit.cut)


def _blocks(text: str) -> Iterator[tuple[str, int, int]]:
    """``(kind, start, end)`` of runs of lines that belong together: heading, code, table, item, prose."""
    current, begin, position, fence = "", 0, 0, ""
    for line in text.splitlines(keepends=True):
        end = position + len(line)
        if fence:
            if line.strip().startswith(fence):
                yield "code", begin, end
                current, fence = "", ""
        else:
            kind, fence = _line_kind(line)
            if current and (kind != current or kind in ("heading", "item")):
                yield current, begin, position
                current = ""
            if kind and not current:
                current, begin = kind, position
        position = end
    if current:
        yield current, begin, position


def _line_kind(line: str) -> tuple[str, str]:
    """The kind of block that a line belongs to, and the fence that it opens."""
    if not line.strip():
        return "", ""
    if fence := _FENCE.match(line):
        return "code", fence.group(1)
    if _HEADING.match(line):
        return "heading", ""
    if _TABLE.match(line):
        return "table", ""
    return ("item" if _ITEM.match(line) else "prose"), ""


def _rows(text: str, start: int, end: int, heading: str) -> Iterator[Unit]:
    lines = text[start:end].splitlines(keepends=True)
    has_header = len(lines) > 1 and _RULE.match(lines[1]) is not None
    table = "".join(lines[:2]).strip() if has_header else ""
    position = start
    for i, line in enumerate(lines):
        if not (has_header and i < 2):
            yield Unit("row", line.strip(), position, position + len(line), heading, table)
        position += len(line)


def _sentences(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    begin = start
    marker = _ITEM.match(text, start, end) if kind == "item" else None
    for stop in (*_stops(text, marker.end() if marker else start, end), end):
        if text[begin:stop].strip():
            yield from _clauses(text, begin, stop, kind)
        begin = stop


def _stops(text: str, start: int, end: int) -> list[int]:
    stops = {match.end() for match in _END.finditer(text, start, end)}
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
