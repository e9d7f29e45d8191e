"""Whether a claim gives a number for another time or another thing than its passages: $5 per user for $5 per team.

It compares what stands in one clause with a number. It knows no cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.amounts import MONTHS, PER, SECONDS, Amount, amounts
from rag.verify.text import Span, Text, Token

_PERIODS = (PER + SECONDS, PER + MONTHS)
_BY_MANY = re.compile(r"(?:\b(?:per|every)\s|每|(?<=[\d元分])/)(?P<n>\d+|[百千万]+)(?![\d.]*%)", re.IGNORECASE)
_MANY = re.compile(r"[百千万]")


def other_rate(claim: Text, texts: Sequence[Text]) -> str:
    """What the claim says a number is for, where the passages have the number for something else alone; or nothing."""
    for sentence in claim.sentences:
        for clause in sentence.clauses:
            for rate in _rates(clause, claim.norm):
                number = _nearest(rate, clause)
                if (number and _elsewhere(rate, number, texts)) or _never(rate, texts):
                    return claim.norm[rate.start : rate.end]
            if words := _each_of_many(clause, sentence, texts):
                return words
    return ""


def _rates(span: Span, norm: str) -> Iterator[Amount]:
    for amount in amounts(norm):
        if amount.kind.startswith(PER) and not amount.weak and span.start <= amount.start < span.end:
            yield amount


def _nearest(rate: Amount, clause: Span) -> Token | None:
    """The number that goes with it: mostly behind 每天, and before "per day"."""
    numbers = [t for t in clause.tokens if t.kind == "number" and not rate.start <= t.start < rate.end]
    han = clause.text[rate.start - clause.start : rate.end - clause.start][:1] > "\u3000"
    first = [t for t in numbers if (t.start >= rate.end) == han]
    return min(first or numbers, key=lambda t: max(t.start - rate.end, rate.start - t.end), default=None)


def _elsewhere(rate: Amount, number: Token, texts: Sequence[Text]) -> bool:
    """Whether each clause of the passages that has the number and says what it is for says something else."""
    found = [
        [other for other in _rates(clause, text.norm) if _comparable(rate, other) and _goes_with(other, number, clause)]
        for text in texts
        for clause in _clauses_with(number, text)
    ]
    told = [others for others in found if others]
    return bool(told) and not any(rate.equals(other) for others in told for other in others)


def _goes_with(rate: Amount, number: Token, clause: Span) -> bool:
    """Whether no other number is nearer to what something is for, as in 60 per minute and 1000 per hour."""
    nearest = _nearest(rate, clause)
    return nearest is not None and nearest.text == number.text


def _never(rate: Amount, texts: Sequence[Text]) -> bool:
    """Whether it says how often, and the passages only have it otherwise."""
    others = [other for text in texts for other in amounts(text.norm) if other.kind in _PERIODS]
    return rate.kind in _PERIODS and bool(others) and not any(rate.equals(other) for other in others)


def _comparable(one: Amount, other: Amount) -> bool:
    return (one.kind in _PERIODS) == (other.kind in _PERIODS)


def _clauses_with(number: Token, text: Text) -> Iterator[Span]:
    for sentence in text.sentences:
        for clause in sentence.clauses:
            if number.text in clause.numbers:
                yield clause


def _each_of_many(clause: Span, sentence: Span, texts: Sequence[Text]) -> str:
    """A number that the passages have for a thousand alone, where the claim does not say so."""
    for token in clause.tokens:
        if token.kind != "number":
            continue
        found = [_many(other, token.text) for text in texts for other in _clauses_with(token, text)]
        if found and all(found) and not any(_said(many, sentence) for many in found):
            return token.raw
    return ""


def _many(clause: Span, number: str) -> str:
    match = _BY_MANY.search(clause.text)
    return match["n"] if match and match["n"] not in (number, "1") else ""


def _said(many: str, sentence: Span) -> bool:
    return many in sentence.numbers or bool(_MANY.match(many) and many in sentence.text)
