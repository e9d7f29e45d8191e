"""Puts quotes together into an answer: heading, text, list, code or table, each passage with its [n] mark.

What is quoted stands so in the passage, mark-up that a chat cannot show aside; what was left out between two sentences
shows as an ellipsis. It knows no question and chooses nothing.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby, pairwise

from rag.base import Answer, Hit, Passage, detect_language
from rag.markup import shown
from rag.places import cited
from rag.scoring import QUOTE_CHARS, Scored
from rag.sentences import Unit
from rag.surroundings import neighbour_with

MAX_BLOCK = 1000  # characters of a code block or of table rows
MAX_ROWS = 5

_BLOCKS = ("code", "row")
_INFO = re.compile(r"(`{3,}|~{3,})\s*(?:\{code[\w-]*\}\s*)?([\w+#.-]*).*")
_MARK_ROOM = 6


def compose(chosen: Sequence[Scored], hits: Sequence[Hit], budget: int) -> Answer:
    """The answer that quotes ``chosen``, which is grouped by passage and heading."""
    numbers = {index: n for n, index in enumerate(dict.fromkeys(unit.passage for unit in chosen), 1)}
    sources = []
    for index, n in numbers.items():
        passage = hits[index].passage
        best = max((unit for unit in chosen if unit.passage == index), key=lambda unit: unit.score)
        quote = shown(best.unit.text) if best.unit.kind != "code" else best.unit.text
        home = neighbour_with(hits[index], best.unit.text)
        sources.append(replace(cited(n, passage, quote[:QUOTE_CHARS]), passage_id=home.id))
    parts = []
    for (index, _), group in groupby(chosen, key=lambda unit: (unit.passage, unit.unit.path)):
        units = list(group)
        heading = units[0].unit.heading
        if heading and (len(units[0].unit.path) > 1 or heading != hits[index].passage.source):
            parts.append(f"**{heading.replace('**', '')}**")
        limit = budget if len(chosen) == 1 else 0
        parts.append(_marked(_body(units, hits[index].passage, limit), units[-1].unit, numbers[index]))
    return Answer("\n\n".join(parts), tuple(sources))


def prose_length(units: Sequence[Scored], hits: Sequence[Hit]) -> int:
    """How long the sentences and items among ``units`` would be in an answer, marks included."""
    prose = [unit for unit in units if unit.unit.kind not in _BLOCKS]
    length = 0
    for index, group in groupby(
        sorted(prose, key=lambda unit: (unit.passage, unit.position)), lambda unit: unit.passage
    ):
        ordered = list(group)
        text = _body(ordered, hits[index].passage, 0)
        length += len(_marked(text, ordered[-1].unit, 1)) + 2  # an empty line stands between two passages
    return max(0, length - 2)


@lru_cache(maxsize=256)
def _gap(source: str) -> str:
    return "……" if detect_language(source) == "zh" else " … "


def _marked(text: str, last: Unit, n: int) -> str:
    """The text with its mark, which stands outside of code and tables."""
    if last.kind == "code" or (last.kind == "row" and not last.table):
        return f"{text}\n[{n}]" if last.kind == "code" else f"{text} [{n}]"
    return f"{text}\n\n[{n}]" if last.kind == "row" else f"{text} [{n}]"


def _body(units: Sequence[Scored], passage: Passage, limit: int) -> str:
    """The units of one passage as they follow each other there; prose shortened to ``limit`` characters if not 0."""
    gap = _gap(passage.text)
    parts = []
    for in_block, group in groupby(units, lambda unit: unit.unit.kind if unit.unit.kind in _BLOCKS else ""):
        run = list(group)
        text = "" if in_block else run[0].unit.text
        if in_block:
            text = "\n".join(_block(unit.unit, i == 0 or run[i - 1].unit) for i, unit in enumerate(run))
        for before, unit in () if in_block else pairwise(run):
            text += _joint(before, unit, passage.text, gap) + unit.unit.text
        parts.append(text if in_block else _balanced(shown(text)))  # as a whole: a link may go on in the next unit
    text, last = "\n\n".join(part for part in parts if part), units[-1].unit
    if limit and last.kind not in _BLOCKS and len(text) > limit - _MARK_ROOM:
        return f"{text[: limit - _MARK_ROOM].rstrip()}…"
    return text.rstrip("，,、：: ") + gap.rstrip() if last.cut else text


def _balanced(text: str) -> str:
    """The text without a mark of bold type whose other half is not quoted."""
    before, mark, after = text.rpartition("**")
    return before + after if mark and text.count("**") % 2 else text


def _joint(before: Scored, unit: Scored, source: str, gap: str) -> str:
    """What stands between two quotes: the white space of the passage, or a sign that something was left out."""
    kinds = {before.unit.kind, unit.unit.kind}
    if kinds != {"sentence"}:
        return "\n" if kinds == {"item"} else "\n\n"
    if unit.position != before.position + 1:
        return gap
    start = before.unit.start + len(before.unit.text)
    between = source[start : source.find(unit.unit.text[:1], unit.unit.start)]
    newlines = between.count("\n")
    return "\n" * min(newlines, 2) if newlines else " " * bool(between)


def _block(unit: Unit, before: Unit | bool) -> str:
    """A code block or a table row; a row brings the header of its table unless the row before did."""
    if unit.kind == "code":
        return _code(unit)
    if not unit.table:  # rows without their header are no table
        cells = [cell for cell in (shown(cell) for cell in unit.text.strip("| ").split("|")) if cell]
        return "- " + " · ".join(cells)
    if isinstance(before, Unit) and before.table == unit.table:
        return shown(unit.text)
    return f"{_header(unit.table)}\n{shown(unit.text)}"


def _header(header: str) -> str:
    names, _, rule = header.partition("\n")
    return f"{shown(names)}\n{rule.strip()}"


def _code(unit: Unit) -> str:
    """A code block between two fences, whatever of it stands in the passage, and no longer than `MAX_BLOCK`."""
    lines = textwrap.dedent(unit.text.expandtabs(4)).strip("\n").splitlines()
    fence, info = "```", ""
    if not unit.open and (match := _INFO.match(lines[0])):
        fence, info = match.group(1), match.group(2)
        lines = lines[1:]
    if lines and lines[-1].strip() and not lines[-1].strip("`~ "):
        lines = lines[:-1]
    body = "\n".join(lines).rstrip()
    if len(body) > MAX_BLOCK:
        body = (body[:MAX_BLOCK].rpartition("\n")[0] or body[:MAX_BLOCK]) + "\n…"
    return f"{fence}{info}\n{'…' + chr(10) if unit.open else ''}{body}\n{fence}"
