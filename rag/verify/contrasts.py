"""Whether a claim gives one of two things what its evidence says of the other: of "A is red, B is blue", "A is blue".

Two clauses that are built alike differ in the thing and in what is said of it. A claim that has the thing of one and
what is said of the other, and neither of what belongs together, mixes them up. It knows no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations, pairwise

from rag.verify.lexicon import PRONOUNS
from rag.verify.text import Span, Token

LONGEST = 10  # tokens of a part that differs
CLEARLY = 2.0  # times as much of one as of the other
COMMON = 2.0  # weight of what two clauses share, at the least
_TIMES = frozenset("年月日天周次翌后前随初末期代起")
_ADVERBS = frozenset("也还又则并且再却而将已曾更")


@dataclass(frozen=True, slots=True)
class _Slot:
    """What the first and what the second clause have in one place: inside it, and with its neighbours."""

    inside: tuple[frozenset[str], frozenset[str]]
    around: tuple[frozenset[str], frozenset[str]]

    def side(self, units: frozenset[str]) -> int:
        """Which of the two the units have clearly more of: 1, 2, or 0 where neither."""
        found = {_preferred(pair, units) for pair in (self.inside, self.around)} - {0}
        return found.pop() if len(found) == 1 else 0


def mixed_up(claim: Span, evidence: Sequence[Span]) -> str:
    """The words of the claim that belong to another thing than it says, or nothing."""
    for clause in claim.clauses:
        units = _units(clause.tokens, 0, len(clause.tokens))
        for sentence in evidence:
            for first, second in combinations(sentence.clauses, 2):
                if words := _mixed(units, _slots(first, second)):
                    return words
    return ""


def _mixed(units: frozenset[str], slots: Sequence[_Slot]) -> str:
    """What stands for the second clause in one slot, where another one stands for the first."""
    sides = [slot.side(units) for slot in slots]
    if 1 not in sides or 2 not in sides:
        return ""
    slot = slots[sides.index(2)]
    return min((slot.inside[1] | slot.around[1]) & units)


def _preferred(pair: tuple[frozenset[str], frozenset[str]], units: frozenset[str]) -> int:
    one, two = (len(some & units) / max(len(some), 1) for some in pair)
    if one and one >= CLEARLY * two:
        return 1
    return 2 if two and two >= CLEARLY * one else 0


@lru_cache(maxsize=4096)  # the same clauses for every sentence of an answer
def _slots(first: Span, second: Span) -> tuple[_Slot, ...]:
    return tuple(_differences(first, second))


def _differences(first: Span, second: Span) -> Iterator[_Slot]:
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
    if not found or found[0][0] or found[0][2] or not _is_thing(old, found[0][1], new, found[0][3]):
        return
    for a, stop_a, b, stop_b in found:
        if max(stop_a - a, stop_b - b) <= LONGEST and stop_a > a and stop_b > b:
            yield _Slot(*(_differing(old, a, stop_a, new, b, stop_b, margin) for margin in (0, 1)))


def _is_thing(one: Sequence[Token], stop_one: int, two: Sequence[Token], stop_two: int) -> bool:
    """Whether both clauses begin with a subject of their own: no time, no pronoun, no adverb that goes on.

    It may end with a character that both have: 甲型, 乙型.
    """
    for side in (one[: stop_one + 1], two[: stop_two + 1]):
        text = "".join(token.text for token in side)
        if sum(t.weight for t in side if t.text not in _ADVERBS) < 2 or PRONOUNS.fullmatch(text):
            return False
        if any(token.kind == "number" or token.text in _TIMES for token in side):
            return False
    return True


def _differing(
    old: Sequence[Token], a: int, stop_a: int, new: Sequence[Token], b: int, stop_b: int, margin: int
) -> tuple[frozenset[str], frozenset[str]]:
    one = _units(old, max(a - margin, 0), stop_a + margin)
    two = _units(new, max(b - margin, 0), stop_b + margin)
    return one - two, two - one


def _units(tokens: Sequence[Token], start: int, stop: int) -> frozenset[str]:
    """Words and names of a part, and its pairs of Han characters."""
    part = tokens[start:stop]
    units = {t.text for t in part if t.kind != "han" and t.weight >= 1 and t.text != "1"}  # an article, mostly
    for one, two in pairwise(part):
        if one.kind == two.kind == "han" and one.end == two.start and min(one.weight, two.weight) >= 1:
            units.add(one.text + two.text)
    return frozenset(units)
