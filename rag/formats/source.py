"""Source code by definition: a heading for each function, class or type, its code below, comments included.

Python is read by its syntax tree. Other languages by lines: a definition begins where no block is open.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.formats.base import Converted, Defined, Limits
from rag.formats.definition_lines import bare_line
from rag.formats.definitions import definitions
from rag.formats.plain import decoded
from rag.formats.registry import suffix_of
from rag.formats.writer import MarkdownWriter

LONG = 1500  # characters from which on the methods of a class stand by themselves
_LANGUAGES = {
    ".py": "python", ".pyi": "python", ".c": "c", ".h": "cpp", ".cu": "cpp", ".java": "java", ".js": "javascript",
    ".jsx": "javascript", ".mjs": "javascript", ".ts": "typescript", ".tsx": "typescript", ".go": "go", ".rs": "rust",
    ".sh": "bash", ".bash": "bash",
}  # fmt: skip
_WORD = r"[A-Za-z_$][\w$]*"
_MODIFIERS = "export|default|public|private|protected|internal|static|final|abstract|async|unsafe|extern|inline|virtual"
_PREFIX = rf"(?:{_MODIFIERS}|pub(?:\([^)]*\))?|template\s*<[^>]*>)\s+"
_KINDS = r"class|struct|interface|enum|union|trait|namespace|module|type|func|fn|function\*?|def|macro_rules!"
_NO_NAMES = r"if\b|for\b|while\b|switch\b|catch\b|return\b"
_NAMED = re.compile(
    rf"^(?:{_PREFIX})*(?:{_KINDS})\s+"
    rf"(?:\([^)]*\)\s*)?(?P<name>{_WORD})"
)
_IMPL = re.compile(r"^(?:unsafe\s+)?impl\b[^{]*")
_ASSIGNED = re.compile(
    rf"^(?:{_PREFIX})*(?:const|let|var)\s+(?P<name>{_WORD})\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function|\(|{_WORD}\s*=>)"
)
_CALLABLE = re.compile(
    r"^(?!(?:if|for|while|switch|return|else|do|case|goto|throw)\b)[\w:<>,*&\s\[\]~]*?(?P<name>[\w:~]+)\s*\([^;]*$"
)
_SHELL = re.compile(r"^(?:function\s+)?(?P<name>[\w:.-]+)\s*\(\)")
_METHOD = re.compile(
    rf"^(?:@\w+\s*)*(?:{_PREFIX})*[\w<>,\[\]?\s]*?\b(?P<name>(?!{_NO_NAMES})[\w$]+)\s*\([^;]*\)[^;]*\{{\s*$"
)
_LEADS = re.compile(r"\s*(?://|/\*|\*|#(?!include|define|if|else|endif|pragma)|@|\[\[|#\[)")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines ``first`` up to ``last`` (exclusive, from 0) of a file; ``name`` is empty for what defines nothing."""

    name: str
    first: int
    last: int
    level: int = 2


def convert(data: bytes, name: str, limits: Limits) -> Converted:
    """The definitions of a file."""
    text, language = decoded(data), language_of(name)
    lines = text.split("\n")
    pieces = list(_python(text, len(lines)) or [] if language == "python" else _by_lines(lines, language))
    writer = MarkdownWriter()
    starts = dict[int, tuple[int, int]]()  # of each line: where it begins in the Markdown, and where its block ends
    for piece in _covering(pieces, len(lines)):
        body = "\n".join(lines[piece.first : piece.last])
        if body.strip():
            writer.place(f"L{piece.first + 1}")
            writer.heading(piece.level, piece.name)
            starts |= _starts(lines, piece, writer.code(body, language))
    # A parser may count other signs as line ends, too.
    known = (one for one in definitions(text, language) if {one.start, one.line - 1} <= starts.keys())
    found = [_placed(one, lines, starts) for one in known if one.end <= len(lines)]
    return replace(writer.result(), definitions=tuple(found))


def _starts(lines: list[str], piece: _Piece, begins: int) -> dict[int, tuple[int, int]]:
    """Where the lines of a piece begin that was written at ``begins``, without blank ones around it."""
    first, last = piece.first, piece.last
    while not lines[first]:
        first += 1
    while not lines[last - 1]:
        last -= 1
    ends = begins + sum(len(line) + 1 for line in lines[first:last]) - 1
    found = {}
    for number in range(first, last):
        found[number] = begins, ends
        begins += len(lines[number]) + 1
    return found


