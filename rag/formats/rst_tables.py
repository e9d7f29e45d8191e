"""The tables of reStructuredText: grid, simple, list and csv. Cells that span are repeated in each column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from unicodedata import east_asian_width

Rows = list[list[str]]


def grid_rows(lines: list[str]) -> Rows:
    """The rows of a grid table; lines inside a cell are joined."""
    lines = [_widened(line) for line in lines]
    edges = sorted({i for line in lines if line.startswith("+") for i, char in enumerate(line) if char == "+"})
    rows: Rows = []
    open_row: list[list[str]] = []
    for line in lines:
        if line.startswith("+") and "|" not in line.strip("+-="):
            if open_row:
                rows.append([" ".join(part for part in parts if part) for parts in open_row])
            open_row = []
        elif len(edges) > 1:
            open_row = open_row or [[] for _ in edges[:-1]]
            for i, text in _cells(line, edges):
                open_row[i].append(text)
    return rows


def _cells(line: str, edges: list[int]) -> Iterator[tuple[int, str]]:
    """The texts of a line by column; one that spans several columns stands in each."""
    start = 0
    for i in range(1, len(edges)):
        if i == len(edges) - 1 or line[edges[i] : edges[i] + 1] in ("|", "+"):
            text = line[edges[start] + 1 : edges[i]].replace("\uffff", "").strip()
            if text and not set(text) <= set("-=+"):
                for column in range(start, i):
                    yield column, text
            start = i


def simple_rows(lines: list[str]) -> Rows:
    """The rows of a simple table; a line whose first column is empty goes on with the row above."""
    lines = [_widened(line) for line in lines]
    columns = [match.span() for match in re.finditer(r"=+", lines[0])]
    rows: Rows = []
    for line in lines:
        if not line.strip() or set(line.strip()) <= set("=- "):
            continue
        last = len(columns) - 1
        row = [line[start : None if i == last else columns[i + 1][0]] for i, (start, _) in enumerate(columns)]
        cells = [text.replace("\uffff", "").strip() for text in row]
        if rows and not cells[0]:
            rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows


def list_rows(name: str, body: list[str]) -> Rows:
    """The rows of a ``list-table`` (items in items) or a ``csv-table``."""
    if name == "csv-table":
        return [[cell.strip() for cell in row] for row in csv.reader(line for line in body if line.strip())]
    rows: Rows = []
    for line in body:
        text = line.strip()
        if text.startswith("* -") or text == "*":
            rows.append([text[3:].strip()] if len(text) > 1 else [])
        elif text.startswith("-") and rows:
            rows[-1].append(text[1:].strip())
        elif text and rows and rows[-1]:
            rows[-1][-1] = f"{rows[-1][-1]} {text}".strip()
    return rows


def _widened(line: str) -> str:
    """A line with a filler behind each wide character, so that columns can be counted."""
    return line if line.isascii() else "".join(c + "\uffff" * (east_asian_width(c) in "WF") for c in line)
