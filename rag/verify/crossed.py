"""Whether a claim of two parts has crossed what its evidence keeps together: A and its end with B and its end.

Either two clauses have exchanged a part of each, or the case of one rule is told with what follows in another case. It
knows no list of verbs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.verify.subjects import subject
from rag.verify.text import Span
from rag.verify.things import units

_MARKS = re.compile(r"[,，;；：]|:(?=\s)|\b(?:and|but|while|whereas)\b|而(?!且)", re.IGNORECASE)
_SHARE = 0.3  # of what the claim's clauses have of their own
_CLEAR = 0.5  # of a case, or of what follows
_CASE = re.compile(
    r"^\W*(?:如果?|若|当|凡|对于|遇|一旦|因)|(?:的人?|者|时|后|的话|期间|情况下|之内)\W*$"
    r"|\b(?:if|when|whenever|in case|for|once|anyone who|those who|customers who|during|after|before)\b",
    re.IGNORECASE,
)
_Part = tuple[Span, frozenset[str]]
_Rule = tuple[frozenset[str], frozenset[str]]


def crossed(claim: Span, sentences: Sequence[Span]) -> str:
    """What has been told with the wrong counterpart, or nothing."""
    parts = [(part, said) for part in claim.clauses if (said := units(part.tokens))]
    if len(parts) < 2:
        return ""
    segments = [units(part.tokens) for sentence in sentences for part in segments_of(sentence)]
    for one, other in pairwise(parts):
        if words := _exchanged(one, other, segments):
            return words
    return _other_case(parts, sentences)


def segments_of(sentence: Span) -> Iterator[Span]:
    """A sentence cut at its commas and conjunctions, but not at parentheses."""
    start = sentence.start
    for match in (*_MARKS.finditer(sentence.text), None):
        end = sentence.start + match.start() if match else sentence.end
        tokens = tuple(token for token in sentence.tokens if start <= token.start < end)
        if tokens:
            yield Span(sentence.text[start - sentence.start : end - sentence.start], start, end, tokens)
        start = end


def _exchanged(one: _Part, other: _Part, segments: Sequence[frozenset[str]]) -> str:
    """What is said of the first subject, where the evidence says it of the second one, and the other way round."""
    first, second = units(subject(one[0])), units(subject(other[0]))
    first, second = first - other[1], second - one[1]
    said, said_too = one[1] - first - other[1], other[1] - second - one[1]
    if not first or not second or not said or not said_too:
        return ""
    straight = max(
        (min(_of(a, s), _of(b, s)) for s in segments for a, b in ((first, said), (second, said_too))), default=0
    )
    crossed_one = max((min(_of(first, s), _of(said_too, s)) for s in segments), default=0)
    crossed_other = max((min(_of(second, s), _of(said, s)) for s in segments), default=0)
    turned = min(crossed_one, crossed_other)
    return max(sorted(said), key=len) if turned >= max(_SHARE, 2 * straight) else ""


def _other_case(parts: Sequence[tuple[Span, frozenset[str]]], sentences: Sequence[Span]) -> str:
    """What the claim says to follow in one case, and the evidence in another."""
    told = [
        (case[1], then[1])
        for case, then in pairwise(parts)
        if _CASE.search(case[0].text) and not _CASE.search(then[0].text)
    ]
    if not told:
        return ""
    rules = [row for sentence in sentences if (row := _rule(sentence))]
    if len(rules) < 2:
        return ""
    for own in rules:
        for other in rules:
            for case, then in told:
                if own is not other and _told_of(case, then, own, other):
                    return max(sorted(then), key=len)
    return ""


def _told_of(case: frozenset[str], then: frozenset[str], own: _Rule, other: _Rule) -> bool:
    """Whether the case is that of one rule, and what follows that of the other, by what tells the two apart."""
    if _of(case, own[0]) < _CLEAR or _of(then, other[1]) < _CLEAR:
        return False
    if case & (other[0] - own[0]) or then & (own[1] - other[1]):
        return False
    return bool(case & (own[0] - other[0])) and bool(then & (other[1] - own[1])) and bool(own[1] - other[1])


def _rule(sentence: Span) -> _Rule | None:
    """A case and what follows, where a sentence begins with one."""
    clauses = sentence.clauses
    if len(clauses) < 2:
        return None
    for n, clause in enumerate(clauses[:-1]):
        if _CASE.search(clause.text):
            rest = [units(other.tokens) for other in clauses[n + 1 :]]
            return frozenset().union(*(units(c.tokens) for c in clauses[: n + 1])), frozenset().union(*rest)
    return None


def _of(some: frozenset[str], there: frozenset[str]) -> float:
    return len(some & there) / max(len(some), 1)
