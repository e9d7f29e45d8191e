"""Whether a claim tells of more than its evidence does: of all for some, of two for one, of everybody for a few.

It knows the words for parts, exceptions and limits, and looks for the clause that has them beside what the claim
speaks of. It knows no numbers and no swaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.conditions import unless_turned
from rag.verify.lexicon import LIMIT, NEGATION, UNIVERSAL
from rag.verify.modals import MAY
from rag.verify.polarity import counterparts
from rag.verify.scopes import (
    ALL,
    APART,
    EXCEPTION,
    HEDGE,
    INCLUDING,
    JOINED,
    MORE_OF_IT,
    NEARLY_ALL,
    NON,
    PEOPLE,
    PRONOUN_START,
    SOME,
    WHOLE,
)
from rag.verify.text import Span, Token
from rag.verify.units import shared, units

_HALF, _MOST = 0.5, 0.6
_RESTRICTED = re.compile(r"但|才|\bbut\b", re.IGNORECASE)  # the claim has a restriction of its own
_SIDE = 3  # tokens on each side of an "and"


def widened(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> bool:
    """Whether a claim speaks of more than its evidence; ``sentences`` are all that are cited."""
    return (
        any(
            _all_of_some(clause, evidence)
            or _two_of_one(clause, claim, sentences)
            or _anybody(clause, claim, evidence)
            or _without_non(clause, claim, evidence)
            for clause in claim.clauses
        )
        or _exception_lost(claim, evidence, sentences)
        or any(unless_turned(claim, sentence) for sentence in evidence)
    )


def _all_of_some(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "Some shops" told as "all shops" or, with nothing else beside it, as "shops"."""
    if NEGATION.search(clause.text) or SOME.search(ALL.sub(" ", clause.text)) or NEARLY_ALL.search(clause.text):
        return False
    outright = ALL.search(clause.text) is not None
    if not outright and HEDGE.search(clause.text):
        return False
    near = counterparts(clause, evidence)
    return bool(near) and all(_part_of(clause, other, outright) for other, _ in near)


def _part_of(clause: Span, other: Span, outright: bool) -> bool:
    some = SOME.search(other.text)
    if some is None or ALL.search(NEARLY_ALL.sub(" ", other.text)):
        return False
    if not outright and MORE_OF_IT.fullmatch(some.group()):
        return False
    behind = [token for token in other.tokens if token.start >= other.start + some.end()]
    noun = {token.text for token in behind[:3] if token.weight >= 1}
    mine = {token.text for token in clause.tokens}
    return bool(noun) and len(noun & mine) * 2 > len(noun) and shared(clause, other) >= _MOST


def _two_of_one(clause: Span, claim: Span, sentences: Sequence[Span]) -> bool:
    """ "A is free, B is charged separately" told as "A and B are free", and "A only" as "A and B"."""
    if LIMIT.search(claim.text) or APART.search(claim.text):
        return False
    for match in JOINED.finditer(clause.text):
        one, other, rest = _sides(clause, match.start(), match.end())
        if not one or not other or not rest or one & other:
            continue
        if any(
            _only_one(a, b, rest, sentences) or _left_out(a, b, rest, sentences)
            for a, b in ((one, other), (other, one))
        ):
            return True
    return False


