"""Writes the blocks of a Feishu document as Markdown. Knows no calls.

Reference: https://open.feishu.cn/document/docs/docs/data-structure/block
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

PAGE, TEXT, HEADING1, HEADING9, BULLET, ORDERED, CODE, QUOTE = 1, 2, 3, 11, 12, 13, 14, 15
EQUATION, TODO, DIVIDER, TABLE, QUOTE_CONTAINER = 16, 17, 22, 31, 34
MAX_DEPTH = 50
# What holds others and says nothing itself: callout, grid, grid column, view, quote, table cell, synced blocks ...
NAMES = {TEXT: "text", BULLET: "bullet", ORDERED: "ordered", CODE: "code", QUOTE: "quote", EQUATION: "equation"}
NAMES |= {TODO: "todo", PAGE: "page"} | {n: f"heading{n - HEADING1 + 1}" for n in range(HEADING1, HEADING9 + 1)}
UNREAD = {18: "bitable", 21: "diagram", 23: "file", 26: "iframe", 27: "image", 29: "mindnote", 30: "sheet", 43: "board"}
LANGUAGES = {
    **{7: "bash", 8: "csharp", 9: "cpp", 10: "c", 12: "css", 18: "dockerfile", 22: "go", 24: "html", 28: "json"},
    **{29: "java", 30: "javascript", 32: "kotlin", 36: "lua", 38: "makefile", 39: "markdown", 43: "php", 49: "python"},
    **{52: "ruby", 53: "rust", 56: "sql", 57: "scala", 60: "shell", 61: "swift", 63: "typescript", 66: "xml"},
    67: "yaml",
}
_STRUCTURE = re.compile(r"^(#{1,6}[ \t]|>|```|~~~|[-+*][ \t]|\d+[.)][ \t]|={3,}$|-{3,}$)")

Block = Mapping[str, Any]


def to_markdown(title: str, blocks: Iterable[Block]) -> str:
    """A document as Markdown under its title; ``blocks`` as the platform lists them, in any order."""
    known = {str(block.get("block_id")): block for block in blocks}
    root = next((block for block in known.values() if block.get("block_type") == PAGE), None)
    parts = [f"# {' '.join(title.split())}"] if title.strip() else []
    if root is not None:
        parts += _children(root, known, 0)
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def unread_in(blocks: Iterable[Block]) -> tuple[str, ...]:
    """What a document holds that has no text here: images, embedded tables."""
    return tuple(sorted({UNREAD[kind] for block in blocks if (kind := int(block.get("block_type") or 0)) in UNREAD}))


def table_lines(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first one is its head."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    padded = [[*map(_cell, row), *[""] * (width - len(row))] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _children(block: Block, known: dict[str, Block], depth: int) -> list[str]:
    """The children as blocks of Markdown; neighbours of one list stand together."""
    if depth > MAX_DEPTH:
        return []
    parts: list[str] = []
    last, number = 0, 0
    for name in block.get("children") or ():
        child = known.pop(str(name), None)  # once: what holds itself would go on for ever
        if child is None:
            continue
        kind = int(child.get("block_type") or 0)
        number = number + 1 if kind == ORDERED and last == ORDERED else 1
        text = _block(child, kind, number, known, depth + 1)
        if text and parts and kind == last and kind in (BULLET, ORDERED, TODO):
            parts[-1] += f"\n{text}"
        elif text:
            parts.append(text)
        last = kind
    return parts


def _block(block: Block, kind: int, number: int, known: dict[str, Block], depth: int) -> str:
    text = _text(block, kind)
    inner = [] if kind == TABLE else _children(block, known, depth)
    if HEADING1 <= kind <= HEADING9:
        # The document's title is the one of the first level.
        return "\n\n".join([f"{'#' * min(6, kind - HEADING1 + 2)} {text}" if text else "", *inner]).strip()
    if kind in (BULLET, ORDERED, TODO):
        done = ((block.get("todo") or {}).get("style") or {}).get("done")
        mark = f"{number}. " if kind == ORDERED else "- " if kind == BULLET else f"- [{'x' if done else ' '}] "
        return mark + _indented("\n".join([text, *inner]), 2 if kind == TODO else len(mark)).strip()
    if kind == CODE:
        return _code(block)
    if kind == TABLE:
        return _table(block, known, depth)
    if kind in (QUOTE, QUOTE_CONTAINER):
        whole = "\n\n".join(filter(None, [text, *inner]))
        return "\n".join(f"> {line}".rstrip() for line in whole.splitlines())
    if kind == EQUATION and text:
        return f"$$\n{text}\n$$"
    lines = "\n".join(f"\\{line}" if _STRUCTURE.match(line) else line for line in text.splitlines())
    return "\n\n".join(filter(None, [lines, *inner]))


def _text(block: Block, kind: int) -> str:
    body = block.get(NAMES.get(kind, ""))
    elements = body.get("elements") if isinstance(body, Mapping) else None
    joined = "".join(map(_element, elements or ()))
    return joined.strip() if kind in (TEXT, QUOTE, EQUATION) else " ".join(joined.split())


def _element(element: Mapping[str, Any]) -> str:
    run = element.get("text_run")
    if isinstance(run, Mapping):
        return _run(run)
    equation = element.get("equation")
    if isinstance(equation, Mapping):
        return f"${str(equation.get('content') or '').strip()}$"
    for name in ("mention_doc", "link_preview"):
        if isinstance(element.get(name), Mapping):
            return str(element[name].get("title") or "")
    return ""


def _run(run: Mapping[str, Any]) -> str:
    text = str(run.get("content") or "")
    style = run.get("text_element_style") or {}
    bare = text.strip()
    if not bare:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if style.get("inline_code") and "`" not in bare:
        bare = f"`{bare}`"
    elif style.get("bold") and "\n" not in bare:
        bare = f"**{bare}**"
    link = unquote(str((style.get("link") or {}).get("url") or ""))
    if link.startswith(("http://", "https://")) and link != bare and ")" not in link and " " not in link:
        bare = f"[{bare}]({link})"
    return before + bare + after


def _code(block: Block) -> str:
    body = block.get("code") or {}
    text = "".join(str((e.get("text_run") or {}).get("content") or "") for e in body.get("elements") or ()).rstrip()
    if not text.strip():
        return ""
    language = LANGUAGES.get((body.get("style") or {}).get("language") or 0, "")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _table(block: Block, known: dict[str, Block], depth: int) -> str:
    table = block.get("table") or {}
    width = int((table.get("property") or {}).get("column_size") or 0)
    names = list(table.get("cells") or block.get("children") or ())
    if width < 1 or depth > MAX_DEPTH:
        return ""
    texts = ["\n".join(_children(known.pop(str(name), {}), known, depth + 1)) for name in names]
    return table_lines([texts[at : at + width] for at in range(0, len(texts), width)])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else "" for line in text.splitlines())
