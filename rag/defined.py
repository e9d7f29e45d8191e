"""Answers where a name is defined: file, line and first lines of its definitions, the likeliest first.

A definition is exact where it has the asked name letter by letter, in what the name says that it belongs to. Others
(another case, another owner, a slip of spelling) are for those who spoke to the bot. It knows no gate and no search.
"""

from __future__ import annotations

import re
import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.asked_definition import AskedName, asked_definition
from rag.base import Answer, Definition, Language, Match, Passage, Question
from rag.definitions import parts_of, squashed
from rag.formats.base import Defined
from rag.formats.source import language_of
from rag.places import cited
from rag.scoring import QUOTE_CHARS
from rag.spelling import mended

if TYPE_CHECKING:
    from rag.knowledge import Version

SHOWN = 5
MAX_LINES = 15  # of code
_SIGNATURE_LINES = 20
_BODY_LINES = 8
_MATCHES: tuple[Match, ...] = ("exact", "case", "elsewhere", "near")
_TESTS = re.compile(
    r"(?:^|[/_.-])(?:tests?|testing|conftest|examples?|samples?|bench\w*|mocks?|fixtures?)(?:[/_.-]|$)", re.I
)
_COPIES = re.compile(r"(?:^|/)(?:_?vendor(?:ed)?|third_?party|node_modules|external|compat)(?:/|$)", re.I)
_KIND_RANK = ("class", "interface", "struct", "trait", "enum", "type", "macro", "function", "method", "constant")
_NAMES: dict[str, tuple[str, str]] = {
    "class": ("类", "class"), "function": ("函数", "function"), "method": ("方法", "method"),
    "interface": ("接口", "interface"), "struct": ("结构体", "struct"), "enum": ("枚举", "enum"),
    "macro": ("宏", "macro"), "trait": ("trait", "trait"), "type": ("类型", "type"), "constant": ("常量", "constant"),
    "variable": ("变量", "variable"), "field": ("字段", "field"), "module": ("命名空间", "namespace"),
    "union": ("联合体", "union"),
}  # fmt: skip
_TEXTS: dict[str, tuple[str, str]] = {
    "exact": ("`{name}`（{kind}）定义在 `{path}` 第 {line} 行 [1]",
              "`{name}` ({kind}) is defined in `{path}`, line {line} [1]"),
    "elsewhere": ("没有找到 `{asked}`；同名的定义：", "There is no `{asked}`; of that name there is:"),
    "near": ("没有找到 `{asked}`；最接近的定义：", "There is no `{asked}`; the nearest is:"),
    "more": ("同名的定义还有：", "Of the same name:"),
    "left": ("……共 {total} 处。", "... {total} in all."),
    "other": ("- `{name}`（{kind}）：`{path}` 第 {line} 行 [{n}]", "- `{name}` ({kind}): `{path}`, line {line} [{n}]"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition with the version and the document that it stands in."""

    version: Version
    uri: str
    defined: Defined
    match: Match


def find_definitions(question: Question, versions: Sequence[Version]) -> tuple[Definition, ...]:
    """The definitions that a question asks for, likeliest first, `SHOWN` at most; only exact ones where the bot was
    not spoken to."""
    indexed = [version for version in versions if version.definitions]
    asked = asked_definition(question.rewritten or question.text) if indexed else None
    if asked is None:
        return ()
    found = _best(asked, indexed, lenient=question.mentioned)
    found.sort(key=lambda one: _rank(one, asked))
    shown = [_definition(one, asked, len(found)) for one in found[:SHOWN]]
    return tuple(one for one in shown if one is not None)


def definitions_answer(definitions: Sequence[Definition], language: Language) -> Answer:
    """Where the first of them is defined, with its code; the others below in a line each."""
    first, english = definitions[0], language == "en"

    def say(key: str, one: Definition = first, n: int = 1) -> str:
        kind = _NAMES.get(one.kind, (one.kind, one.kind))[english]
        values = {"name": one.name, "kind": kind, "path": one.passage.uri, "line": one.line, "asked": one.asked}
        return _TEXTS[key][english].format(**values, n=n, total=one.total)

    lead = [say(first.match)] if first.match in ("elsewhere", "near") else []
    lines = [*lead, say("exact")]
    if first.code:
        fence = "`" * max(3, max((len(run) for run in re.findall("`+", first.code)), default=0) + 1)
        lines.append(f"\n{fence}{language_of(first.passage.uri)}\n{first.code}\n{fence}")
    if len(definitions) > 1:
        lines += ["", say("more"), *(say("other", one, n) for n, one in enumerate(definitions[1:], 2))]
        lines += [say("left")] if first.total > len(definitions) else []
    sources = [cited(n, one.passage, one.code[:QUOTE_CHARS]) for n, one in enumerate(definitions, 1)]
    return Answer("\n".join(lines), tuple(sources))


def _best(asked: AskedName, versions: Sequence[Version], *, lenient: bool) -> list[_Found]:
    """The definitions of the best kind of match that there are."""
    name = parts_of(asked.name)
    owner = parts_of(asked.owner)
    found = _matching([*owner, *name], versions)
    if owner and not any(one.match == "exact" for one in found):
        found += _matching(name, versions)  # what was named beside it may be a package, or no part of the path
    if not found and lenient:
        found = _near(name[-1], versions)
    if not lenient:
        found = [one for one in found if one.match == "exact"]
    best = min((_MATCHES.index(one.match) for one in found), default=0)
    once = {(one.version.base, one.uri, one.defined.line): one for one in found if one.match == _MATCHES[best]}
    return list(once.values())


def _matching(parts: Sequence[str], versions: Sequence[Version]) -> list[_Found]:
    found = []
    for version in versions:
        for uri, defined in version.definitions.find(parts[-1]):
            found.append(_Found(version, uri, defined, _match(parts, uri, defined)))
    return found


def _match(parts: Sequence[str], uri: str, defined: Defined) -> Match:
    files, (*owners, own) = re.split(r"[/.]", uri)[:-1], defined.name.split(".")
    if parts[-1] == own and _in_order(parts[:-1], files, owners):
        return "exact"
    spelt = [squashed(part) for part in parts[:-1]]
    in_place = _in_order(spelt, [squashed(file) for file in files], [squashed(owner) for owner in owners])
    return "case" if in_place else "elsewhere"


def _in_order(wanted: Sequence[str], files: Sequence[str], owners: Sequence[str]) -> bool:
    """Whether all of ``wanted`` stand in the path of ``files`` and ``owners``, in that order.

    A package shows as ``web`` what its files ``_web.py`` and ``web_app.py`` define.
    """
    rest = iter([*((file, True) for file in files), *((owner, False) for owner in owners)])
    return all(any(_is_called(part, *one) for one in rest) for part in wanted)


def _is_called(wanted: str, part: str, is_file: bool) -> bool:
    return wanted == part or (is_file and (part.lstrip("_") == wanted or part.startswith(f"{wanted}_")))


def _near(name: str, versions: Sequence[Version]) -> list[_Found]:
    """The definitions of the name at one edit."""
    word = squashed(name)
    meant = mended(word, lambda one: sum(version.definitions.count(one) for version in versions))
    return [] if meant == word else [replace(one, match="near") for one in _matching([meant], versions)]


def _rank(found: _Found, asked: AskedName) -> tuple[object, ...]:
    """What makes one of several the likelier: no test, no copy, no declaration, of the kind that was named, on top."""
    one, uri = found.defined, found.uri
    other_kind = bool(asked.kind) and one.kind != asked.kind and not {one.kind, asked.kind} <= {"function", "method"}
    rank = _KIND_RANK.index(one.kind) if one.kind in _KIND_RANK else len(_KIND_RANK)
    misplaced = (other_kind, bool(_TESTS.search(uri)), bool(_COPIES.search(uri)), one.minor, uri.endswith(".pyi"))
    return (*misplaced, one.name.count("."), rank, uri.count("/"), uri, one.line)


def _definition(found: _Found, asked: AskedName, total: int) -> Definition | None:
    passage = _passage(found)
    if passage is None:
        return None
    one = found.defined
    own = one.name.rpartition(".")[2]
    start = max(one.start - passage.start, 0)
    code = first_lines(passage.text[start : one.end - passage.start], own)
    if own not in code:  # the text was changed on its way into the base
        code = ""
    join = "::" if language_of(found.uri) in ("cpp", "c", "rust") else "."
    wanted = f"{asked.owner}{join if asked.owner else ''}{asked.name}"
    shown = join.join(one.name.split("."))
    return Definition(
        shown, one.kind, one.line, code, replace(passage, place=f"L{one.line}"), found.match, wanted, total
    )


def _passage(found: _Found) -> Passage | None:
    """The passage in which the definition begins."""
    entry = found.version.manifest.documents.get(found.uri)
    if entry is None or not entry.passages:
        return None
    rows = range(entry.first, entry.first + entry.passages)
    at = bisect_right(rows, found.defined.start, key=lambda row: found.version.passage(row).start)
    return found.version.passage(rows[max(at - 1, 0)])


def first_lines(code: str, name: str = "") -> str:
    """All of a short definition; of a longer one what stands above it, its signature and what follows at once."""
    lines = textwrap.dedent(code.strip("\n")).split("\n")
    if len(lines) <= MAX_LINES:
        return "\n".join(lines).rstrip()
    own = next((n for n, line in enumerate(lines) if name in line), 0)
    depth, end = 0, own
    for end in range(own, min(own + _SIGNATURE_LINES, len(lines))):
        depth += sum(map(lines[end].count, "([")) - sum(map(lines[end].count, ")]"))
        if depth <= 0:
            break
    quote = next((mark for mark in ('"""', "'''") if mark in lines[min(end + 1, len(lines) - 1)]), "")
    for last in range(end + 1, min(end + 1 + _BODY_LINES, len(lines))):
        closes = lines[last].count(quote) if quote else 0
        if quote and (closes == 2 or (closes and last > end + 1) or not lines[last].strip()):
            return "\n".join(lines[: last + 1]).rstrip()
    return "\n".join(lines[: end + 1 + _BODY_LINES]).rstrip()