def _sides(clause: Span, start: int, end: int) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What stands right before and right behind an "and", and the rest of the clause."""
    said = [t for t in clause.tokens if t.weight >= 1 or t.kind == "han"]
    before = [t for t in said if t.end <= clause.start + start]
    after = [t for t in said if t.start >= clause.start + end]
    left, right = _nearest(before[::-1]), _nearest(after)
    one, other = (_of(clause, side) for side in (left, right))
    return one, other, units(clause) - one - other


def _nearest(tokens: Sequence[Token]) -> list[Token]:
    """The word, or the two or so Han characters, that stand nearest."""
    if not tokens:
        return []
    if tokens[0].kind != "han":
        return list(tokens[:1])
    found = [tokens[0]]
    for token in tokens[1:2]:
        if token.kind == "han" and abs(token.start - found[-1].start) == 1:
            found.append(token)
    return found


def _of(clause: Span, tokens: Sequence[Token]) -> frozenset[str]:
    if not tokens:
        return frozenset()
    first, last = min(t.start for t in tokens), max(t.end for t in tokens)
    return units(clause, first - clause.start, last - clause.start)


def _only_one(one: frozenset[str], other: frozenset[str], rest: frozenset[str], sentences: Sequence[Span]) -> bool:
    """Whether a clause limits what is said to the one, and does not have the other."""
    for sentence in sentences:
        for clause in sentence.clauses:
            limit = LIMIT.search(clause.text)
            if limit and one & units(clause) and not other & units(sentence) and rest & units(sentence):
                return _beside(one, clause, limit) and not any(other & units(s) and rest & units(s) for s in sentences)
    return False


def _beside(one: frozenset[str], clause: Span, limit: re.Match[str]) -> bool:
    """Whether the limit stands right before or right behind it."""
    behind = units(clause, limit.end(), min(limit.end() + 12 * (1 + limit.group().isascii()), len(clause.text)))
    before = units(clause, max(0, limit.start() - 12 * (1 + limit.group().isascii())), limit.start())
    return bool(one & behind or (one & before and not behind))


def _left_out(one: frozenset[str], other: frozenset[str], rest: frozenset[str], sentences: Sequence[Span]) -> bool:
    """Whether what is said stands with the one, and the other is told apart from it."""
    with_one = [c for s in sentences for c in s.clauses if one & units(c)]
    with_other = [c for s in sentences for c in s.clauses if other & units(c)]
    if not with_one or not with_other or any(other & units(c) for c in with_one):
        return False
    best_one = max(len(rest & units(c)) for c in _widely(with_one, sentences))
    best_other = max(len(rest & units(c)) for c in with_other)
    if best_one < max(1, _HALF * len(rest)):
        return False
    if best_other > _HALF * best_one:  # of the other it is said with a limit
        return all(LIMIT.search(c.text) for c in with_other) and not any(LIMIT.search(c.text) for c in with_one)
    return all(APART.search(c.text) for c in with_other) and not any(APART.search(c.text) for c in with_one)


def _widely(clauses: Sequence[Span], sentences: Sequence[Span]) -> Iterator[Span]:
    """The clauses, and the sentences that they stand in."""
    yield from clauses
    for sentence in sentences:
        if any(sentence.start <= clause.start < sentence.end for clause in clauses):
            yield sentence


def _anybody(clause: Span, claim: Span, evidence: Sequence[Span]) -> bool:
    """ "Only editors may publish" told as "members may publish"."""
    may, people = MAY.search(clause.text), PEOPLE.search(clause.text)
    if not may or not people or people.start() > may.start() or NEGATION.search(claim.text) or LIMIT.search(claim.text):
        return False
    subject, predicate = units(clause, 0, may.start()), units(clause, may.end())
    for other in (other for sentence in evidence for other in sentence.clauses):
        limit, allowed = LIMIT.search(other.text), MAY.search(other.text)
        if not limit or not allowed or limit.start() > allowed.start():
            continue
        few = units(other, limit.end(), allowed.start())
        if (
            few
            and not few & units(claim)
            and len(predicate & units(other, allowed.end())) >= _MOST * len(predicate) > 0
        ):
            return not subject & units(other)
    return False


def _without_non(clause: Span, claim: Span, evidence: Sequence[Span]) -> bool:
    """ "Non-commercial purposes" told as "commercial purposes"."""
    if NON.search(claim.text) or NEGATION.search(claim.text):
        return False
    near = counterparts(clause, evidence)
    for other, _ in near[:1]:
        for match in NON.finditer(other.text):
            word = match.group(1).lower()
            if word in clause.text.lower() and word not in other.text[: match.start()].lower():
                return word not in other.text[match.end() :].lower()
    return False


def _exception_lost(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> bool:
    """ "Every day; it does not run at Christmas" told as "throughout the year"."""
    outright = (
        WHOLE.search(claim.text) or INCLUDING.search(claim.text) or UNIVERSAL.search(NEARLY_ALL.sub(" ", claim.text))
    )
    if (
        not outright
        or _RESTRICTED.search(claim.text)
        or EXCEPTION.search(claim.text)
        or NEGATION.search(claim.text)
        or LIMIT.search(claim.text)
    ):
        return False
    for n, sentence in enumerate(sentences):
        begins = PRONOUN_START.match(sentence.text) is not None and n and sentences[n - 1] in evidence
        if (sentence in evidence or begins) and EXCEPTION.search(sentence.text):
            return True
    return False
