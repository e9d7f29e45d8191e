"""Whether a claim gives one of two things what its evidence says of the other: "A is red, B is blue" told as "A is blue".

Two clauses that are built alike differ in the thing and in what is said of it. A claim that has the thing of one and
what is said of the other, and neither of what belongs together, mixes them up. It knows no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from rag.verify.lexicon import PRONOUNS
from rag.verify.text import Span, Token

LONGEST = 10  # tokens of a part that differs
CLEARLY = 2.0  # times as much of one as of the other
COMMON = 2.0  # weight of what two clauses share, at the least
_TIMES = frozenset("年月日天周次翌后前随初末期代起后前")
_ADVERBS = frozenset("也还又则并且再却而将已曾更")


@dataclass(frozen=True, slots=True)
class _Slot:
    """What the first and what the second clause have in one place."""

    one: frozenset[str]
    two: frozenset[str]


def mixed_up(claim: Span, evidence: Sequence[Span]) -> str:
    """The words of the claim that belong to another thing than it says, or nothing."""
    for clause in claim.clauses:
        units = _units(clause.tokens, 0, len(clause.tokens))
        for sentence in evidence:
            for first, second in combinations(sentence.clauses, 2):
                if words := _mixed(units, list(_slots(first, second))):
                    return words
    return ""


def _mixed(units: frozenset[str], slots: Sequence[_Slot]) -> str:
    """What stands for the first clause in one slot and for the second in another."""
    shares = [(_share(slot.one, units), _share(slot.two, units), slot) for slot in slots]
    first = any(one and one >= CLEARLY * two for one, two, _ in shares)
    second = [slot.two & units for one, two, slot in shares if two and two >= CLEARLY * one]
    return min(second[0]) if first and second else ""


def _share(some: frozenset[str], units: frozenset[str]) -> float:
    return len(some & units) / max(len(some), 1)


def _slots(first: Span, second: Span) -> Iterator[_Slot]:
    """Where two clauses that are built alike differ; nothing where they are not, or one lacks a thing of its own."""
    old, new = first.tokens, second.tokens
    matcher = SequenceMatcher(None, [t.text for t in old], [t.text for t in new], autojunk=False)
    blocks = matcher.get_matching_blocks()
    if sum(t.weight for block in blocks for t in old[block.a : block.a + block.size]) < COMMON:
        return
    found: list[tuple[int, int, int, int]] = []
    a = b = 0
    for block in blocks:
        if block.size == 1 and block.a and old[block.a].kind == "han" and old[block.a].weight >= 1:
            continue  # a character that two words happen to share
        if block.a > a or block.b > b:
            found.append((a, block.a, b, block.b))
        a, b = block.a + block.size, block.b + block.size
    if not found or found[0][0] or found[0][2] or not _is_thing(old[: found[0][1]], new[: found[0][3]]):
        return
    for a, stop_a, b, stop_b in found:
        if max(stop_a - a, stop_b - b) <= LONGEST and stop_a > a and stop_b > b:
            one, two = _units(old, a, stop_a), _units(new, b, stop_b)
            yield _Slot(one - two, two - one)


def _is_thing(one: Sequence[Token], two: Sequence[Token]) -> bool:
    """Whether both clauses begin with a subject of their own: no time, no pronoun, no adverb that goes on."""
    for side in (one, two):
        text = "".join(token.text for token in side)
        if sum(t.weight for t in side if t.text not in _ADVERBS) < 2 or PRONOUNS.fullmatch(text):
            return False
        if any(token.kind == "number" or token.text in _TIMES for token in side):
            return False
    return True


def _units(tokens: Sequence[Token], start: int, stop: int) -> frozenset[str]:
    """Words and names of a part, and its pairs of Han characters with one neighbour on each side."""
    units = {t.text for t in tokens[start:stop] if t.kind != "han" and t.weight >= 1}
    for i in range(max(start - 1, 0), min(stop, len(tokens) - 1)):
        one, two = tokens[i], tokens[i + 1]
        if one.kind == two.kind == "han" and one.end == two.start and min(one.weight, two.weight) >= 1:
            units.add(one.text + two.text)
    return frozenset(units)
