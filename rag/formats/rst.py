"""reStructuredText as Markdown: headings by their adornment, code blocks, tables, roles, links and labels.

Read line by line: a page that a strict parser refuses (unknown directives and roles of Sphinx) is read all the same.
"""

from __future__ import annotations

import re
import textwrap

from rag.formats.base import Converted, Limits
from rag.formats.plain import decoded
from rag.formats.rst_tables import grid_rows, list_rows, simple_rows
from rag.formats.writer import MarkdownWriter, escaped

_ADORNMENT = re.compile(r"^([=\-`:.'\"~^_*+#<>])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"^\.\.\s+([\w:+.-]+)::\s*(.*)$")
_LABEL = re.compile(r"^\.\.\s+_([^:`]+|`[^`]+`):\s*(\S*)\s*$")
_COMMENT = re.compile(r"^\.\.(?:\s|$)")
_OPTION = re.compile(r"^\s*:[\w-]+:")
_GRID = re.compile(r"^\s*\+[-=+]+\+\s*$")
_SIMPLE = re.compile(r"^\s*=+(?:\s+=+)+\s*$")
_ITEM = re.compile(r"^(\s*)([-*+•]|\d{1,3}[.)]|#\.)\s+(.*)$")
_CODE = ("code-block", "code", "sourcecode", "highlight", "literalinclude", "parsed-literal", "prompt", "console")
_HIDDEN = (
    "image", "toctree", "contents", "raw", "include", "index", "meta", "only", "automodule", "autoclass",
    "autofunction", "currentmodule", "sectnum", "role", "default-role",
)  # fmt: skip
_REFERENCE = re.compile(r"`([^`<]+?)\s*<([^`>]+)>`__?")
_STANDARD = re.compile(r":(rfc|pep):`(\d+)[^`]*`")
_ROLE_TITLE = re.compile(r":[\w:+.-]+:`([^`<]+?)\s*<[^`>]+>`")
_ROLE = re.compile(r":[\w:+.-]+:`[~!]?([^`]+)`")
_NAMED = re.compile(r"`([^`]+)`__?(?!\w)")
_LITERAL = re.compile(r"``(.+?)``")
_SUBSTITUTION = re.compile(r"\|([^|\s][^|]*)\|")


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The text of a file."""
    reader = _Reader(decoded(data).expandtabs(4).split("\n"))
    reader.read()
    return reader.writer.result(reader.title)


class _Reader:
    """A place in the lines of a file."""

    def __init__(self, lines: list[str]) -> None:
        self.writer = MarkdownWriter()
        self.title = ""
        self._lines = lines
        self._at = 0
        self._levels: list[str] = []
        self._labels: list[str] = []

    def read(self) -> None:
        """Read to the end."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip():
                self._at += 1
            elif not (self._heading() or self._explicit(line) or self._table(line)):
                self._paragraph()

    def _line(self, offset: int = 0) -> str:
        at = self._at + offset
        return self._lines[at] if at < len(self._lines) else ""

    def _heading(self) -> bool:
        over, text, under = self._line(), self._line(1), self._line(2)
        first, last = _ADORNMENT.match(over), _ADORNMENT.match(under)
        if first and last and first[1] == last[1] and text.strip() and not _ADORNMENT.match(text):
            style, self._at = first[1] * 2, self._at + 3
            self._enter(style, text)
            return True
        below = _ADORNMENT.match(text)
        if below and over.strip() and not over[:1].isspace() and not first and _width(over) <= len(text.strip()) + 2:
            self._at += 2
            self._enter(below[1], over)
            return True
        if first:  # a rule between parts
            self._at += 1
            return True
        return False

    def _enter(self, style: str, text: str) -> None:
        if style not in self._levels:
            self._levels.append(style)
        heading = inline(text.strip())
        self.title = self.title or heading
        self._place(_slug(heading))
        self.writer.heading(self._levels.index(style) + 1, heading)

    def _place(self, fallback: str) -> None:
        name, self._labels = (self._labels[-1] if self._labels else fallback), []
        if name:
            self.writer.place(name)

    def _explicit(self, line: str) -> bool:
        """Directives, labels and comments."""
        if label := _LABEL.match(line):
            self._at += 1
            if not label[2]:
                self._labels.append(_slug(label[1].strip("`")))
            return True
        directive = _DIRECTIVE.match(line.strip()) if line.lstrip().startswith("..") else None
        if directive is None and not _COMMENT.match(line):
            return False
        self._at += 1
        body = self._body(len(line) - len(line.lstrip()))
        if directive:
            self._directive(directive[1].lower().rpartition(":")[2], directive[2], body)
        return True

    def _body(self, indent: int) -> list[str]:
        """The indented lines that follow, less their indentation."""
        start = self._at
        while self._at < len(self._lines):
            line = self._line()
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            self._at += 1
        return textwrap.dedent("\n".join(self._lines[start : self._at])).strip("\n").split("\n")

    def _directive(self, name: str, argument: str, body: list[str]) -> None:
        while body and _OPTION.match(body[0]):
            body = body[1:]
        text = "\n".join(body).strip("\n")
        if name in _CODE:
            self.writer.code(text, argument if re.fullmatch(r"[\w+#-]*", argument) else "")
        elif name == "math":
            self.writer.code(text or argument, "math")
        elif name in ("list-table", "csv-table"):
            self.writer.table([[inline(cell) for cell in row] for row in list_rows(name, body)], caption=argument)
        elif name not in _HIDDEN:
            self._nested(inline(argument), body)

    def _nested(self, lead: str, body: list[str]) -> None:
        """Notes, warnings and whatever else holds text."""
        if lead:
            self.writer.paragraph(lead)
        inner = _Reader(body)
        inner._levels = self._levels
        inner.writer = self.writer
        inner.read()

    def _table(self, line: str) -> bool:
        if _GRID.match(line):
            start = self._at
            while self._line().strip().startswith(("+", "|")):
                self._at += 1
            rows = grid_rows([one.strip() for one in self._lines[start : self._at]])
        elif _SIMPLE.match(line):
            start, rules = self._at, 0
            while self._at < len(self._lines) and rules < 3:
                rules += bool(_SIMPLE.match(self._line()))
                self._at += 1
                if rules == 2 and not self._line().strip():
                    break
            rows = simple_rows(self._lines[start : self._at])
        else:
            return False
        self.writer.table([[inline(cell) for cell in row] for row in rows])
        return True

    def _paragraph(self) -> None:
        """Lines up to a blank one; items of a list stand on a line each; ``::`` at the end opens a literal block."""
        lines: list[str] = []
        indent = len(self._line()) - len(self._line().lstrip())
        while self._line().strip() and not (lines and (_GRID.match(self._line()) or self._is_heading())):
            lines.append(self._line())
            self._at += 1
        opens = lines[-1].rstrip().endswith("::") and not lines[-1].strip().startswith("..")
        if opens:
            lines[-1] = re.sub(r"(?<=[^\s:])::$", ":", lines[-1].rstrip()).removesuffix("::")
        self.writer.raw(_joined(lines))
        if opens:
            body = self._body(indent)
            self.writer.code("\n".join(body))

    def _is_heading(self) -> bool:
        return bool(_ADORNMENT.match(self._line(1))) and bool(self._line().strip()) and not self._line()[:1].isspace()


def inline(text: str) -> str:
    """Inline mark-up as Markdown: literals, roles, links and references."""
    parts = _LITERAL.split(text)
    for i in range(0, len(parts), 2):
        part = _ROLE.sub(r"`\1`", _ROLE_TITLE.sub(r"\1", _STANDARD.sub(_standard, parts[i])))
        part = _REFERENCE.sub(_link, part)
        parts[i] = _SUBSTITUTION.sub(r"\1", re.sub(r"(?<![\w`])`([^`]+)`__?(?!\w)", r"\1", part))
    for i in range(1, len(parts), 2):
        parts[i] = f"`{parts[i]}`"
    return "".join(parts)


def _standard(match: re.Match[str]) -> str:
    return f"{match[1].upper()} {match[2]}"


def _link(match: re.Match[str]) -> str:
    text, target = match[1].strip(), match[2].strip()
    return f"[{text}]({target})" if target.startswith(("http://", "https://")) else text


def _joined(lines: list[str]) -> str:
    """Lines of a paragraph as one, items with a line each."""
    found: list[str] = []
    for line in lines:
        item = _ITEM.match(line)
        if item:
            found.append(f"{item[1]}{'1.' if item[2] == '#.' else item[2]} {item[3]}")
        elif found and _ITEM.match(found[-1]):
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.strip())
    return escaped(inline("\n".join(found)))


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")


def _width(text: str) -> int:
    """Columns that a line takes: Han characters take two."""
    return sum(1 for char in text.rstrip()) if text.isascii() else len(text.rstrip())
