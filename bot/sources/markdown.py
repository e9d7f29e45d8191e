"""Writes the elements of an HTML page as Markdown: headings, lists, code, tables, quotes. Of links the text stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100  # beyond it structure means nothing, and the text is taken as it stands
_HEADINGS = {f"h{n}": n for n in range(1, 7)}


def words(text: str) -> frozenset[str]:
    """The words of a text, to look up."""
    return frozenset(text.split())


_BLOCKS = words(
    "address article blockquote body center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 header hr html li "
    "main ol p pre section summary table ul"
)
_LANGUAGES = (
    re.compile(r"\b(?:language|lang)-([\w+#-]+)", re.I),
    re.compile(r"\b(?:highlight-(?:source-)?|brush: ?|sourceCode )([\w+#]+)", re.I),
)
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_LOOKS_LIKE_STRUCTURE = re.compile(r"^(#{1,6}[ \t]|>|```|~~~|[-+*][ \t]|\d+[.)][ \t]|={3,}$|-{3,}$)")


def to_markdown(element: Any) -> str:
    """The element's content."""
    return "\n\n".join(block for block in _blocks(element, 0) if block.strip()).strip()


def _blocks(element: Any, depth: int) -> Iterator[str]:
    """The blocks below an element in order; text between them makes blocks of its own."""
    if depth > MAX_DEPTH:
        yield _escaped(_squeezed("".join(element.itertext())))
        return
    line = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and _is_block(child):
            yield _escaped(_squeezed("".join(line)))
            line = []
            yield from _block(child, depth + 1)
        elif isinstance(child.tag, str):
            line.append(_inline(child, depth + 1))
        line.append(child.tail or "")
    yield _escaped(_squeezed("".join(line)))


def _is_block(element: Any) -> bool:
    return element.tag in _BLOCKS or any(child.tag in _BLOCKS for child in element.iterdescendants())


def _block(element: Any, depth: int) -> Iterator[str]:
    tag = element.tag
    if tag in _HEADINGS:
        title = _squeezed(_text(element, depth)).replace("\n", " ").replace("¶", "").strip()
        yield f"{'#' * _HEADINGS[tag]} {title}" if title else ""
    elif tag == "pre":
        yield _code(element)
    elif tag in ("ul", "ol"):
        yield _list(element, depth)
    elif tag == "table":
        yield from _table(element, depth)
    elif tag == "blockquote":
        inner = "\n\n".join(filter(str.strip, _blocks(element, depth)))
        yield "\n".join(f"> {line}".rstrip() for line in inner.splitlines())
    elif tag == "dt":
        term = _squeezed(_text(element, depth))
        yield f"**{term}**" if term else ""
    elif tag != "hr":
        yield from _blocks(element, depth)


def _code(element: Any) -> str:
    for line_break in element.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    lines = "".join(element.itertext()).expandtabs(4).splitlines()
    while lines and not lines[0].strip():
        lines.pop(0)
    text = "\n".join(lines).rstrip()
    if not text:
        return ""
    marks = " ".join(filter(None, (_class(place) for place in _around(element))))
    found = next(filter(None, (pattern.search(marks) for pattern in _LANGUAGES)), None)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{found[1].lower() if found else ''}\n{text}\n{fence}"


def _around(element: Any) -> Iterator[Any]:
    """Where pages name the language: on the element, in its code element, or on the one or two around it."""
    yield element
    yield from element.iter("code")
    for _, above in zip(range(2), element.iterancestors(), strict=False):
        yield above


def _class(element: Any) -> str:
    return f"{element.get('class') or ''} {element.get('data-lang') or ''}".strip()


def _list(element: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        return _squeezed("".join(element.itertext()))
    lines, number = [], 0
    for item in element:
        if item.tag in ("ul", "ol"):  # a list that stands in the list itself
            lines.append(_indented(_list(item, depth + 1), "  "))
            continue
        if item.tag != "li":
            continue
        number += 1
        mark = f"{number}. " if element.tag == "ol" else "- "
        blocks = [block for block in _blocks(item, depth + 1) if block.strip()]
        text = "\n".join(blocks)
        if text:
            lines.append(mark + _indented(text, " " * len(mark)).lstrip())
    return "\n".join(lines)


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else "" for line in text.splitlines())


def _table(element: Any, depth: int) -> Iterator[str]:
    """A table with one line for each row; one that only arranges the page gives its content."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    width = max((sum(_span(cell) for cell in row) for row in cells), default=0)
    if width < 2 or element.find(".//table") is not None:
        for row in cells:
            for cell in row:
                yield from _blocks(cell, depth)
        return
    caption = element.find("caption")
    if caption is not None:
        yield _squeezed(_text(caption, depth))
    lines = []
    for row in cells:
        texts = [text for cell in row for text in (_cell(cell, depth), *[""] * (_span(cell) - 1))]
        lines.append("| " + " | ".join((texts + [""] * width)[:width]) + " |")
    if lines:
        lines.insert(1, "|" + " --- |" * width)
    yield "\n".join(lines)


def _span(cell: Any) -> int:
    text = cell.get("colspan") or "1"
    return min(max(int(text), 1), 50) if text.isdecimal() and len(text) < 5 else 1


def _cell(cell: Any, depth: int) -> str:
    return " ".join(_text(cell, depth).replace("\0", " ").split()).replace("|", "\\|")


def _text(element: Any, depth: int) -> str:
    """The text of an element and all below it in one go."""
    if depth > MAX_DEPTH:
        return "".join(element.itertext())
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            inner = _inline(child, depth + 1)
            parts.append(f" {inner} " if child.tag in _BLOCKS else inner)
        parts.append(child.tail or "")
    return "".join(parts)


def _inline(element: Any, depth: int) -> str:
    tag = element.tag
    if tag == "br":
        return "\0"
    if tag in ("code", "kbd", "samp", "tt"):
        text = " ".join("".join(element.itertext()).split())
        return f"`{text}`" if text and "`" not in text else text
    if tag == "img":
        return (element.get("alt") or "").strip()
    text = _text(element, depth)
    if tag in ("b", "strong") and text.strip() and "\0" not in text:
        return f"**{text.strip()}**" if text == text.strip() else f" **{text.strip()}** "
    return text


def _squeezed(text: str) -> str:
    """White space as a browser shows it: one blank; line breaks where the page asks for them."""
    return "\n".join(_SPACES.sub(" ", part).strip() for part in text.split("\0")).strip()


def _escaped(text: str) -> str:
    """Text that would read as a heading, a list or a fence stays text."""
    return "\n".join(f"\\{line}" if _LOOKS_LIKE_STRUCTURE.match(line) else line for line in text.splitlines())
