"""Whether a claim has an amount that its passages have otherwise: 半年 for 3 个月, twice for three times, noon for 1.

Numbers are compared by themselves; this is about what words say as well. It knows no threshold of cover.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.amounts import CLOCK, DATE, MONTH_END, MONTHS, PER, SECONDS, VAGUE, WORKDAYS, Amount, amounts
from rag.verify.rephrase import same
from rag.verify.shares import OFF, SHARE

_FAMILIES = {VAGUE: CLOCK, MONTH_END: DATE, WORKDAYS: SECONDS, MONTHS: SECONDS, OFF: SHARE}
_LONG = {SECONDS: (1 / 86400, 1 / 86400), MONTHS: (28.0, 31.0), WORKDAYS: (1.0, 1.0)}  # days, at least and at most
_RANGE = r"\s?(?:[-–~至到、,/或和]|to\b|or\b|and\b)\s?\d"
_NEAR_END = 25
_FIRST = {"first": "1", "second": "2", "third": "3"}
_ORDINAL = re.compile(
    r"\b(?:the|its|their|his|her|your|our) (first|second|third|\d+(?:st|nd|rd|th)) ([a-z]{3,}(?: [a-z]{3,})?)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def lost_amount(claim: str, passages: Sequence[str]) -> str:
    """The words of an amount that no passage has, where they have others of its kind; all texts are normalised."""
    own = [amount for amount in amounts(claim) if not amount.weak]
    if not own:
        return _other_ordinal(claim, passages)
    known = [other for text in passages for other in amounts(text)]
    found = [amount for amount in own if any(same(amount, other) or _as_long(amount, other) for other in known)]
    for amount in own:
        if amount.kind == MONTH_END and any(_earlier(other, amount) for other in known):
            return claim[amount.start : amount.end]
        if amount.kind.startswith(PER) or amount.kind in (VAGUE, DATE, MONTH_END):
            continue
        if any(amount.start < other.end and other.start < amount.end for other in found):
            continue
        rivals = [other for other in known if _family(other) == _family(amount) and not other.weak]
        words = claim[amount.start : amount.end]
        if rivals and not _in_range(words, passages) and not _without_unit(words, passages):
            return words
    return _other_ordinal(claim, passages)


def _earlier(date: Amount, end: Amount) -> bool:
    """Whether a date is of that month, and not near its end."""
    return date.kind == DATE and 0 < date.value - end.value < _NEAR_END


def _other_ordinal(claim: str, passages: Sequence[str]) -> str:
    """The third day, where the passages only know of a fourth one."""
    for match in _ORDINAL.finditer(claim):
        nouns = set(match.group(2).lower().split())
        known = [m for text in passages for m in _ORDINAL.finditer(text) if nouns & set(m.group(2).lower().split())]
        if known and all(_place(m) != _place(match) for m in known):
            return match.group()
    return ""


def _place(match: re.Match[str]) -> str:
    word = match.group(1).lower()
    return _FIRST.get(word) or re.sub(r"\D", "", word)


def _as_long(amount: Amount, other: Amount) -> bool:
    """Whether a length may well be one that is told otherwise: 30 days for a month, one year for every year."""
    kind = other.kind.removeprefix(PER)
    if amount.kind not in _LONG or kind not in _LONG or WORKDAYS in (amount.kind, kind):
        return False
    (least, most), (low, high) = _LONG[amount.kind], _LONG[kind]
    return amount.value * least <= other.value * high and other.value * low <= amount.value * most


def _family(amount: Amount) -> str:
    return _FAMILIES.get(amount.kind, amount.kind)


def _in_range(words: str, passages: Sequence[str]) -> bool:
    """Whether its number begins a range or a list there, whose unit follows the last number alone."""
    number = _NUMBER.search(words)
    if number is None:
        return False
    pattern = re.compile(rf"(?<![\d.]){re.escape(number.group())}{_RANGE}", re.IGNORECASE)
    return any(pattern.search(text) for text in passages)


def _without_unit(words: str, passages: Sequence[str]) -> bool:
    """Whether its number stands there away from its unit: five days, of "five unused days". One is too common."""
    number = _NUMBER.search(words)
    if number is None or number.group() == "1":
        return False
    pattern = re.compile(rf"(?<![\d.]){re.escape(number.group())}(?![\d.]*\d)")
    return any(
        not any(other.start <= match.start() < other.end for other in amounts(text))
        for text in passages
        for match in pattern.finditer(text)
    )
