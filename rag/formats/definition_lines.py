"""Lists the definitions of source files in languages with braces, and of shells, by their lines. It knows no parser.

A line defines something where it stands at the top of the file or directly in a class, a namespace and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.formats.base import Defined

_QUOTED = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|//.*|/\*.*?\*/")
_LEADS = re.compile(r"\s*(?:@\w|\[\[|#\[|template\s*<)")
_W = r"[A-Za-z_$][\w$]*"
_FUNCTION = rf"(?:async\s*)?(?:function|\(|{_W}\s*=>)"
_LABEL = r"(?:alignas\([^)]*\)\s*|\[\[[^\]]*\]\]\s*|[A-Z_]{3,}\s+)?"
_NO_NAMES = (
    r"(?:if|for|while|switch|catch|return|else|do|case|goto|throw|new|delete|sizeof|await|yield|super|constructor)\b"
)
_TYPES = {"namespace": "module", "mod": "module", "@interface": "interface", "record": "class", "union": "struct"}
_SCOPES = ("class", "struct", "interface", "enum", "trait", "module", "impl", "block")
_UNNAMED = ("impl", "block")  # what stands in them is defined, they are not
_BRANCH = re.compile(r"#\s*(if|el|endif)")
_WITH_BLOCKS = ("function", "method", "class", "struct", "enum", "module")
_MODS = (
    r"(?:(?:export|default|declare|public|private|protected|internal|static|final|abstract|sealed|async|unsafe|extern|"
    r"inline|virtual|constexpr|override|readonly|synchronized|native|partial|get|set|const(?=\s+(?:fn|unsafe))|"
    r"pub(?:\([^)]*\))?|template\s*<[^<>]*(?:<[^<>]*>[^<>]*)*>|@\w+(?:\([^()]*\))?)\s+)*"
)


def _rule(pattern: str, kind: str = "") -> tuple[re.Pattern[str], str]:
    return re.compile(pattern), kind


_RULES: dict[str, list[tuple[re.Pattern[str], str]]] = {
    "go": [
        _rule(rf"func\s+(?:\(\s*(?:{_W}\s+)?\*?(?P<owner>{_W})[^)]*\)\s*)?(?P<name>{_W})", "function"),
        _rule(rf"type\s+(?P<name>{_W})(?:\[[^\]]*\])?\s+(?P<kind>struct|interface)\b"),
        _rule(rf"type\s+(?P<name>{_W})", "type"),
        _rule(rf"const\s+(?P<name>{_W})", "constant"),
        _rule(rf"var\s+(?P<name>{_W})", "variable"),
    ],
    "rust": [
        _rule(rf"{_MODS}(?:extern\s+\S+\s+)?fn\s+(?P<name>{_W})", "function"),
        _rule(rf"{_MODS}(?P<kind>struct|enum|union|trait|mod|type)\s+(?P<name>{_W})"),
        _rule(rf"{_MODS}(?:const|static)\s+(?:mut\s+)?(?P<name>{_W})\s*:", "constant"),
        _rule(rf"macro_rules!\s*(?P<name>{_W})", "macro"),
        _rule(rf"(?:unsafe\s+)?(?P<kind>impl)\b(?:\s*<[^{{]*?>)?\s+(?:[^{{]*?\bfor\s+)?(?:[\w:]*::)?(?P<name>{_W})"),
    ],
    "javascript": [
        _rule(rf"{_MODS}(?P<kind>class|interface|enum|namespace|module)\s+(?P<name>{_W})"),
        _rule(rf"{_MODS}type\s+(?P<name>{_W})\s*(?:<[^=]*>)?\s*=", "type"),
        _rule(rf"{_MODS}function\s*\*?\s*(?P<name>{_W})", "function"),
        _rule(rf"{_MODS}(?:const|let|var)\s+(?P<name>{_W})\s*(?::[^=]+)?=\s*{_FUNCTION}", "function"),
        _rule(rf"{_MODS}(?:const|let|var)\s+(?P<name>{_W})", "variable"),
    ],
    "java": [
        _rule(rf"{_MODS}(?P<kind>class|interface|enum|record|@interface)\s+(?P<name>{_W})"),
    ],
    "cpp": [
        _rule(rf"#\s*define\s+(?P<name>{_W})", "macro"),
        _rule(r"(?:inline\s+)?(?:namespace|extern\s*\"\")\s*(?P<name>)(?:\{|$)", "block"),
        _rule(rf"{_MODS}(?P<kind>namespace)\s+(?P<name>[\w:]+)"),
        _rule(rf"{_MODS}(?:typedef\s+)?(?P<kind>class|struct|union|enum)(?:\s+(?:class|struct))?\s+{_LABEL}"
              rf"(?P<name>{_W})(?=\s*(?:final\b|[{{:;]|$))"),
        _rule(rf"using\s+(?P<name>{_W})\s*=", "type"),
        _rule(rf"typedef\b.*?(?P<name>{_W})\s*;$", "type"),
    ],
    "bash": [_rule(r"function\s+(?P<name>[\w:.-]+)", "function"), _rule(r"(?P<name>[\w:.-]+)\s*\(\)", "function")],
}  # fmt: skip
_RULES["typescript"] = _RULES["javascript"]
_RULES["c"] = _RULES["cpp"]
_MEMBERS: dict[str, list[tuple[re.Pattern[str], str]]] = {
    "javascript": [
        _rule(rf"{_MODS}\*?\s*(?!{_NO_NAMES})#?(?P<name>{_W})\??\s*(?:<[^()]*>)?"
              r"\s*\([^;]*(?:\{|\)|,|\()\s*(?::[^;{]*)?$", "method"),
        _rule(rf"{_MODS}(?!{_NO_NAMES})#?(?P<name>{_W})[?!]?\s*(?::[^=(]+)?=\s*(?:async\s*)?\(?[^;]*=>", "method"),
    ],
    "java": [
        _rule(rf"{_MODS}(?!{_NO_NAMES})(?:<[^()]*>\s*)?(?:[\w<>,\[\].?&]+\s+)*"
              rf"(?P<name>(?!{_NO_NAMES}){_W})\s*\([^=]*$", "method"),
        _rule(rf"(?:(?:public|private|protected|static|final|volatile)\s+)+[\w<>,\[\].?\s]*?"
              rf"(?P<name>{_W})\s*(?:=|;)", "field"),
    ],
}  # fmt: skip
_MEMBERS["typescript"] = _MEMBERS["javascript"]
_HEAD = re.compile(r"[\w:<>,*&\[\]\s~]+")
_HEAD_NAME = re.compile(r"(?:\w+(?:<[\w\s,:]*>)?::)*~?[A-Za-z_]\w*$")
_HEAD_NOT = re.compile(_NO_NAMES)
_VALUE = re.compile(r"(?:static|const|constexpr|inline|extern)\s")
_MAX_LINE = 500  # a longer one was written by a program
_GO_BLOCK = re.compile(r"(const|var|type)\s*\(\s*$")
_GO_ENTRY = re.compile(rf"\s+(?P<name>{_W})(?:\s|,|$)")


@dataclass(slots=True)
class _Open:
    """A definition whose end has not come: where it began, and whether its block has."""

    defined: Defined
    depth: int
    opened: bool = False
    is_scope: bool = False


def by_lines(lines: Sequence[str], language: str) -> Iterator[Defined]:
    """The definitions of a file, by where they begin; lines are counted from 0, ends are exclusive."""
    if language == "go":
        yield from _go_blocks(lines)
    yield from sorted(_Reader(lines, language).read(), key=lambda one: one.line)


class _Reader:
    """Goes through the lines with a stack of what is open."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self._lines = lines
        self._language = language
        self._open: list[_Open] = []
        self._done: list[Defined] = []
        self._depth = 0
        self._branches: list[int] = []  # how deep it was where each ``#if`` began

    def read(self) -> list[Defined]:
        """All definitions, in the order of their ends."""
        in_comment = False
        for number, line in enumerate(self._lines):
            bare, in_comment = bare_line(line, in_comment)
            bare = bare.strip()
            if bare:
                self._line(bare, number)
        self._close(len(self._lines), 0, everything=True)
        return self._done

    def _line(self, bare: str, number: int) -> None:
        if bare.startswith("#") and self._language in ("c", "cpp"):
            self._preprocessed(bare, number)
            return
        inner = self._open[-1] if self._open else None
        room = inner.depth + 1 if inner else 0
        here = self._depth == 0 if inner is None else inner.is_scope and inner.opened and self._depth == room
        found = self._match(bare, inner is not None and here) if here and len(bare) <= _MAX_LINE else None
        if found is not None:
            self._begin(found, number)
        if self._lines[number].startswith("}") and self._language not in ("c", "cpp"):
            self._depth = 1  # it ends what is on top, whatever was counted in between: patterns may hold braces
        self._depth = max(0, self._depth + bare.count("{") - bare.count("}"))
        for one in self._open:
            one.opened = one.opened or self._depth > one.depth or ("{" in bare and one is self._open[-1])
        self._close(number + 1, self._depth, ended=bare.endswith((";", "}", "};", ",")) or self._is_short(bare))

    def _preprocessed(self, bare: str, number: int) -> None:
        """A macro, wherever it stands; and of the branches of an ``#if`` each begins as deep as the first."""
        if match := _RULES["cpp"][0][0].match(bare):
            self._done.append(Defined(match["name"], "macro", number + 1, number, self._continued(number)))
        elif match := _BRANCH.match(bare):
            if match[1] == "if":
                self._branches.append(self._depth)
            elif self._branches:
                self._depth = self._branches[-1] if match[1] == "el" else self._depth
                self._branches[-1:] = [] if match[1] == "endif" else self._branches[-1:]
            self._close(number, self._depth)

    def _continued(self, number: int) -> int:
        """The line behind those that a line goes on in."""
        while number + 1 < len(self._lines) and self._lines[number].rstrip().endswith("\\"):
            number += 1
        return number + 1

    def _is_short(self, bare: str) -> bool:
        """Whether a line without braces is all of it: a macro, a Go or JavaScript value."""
        last = self._open[-1] if self._open else None
        if last is None or last.opened:
            return False
        return self._language in ("go", "javascript", "typescript") and last.defined.kind not in _WITH_BLOCKS

    def _match(self, bare: str, inside: bool) -> tuple[str, str, str] | None:
        """Kind, owner and name of what a line defines."""
        rules = _RULES.get(self._language, _RULES["cpp"])
        for pattern, kind in (*rules, *(_MEMBERS.get(self._language, ()) if inside else ())):
            if match := pattern.match(bare):
                groups = match.groupdict()
                kind = kind or _TYPES.get(groups["kind"], groups["kind"])
                return kind, groups.get("owner") or "", groups["name"].replace("::", ".")
        return self._callable(bare) if self._language in ("c", "cpp") else None

    def _callable(self, bare: str) -> tuple[str, str, str] | None:
        """The function, or the constant, that a line of C or C++ defines: a name behind a type."""
        head = re.split(r"[(=]", bare, maxsplit=1)[0].rstrip()
        is_function = bare[len(head) :].lstrip().startswith("(")
        if not head or not _HEAD.fullmatch(head) or _HEAD_NOT.match(head) or not (is_function or _VALUE.match(head)):
            return None
        match = _HEAD_NAME.search(head.rstrip("[]"), max(head.rfind(" "), head.rfind("*"), head.rfind("&")) + 1)
        if match is None:
            return None
        own = self._open[-1].defined.name.rpartition(".")[2] if self._open else ""
        name = re.sub(r"<[^<>]*>", "", match[0]).replace("::", ".")
        if match.start() == 0 and "." not in name and name.lstrip("~") != own:
            return None  # without a type before it, and no constructor: a macro that is used
        return "function" if is_function else "variable", "", name

    def _begin(self, found: tuple[str, str, str], number: int) -> None:
        kind, owner, name = found
        above = [one.defined.name for one in self._open[-1:] if one.defined.name]
        if kind == "function" and (owner or "." in name or self._in_class()):
            kind = "method"
        first = number
        while first and _LEADS.match(self._lines[first - 1]):
            first -= 1
        full = ".".join(part for part in (*above, owner, name) if part)
        defined = Defined(full, kind, number + 1, first, number + 1)
        self._open.append(_Open(defined, self._depth, is_scope=kind in _SCOPES))

    def _in_class(self) -> bool:
        return bool(self._open) and self._open[-1].defined.kind not in ("module", "block")

    def _close(self, number: int, depth: int, *, ended: bool = False, everything: bool = False) -> None:
        """End what the line has ended: its block is over, or it had none."""
        while self._open:
            last = self._open[-1]
            if not (everything or (depth <= last.depth and (last.opened or ended))):
                return
            self._open.pop()
            if last.defined.kind not in _UNNAMED:
                minor = self._language in ("c", "cpp") and not last.opened and last.defined.kind in _WITH_BLOCKS
                self._done.append(replace(last.defined, end=number, minor=minor))


def _go_blocks(lines: Sequence[str]) -> Iterator[Defined]:
    """The entries of ``const (...)`` and its like."""
    kind, depth = "", 0
    for number, line in enumerate(lines):
        if match := _GO_BLOCK.match(line):
            kind, depth = {"const": "constant", "var": "variable", "type": "type"}[match[1]], 0
        elif kind and line.startswith(")"):
            kind = ""
        elif kind:
            entry = _GO_ENTRY.match(line) if depth == 0 else None
            if entry and not line.lstrip().startswith("//"):
                yield Defined(entry["name"], kind, number + 1, number, number + 1)
            depth += line.count("{") + line.count("(") - line.count("}") - line.count(")")


def bare_line(line: str, in_comment: bool) -> tuple[str, bool]:
    """A line without texts and comments, and whether a comment goes on behind it."""
    if in_comment:
        end = line.find("*/")
        if end < 0:
            return "", True
        line = line[end + 2 :]
    line = _QUOTED.sub('""', line)
    start = line.find("/*")
    return (line[:start], True) if start >= 0 else (line, False)
