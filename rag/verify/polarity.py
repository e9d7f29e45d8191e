"""Whether a claim says yes where its evidence says no: negations, opposites, limits, reworded, universals and bounds.

Clauses are compared with the clauses that they share most with. Words like 关闭 and 不开启 are read as one thing with a
sign, so that a paraphrase may say it the other way round. It knows nothing of numbers and names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.verify.alignment import credits
from rag.verify.changes import changes
from rag.verify.complements import tells_of_the_rest
from rag.verify.english.denial import denied
from rag.verify.english.families import family
from rag.verify.english.thesaurus import said_without
from rag.verify.lexicon import (
    ANYBODY,
    AT_LEAST,
    AT_MOST,
    BEYOND,
    CONDITION,
    DOUBLE,
    LIMIT,
    LIMITED,
    NEGATION,
    TRANSPARENT,
    UNIVERSALS,
)
from rag.verify.negatives import DENYING
from rag.verify.opposites import any_opposite, compiled
from rag.verify.text import Span, Token
from rag.verify.units import units
from rag.verify.wording import denies, elsewhere, lifted, limits, reworded, universal

REACH = 3  # content tokens behind a negation that it is about
_WORD_REACH = 2
_NEAR = 0.85  # of the best clause's share: as good a counterpart
_NUMBER = re.compile(r"\d+(?:\.\d+)*|半|\bhalf\b")
_BOUND_REACH = 12  # characters between a bound and its number


_NEGATIVE = ("enable", "allow", "support", "succeed")  # pairs whose second word is a "not" of the first


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation at ``start`` and the tokens right behind it that it is about."""

    start: int
    end: int
    head: tuple[Token, ...]


def contradiction(claim: Span, evidence: Sequence[Span]) -> str:
    """What the claim turns round, or nothing: ``negation``, ``opposite``, ``limit``, ``universal`` or ``bound``."""
    text = " ".join(sentence.text for sentence in evidence)
    if limits(claim.text, text):
        return "limit"
    if universal(claim.text) and not UNIVERSALS.search(text):
        return "universal"
    if ANYBODY.search(claim.text) and LIMIT.search(text) and not (LIMIT.search(claim.text) or UNIVERSALS.search(text)):
        return "universal"
    if _bounds_differ(claim.text, text):
        return "bound"
    if tells_of_the_rest(claim, evidence):
        return ""
    if not elsewhere(claim.text, text) and any(_flipped(claim, sentence) for sentence in evidence):
        return "negation"
    said = [n for part in claim.clauses for n in negations(part) if all(n in negations(part, s) for s in evidence)]
    known = [n for sentence in evidence for clause in sentence.clauses for n in negations(clause, claim)]
    for clause in claim.clauses:
        if sum(token.weight for token in clause.tokens) < 1.5:
            continue
        near = counterparts(clause, evidence)
        if _opposed(clause, [other for other, _ in near], [c for s in evidence for c in s.clauses]):
            return "opposite"
        found = [_compare(clause, other, (said, known), (claim, sentence), text) for other, sentence in near]
        if found and all(found):
            return found[0]
    return ""


def _flipped(claim: Span, sentence: Span) -> bool:
    """Whether an aligned part has a negation on one side alone."""
    if bool(CONDITION.search(claim.text)) != bool(CONDITION.search(sentence.text)) or reworded(claim, sentence):
        return False
    found = changes(claim, sentence)
    if sum(_negated(c.new, claim, sentence) - _negated(c.old, sentence, claim) for c in found) == 0:
        return False  # a negation that has moved
    for change in found:
        if not change.framed or change.clause or max(len(change.old), len(change.new)) > 6:
            continue
        both = bool(change.new and change.old)
        if both and _counts(change.new) != _counts(change.old):
            continue  # a number in the place of words is another predicate
        if both and NEGATION.search(_text(change.new, claim)) and NEGATION.search(_text(change.old, sentence)):
            continue
        mine, yours = _negated(change.new, claim, sentence, both), _negated(change.old, sentence, claim, both)
        without = _text(change.old, sentence) if mine else _text(change.new, claim)
        if DENYING.search(without) or LIMIT.search(without):
            continue  # free, and not charged; may only read, and may not write
        if mine % 2 != yours % 2 and not _sides(change.new, claim) & _sides(change.old, sentence):
            return True
    return False


