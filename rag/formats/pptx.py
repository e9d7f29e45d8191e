"""Slides: the title as heading, then text, tables, charts and notes, each slide a place of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from rag.formats.archive import OFFICE_ERRORS, check_expansion
from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.writer import MarkdownWriter

_MAX_GROUPS = 20


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The slides of a presentation."""
    import pptx
    from pptx.exc import PackageNotFoundError

    check_expansion(data, limits)
    writer = MarkdownWriter()
    try:
        slides = pptx.Presentation(io.BytesIO(data)).slides
        for number, slide in enumerate(slides, 1):
            if number > limits.pages:
                writer.notices.append(
                    f"only the first {limits.pages:,} of {len(slides):,} slides were read (max_pages)"
                )
                break
            if slide._element.get("show") == "0":
                writer.notices.append(f"the hidden slide {number} was left out")
            else:
                writer.place(f"slide={number}", cuts=True)
                _slide(writer, slide)
    except (PackageNotFoundError, *OFFICE_ERRORS) as error:
        raise ConversionError(f"truncated or damaged: no readable slides ({type(error).__name__})") from error
    return writer.result()


def _slide(writer: MarkdownWriter, slide: Any) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.heading(2, title.text_frame.text)
    shapes = [shape for shape in _flat(slide.shapes, 0) if title is None or shape.shape_id != title.shape_id]
    for shape in sorted(shapes, key=_order):
        if getattr(shape, "has_table", False) and shape.has_table:
            writer.table(_table(shape.table))
        elif getattr(shape, "has_chart", False) and shape.has_chart:
            _chart(writer, shape.chart)
        elif shape.has_text_frame:
            _text(writer, shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        writer.paragraph(slide.notes_slide.notes_text_frame.text)


def _flat(shapes: Any, depth: int) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MAX_GROUPS:
            yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _order(shape: Any) -> tuple[int, int]:
    """As one reads: from the top in bands of about a centimetre, then from the left."""
    return (shape.top or 0) // 360_000, shape.left or 0


def _text(writer: MarkdownWriter, shape: Any) -> None:
    paragraphs = [one for one in shape.text_frame.paragraphs if one.text.strip()]
    if shape.is_placeholder and shape.placeholder_format.type in _small_print():
        return
    if len(paragraphs) > 1:
        writer.items([(one.level, "-", one.text) for one in paragraphs])
    elif paragraphs:
        writer.paragraph(paragraphs[0].text)


def _small_print() -> tuple[Any, ...]:
    from pptx.enum.shapes import PP_PLACEHOLDER

    return PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER


def _table(table: Any) -> list[list[str]]:
    """The rows; a merged cell stands in every place that it covers."""
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    for r, row in enumerate(table.rows):
        for c, cell in enumerate(row.cells):
            if cell.is_merge_origin:
                for down in range(cell.span_height):
                    for right in range(cell.span_width):
                        rows[r + down][c + right] = cell.text
    return rows


def _chart(writer: MarkdownWriter, chart: Any) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        writer.paragraph(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(one.name or "" for one in series)]]
        for i, category in enumerate(plot.categories):
            values = [one.values[i] if i < len(one.values) else None for one in series]
            rows.append([str(category), *("" if value is None else f"{value:g}" for value in values)])
        writer.table(rows)
