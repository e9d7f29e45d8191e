"""Web pages: their main text as Markdown, with headings, lists, tables, code and the ids that a link can point to.

Scripts, styles, menus, forms and what is hidden are dropped. It fetches nothing.
"""

from __future__ import annotations

import re
from typing import Any

from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.html_tables import table_rows
from rag.formats.text import decode
from rag.formats.writer import MarkdownWriter, escaped

_DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas", "head", "form", "button",
    "select", "input", "textarea", "nav", "footer", "aside", "dialog", "audio", "video", "map",
)  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MENU = re.compile(
    r"(?:^|[\s_-])(?:navbar|nav|menu|sidebar|breadcrumbs?|cookie|toc|toctree|headerlink|skip|share|ads?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    ("p", "div", "section", "article", "main", "header", "blockquote", "ul", "ol", "dl", "dt", "dd", "li", "pre",
     "table", "figure", "figcaption", "details", "summary", "address", "hr", "body", "html", "center", "fieldset", "tr",
     "tbody", "h1", "h2", "h3", "h4", "h5", "h6")
)  # fmt: skip
_MAIN = ("//main", "//*[@role='main']", "//article", "//*[@id='content']")
_MIN_MAIN = 0.3  # of the page's text, that an element has to hold to be taken for its main part
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_WIDE_BREAK = re.compile(r"(?<=[\u2e80-\uffef])\n+(?=[\u2e80-\uffef])")  # no space stands between Chinese characters
_LANGUAGE = re.compile(r"(?:language|lang|highlight|brush:?)[-_ ]+([\w+#]+)")
MAX_DEPTH = 200


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The main text of a page."""
    return convert_text(_decoded(data))


def convert_text(page: str) -> Converted:
    """The main text of a page that is decoded.

    Raises:
        ConversionError: there is no text in it.
    """
    import lxml.html

    page = _CONTROL.sub("", _DECLARATION.sub("", page))
    if not page.strip():
        raise ConversionError("empty")
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise ConversionError(f"no readable HTML: {error}") from error
    title = " ".join((tree.findtext(".//title") or "").split())
    _drop(tree)
    writer = MarkdownWriter()
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        writer.notices.append("what is nested more than 2,000 deep was not read")
    _Walk(writer).block(_main(tree), 0)
    heading = tree.find(".//h1")
    own = " ".join("".join(heading.itertext()).split()) if heading is not None else ""
    return writer.result(own.rstrip("¶§# ") or title)


def _decoded(data: bytes) -> str:
    """The text, by the charset that the page names where the bytes agree."""
    match = _CHARSET.search(data[:4096])
    named = match.group(1).decode("ascii").lower() if match else ""
    if named and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            return data.decode("gb18030" if named in ("gb2312", "gbk") else named).replace("\r\n", "\n")
        except (UnicodeDecodeError, LookupError):
            pass
    try:
        return decode(data)
    except ValueError as error:
        raise ConversionError(str(error)) from error


def _drop(tree: Any) -> None:
    """Take out what is no text of the page; what follows an element stays."""
    for element in list(tree.iter()):
        if not isinstance(element.tag, str) or element.getparent() is None:
            continue
        marks = f"{element.get('class', '')} {element.get('id', '')}"
        gone = (
            element.tag in _DROPPED
            or element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or element.get("role") in ("navigation", "banner", "contentinfo", "search")
            or _HIDDEN.search(element.get("style", ""))
            or (element.tag in ("div", "ul", "ol", "a", "p", "section", "header") and _MENU.search(marks))
        )
        if gone:
            element.drop_tree()


def _main(tree: Any) -> Any:
    body = tree.find(".//body")
    body = tree if body is None else body
    whole = len("".join(body.itertext()).strip())
    for path in _MAIN:
        for element in tree.xpath(path):
            if len("".join(element.itertext()).strip()) >= _MIN_MAIN * whole:
                return element
    return body


class _Walk:
    """Goes through a page and writes its blocks; text between them is gathered until a block ends it."""

    def __init__(self, writer: MarkdownWriter) -> None:
        self._writer = writer
        self._inline: list[str] = []

    def block(self, element: Any, depth: int) -> None:
        """Write an element with all in it."""
        if depth > MAX_DEPTH:
            self._inline.append("".join(element.itertext()))
            self._end()
            return
        self._anchor(element)
        if element.text:
            self._inline.append(element.text)
        for child in element:
            self._child(child, depth)
            if child.tail:
                self._inline.append(child.tail)
        self._end()

    def _child(self, child: Any, depth: int) -> None:
        tag = child.tag
        if tag not in _BLOCKS:
            self._inline_element(child, depth)
            return
        self._end()
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._anchor(child)
            self._writer.heading(int(tag[1]), " ".join("".join(child.itertext()).split()).rstrip("¶§# "))
        elif tag == "pre":
            self._anchor(child)
            match = _LANGUAGE.search(" ".join(f"{one.get('class', '')} " for one in child.iter()))
            self._writer.code("".join(child.itertext()), match.group(1) if match else "")
        elif tag == "table":
            self._anchor(child)
            self._table(child, depth)
        elif tag in ("ul", "ol"):
            self._anchor(child)
            items: list[tuple[int, str, str]] = []
            if _is_plain_list(child):
                self._items(child, 0, items)
                self._writer.items(items)
            else:
                self.block(child, depth + 1)
        else:
            self.block(child, depth + 1)

    def _table(self, table: Any, depth: int) -> None:
        """A table of data; one that only lays out a page is read as its text."""
        rows, caption = table_rows(table)
        if table.xpath(".//table|.//pre|.//h1|.//h2|.//h3") or not rows or max(map(len, rows)) < 2:
            self.block(table, depth + 1)
        else:
            self._writer.table(rows, caption=caption)

    def _items(self, element: Any, depth: int, items: list[tuple[int, str, str]]) -> None:
        for number, item in enumerate((one for one in element if one.tag == "li"), 1):
            nested = [one for one in item.iter("ul", "ol") if _above(one, ("ul", "ol")) is element]
            own = " ".join(_text(item, skip=("ul", "ol")).split())
            items.append((depth, f"{number}." if element.tag == "ol" else "-", own))
            for one in nested if depth < MAX_DEPTH else ():
                self._items(one, depth + 1, items)

    def _inline_element(self, element: Any, depth: int) -> None:
        if element.tag == "br":
            self._inline.append("\n")
        elif any(one.tag in _BLOCKS for one in element.iterdescendants()):
            self._end()
            self.block(element, depth + 1)
        else:
            self._inline.append(_text(element))

    def _anchor(self, element: Any) -> None:
        name = element.get("id") or (element.get("name") if element.tag == "a" else "")
        if name and not re.search(r"\s", name):
            self._writer.place(name)

    def _end(self) -> None:
        text = re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", "".join(self._inline))
        self._inline = []
        text = " ".join(_WIDE_BREAK.sub("", text).split())
        if text:
            self._writer.raw(escaped(text))


def _is_plain_list(element: Any) -> bool:
    """Whether the items are text alone, so that they can stand on a line each."""
    return not element.xpath(".//pre|.//table|.//h1|.//h2|.//h3|.//h4") and len("".join(element.itertext())) < 20_000


def _above(element: Any, tags: tuple[str, ...]) -> Any:
    """The nearest element above that has one of these tags."""
    above = element.getparent()
    while above is not None and above.tag not in tags:
        above = above.getparent()
    return above


def _text(element: Any, skip: tuple[str, ...] = ()) -> str:
    """The text of an element; code stands in back-ticks, links to the web keep their address."""
    tag = element.tag
    parts = [element.text or ""]
    for child in element:
        if child.tag not in skip:
            parts.append(" " if child.tag == "br" else _text(child, skip))
        parts.append(child.tail or "")
    text = "".join(parts)
    if tag in ("code", "kbd", "tt", "samp") and text.strip() and "`" not in text:
        return f"`{text.strip()}`"
    if tag == "a" and text.strip():
        target = element.get("href", "")
        if (
            target.startswith(("http://", "https://"))
            and target != text.strip()
            and not re.search(r"[\s()\[\]]", target)
        ):
            return f"[{' '.join(text.split())}]({target})"
    if tag in ("p", "div", "li", "dd", "dt"):
        return f"{text} "
    return text