def _placed(one: Defined, lines: list[str], starts: dict[int, tuple[int, int]]) -> Defined:
    """A definition with offsets in place of lines; its end is that of its block where it goes on behind."""
    own = starts[one.line - 1]
    start, ends = own if starts[one.start][1] != own[1] else starts[one.start]  # attributes may end another block
    last = starts.get(one.end - 1, (ends, ends))[0] + len(lines[one.end - 1])
    return replace(one, start=start, end=min(last, ends))


def language_of(name: str) -> str:
    """The language of a source file, as code blocks name it."""
    return _LANGUAGES.get(suffix_of(name), "cpp")


def _covering(pieces: list[_Piece], count: int) -> Iterator[_Piece]:
    """The pieces and, without a name, whatever stands between them."""
    at = 0
    for piece in sorted(pieces, key=lambda one: one.first):
        first = max(piece.first, at)
        if first > at:
            yield _Piece("", at, first)
        if piece.last > first:
            yield _Piece(piece.name, first, piece.last, piece.level)
            at = piece.last
    if at < count:
        yield _Piece("", at, count)


def _python(text: str, count: int) -> list[_Piece] | None:
    """The definitions of a Python file; None where it does not parse (of another version, or cut off)."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _by_lines(text.split("\n"), "python")
    pieces: list[_Piece] = []
    for node in tree.body:
        pieces += _definition(node, text.split("\n"), "", 2) if _defines(node) else []
    return pieces


def _defines(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _definition(node: ast.AST, lines: list[str], above: str, level: int) -> list[_Piece]:
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    last, name = node.end_lineno or node.lineno, f"{above}{node.name}"
    inner = [child for child in node.body if _defines(child)] if isinstance(node, ast.ClassDef) else []
    if not inner or sum(map(len, lines[first:last])) <= LONG:
        return [_Piece(name, first, last, level)]
    methods = [piece for child in inner for piece in _definition(child, lines, f"{name}.", level + 1)]
    return [_Piece(name, first, methods[0].first, level), *methods]


def _by_lines(lines: list[str], language: str) -> list[_Piece]:
    """Pieces that begin at lines which look like definitions while no brace is open (or at the margin, in Python)."""
    starts: list[tuple[int, str, int]] = []
    depth, outer, in_comment = 0, "", False
    for number, line in enumerate(lines):
        bare, in_comment = bare_line(line, in_comment)
        indented = line[:1] in (" ", "\t")
        if (depth == 0 and not indented) or (language == "java" and depth == 1):
            name = _name(bare, language, depth)
            if name:
                outer = name if depth == 0 else outer
                starts.append((_leading(lines, number), name if depth == 0 else f"{outer}.{name}", 2 + depth))
        if language not in ("python", "bash"):
            depth = max(0, depth + bare.count("{") - bare.count("}"))
            if re.match(r"(?:extern|namespace)\b", bare) and "{" in bare:
                depth = max(0, depth - 1)  # what stands in it is at the top all the same
    ends = [first for first, _, _ in starts[1:]] + [len(lines)]
    # Without any definition there is an end and no start.
    return [_Piece(name, first, end, level) for (first, name, level), end in zip(starts, ends) if end > first]  # noqa: B905


def _name(line: str, language: str, depth: int) -> str:
    bare = line.strip()
    if not bare or len(bare) > 500:
        return ""
    if depth:
        match = _METHOD.match(bare) or _NAMED.match(bare)
        return match["name"] if match else ""
    if language == "bash":
        match = _SHELL.match(bare)
        return match["name"] if match else ""
    if language == "rust" and (match := _IMPL.match(bare)):
        return " ".join(match[0].split())
    match = _NAMED.match(bare) or (_ASSIGNED.match(bare) if language in ("javascript", "typescript") else None)
    if match is None and language in ("c", "cpp"):
        match = _CALLABLE.match(bare)
    return match["name"] if match else ""


def _leading(lines: list[str], number: int) -> int:
    """Where the comments and attributes above a definition begin."""
    while number and _LEADS.match(lines[number - 1]):
        number -= 1
    return number
