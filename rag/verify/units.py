"""What a stretch of text speaks of: its words, names and numbers, and its pairs of Han characters. Knows no rule."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from rag.verify.alignment import credits
from rag.verify.text import Span


@lru_cache(maxsize=8192)
def units(span: Span, start: int = 0, stop: int | None = None) -> frozenset[str]:
    """The units of a span between two places of its text."""
    first, last = span.start + start, span.end if stop is None else span.start + stop
    part = [token for token in span.tokens if first <= token.start and token.end <= last]
    found = {token.text for token in part if token.kind != "han" and token.weight >= 1}
    for one, two in pairwise(part):
        if one.kind == two.kind == "han" and one.end == two.start and min(one.weight, two.weight) >= 1:
            found.add(one.text + two.text)
    return frozenset(found)


def shared(one: Span, other: Span) -> float:
    """The share of one span that the other covers."""
    total = sum(token.weight for token in one.tokens) or 1.0
    return sum(token.weight * share for token, share in zip(one.tokens, credits(one, other), strict=True)) / total