def _negated(tokens: Sequence[Token], span: Span, opposite: Span, replaced: bool = True) -> int:
    """How often the tokens negate what stands behind them; one that goes together with what it negates is none."""
    if not tokens:
        return 0
    start, end = tokens[0].start, tokens[-1].end
    found = [n for n in negations(span, opposite) if n.start < end and n.end > start]
    count = sum(not (n.head and start <= n.head[0].start < end) or (replaced and _has(opposite, n.head)) for n in found)
    text = _text(tokens, span)
    return count + (sum(len(compiled()[name][1].findall(text)) for name in _NEGATIVE) if replaced else 0)


def _counts(tokens: Sequence[Token]) -> bool:
    return any(token.kind == "number" for token in tokens)


def _sides(tokens: Sequence[Token], span: Span) -> set[str]:
    """The pairs of opposites that the tokens hold a word of; those are compared by themselves."""
    text = _text(tokens, span)
    return {name for name, sides in compiled().items() if any(side.search(text) for side in sides)}


def _text(tokens: Sequence[Token], span: Span) -> str:
    return span.text[tokens[0].start - span.start : tokens[-1].end - span.start].lower() if tokens else ""


def counterparts(clause: Span, evidence: Sequence[Span]) -> list[tuple[Span, Span]]:
    """The clauses of the evidence that share most with the clause, each with its sentence."""
    scored = []
    for sentence in evidence:
        for other in sentence.clauses:
            shares = credits(clause, other)
            score = sum(token.weight * share for token, share in zip(clause.tokens, shares, strict=True))
            size = sum(token.weight for token in other.tokens)
            scored.append((score, -size, other, sentence))
    best = max((score for score, *_ in scored), default=0.0)
    if best < 1.0:
        return []
    close = sorted((row for row in scored if row[0] >= best * _NEAR), key=lambda row: (-row[0], -row[1]))
    return [(other, sentence) for _, _, other, sentence in close[:3]]


def _opposed(clause: Span, counterparts: Sequence[Span], all_clauses: Sequence[Span]) -> bool:
    """Whether the clause has one side of a pair of opposites, and its counterparts only the other.

    Not where one of all clauses of the evidence has two or more pairs as the clause has them.
    """
    signs = _signs(clause, negations(clause))[0]
    if len(signs) > 1 and any(_signs(other, negations(other))[0] == signs for other in all_clauses):
        return False
    theirs: dict[str, set[int]] = {}
    for other in counterparts:
        denied = negations(clause) and not LIMIT.search(clause.text)
        if _of_another(clause, other, all_clauses):
            continue
        if _only_if(clause, other) or (denied and LIMIT.search(other.text)):
            return False
        for name, values in _signs(other, negations(other))[0].items():
            theirs.setdefault(name, set()).update(values)
    return any(name in theirs and values.isdisjoint(theirs[name]) for name, values in signs.items())


def _of_another(clause: Span, other: Span, all_clauses: Sequence[Span]) -> bool:
    """Whether what a denying clause begins with is not what the other speaks of, but what a third one does."""
    found = negations(clause)
    subject = units(clause, 0, found[0].start - clause.start) if found else frozenset()
    return bool(subject) and not subject & units(other) and any(subject & units(third) for third in all_clauses)


def _only_if(clause: Span, other: Span) -> bool:
    """Whether one says "only if" and the other "not unless"."""
    conditional = bool(CONDITION.search(other.text)) != bool(CONDITION.search(clause.text))
    return conditional and bool(LIMIT.search(clause.text) or LIMIT.search(other.text))


def _compare(
    clause: Span, other: Span, all_negations: tuple[Sequence[Negation], ...], whole: tuple[Span, Span], text: str
) -> str:
    """The fault of a clause against one of its counterparts. ``whole`` are the claim and the counterpart's sentence,
    ``text`` is all evidence; all negations of the claim and of the evidence are given."""
    (said, known), (claim, sentence) = all_negations, whole
    if _only_if(clause, other):
        return ""
    mine = [n for n in negations(clause, other) if n in said]
    yours = [n for n in negations(other, clause) if n in known]
    signs, used = _signs(clause, mine)
    their_signs, their_used = _signs(other, yours)
    mine = [negation for negation in mine if negation.start not in used]
    yours = [negation for negation in yours if negation.start not in their_used]
    one, another = (clause, other) if mine else (other, clause)
    if bool(mine) != bool(yours) and denied(one, [n.head for n in mine or yours], another):
        return "negation"
    mine, yours = _unpaired(mine, known), _unpaired(yours, said)
    if mine and not yours and reworded(claim, sentence):
        return ""
    mine = [negation for negation in mine if yours or denies(negation.head, clause, other, sentence, text)]
    negative = {name for name, values in their_signs.items() if -1 in values}
    if mine and not yours and not negative and not their_used and not LIMITED.search(other.text):
        return "negation"
    own_negative = {name for name, values in signs.items() if -1 in values}
    lost = [negation for negation in yours if _has(clause, negation.head)]
    if lost and not mine and not own_negative and not used and not LIMITED.search(clause.text):
        return "" if lifted(clause, claim, other, sentence) else "negation"
    if mine and yours and not reworded(claim, sentence) and (_freed(yours, clause, mine) or _freed(mine, other, yours)):
        return "negation"
    return ""


