"""Lines with boxes as headings, paragraphs and tables: reading order, columns, hyphens, running heads.

It knows no PDF library; OCR's lines go through it, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

_EDGE_LINES = 3  # at the top and at the bottom of a page, among which running heads are looked for
_RUNNING_SHARE = 0.5  # of the pages
_MIN_PAGES = 3
_HEADING_RATIO = 1.15
_MIN_COLUMN_LINES = 4
_MIN_TABLE_ROWS = 3
_BULLET = re.compile(r"^(?:[•▪●◦‣■□◆○*–—-]|[(（]?\d{1,2}[.)、）]|[a-z][.)]|[一二三四五六七八九十]{1,3}、)\s*\S")
_PAGE_NUMBER = re.compile(
    r"^[-–—\s]*(?:第\s*)?\d{1,4}\s*页?[-–—\s]*$|^(?:page|p\.)\s*\d+(?:\s*(?:of|/)\s*\d+)?$|^\d+\s*/\s*\d+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of text on one line; the y axis points up."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page's number, from 1, its lines and its width."""

    number: int
    lines: tuple[Line, ...]
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together; ``begins``: it is the item of a list, so no sentence goes on in it."""

    kind: Literal["heading", "text", "table"]
    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    begins: bool = False


def without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """The pages without heads, feet and page numbers that stand on most of them."""
    seen: Counter[str] = Counter()
    for page in pages:
        seen.update({_pattern(line.text) for line in _edges(page)})
    written = sum(bool(page.lines) for page in pages)
    running = {
        text for text, count in seen.items() if written >= _MIN_PAGES and count > max(_RUNNING_SHARE * written, 2)
    }
    found = []
    for page in pages:
        edges = {id(line) for line in _edges(page)}
        kept = [
            line
            for line in page.lines
            if id(line) not in edges or not (_pattern(line.text) in running or _is_page_number(line, page))
        ]
        found.append(replace(page, lines=tuple(kept)))
    return found if any(page.lines for page in found) else list(pages)


def body_size(pages: Sequence[Page]) -> float:
    """The size that most characters have."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def blocks_of(page: Page, size: float) -> list[Block]:
    """The blocks of a page in the order to read them."""
    blocks: list[Block] = []
    for group in (group for column in _columns(page) for group in _groups(column)):
        if isinstance(group, _Table):
            blocks.append(Block("table", rows=tuple(tuple(line.text for line in row) for row in group.rows)))
            continue
        found = _paragraphs(group, size)
        if blocks and blocks[-1].kind == found[0].kind == "text" and found[0].text[:1].islower():
            blocks[-1] = replace(blocks[-1], text=joined(blocks[-1].text, found.pop(0).text))  # from column to column
        blocks += found
    return blocks


@dataclass(frozen=True, slots=True)
class _Table:
    rows: list[list[Line]]


def joined(before: str, after: str) -> str:
    """Two stretches of one sentence: without a space in Chinese, and with the hyphen of a broken word gone."""
    if not before or not after:
        return before or after
    if before[-1] in "-\u00ad\u2010" and after[0].islower() and before[-2:-1].isalpha():
        return before[:-1] + after
    wide = ord(before[-1]) >= 0x2E80 and ord(after[0]) >= 0x2E80
    return f"{before}{'' if wide else ' '}{after}"


def _edges(page: Page) -> list[Line]:
    """The topmost and the lowest lines."""
    by_height = sorted(page.lines, key=lambda line: -line.top)
    return [*by_height[:_EDGE_LINES], *by_height[_EDGE_LINES:][-_EDGE_LINES:]]


def _pattern(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split()))


def _is_page_number(line: Line, page: Page) -> bool:
    lowest, highest = min(one.bottom for one in page.lines), max(one.top for one in page.lines)
    return bool(_PAGE_NUMBER.match(line.text)) and (line.bottom <= lowest + 1 or line.top >= highest - 1)


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines at one height, from the left, in the order of the page."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and any(_beside(line, other) for other in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _beside(line: Line, other: Line) -> bool:
    overlap = min(line.top, other.top) - max(line.bottom, other.bottom)
    return overlap > 0.5 * min(line.top - line.bottom, other.top - other.bottom) > 0


def _columns(page: Page) -> list[list[list[Line]]]:
    """The rows of a page; of one with two columns those of each column, parted by what spans both."""
    gutter = _gutter(page)
    if gutter is None:
        return [_rows(page.lines)]
    columns: list[list[list[Line]]] = []
    sides: tuple[list[Line], list[Line]] = ([], [])
    for line in sorted(page.lines, key=lambda one: (-one.top, one.left)):
        if line.left < gutter < line.right:
            columns += [_rows(sides[0]), _rows(sides[1]), [[line]]]
            sides = ([], [])
        else:
            sides[line.left >= gutter].append(line)
    return [*columns, _rows(sides[0]), _rows(sides[1])]


