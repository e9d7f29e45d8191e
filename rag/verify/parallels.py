"""Whether a claim gives one of several things a number that its evidence has for another: of "adults 80, children 40",
"children 80".

Each number of a sentence has a zone: the words from the number of its kind before it to the one behind it. A claim's
number is misplaced where the words around it stand in the zone of another such number alone. It knows no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.asked import stem
from rag.verify.text import Span, Token

_YEAR = """january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec"""
_MONTHS = frozenset(map(stem, _YEAR.split()))
_JOINS = frozenset("至到和或与") | {"to", "and", "or", "until"}


@dataclass(frozen=True, slots=True)
class _Slot:
    """A number, its unit, the words of its zone (pairs of Han characters, and words), and those of its clause alone."""

    number: str
    unit: str
    words: frozenset[str]
    near: frozenset[str]


def moved(claim: Span, evidence: Sequence[Span]) -> str:
    """The first number of the claim that belongs to another thing than it says, or nothing."""
    slots = [slot for sentence in evidence for slot in _slots(sentence)]
    for mine in _slots(claim):
        own = [slot for slot in slots if slot.number == mine.number and slot.unit == mine.unit]
        if not own:
            continue
        rivals = [slot for slot in slots if slot.number != mine.number and slot.unit == mine.unit]
        for rival in rivals:
            if all(_belongs(mine, rival, slot) for slot in own):
                return mine.number
    return ""


def _belongs(mine: _Slot, rival: _Slot, own: _Slot) -> bool:
    """Whether the claim's words are some of the rival's alone, and none of the own slot's alone."""
    theirs, ours = mine.words & (rival.words - own.words), mine.words & (own.words - rival.words)
    return bool(theirs) and not ours and not mine.near <= own.words


@lru_cache(maxsize=4096)
def _slots(span: Span) -> tuple[_Slot, ...]:
    return tuple(_read(span))


def _read(span: Span) -> Iterator[_Slot]:
    tokens = span.tokens
    numbers = [(i, _unit(tokens, i)) for i, token in enumerate(tokens) if token.kind == "number"]
    clauses = span.clauses
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
        yield _Slot(tokens[i].text, unit, _words(tokens[start:stop]), near)


def _range(tokens: Sequence[Token], at: int, step: int) -> int:
    """The other end of the range that a number is an end of, or the number itself."""
    other = at + 2 * step
    if not 0 <= other < len(tokens) or tokens[other].kind != "number":
        other = at + step if 0 <= at + step < len(tokens) and tokens[at + step].kind == "number" else at
    elif tokens[at + step].text not in _JOINS:
        other = at
    return other


def _unit(tokens: Sequence[Token], at: int) -> str:
    """What is counted, as far as the next token tells; numbers without any are all of one kind."""
    if tokens[at].text.endswith("%"):
        return "%"
    if ":" in tokens[at].text:
        return ":"
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is None or after.start - tokens[at].end > 1 or (after.kind == "han") != (after.start == tokens[at].end):
        return ""
    return after.text


def _words(tokens: Sequence[Token]) -> frozenset[str]:
    words = {t.text for t in tokens if t.kind in ("word", "name") and t.weight >= 1 and t.text not in _MONTHS}
    for one, two in pairwise(tokens):
        if one.kind == two.kind == "han" and one.end == two.start and max(one.weight, two.weight) >= 1:
            words.add(one.text + two.text)
    return frozenset(words)
