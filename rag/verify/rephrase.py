"""Puts the amounts of a claim into the words of its passages: with "24 个月" there, 两年 becomes 24个月.

Only where both are strictly the same; all rules then see the same words and numbers. It knows no verdict.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence

from rag.verify.amounts import CLOCK, DATE, MONTH_END, VAGUE, Amount, amounts
from rag.verify.clock import PART, hours
from rag.verify.listed import without_counts

_DEADLINE_BEFORE = re.compile(
    r"(?:\b(?:by|until|till|no later than|not later than|up to)|至|到|截止[于至到]?|截至)\s?$", re.IGNORECASE
)
_DEADLINE_AFTER = re.compile(r"\s?(?:之?前|以前|截止|为止|止)")
_LEAP = 2024  # 29 February may be the last day of it; 28 is not taken for one


def as_written(norm: str, passages: Sequence[str]) -> str:
    """The normalised claim with each amount as the normalised passages write it, where they write it otherwise."""
    norm = without_counts(norm, passages)
    own = amounts(norm)
    parts = list(PART.finditer(norm))
    if not own and not parts:
        return norm
    edits = _edits(norm, own, passages)
    edits += _needless_parts(norm, parts, own, edits, passages)
    for start, end, words in sorted(edits, reverse=True):
        before, after = norm[:start], norm[end:]
        apart = " " if words and before[-1:].isalnum() and before[-1:].isascii() and words[0].isascii() else ""
        norm = before + apart + words + (" " if words[-1:].isdigit() and after[:1].isdigit() else "") + after
    return norm


def _edits(norm: str, own: Sequence[Amount], passages: Sequence[str]) -> list[tuple[int, int, str]]:
    edits: list[tuple[int, int, str]] = []
    written = {_squeezed(text[a.start : a.end]) for text in passages for a in amounts(text)}
    joined = "\n".join(map(_squeezed, passages))
    for amount in sorted(own, key=lambda a: a.start - a.end):
        words = _squeezed(norm[amount.start : amount.end])
        taken = any(amount.start < end and start < amount.end for start, end, _ in edits)
        if taken or words in written or (amount.weak and words in joined):
            continue
        if match := _match(amount, norm, passages):
            edits.append((amount.start, amount.end, match))
    return edits


def _match(amount: Amount, norm: str, passages: Sequence[str]) -> str:
    """The words of the first passage for as much."""
    for text in passages:
        for other in amounts(text):
            if same(amount, other) or _same_month_end(amount, norm, other, text):
                return text[other.start : other.end]
    return ""


def same(amount: Amount, other: Amount) -> bool:
    """Whether a claim's amount is one of a passage, which may leave open more of it or less."""
    if amount.kind not in (CLOCK, VAGUE) or other.kind not in (CLOCK, VAGUE):
        return amount.equals(other)
    if amount.kind == VAGUE and other.kind == CLOCK and other.value - amount.value == 720:
        return 60 <= amount.value < 420  # two o'clock is 14:00, ten o'clock is not 22:00
    return amount.value == other.value


def _same_month_end(amount: Amount, norm: str, other: Amount, text: str) -> bool:
    """By the end of March and by 31 March, each as a deadline."""
    if {amount.kind, other.kind} != {DATE, MONTH_END}:
        return False
    date = amount if amount.kind == DATE else other
    month, day = divmod(int(date.value), 100)
    last = monthrange(date.year or _LEAP, month)[1]
    if month != (amount.value + other.value - date.value) // 100 or day != last:
        return False
    return _deadline(amount, norm) and _deadline(other, text)


def _deadline(amount: Amount, text: str) -> bool:
    return bool(
        _DEADLINE_BEFORE.search(text[max(amount.start - 16, 0) : amount.start])
        or _DEADLINE_AFTER.match(text, amount.end)
    )


def _needless_parts(
    norm: str,
    parts: Sequence[re.Match[str]],
    own: Sequence[Amount],
    edits: Sequence[tuple[int, int, str]],
    passages: Sequence[str],
) -> list[tuple[int, int, str]]:
    """Words for a part of the day that the passages' times say: 下午 where the meeting is at 14:30."""
    clocks = [a for text in passages for a in amounts(text) if a.kind in (CLOCK, VAGUE)]
    joined = "\n".join(passages).lower()
    found = []
    for part in parts:
        taken = any(part.start() < end and start < part.end() for start, end, _ in edits)
        if taken or part.group().lower() in joined or not clocks:
            continue
        first, last = hours(part.group())
        mine = [a for a in own if a.apart == part.span() or a.start <= part.start() < a.end]
        if mine:
            said = all(any(same(a, clock) for clock in clocks) for a in mine)
        else:
            said = all(first <= clock.value < last for clock in clocks)
        if said:
            found.append((part.start(), part.end(), ""))
    return found


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text.lower())
