"""What a stretch of text speaks of: its words, names and numbers, and its pairs of Han characters. Knows no rule."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from rag.verify.alignment import credits
from rag.verify.text import Span, Token

_IN_WORDS = frozenset("会上下中内后前时能可所为等个对由以")


@lru_cache(maxsize=8192)
def units(span: Span, start: int = 0, stop: int | None = None) -> frozenset[str]:
    """The units of a span between two places of its text."""
    first, last = span.start + start, span.end if stop is None else span.start + stop
    part = [token for token in span.tokens if first <= token.start and token.end <= last]
    found = {token.text for token in part if token.kind != "han" and token.weight >= 1}
    for one, two in pairwise(part):
        if one.kind == two.kind == "han" and one.end == two.start and _word(one, two):
            found.add(one.text + two.text)
    return frozenset(found)


def _word(one: Token, two: Token) -> bool:
    """Whether neither says little by itself, but for characters that make words as well: 会员, 前台."""
    light = [token for token in (one, two) if token.weight < 1]
    return len(light) < 2 and all(token.text in _IN_WORDS for token in light)


def shared(one: Span, other: Span) -> float:
    """The share of one span that the other covers."""
    total = sum(token.weight for token in one.tokens) or 1.0
    return sum(token.weight * share for token, share in zip(one.tokens, credits(one, other), strict=True)) / total