def _gutter(page: Page) -> float | None:
    """Where the white between two columns is; None where there is one column, or a table."""
    if len(page.lines) < 2 * _MIN_COLUMN_LINES:
        return None
    left, right = min(line.left for line in page.lines), max(line.right for line in page.lines)
    width = right - left
    for step in range(9):
        at = left + width * (0.5 + (step + 1) // 2 * (0.025 if step % 2 else -0.025))
        sides = [[line for line in page.lines if line.right <= at], [line for line in page.lines if line.left >= at]]
        across = len(page.lines) - len(sides[0]) - len(sides[1])
        if across > 0.25 * len(page.lines) or min(map(len, sides)) < _MIN_COLUMN_LINES:
            continue
        filled = [median(line.right - line.left for line in side) for side in sides]
        if min(filled) > 0.27 * width and all(_is_prose(side) for side in sides):
            return at
    return None


def _is_prose(lines: Sequence[Line]) -> bool:
    """Whether lines follow each other without other ones beside them: those of a column do."""
    return sum(len(row) == 1 for row in _rows(sorted(lines, key=lambda one: -one.top))) >= 0.8 * len(lines)


def _groups(rows: Sequence[list[Line]]) -> Iterator[list[Line] | _Table]:
    """Runs of single lines, and tables: rows of as many stretches that stand below each other."""
    at, single = 0, list[Line]()
    while at < len(rows):
        end = at
        while end < len(rows) and len(rows[end]) > 1 and _aligned(rows[at], rows[end]):
            end += 1
        if end - at >= _MIN_TABLE_ROWS:
            if single:
                yield single
                single = []
            yield _Table(list(rows[at:end]))
            at = end
        else:
            row = rows[at]
            single.append(row[0] if len(row) == 1 else _merged(row))
            at += 1
    if single:
        yield single


def _aligned(first: Sequence[Line], row: Sequence[Line]) -> bool:
    """Whether two rows have the same columns: each stretch begins, ends or is centred where the other's is."""
    return len(first) == len(row) and all(
        min(abs(a.left - b.left), abs(a.right - b.right), abs(a.left + a.right - b.left - b.right) / 2) < 2 * a.size
        for a, b in zip(first, row, strict=True)
    )


def _merged(row: Sequence[Line]) -> Line:
    text = "  ".join(line.text for line in row)
    bottom, top = min(line.bottom for line in row), max(line.top for line in row)
    return Line(text, row[0].left, row[-1].right, bottom, top, max(line.size for line in row))


def _paragraphs(lines: Sequence[Line], size: float) -> list[Block]:
    blocks: list[Block] = []
    last: Line | None = None
    right = max(line.right for line in lines)
    for line in lines:
        level = _level(line, size)
        same = last is not None and blocks and blocks[-1].level == level and _is_below(last, line)
        if not same or last is None or (level and len(blocks[-1].text) > 80):
            begins = bool(_BULLET.match(line.text))
            blocks.append(Block("heading" if level else "text", line.text, level, begins=begins))
        elif level or _goes_on(last, line, right):
            blocks[-1] = replace(blocks[-1], text=joined(blocks[-1].text, line.text))
        else:
            blocks[-1] = replace(blocks[-1], text=f"{blocks[-1].text}\n{line.text}")
        last = line
    return blocks


def _is_below(last: Line, line: Line) -> bool:
    """Whether a line stands right below another one of its size."""
    height = max(last.size, 1.0)
    gap = last.bottom - line.top
    return -3 * height <= gap <= height and abs(last.size - line.size) <= 0.12 * height


def _goes_on(last: Line, line: Line, right: float) -> bool:
    """Whether a line continues the sentence of the one above: that is full, or at least as long as ragged prose."""
    if _BULLET.match(line.text) or line.left > last.left + 1.5 * last.size:
        return False
    width = right - last.left
    is_full = last.right > right - max(0.25 * width, 4 * last.size)
    return is_full or (line.text[:1].islower() and last.right - last.left > 0.5 * width)


def _level(line: Line, size: float) -> int:
    """The level of a heading by its size, 0 for text."""
    if line.size < _HEADING_RATIO * size or len(line.text) > 100 or not any(char.isalpha() for char in line.text):
        return 0
    if line.text.endswith(("。", "，", "；", ",")):
        return 0
    ratio = line.size / size
    return 1 if ratio > 1.7 else 2 if ratio > 1.35 else 3
