"""Whether a claim gives one of several things a number that its evidence has for another: of "adults 80, children 40",
"children 80".

Each number of a sentence has a zone: the words from the number of its kind before it to the one behind it. A claim's
number is misplaced where the words around it stand in the zone of another such number alone. It knows no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.verify.english.forms import form
from rag.verify.text import Span, Token

_YEAR = """january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec"""
_MONTHS = frozenset(map(form, _YEAR.split()))
_ABOUT = """around roughly approximately nearly almost exactly currently today now already usually normally total
altogether only least most maximum minimum 大约 大概 约为 左右 将近
目前 现在 一共 总共 共有 共计 最多 最少 至少 至多 分别 可以 需要"""
_VAGUE = _MONTHS | frozenset(map(form, _ABOUT.split()))
_JOINS = frozenset("至到和或与年月日时天") | {"to", "and", "or", "until"}
_WORDS_ORDERED = "version phase stage step level tier grade chapter section release"
_ORDERED = {"第"} | set(map(form, _WORDS_ORDERED.split()))
_YEARS = frozenset("年月日时")


@dataclass(frozen=True, slots=True)
class _Slot:
    """A number, its unit, the words of its zone (pairs of Han characters, and words), and those of its clause alone."""

    number: str
    unit: str
    words: frozenset[str]
    near: frozenset[str]


def moved(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> str:
    """The first number of the claim that belongs to another thing than it says, or nothing; ``sentences`` are all that
    is cited, of which those beside the evidence count as well.
    """
    slots = [slot for sentence in _beside(evidence, sentences) for slot in _slots(sentence)]
    for mine in _slots(claim):
        own = [slot for slot in slots if slot.number == mine.number and slot.unit == mine.unit]
        if not own:
            continue
        rivals = [slot for slot in slots if slot.number != mine.number and slot.unit == mine.unit]
        for rival in rivals:
            if all(_belongs(mine, rival, slot) for slot in own):
                return mine.number
    return ""


def _beside(evidence: Sequence[Span], sentences: Sequence[Span]) -> list[Span]:
    chosen = {n + step for n, sentence in enumerate(sentences) if sentence in evidence for step in (-1, 0, 1)}
    return [sentence for n, sentence in enumerate(sentences) if n in chosen]


def _belongs(mine: _Slot, rival: _Slot, own: _Slot) -> bool:
    """Whether the claim's words are some of the rival's alone, and none of the own slot's alone."""
    theirs, ours = mine.words & (rival.words - own.words), mine.words & (own.words - rival.words)
    distinct = bool(own.words - rival.words)
    return bool(theirs) and not ours and distinct and not mine.near <= own.words


@lru_cache(maxsize=4096)
def _slots(span: Span) -> tuple[_Slot, ...]:
    return tuple(_read(span))


def _read(span: Span) -> Iterator[_Slot]:
    tokens = span.tokens
    clauses = span.clauses
    numbers = list(_with_units(span))
    for i, unit in numbers:
        first, last = _range(tokens, i, -1), _range(tokens, i, 1)
        before = max((j for j, other in numbers if j < first and other == unit), default=-1)
        after = min((j for j, other in numbers if j > last and other == unit), default=len(tokens))
        own = next(clause for clause in clauses if clause.start <= tokens[i].start < clause.end)
        start, stop = before + 1, after
        if before >= 0:  # what stands behind the number before, up to the end of its clause, is that one's
            end = next(clause.end for clause in clauses if clause.end > tokens[before].start)
            while start < first and tokens[start].start < end <= tokens[first].start:
                start += 1
        if after < len(tokens):  # and so is what stands before the number behind, from the beginning of its clause
            begin = next(clause.start for clause in clauses if clause.end > tokens[after].start)
            while stop > last + 1 and tokens[stop - 1].start >= begin > tokens[last].start:
                stop -= 1
        near = _words([token for token in tokens[start:stop] if own.start <= token.start < own.end])
        yield _Slot(tokens[i].text, unit, _words(tokens[start:stop]) - {f"#{tokens[i].text}"}, near)


def _with_units(span: Span) -> Iterator[tuple[int, str]]:
    """The numbers and their units; one that ends a clause without any has the one before: ten years, the motor two."""
    tokens, last = span.tokens, ""
    for i, token in enumerate(tokens):
        if token.kind == "number":
            unit = f"#{tokens[i - 1].text}" if _orders(tokens, i) else _unit(tokens, i)
            closes = i + 1 == len(tokens) or any(
                token.end <= clause.start <= tokens[i + 1].start for clause in span.clauses
            )
            last = unit if unit or not closes else last
            yield i, last if closes and not unit else unit


def _orders(tokens: Sequence[Token], at: int) -> bool:
    """Whether a number tells one of several things from another: 第2, phase 2, version 2."""
    before = tokens[at - 1].text if at else ""
    return before in _ORDERED or (at > 1 and tokens[at - 2].text + before == "版本")


def _range(tokens: Sequence[Token], at: int, step: int) -> int:
    """The other end of the range that a number is an end of (1994年-2010年), or the number itself."""
    other = at + step
    while 0 <= other < len(tokens) and abs(other - at) <= 2 and tokens[other].text in _JOINS:
        other += step
    return other if 0 <= other < len(tokens) and tokens[other].kind == "number" else at


def _unit(tokens: Sequence[Token], at: int) -> str:
    """What is counted, as far as the next token tells; numbers without any are of one kind where they look alike."""
    text = tokens[at].text
    if text.endswith("%") or ":" in text:
        return text[-1] if text.endswith("%") else ":"
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is None or after.start - tokens[at].end > (0 if after.kind == "han" else 1):
        after = None
    if after is not None and after.text in _MONTHS:
        return "month"
    if after is not None and (after.text in _YEARS or (after.kind in ("han", "word") and after.weight >= 0.5)):
        return after.text
    if re.fullmatch(r"1[5-9]\d\d|20\d\d", text):
        return "年"
    return "." if "." in text else ""


def _words(tokens: Sequence[Token]) -> frozenset[str]:
    words = {t.text for t in tokens if t.kind in ("word", "name") and t.weight >= 1}
    words |= {f"#{t.text}" for i, t in enumerate(tokens) if t.kind == "number" and _orders(tokens, i)}
    for one, two in pairwise(tokens):
        if one.kind == two.kind == "han" and one.end == two.start and max(one.weight, two.weight) >= 1:
            words.add(one.text + two.text)
    return frozenset(words - _VAGUE)
