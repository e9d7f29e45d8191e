"""Tables as text: csv and tsv. Question-answer tables become pairs."""

from __future__ import annotations

import csv
import io

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.pairs import left_out, table_pairs, write_pairs
from rag.formats.plain import decoded
from rag.formats.writer import MAX_COLUMNS, MarkdownWriter

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 20


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """A table, or pairs where its header says so."""
    text = decoded(data)
    rows: list[list[str]] = []
    notices: list[str] = []
    cells = 0
    csv.field_size_limit(max(len(text), 1))
    try:
        for row in csv.reader(io.StringIO(text), delimiter=_delimiter(text, name)):
            cells += len(row)
            if cells > limits.cells:
                notices.append(over_cells(len(rows), limits.cells))
                break
            if len(row) > MAX_COLUMNS and not notices:
                notices.append(f"only the first {MAX_COLUMNS} columns were read")
            rows.append(row[:MAX_COLUMNS])
    except csv.Error as error:
        raise ConversionError(f"no table of separated values: {error}") from error
    writer = MarkdownWriter()
    writer.notices += notices
    pairs, left = table_pairs(rows)
    if pairs:
        writer.notices += [left_out(left)] if left else []
        write_pairs(writer, pairs)
    else:
        writer.table(rows)
    return writer.result()


def over_cells(rows: int, cells: int) -> str:
    """What is said where a table was not read to its end."""
    return f"only its first {rows:,} rows were read: the limit is {cells:,} cells (max_cells in [knowledge]); split it"


def _delimiter(text: str, name: str) -> str:
    """The one that cuts the first lines into the same number of columns, most columns first."""
    if name.lower().endswith(".tsv"):
        return "\t"
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]
    counts = {mark: [len(row) for row in csv.reader(lines, delimiter=mark)] for mark in _DELIMITERS}
    even = {mark: min(found) for mark, found in counts.items() if found and min(found) > 1}
    return max(even, key=lambda mark: (len(set(counts[mark])) == 1, even[mark]), default=",")
