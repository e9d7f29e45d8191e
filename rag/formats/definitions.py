"""Lists what a source file defines, each name with its lines: Python by its syntax tree, other languages by lines.

It knows no passage and no search; `rag.definitions` finds names in what this gives.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from rag.formats.base import Defined
from rag.formats.definition_lines import by_lines

_OUTLINE = re.compile(r"^(?P<indent>[ \t]*)(?:async\s+)?(?P<kind>def|class)\s+(?P<name>\w+)")
_ACCESSORS = ("setter", "deleter", "overload", "register")
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(text: str, language: str) -> list[Defined]:
    """The definitions of a file in order; ``start`` and ``end`` are lines from 0 (exclusive), not yet offsets."""
    lines = text.split("\n")
    if language != "python":
        return list(by_lines(lines, language))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return list(_outline(lines))
    return sorted(_inside(tree.body, ""), key=lambda one: one.line)


def _inside(body: Sequence[ast.stmt], above: str, owner: str = "") -> Iterator[Defined]:
    """What statements define; those in ``if``, ``try`` and ``with`` are at the same level."""
    for node in body:
        if isinstance(node, _Scope):
            yield from _scope(node, above, owner)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            yield from _assigned(node, above, owner)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from _inside(node.body, above, owner)
            yield from _inside(getattr(node, "orelse", []), above, owner)
            for handler in getattr(node, "handlers", []):
                yield from _inside(handler.body, above, owner)
        elif type(node).__name__ == "TypeAlias":  # Python 3.12
            yield from _named([getattr(node, "name", None)], node, above, "type")


def _scope(node: _Scope, above: str, owner: str) -> Iterator[Defined]:
    name, first = f"{above}{node.name}", min([node.lineno, *(one.lineno for one in node.decorator_list)])
    is_class = isinstance(node, ast.ClassDef)
    kind = "class" if is_class else "method" if owner else "function"
    minor = any(_last_name(one) in _ACCESSORS for one in node.decorator_list)
    yield Defined(name, kind, node.lineno, first - 1, node.end_lineno or node.lineno, minor)
    if is_class:
        yield from _inside(node.body, f"{name}.", "class")


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _assigned(node: ast.Assign | ast.AnnAssign, above: str, owner: str) -> Iterator[Defined]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return _named(targets, node, above, "field" if owner else "variable")


def _named(targets: Sequence[ast.AST | None], node: ast.stmt, above: str, kind: str) -> Iterator[Defined]:
    for target in targets:
        if isinstance(target, ast.Name) and not (target.id.startswith("__") and target.id.endswith("__")):
            shown = "constant" if kind == "variable" and target.id.isupper() else kind
            yield Defined(f"{above}{target.id}", shown, node.lineno, node.lineno - 1, node.end_lineno or node.lineno)


def _outline(lines: Sequence[str]) -> Iterator[Defined]:
    """Definitions of a Python file that does not parse, by indentation."""
    scopes: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines):
        match = _OUTLINE.match(line)
        if match is None:
            continue
        indent = len(match["indent"].expandtabs())
        while scopes and scopes[-1][0] >= indent:
            scopes.pop()
        if any(kind == "def" for _, kind, _ in scopes):
            continue
        name = ".".join([*(name for _, _, name in scopes), match["name"]])
        kind = "class" if match["kind"] == "class" else "method" if scopes else "function"
        yield Defined(name, kind, number + 1, number, _block_end(lines, number, indent))
        scopes.append((indent, match["kind"], match["name"]))


def _block_end(lines: Sequence[str], number: int, indent: int) -> int:
    """The line behind the last one that is indented deeper."""
    last = number + 1
    for at in range(number + 1, len(lines)):
        line = lines[at].expandtabs()
        if line.strip() and len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith(")"):
            break
        last = at + 1 if line.strip() else last
    return last
