"""Replies as WeChat shows them: plain text with short numbered sources. Knows no route and sends nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from adapters.base import Citation, Reply

MAX_TITLE_CHARS = 60
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_BULLET = re.compile(r"^(\s*)[*+]\s+")
_QUOTED = re.compile(r"^\s{0,3}(>\s?)+")
_RULE = re.compile(r"^\s*([-*_]\s*){3,}$")
_TABLE_RULE = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?$")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^()\s]+)[^()\n]*\)")
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^()\s]+)[^()\n]*\)")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+)>")
_MARKS = (
    re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(~~)(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(?<![\w*])(\*)(?=[^\s*])([^*\n]+?)(?<=[^\s*])\1(?![\w*])"),
    re.compile(r"(?<![\w_])(_)(?=[^\s_])([^_\n]+?)(?<=[^\s_])\1(?![\w_])"),
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~>|])")
_HIDDEN_AT = 0x10F000  # a private plane, where escaped signs stay out of the way of the marks
_HIDDEN = re.compile("[\U0010f021-\U0010f07e]")
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def rendered(reply: Reply) -> str:
    """The text of a reply with its sources; empty where nothing visible is left."""
    text = plain(reply.text)
    if not text or not reply.citations:
        return text
    return f"{text}\n\n{sources(reply.citations, chinese=bool(_CHINESE.search(text)))}"


def sources(citations: Iterable[Citation], *, chinese: bool) -> str:
    """One short line for each: number, title, and the address where it is one that readers can open."""
    lines = ["来源：" if chinese else "Sources:"]
    for citation in citations:
        title = visible(citation.title.replace("\n", " ")).strip() or citation.uri
        title = title if len(title) <= MAX_TITLE_CHARS else title[: MAX_TITLE_CHARS - 1] + "…"
        address = f" {citation.uri}" if citation.uri.startswith(("http://", "https://")) else ""
        lines.append(f"[{citation.n}] {title}{address}")
    return "\n".join(lines)


def plain(markdown: str) -> str:
    """Markdown without its marks. What stands in code stays as it is, and ``[1]`` stays a citation."""
    lines: list[str] = []
    in_code = False
    for line in visible(markdown).split("\n"):
        if _FENCE.match(line):
            in_code = not in_code
        elif in_code:
            lines.append(line)
        elif not _RULE.match(line) and not _TABLE_RULE.match(line):
            lines.append(_line(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def visible(text: str) -> str:
    """Without control characters and marks of direction, which a name or a document could smuggle in."""
    return "".join(
        char for char in text if char in "\n\t" or not (unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI)
    )


def _line(line: str) -> str:
    line = _QUOTED.sub("", line)
    heading = _HEADING.match(line)
    line = heading[1] if heading else _BULLET.sub(r"\1- ", line)
    if line.lstrip().startswith("|") and line.rstrip().endswith("|"):
        line = " | ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
    done, at = "", 0
    for code in _CODE.finditer(line):
        done += _unmarked(line[at : code.start()]) + code[2].strip()
        at = code.end()
    return (done + _unmarked(line[at:])).rstrip()


def _unmarked(text: str) -> str:
    text = _ESCAPED.sub(lambda found: chr(_HIDDEN_AT + ord(found[1])), text)
    text = _IMAGE.sub(lambda found: f"{found[1]} {found[2]}".strip(), text)
    text = _LINK.sub(lambda found: found[2] if found[1] == found[2] else f"{found[1]} ({found[2]})", text)
    text = _AUTOLINK.sub(r"\1", text)
    for marks in _MARKS:
        text = marks.sub(r"\2", text)
    return _HIDDEN.sub(lambda found: chr(ord(found[0]) - _HIDDEN_AT), text)
