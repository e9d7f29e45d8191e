"""The things that passages tell apart, and which of them each clause is about.

Rows of a table, items of a list, and clauses whose subjects are alike but for what tells them apart (the blue line, the
green line; 成人票, 学生票) are about one thing each, and so is what follows without a subject of its own. It knows no
claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal

from rag.verify.subjects import subject, topic
from rag.verify.text import Span, Token
from rag.verify.verbs_zh import sides, sides_in

NEAR = 6  # clauses between which two subjects are compared
MAX_CLAUSES = 150
_LABEL = re.compile(r"^\s*(?:[-*•·]|\d+[.)、])?\s*(?P<label>[^\n:：|,，。]{1,40}?)\s*(?:[:：](?!\d)|\s[-–—]\s)\s*\S")
_ROW = re.compile(r"^\s*\|?\s*(?P<label>[^|\n]{1,60}?)\s*\|.*\|")
_HEADS = frozenset(
    "生员方者人户卡费款票车店馆室区厅层证课班药品书期级版型线路站店院校社队库表类组件机器权岗工客犬卷式制物床房楼间位奖"
)
# Said of everything, where it stands with the subject or right behind it.
_EVERY = re.compile(
    r"^.{0,8}(?:[各均皆]|每[个位种名人类款]|都(?!市)|所有|共同|两[个者种])"
    r"|^\W*(?:\w+\W+){0,1}(?:all|both|each|every|any|either|neither)\b|\brespectively\b|分别",
    re.IGNORECASE,
)
_JOIN = re.compile(r"\b(?:and|but|while|whereas)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\s*(?:其|它们?|他们?|她们?|该|(?:they|it|he|she|its|their|this|these)\b)", re.IGNORECASE)
_CONTRAST = re.compile(r"^\s*(?:而|则|但)|^\s*(?:while|whereas|but)\b", re.IGNORECASE)


Kind = Literal["alike", "parallel", "beside"]


@dataclass(frozen=True, eq=False)
class Clause:
    """A clause, by what it says, and the name of the thing that it is about; none where it cannot be told."""

    span: Span
    owner: str

    @cached_property
    def text(self) -> str:
        """Its text in lower case."""
        return self.span.text.lower()

    @cached_property
    def units(self) -> frozenset[str]:
        """What it says."""
        return units(self.span.tokens)


@dataclass(frozen=True, slots=True)
class Rival:
    """What tells a thing from another one, and what tells that one from it.

    ``alike``: they share a noun, or stand in one list. ``parallel``: the same is said of both, or they are contrasted.
    ``beside``: they are subjects of clauses that follow each other.
    """

    keys: frozenset[str]
    others: frozenset[str]
    kind: Kind


@dataclass(frozen=True, eq=False)
class Things:
    """The clauses of passages, and for each thing, by its name, those that it may be taken for."""

    clauses: tuple[Clause, ...]
    rivals: dict[str, dict[str, Rival]]


@dataclass(frozen=True, eq=False)
class _Row:
    """A clause as it is found: its subject or label as text and tokens, and the sentence that it stands in."""

    span: Span
    sentence: int
    name: str
    tokens: tuple[Token, ...]
    label: bool
    verb: str
    header: bool = False  # the first row of a table names columns
    topic: bool = False  # named ahead of the whole sentence: "at the northern works, ..."


@lru_cache(maxsize=64)
def things(sentences: tuple[Span, ...]) -> Things:
    """The things of the sentences of passages."""
    rows: list[_Row] = []
    for n, sentence in enumerate(sentences):
        header = _ROW.match(sentence.text) is not None and (n == 0 or not _ROW.match(sentences[n - 1].text))
        rows += _rows(sentence, n, header)
    rows = rows[:MAX_CLAUSES]
    rivals: dict[str, dict[str, Rival]] = {}
    for i, one in enumerate(rows):
        if one.header:
            continue
        for other in rows[i + 1 :] if one.label else rows[i + 1 : i + 1 + NEAR]:
            if one.name and other.name and one.name != other.name and (found := _rival(one, other)):
                rivals.setdefault(one.name, {})[other.name] = found
                rivals.setdefault(other.name, {})[one.name] = Rival(found.others, found.keys, found.kind)
    return Things(tuple(_owned(rows, rivals)), rivals)


def _owned(rows: Sequence[_Row], rivals: Mapping[str, object]) -> Iterator[Clause]:
    """Each clause with its thing: its own subject, or that of the clause before in the same sentence."""
    owner, last, sentence = "", "", -1
    above = False
    for row in rows:
        above = row.topic or (above and row.sentence == sentence)
        if above and not row.topic:
            pass  # it holds for the whole sentence
        elif row.name or row.sentence != sentence:
            owner = row.name if row.name in rivals else ""
            if not row.name and _PRONOUN.match(row.span.text) and sentence >= 0:
                owner = last
        last, sentence = owner, row.sentence
        about = "" if owner and not row.label and _EVERY.search(row.span.text) else owner
        yield Clause(row.span, about)


def _rows(sentence: Span, number: int, header: bool) -> Iterator[_Row]:
    """The clauses of a sentence, cut at "and" and "while" where a subject and a verb follow; a row or item is one."""
    cell = _ROW.match(sentence.text) or _LABEL.match(sentence.text)
    if cell is not None:
        named = tuple(t for t in sentence.tokens if t.end - sentence.start <= cell.end("label"))
        if named:
            yield _Row(sentence, number, _joined(named), named, True, "", header)
            return
    for n, clause in enumerate(sentence.clauses):
        for part in _parts(clause):
            found = subject(part)
            above = topic(part) if not found and n == 0 and len(sentence.clauses) > 1 else ()
            found = found or above
            verb = _after(part, found)
            yield _Row(part, number, _joined(found), found, False, verb, topic=bool(above))


def _parts(clause: Span) -> Iterator[Span]:
    """A clause, cut before an "and" that a subject and a verb follow."""
    start = clause.start
    for match in _JOIN.finditer(clause.text):
        at = clause.start + match.start()
        before, after = _cut(clause, start, at), _cut(clause, at, clause.end)
        if before.tokens and after.tokens and subject(before) and subject(after):
            yield before
            start = at
    yield _cut(clause, start, clause.end)


def _cut(span: Span, start: int, end: int) -> Span:
    tokens = tuple(token for token in span.tokens if start <= token.start < end)
    return Span(span.text[start - span.start : end - span.start], start, end, tokens)


def _after(part: Span, found: Sequence[Token]) -> str:
    """What follows the subject: a word, or two Han characters."""
    rest = [token for token in part.tokens if found and token.start >= found[-1].end][:2]
    return _joined(rest if rest and rest[0].kind == "han" else rest[:1])


def _rival(one: _Row, other: _Row) -> Rival | None:
    """How two subjects are told apart, where one might be taken for the other."""
    if one.label != other.label:
        return None
    han = one.tokens[0].kind == "han", other.tokens[0].kind == "han"
    if han[0] != han[1]:
        return None
    keys = _han_keys(one.name, other.name) if han[0] else _word_keys(one.tokens, other.tokens)
    if keys is not None:
        return Rival(*keys, "alike")
    mine, yours = _names(one), _names(other)
    if not mine or not yours or mine & yours:
        return None
    if one.label:
        return Rival(mine, yours, "alike")
    if _two_sides(one.name, other.name):
        return Rival(mine, yours, "alike")
    if other.sentence - one.sentence > 1:
        return None
    parallel = (one.verb and one.verb == other.verb) or _CONTRAST.search(other.span.text)
    return Rival(mine, yours, "parallel" if parallel else "beside")


def _two_sides(one: str, other: str) -> bool:
    """Whether the subjects are the two sides of a matter, as a buyer and a seller are."""
    if not (mine := sides_in(one)) or not (yours := sides_in(other)):
        return False
    return any(pair not in mine and pair in yours for side in mine for pair in sides().get(side, ()))


def _han_keys(one: str, other: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """What stands before the noun that two Chinese subjects share."""
    for a, b, turned in ((one, other, False), (other, one, True)):
        if a[-1] not in b[1:]:
            continue
        for size in range(min(len(a) - 1, 8), 0, -1):
            head = a[-size:]
            at = b.find(head, 1)
            if at < 1 or (size == 1 and head not in _HEADS):
                continue
            mine, yours = _apart(a[:-size], b[:at], head)
            if mine and yours:
                keys = frozenset({mine}), frozenset({yours})
                return (keys[1], keys[0]) if turned else keys
            break
    return None


def _apart(one: str, other: str, head: str) -> tuple[str, str]:
    """Two beginnings without what they share; one character is a name only together with the next one."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    if not one or not other or one in other or other in one:
        return "", ""
    return (one if len(one) > 1 else one + head[0]), (other if len(other) > 1 else other + head[0])


