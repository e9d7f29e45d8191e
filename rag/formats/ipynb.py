"""Notebooks: text cells as they are, code cells as code, with what they printed."""

from __future__ import annotations

import json
from typing import Any

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.plain import decoded
from rag.formats.writer import MarkdownWriter

MAX_OUTPUT_CHARS = 2000


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The cells of a notebook in order."""
    try:
        notebook = json.loads(decoded(data))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ConversionError("truncated or damaged: no notebook in it; save it again") from error
    about = notebook.get("metadata") or {}
    language = str(
        (about.get("kernelspec") or {}).get("language") or (about.get("language_info") or {}).get("name") or ""
    )
    writer = MarkdownWriter()
    for number, cell in enumerate(cells if isinstance(cells, list) else [], 1):
        if isinstance(cell, dict):
            writer.place(f"cell={number}")
            _write(writer, cell, language)
    return writer.result()


def _write(writer: MarkdownWriter, cell: dict[str, Any], language: str) -> None:
    source = _joined(cell.get("source", cell.get("input", "")))
    if cell.get("cell_type") == "code":
        writer.code(source, language)
        for output in cell.get("outputs") or []:
            data = output.get("data") or {} if isinstance(output, dict) else {}
            text = _joined(output.get("text") or data.get("text/plain") or "") if isinstance(output, dict) else ""
            writer.code(text[:MAX_OUTPUT_CHARS])
    elif cell.get("cell_type") == "heading":
        writer.heading(int(cell.get("level") or 1), source)
    else:
        writer.raw(source)


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
