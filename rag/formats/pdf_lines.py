"""The lines of a PDF page from its characters and their boxes: gaps between columns part them. It reads no pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from rag.formats.pdf_layout import Line

_GAP = 1.8  # character heights between two stretches of one line that belong apart
_LINE_ENDS = "\r\n\x02\ufffe"  # the last two stand for a hyphen at the end of a line, which goes on in the next
_MAX_GARBLED = 0.1  # of the characters
_MAX_CHARS = 200_000  # of one page


def read_page(page: Any) -> tuple[tuple[Line, ...], int]:
    """The lines of a page in the order of its content, and how many characters have no known meaning."""
    import pypdfium2.raw as raw

    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        count = min(raw.FPDFText_CountChars(handle), _MAX_CHARS)
        errors = sum(raw.FPDFText_HasUnicodeMapError(handle, i) == 1 for i in range(count))
        return tuple(_lines(raw, handle, count)), errors
    finally:
        text_page.close()


def is_garbled(text: str, errors: int) -> bool:
    """Whether a text layer holds what nobody could read: signs without a meaning, of private use or of control."""
    visible = [char for char in text if not char.isspace()]
    odd = sum(_is_odd(char) for char in visible)
    return len(visible) >= 10 and max(odd, errors) > _MAX_GARBLED * len(visible)


def _is_odd(char: str) -> bool:
    code = ord(char)
    return char == "\ufffd" or 0xE000 <= code <= 0xF8FF or code >= 0xF0000 or code < 0x20 or 0x7F <= code < 0xA0


class _Stretch:
    """Characters side by side."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.left, self.right, self.bottom, self.top = 1e9, -1e9, 1e9, -1e9
        self.sizes: list[float] = []

    def add(self, char: str, box: tuple[float, float, float, float], size: float) -> None:
        left, right, bottom, top = box
        self.chars.append(char)
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom, self.top = min(self.bottom, bottom), max(self.top, top)
        self.sizes.append(size)

    def is_left_by(self, left: float, top: float, size: float) -> bool:
        """Whether a character stands too far off to belong here."""
        if not self.sizes:
            return False
        apart = left - self.right > _GAP * max(size, 4) or left < self.left - 2 * size
        return apart or top < self.bottom - 0.1 * size

    def line(self) -> Line | None:
        text = " ".join("".join(self.chars).split())
        if not text:
            return None
        size = sorted(self.sizes)[len(self.sizes) // 2]
        return Line(text, self.left, self.right, self.bottom, self.top, size)


def _lines(raw: Any, handle: Any, count: int) -> Iterator[Line]:
    stretch = _Stretch()
    box = [ctypes.c_double() for _ in range(4)]
    for i in range(count):
        char = chr(raw.FPDFText_GetUnicode(handle, i) or 0x20)
        if char in _LINE_ENDS:
            if char not in "\r\n" and stretch.chars:
                stretch.chars.append("-")
            if line := stretch.line():
                yield line
            stretch = _Stretch()
            continue
        if char == " " or not raw.FPDFText_GetCharBox(handle, i, *map(ctypes.byref, box)):
            stretch.chars.append(" ")
            continue
        left, right, bottom, top = (value.value for value in box)
        size = raw.FPDFText_GetFontSize(handle, i) if len(stretch.sizes) < 40 else stretch.sizes[-1]
        size = _drawn(size, top - bottom)
        if stretch.is_left_by(left, top, size):
            if line := stretch.line():
                yield line
            stretch = _Stretch()
        stretch.add(char, (left, right, bottom, top), size)
    if line := stretch.line():
        yield line


def _drawn(size: float, height: float) -> float:
    """The size of a character as drawn: a font of size 1 that is scaled up says nothing."""
    return size if size >= 3 else max(height * 1.3, 3)