def _word_keys(one: Sequence[Token], other: Sequence[Token]) -> tuple[frozenset[str], frozenset[str]] | None:
    """The words of two English subjects that tell them apart, where they share one."""
    mine, yours = ({t.text for t in tokens if t.weight >= 1} for tokens in (one, other))
    if not mine & yours or not mine - yours or not yours - mine:
        return None
    return frozenset(mine - yours), frozenset(yours - mine)


def _names(row: _Row) -> frozenset[str]:
    """A subject as its own key: a Chinese one as it stands, an English one by its words."""
    if row.tokens[0].kind == "han":
        return frozenset({row.name}) if 2 <= len(row.name) <= 8 else frozenset()
    return frozenset(token.text for token in row.tokens if token.weight >= 1)


def units(tokens: Sequence[Token]) -> frozenset[str]:
    """What a clause says: its words, names and numbers, and its pairs of Han characters."""
    found = {t.text for t in tokens if t.kind != "han" and t.weight >= 1}
    for one, two in pairwise(tokens):
        if one.kind == two.kind == "han" and one.end == two.start and min(one.weight, two.weight) >= 1:
            found.add(one.text + two.text)
    return frozenset(found)


def _joined(tokens: Sequence[Token]) -> str:
    return (
        "".join(token.text for token in tokens)
        if tokens and tokens[0].kind == "han"
        else " ".join(t.text for t in tokens)
    )