def _unpaired(some: Sequence[Negation], others: Sequence[Negation]) -> list[Negation]:
    """Those that negate nothing that one of the others negates."""
    heads = [family(negation.head[0].raw.lower()) for negation in others if negation.head]
    return [negation for negation in some if not negation.head or family(negation.head[0].raw.lower()) not in heads]


_NON = re.compile(r"\bnon-[a-z]", re.IGNORECASE)


@lru_cache(maxsize=4096)
def negations(span: Span, other: Span | None = None) -> list[Negation]:
    """The negations of a span; two that cancel each other out are none, nor is what the other says without one."""
    found: list[Negation] = []
    idle: Sequence[Token] = ()
    if other is not None and not _NON.search(other.text):
        idle = said_without(span, other)
    for match in NEGATION.finditer(span.text):
        if match.group() not in DOUBLE:
            start, end = span.start + match.start(), span.start + match.end()
            if any(token.start < end and token.end > start for token in idle):
                continue
            found.append(Negation(start, end, _head(span, end)))
    return found


def _head(span: Span, end: int) -> tuple[Token, ...]:
    head: list[Token] = []
    for token in span.tokens:
        if token.start < end or (not head and (token.text in TRANSPARENT or token.raw.lower() in TRANSPARENT)):
            continue
        head.append(token)
        if len(head) == (REACH if token.kind == "han" else _WORD_REACH):
            break
    return tuple(head)


def _has(span: Span, head: Sequence[Token]) -> bool:
    """Whether a span has what a negation is about: its first two characters together, or its first word."""
    return _place(span, head) >= 0


def _place(span: Span, head: Sequence[Token]) -> int:
    if not head:
        return -1
    if head[0].kind != "han":
        return next((token.start for token in span.tokens if token.text == head[0].text), -1)
    wanted = "".join(token.text for token in head[:2] if token.kind == "han")
    at = span.text.find(wanted)
    return span.start + at if at >= 0 else -1


def _freed(negated: Sequence[Negation], span: Span, own: Sequence[Negation]) -> bool:
    """Whether something that is negated in one clause stands in the other without any negation before it."""
    for negation in negated:
        at = _place(span, negation.head)
        if at >= 0 and len(negation.head) > 1 and not any(n.start < at for n in own):
            return True
    return False


def _signs(span: Span, found: Sequence[Negation]) -> tuple[dict[str, set[int]], set[int]]:
    """The opposites that a span has words of, each with its signs, and the negations that went into them."""
    signs: dict[str, set[int]] = {}
    used: set[int] = set()
    text = span.text.lower()
    for name, sides in compiled().items() if any_opposite().search(text) else ():
        for sign, pattern in zip((1, -1), sides, strict=True):
            for match in pattern.finditer(text):
                at = span.start + match.start()
                over = [n for n in found if n.end <= at and n.head and at <= n.head[0].start]
                inside = [n for n in found if n.start >= at and n.end <= span.start + match.end()]
                used.update(n.start for n in (*over, *inside))
                signs.setdefault(name, set()).add(sign * (-1) ** len(over))
    return signs, used


def _bounds_differ(claim: str, evidence: str) -> bool:
    """Whether the claim makes an upper bound of a lower one, or the other way round, at the same number."""
    ours = dict(_bounds(claim))
    theirs: dict[str, set[str]] = {}
    for number, kind in _bounds(evidence):
        theirs.setdefault(number, set()).add(kind)
    return any(number in theirs and kind not in theirs[number] for number, kind in ours.items())


def _bounds(text: str) -> Iterator[tuple[str, str]]:
    numbers = list(_NUMBER.finditer(text))
    for kind, pattern in (("least", AT_LEAST), ("most", AT_MOST), ("beyond", BEYOND)):
        for match in pattern.finditer(text):
            near = [(_distance(match, number), number.group()) for number in numbers]
            if near and min(near)[0] <= _BOUND_REACH:
                yield min(near)[1], kind


def _distance(one: re.Match[str], other: re.Match[str]) -> int:
    return max(one.start() - other.end(), other.start() - one.end(), 0)
