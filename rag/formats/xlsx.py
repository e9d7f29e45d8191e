"""Workbooks: a table for each visible sheet, merged cells filled, question-answer sheets as pairs."""

from __future__ import annotations

import datetime
import io
import re
import time
import zipfile
from collections.abc import Iterator
from typing import Any

from rag.formats.archive import OFFICE_ERRORS, check_expansion
from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.csv import over_cells
from rag.formats.pairs import left_out, table_pairs, write_pairs
from rag.formats.writer import MAX_COLUMNS, MarkdownWriter

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_CHUNK = 1 << 20
_MAX_MERGED = 20_000  # cells that are filled from the one that they are merged with
Rows = list[list[str]]
Merged = dict[tuple[int, int], tuple[int, int]]


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The sheets of a workbook; a damaged one is left out and told."""
    import openpyxl

    check_expansion(data, limits)
    try:
        values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(data), read_only=True) if _has_formulas(data) else None
    except OFFICE_ERRORS as error:
        raise ConversionError(f"truncated or damaged: no readable workbook ({type(error).__name__})") from error
    writer, left, deadline = MarkdownWriter(), limits.cells, limits.deadline()
    for sheet in values.worksheets:
        if sheet.sheet_state != "visible":
            writer.notices.append(f"the hidden sheet {sheet.title!r} was left out")
            continue
        try:
            other = formulas[sheet.title] if formulas is not None else None
            rows, cut = _rows(sheet, other, _merged(data, getattr(sheet, "_worksheet_path", "")), left, deadline)
        except OFFICE_ERRORS as error:
            writer.notices.append(f"sheet {sheet.title!r} is damaged and was not read ({type(error).__name__})")
            continue
        left -= sum(map(len, rows))
        if any(len(row) > MAX_COLUMNS for row in rows):
            rows = [row[:MAX_COLUMNS] for row in rows]
            writer.notices.append(f"sheet {sheet.title!r}: only the first {MAX_COLUMNS} columns were read")
        if cut:
            writer.notices.append(f"sheet {sheet.title!r}: {_cut(len(rows), limits, deadline)}")
        _write(writer, sheet.title, rows, len(values.worksheets) > 1)
    return writer.result()


def _cut(rows: int, limits: Limits, deadline: float) -> str:
    """Why a sheet was not read to its end."""
    if time.monotonic() > deadline:
        return f"only its first {rows:,} rows were read in time (max_file_s in [knowledge]); split it"
    return over_cells(rows, limits.cells)


def _write(writer: MarkdownWriter, title: str, rows: Rows, named: bool) -> None:
    if not any(any(row) for row in rows):
        return
    pairs, left = table_pairs(rows)
    if pairs:
        writer.notices += [left_out(left)] if left else []
        write_pairs(writer, pairs)
        return
    writer.place(f"sheet={title}", cuts=True)
    if named or not title.lower().startswith("sheet"):
        writer.heading(2, title)
    writer.table(rows)


def _rows(sheet: Any, formulas: Any, merged: Merged, limit: int, deadline: float) -> tuple[Rows, bool]:
    """The rows of a sheet as text up to ``limit`` cells or the deadline, and whether there are more."""
    sheet.reset_dimensions()
    if formulas is not None:
        formulas.reset_dimensions()
    others = formulas.iter_rows() if formulas is not None else None
    rows: Rows = []
    cells = 0
    filled = _Merged(merged)
    for number, row in enumerate(sheet.iter_rows(), 1):
        beside = [cell.value for cell in next(others, ())] if others is not None else []
        beside += [None] * (len(row) - len(beside))
        line = [_shown(cell, formula) for cell, formula in zip(row[: MAX_COLUMNS + 1], beside, strict=False)]
        line = filled.fill(number, line)
        late = number % 1000 == 0 and time.monotonic() > deadline
        cells += len(line)
        if cells > limit or late:
            return rows, True
        if any(line):
            rows.append(line)
    return rows, False


class _Merged:
    """Fills merged cells from the one that holds their value, row by row from the top."""

    def __init__(self, merged: Merged) -> None:
        self._merged = merged
        self._sources = set(merged.values())
        self._texts: dict[tuple[int, int], str] = {}
        self._widths: dict[int, int] = {}
        for row, column in merged:
            self._widths[row] = max(column, self._widths.get(row, 0))

    def fill(self, number: int, line: list[str]) -> list[str]:
        """The row with this number, its merged cells filled."""
        width = self._widths.get(number, 0)
        line = line + [""] * (width - len(line))
        for i in range(width):
            at = (number, i + 1)
            if at in self._sources:
                self._texts[at] = line[i]
            elif at in self._merged:
                line[i] = line[i] or self._texts.get(self._merged[at], "")
        return line


def _shown(cell: Any, formula: Any) -> str:
    """A cell as a person sees it; its formula where no program has worked out its value yet."""
    value = cell.value
    if value is None:
        return formula if isinstance(formula, str) else ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        bare = value.replace(tzinfo=None)
        return str(bare.date()) if bare.time() == datetime.time() else bare.isoformat(" ", "minutes")
    if isinstance(value, float):
        if "%" in str(cell.number_format or ""):
            return f"{value * 100:.6g}%"
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, int) and "%" in str(cell.number_format or ""):
        return f"{value * 100}%"
    return str(value)


def _merged(data: bytes, path: str) -> Merged:
    """Which cell holds the value of each merged one: (row, column) -> (row, column), from 1."""
    found: Merged = {}
    for first_column, first_row, last_column, last_row in _found(data, path, _MERGED):
        top, left = int(first_row), _column(first_column)
        for row in range(top, int(last_row) + 1):
            for column in range(left, min(_column(last_column), MAX_COLUMNS) + 1):
                if len(found) >= _MAX_MERGED:
                    return found
                found[row, column] = (top, left)
    return found


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    return any(True for name in sheets for _ in _found(data, name, _FORMULA))


def _found(data: bytes, path: str, pattern: re.Pattern[bytes]) -> Iterator[tuple[bytes, ...]]:
    """What a pattern finds in a member, read piece by piece."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = path.lstrip("/")
        if name not in archive.namelist():
            return
        with archive.open(name) as file:
            before = b""
            while chunk := file.read(_CHUNK):
                text = before + chunk
                last = 0
                for match in pattern.finditer(text):
                    last = match.end()
                    yield match.groups()
                before = text[max(last, len(text) - 200) :]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
