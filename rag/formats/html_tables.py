"""The cells of HTML tables: those that span rows or columns are repeated, so that each row can be read alone."""

from __future__ import annotations

from typing import Any

from rag.formats.writer import MAX_COLUMNS

_MAX_SPAN = 1000


def table_rows(table: Any) -> tuple[list[list[str]], str]:
    """The rows of a table as texts, its head first, and its caption."""
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows left, text
    for row in table.iter("tr"):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        rows.append(_row(cells, hanging))
    caption = table.find("caption")
    return rows, " ".join("".join(caption.itertext()).split()) if caption is not None else ""


def _row(cells: list[Any], hanging: dict[int, tuple[int, str]]) -> list[str]:
    line: list[str] = []
    waiting = list(cells)
    while (waiting or any(column >= len(line) for column in hanging)) and len(line) < MAX_COLUMNS:
        column = len(line)
        if column in hanging:
            left, text = hanging[column]
            line.append(text)
            if left > 1:
                hanging[column] = (left - 1, text)
            else:
                del hanging[column]
        elif waiting:
            cell = waiting.pop(0)
            text, down = _cell_text(cell), _span(cell, "rowspan")
            for _ in range(min(_span(cell, "colspan"), MAX_COLUMNS - len(line))):
                if down > 1:
                    hanging[len(line)] = (down - 1, text)
                line.append(text)
        else:
            line.append("")
    return line


def _cell_text(cell: Any) -> str:
    for br in cell.iter("br", "p", "li"):
        br.tail = f" {br.tail or ''}"
    return " ".join("".join(cell.itertext()).split())


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), _MAX_SPAN) if value.isdigit() and len(value) < 6 else 1
