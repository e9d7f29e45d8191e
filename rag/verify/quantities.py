"""Numbers with units of measure: 两周 is 14 天, and 3000 秒 is not 3000 毫秒. Knows no sentence around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.verify.text import Span, Token

# (what is measured, its units: pattern and how many of the smallest)
_MEASURES: tuple[tuple[tuple[str, float], ...], ...] = (
    (
        (r"毫秒|ms\b|milliseconds?\b|msecs?\b", 1),
        (r"(?<!毫)秒|s\b|secs?\b|seconds?\b", 1e3),
        (r"分钟|mins?\b|minutes?\b", 6e4),
        (r"个?(?:小时|钟头)|h\b|hrs?\b|hours?\b", 36e5),
        (r"天|days?\b", 864e5),
        (r"个?(?:周(?!年|[一二三四五六日末])|星期)|weeks?\b", 6048e5),
    ),
    (
        (r"字节|bytes?\b", 1),
        (r"Ki?B?\b", 1024),
        (r"Mi?B\b|M\b|兆", 1024**2),
        (r"Gi?B?\b", 1024**3),
        (r"Ti?B?\b", 1024**4),
    ),
    (
        (r"毫米|mm\b", 1),
        (r"厘米|公分|cm\b", 10),
        (r"(?<![毫厘千])米|m\b|met(?:er|re)s?\b", 1e3),
        (r"公里|千米|km\b|kilomet(?:er|re)s?\b", 1e6),
    ),
    ((r"毫克|mg\b", 1), (r"(?<![毫千])克|g\b|grams?\b", 1e3), (r"公斤|千克|kg\b", 1e6), (r"吨|tons?\b|tonnes?\b", 1e9)),
)
_UNITS = tuple(
    (kind, factor, re.compile(rf"[ -]?(?:{pattern})"), re.compile(rf"(?<![A-Za-z毫厘])(?:{pattern})"))
    for kind, units in enumerate(_MEASURES)
    for pattern, factor in units
)


def quantity(token: Token, span: Span) -> tuple[int, float] | None:
    """What a number measures and how much of it; None where no unit follows it."""
    at = token.end - span.start
    for kind, factor, behind, _ in _UNITS:
        if behind.match(span.text, at) and (value := _value(token)) is not None:
            return kind, value * factor
    return None


def same_quantity(token: Token, claim: Span, evidence: Span) -> Iterator[tuple[Token, bool]]:
    """The numbers of the evidence that measure the same thing, and whether it is as much of it."""
    if (mine := quantity(token, claim)) is None:
        return
    for other in evidence.tokens:
        theirs = quantity(other, evidence) if other.kind == "number" else None
        if theirs is not None and theirs[0] == mine[0]:
            yield other, abs(theirs[1] - mine[1]) <= 0.001 * mine[1]


def other_unit(token: Token, claim: Span, evidence: Span) -> bool:
    """Whether the evidence has the number with another unit alone: behind it, or in the sentence where none is."""
    mine = quantity(token, claim)
    same = [other for other in evidence.tokens if other.kind == "number" and other.text == token.text]
    if mine is None or not same:
        return False
    own = mine[1] / (_value(token) or 1.0)
    for other in same:
        theirs = quantity(other, evidence)
        if theirs is None:
            named = {factor for kind, factor, _, unit in _UNITS if kind == mine[0] and _han_unit(unit, evidence.text)}
            if not named or own in named:
                return False
        elif theirs[0] != mine[0] or abs(theirs[1] - mine[1]) <= 0.001 * mine[1]:
            return False
    return True


def _han_unit(unit: re.Pattern[str], text: str) -> bool:
    """Whether a unit is named in full; single letters say nothing by themselves."""
    return any(len(match.group()) > 2 or not match.group().isascii() for match in re.finditer(unit, text))


def _value(token: Token) -> float | None:
    try:
        return float(token.text)
    except ValueError:
        return None
