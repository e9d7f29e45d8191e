"""Word documents: headings, paragraphs, lists, tables (merged cells repeated), text boxes, footnotes. No headers.

What was deleted with changes tracked is left out, what was inserted is read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from rag.formats.archive import OFFICE_ERRORS, check_expansion
from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.writer import MarkdownWriter

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"(?:heading|标题|標題)\s*(\d)", re.IGNORECASE)
_CODE = re.compile(r"code|源码|代码|html preformatted|plain text|macro text", re.IGNORECASE)


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The text of a document."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    check_expansion(data, limits)
    try:
        document = docx.Document(io.BytesIO(data))
        reader = _Reader(document, limits)
        reader.blocks(document.element.body)
        reader.footnotes()
    except (PackageNotFoundError, *OFFICE_ERRORS) as error:
        raise ConversionError(f"truncated or damaged: no readable Word document ({type(error).__name__})") from error
    return reader.writer.result(reader.title)


class _Reader:
    """Writes the blocks of a document."""

    def __init__(self, document: Any, limits: Limits) -> None:
        self.writer = MarkdownWriter()
        self.title = ""
        self._document = document
        self._styles = {style.style_id: style for style in document.styles}
        self._limits = limits
        self._cells = limits.cells
        self._below_title = 0
        self._items: list[tuple[int, str, str]] = []
        self._code: list[str] = []

    def blocks(self, parent: Any) -> None:
        """The paragraphs and tables below an element, in order."""
        for element in parent:
            if element.tag == f"{_W}p":
                self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                self._end()
                self._table(element)
            elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}smartTag"):
                self.blocks(element)
        self._end()

    def footnotes(self) -> None:
        """Footnotes and endnotes, at the end."""
        from lxml import etree

        for part in self._document.part.package.iter_parts():
            if str(part.partname) not in ("/word/footnotes.xml", "/word/endnotes.xml"):
                continue
            root = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, huge_tree=True))
            for note in root:
                if note.get(f"{_W}type") is None:
                    self.writer.paragraph(" ".join(_text(paragraph) for paragraph in note.iter(f"{_W}p")))

    def _paragraph(self, paragraph: Any) -> None:
        style = self._style(paragraph)
        text = _text(paragraph)
        level = self._level(paragraph, style)
        if _CODE.search(style) and text.strip():
            self._flush_items()
            self._code.append(text)
            return
        depth = _list_depth(paragraph, style)
        if depth is not None and not level and text.strip():
            self._flush_code()
            ordered = "number" in style.lower() or self._is_numbered(paragraph)
            self._items.append((depth, "1." if ordered else "-", text))
            return
        self._end()
        if level and text.strip():
            self.title = self.title or text
            for name in (mark.get(f"{_W}name", "") for mark in paragraph.iter(f"{_W}bookmarkStart")):
                if name and not name.startswith("_"):
                    self.writer.place(name)
            self.writer.heading(level, text)
        else:
            self.writer.paragraph(text)
        for box in _boxes(paragraph):
            self.blocks(box)

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        above: dict[int, str] = {}
        for row in table.iter(f"{_W}tr"):
            if _nearest_table(row) is not table:
                continue
            line: list[str] = []
            for cell in (one for one in row.iter(f"{_W}tc") if _row_of(one) is row):
                text = " ".join(" ".join(_text(one) for one in cell.iter(f"{_W}p")).split())
                merge = cell.find(f"{_W}tcPr/{_W}vMerge")
                if merge is not None and merge.get(f"{_W}val") != "restart":
                    text = text or above.get(len(line), "")
                for _ in range(_span(cell)):
                    above[len(line)] = text
                    line.append(text)
            self._cells -= len(line)
            if self._cells < 0:
                self.writer.notices.append(
                    f"a table was read up to its row {len(rows):,} only (max_cells in [knowledge])"
                )
                break
            rows.append(line)
        self.writer.table(rows) if rows and max(map(len, rows)) > 1 else self._layout(rows)

    def _layout(self, rows: list[list[str]]) -> None:
        """A table of one column is a box around text."""
        for row in rows:
            self.writer.paragraph(" ".join(row))

    def _style(self, paragraph: Any) -> str:
        element = paragraph.find(f"{_W}pPr/{_W}pStyle")
        style = self._styles.get(element.get(f"{_W}val")) if element is not None else None
        return str(style.name or "") if style is not None else ""

    def _level(self, paragraph: Any, style: str) -> int:
        """The level of a heading, 0 where it is none."""
        if match := _HEADING.match(style):
            return int(match[1]) + self._below_title
        if style.lower() in ("title", "标题"):
            self._below_title = 1
            return 1
        outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        value = outline.get(f"{_W}val", "9") if outline is not None else "9"
        return int(value) + 1 if value.isdigit() and int(value) < 6 else 0

    def _is_numbered(self, paragraph: Any) -> bool:
        """Whether the list counts its items."""
        number = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        if number is None:
            return False
        try:
            numbering = self._document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return False
        wanted = number.get(f"{_W}val")
        for num in numbering.iter(f"{_W}num"):
            if num.get(f"{_W}numId") == wanted:
                abstract = num.find(f"{_W}abstractNumId").get(f"{_W}val")
                for one in numbering.iter(f"{_W}abstractNum"):
                    form = one.find(f"{_W}lvl/{_W}numFmt") if one.get(f"{_W}abstractNumId") == abstract else None
                    if form is not None:
                        return str(form.get(f"{_W}val")) != "bullet"
        return False

    def _end(self) -> None:
        self._flush_items()
        self._flush_code()

    def _flush_items(self) -> None:
        items, self._items = self._items, []
        self.writer.items(items)

    def _flush_code(self) -> None:
        code, self._code = self._code, []
        self.writer.code("\n".join(code))


def _text(paragraph: Any) -> str:
    """The text of a paragraph, without that of boxes in it and of what was deleted."""
    parts: list[str] = []
    for element in _runs(paragraph):
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag == f"{_W}tab":
            parts.append("\t")
        elif element.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            parts.append("-")
    return "".join(parts)


def _runs(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag in (f"{_W}pPr", f"{_W}del", f"{_W}moveFrom", f"{_W}txbxContent", f"{_W}drawing", f"{_W}pict"):
            continue
        if isinstance(child.tag, str) and child.tag.endswith("}AlternateContent"):
            continue
        yield child
        yield from _runs(child)


def _boxes(paragraph: Any) -> list[Any]:
    """Text boxes; their older copy for programs of before 2010 is skipped."""
    return [
        box
        for box in paragraph.iter(f"{_W}txbxContent")
        if not any("Fallback" in str(up.tag) for up in box.iterancestors())
    ]


def _list_depth(paragraph: Any, style: str) -> int | None:
    number = paragraph.find(f"{_W}pPr/{_W}numPr")
    if number is None:
        return 0 if style.lower().startswith(("list bullet", "list number")) else None
    level = number.find(f"{_W}ilvl")
    value = level.get(f"{_W}val", "0") if level is not None else "0"
    return int(value) if value.isdigit() else 0


def _span(cell: Any) -> int:
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    value = span.get(f"{_W}val", "1") if span is not None else "1"
    return min(max(int(value), 1), 60) if value.isdigit() else 1


def _nearest_table(element: Any) -> Any:
    return next((one for one in element.iterancestors(f"{_W}tbl")), None)


def _row_of(element: Any) -> Any:
    return next((one for one in element.iterancestors(f"{_W}tr")), None)
