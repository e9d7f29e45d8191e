"""PDFs: the text layer of each page, and OCR for pages whose layer is missing or garbled. Each page is a place.

How lines become paragraphs is `rag.formats.pdf_layout`'s.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.pdf_layout import Block, Line, Page, blocks_of, body_size, joined, without_running_lines
from rag.formats.pdf_lines import is_garbled, read_page
from rag.formats.registry import OCR_FIX, has_ocr
from rag.formats.writer import MarkdownWriter

OCR_DPI = 150
MAX_SIDE = 3000  # pixels of a page that is read by OCR
_SENTENCE_ENDS = "。．.！!？?；;：:…”」』）)】"


@dataclass(slots=True)
class _Unread:
    """The pages that could not be read, by why."""

    garbled: list[int] = field(default_factory=list)
    scanned: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The pages of a PDF."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        raise ConversionError(_refusal(str(error))) from error
    if not count:
        raise ConversionError("truncated or damaged: no page of it can be read; copy it again")
    unread, deadline = _Unread(), limits.deadline()
    pages: list[Page] = []
    ocred = 0
    for number in range(min(count, limits.pages)):
        if time.monotonic() > deadline and pages and not unread.over:
            break
        page, wants_ocr = _read(document, number, unread)
        if wants_ocr and has_ocr():
            if ocred < limits.ocr_pages and time.monotonic() < deadline:
                page, ocred = Page(number + 1, _ocr(document, number)), ocred + 1
            else:
                unread.over.append(number + 1)
        elif wants_ocr:
            (unread.garbled if page.lines else unread.scanned).append(number + 1)
            page = Page(number + 1, ())
        pages.append(page)
    notices = _notices(unread, count, len(pages), ocred, limits)
    if not any(page.lines for page in pages):
        raise ConversionError("; ".join(notices) or "no text in it: all of its pages are blank")
    return _written(without_running_lines(pages), notices)


def _read(document: Any, number: int, unread: _Unread) -> tuple[Page, bool]:
    """A page, and whether OCR should read it."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        unread.broken.append(number + 1)
        return Page(number + 1, ()), False
    try:
        lines, errors = read_page(page)
        text = "".join(line.text for line in lines)
        if is_garbled(text, errors):
            return Page(number + 1, lines), True
        missing = len("".join(text.split())) < 10 and _has_picture(page)
        return Page(number + 1, () if missing else lines, page.get_width()), missing
    finally:
        page.close()


def _has_picture(page: Any) -> bool:
    """Whether anything is drawn that could be text: a picture, or outlines in number."""
    import pypdfium2.raw as raw

    paths = 0
    for item in page.get_objects(max_depth=3):
        if item.type in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING):
            return True
        paths += item.type == raw.FPDF_PAGEOBJ_PATH
    return paths > 30


def _ocr(document: Any, number: int) -> tuple[Line, ...]:
    from rag.formats.ocr import recognise

    page = document[number]
    try:
        width, height = page.get_size()
        scale = min(OCR_DPI / 72, MAX_SIDE / max(width, height, 1))
        picture = page.render(scale=scale).to_numpy()
    finally:
        page.close()
    return tuple(recognise(picture))


def _refusal(message: str) -> str:
    if "password" in message.lower():
        return "password-protected: save it without a password"
    return "truncated or damaged: it cannot be read as a PDF; copy it again"


def _notices(unread: _Unread, count: int, read: int, ocred: int, limits: Limits) -> list[str]:
    notices = []
    if read < min(count, limits.pages):
        notices.append(f"only the first {read:,} of {count:,} pages were read in time (max_file_s in [knowledge])")
    for pages, why in ((unread.scanned, "scanned"), (unread.garbled, "with a garbled text layer")):
        if pages:
            notices.append(f"{_named(pages, count)} {why}, not read: {OCR_FIX} reads them")
    if unread.over:
        limit = f"{ocred} pages were read by OCR before the limit of {limits.ocr_pages} pages or {limits.seconds:g} s"
        notices.append(
            f"{_named(unread.over, count)} scanned, not read: {limit} (ocr_pages, max_file_s in [knowledge])"
        )
    if unread.broken:
        notices.append(f"{_named(unread.broken, count)} damaged, not read")
    elif count > limits.pages:
        notices.append(f"only the first {limits.pages:,} of {count:,} pages were read (max_pages in [knowledge])")
    return notices


def _named(pages: Sequence[int], count: int) -> str:
    """``3 of 9 pages (2, 5-6)``."""
    spans: list[list[int]] = []
    for page in pages:
        if spans and page == spans[-1][1] + 1:
            spans[-1][1] = page
        else:
            spans.append([page, page])
    shown = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in spans[:8])
    return f"{len(pages)} of {count} pages ({shown}{', ...' * (len(spans) > 8)})"


def _written(pages: Sequence[Page], notices: Sequence[str]) -> Converted:
    """The pages in order; a sentence that goes on behind a page break is finished before the break."""
    writer = MarkdownWriter()
    writer.notices += notices
    size = body_size(pages)
    open_text = ""
    for page in pages:
        blocks = blocks_of(page, size)
        if open_text:
            if blocks and blocks[0].kind == "text" and not blocks[0].begins:
                finished, rest = _first_sentence(blocks[0].text)
                writer.paragraph(joined(open_text, finished))
                blocks = [*([Block("text", rest)] if rest else []), *blocks[1:]]
            else:
                writer.paragraph(open_text)
            open_text = ""
        if blocks:
            writer.place(f"page={page.number}", cuts=True)
        if blocks and blocks[-1].kind == "text" and _is_open(blocks[-1].text):
            open_text = blocks.pop().text
        for block in blocks:
            _write(writer, block)
    writer.paragraph(open_text)
    return writer.result()


def _write(writer: MarkdownWriter, block: Block) -> None:
    if block.kind == "heading":
        writer.heading(block.level, block.text)
    elif block.kind == "table":
        writer.table(block.rows)
    else:
        writer.paragraph(block.text)


def _is_open(text: str) -> bool:
    """Whether a paragraph at the end of a page ends in the middle of a sentence."""
    return len(text) > 40 and text.rstrip()[-1:] not in _SENTENCE_ENDS


def _first_sentence(text: str) -> tuple[str, str]:
    """The text up to the end of its first sentence, and the rest."""
    for i, char in enumerate(text):
        if char in "。！？!?；" or (char == "." and text[i + 1 : i + 2].isspace()):
            return text[: i + 1], text[i + 1 :].strip()
    return text, ""
