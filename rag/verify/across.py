"""Whether a claim turns round what its passage says in another language: denied for affirmed, off for on, any for only.

Compared are words that both languages have a common one for, in the sentences that share the most with the claim. It
knows no grammar, and says nothing where those words are told of both ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.verify.bilingual import EVERY, ONLY, SIDES, SOON
from rag.verify.lexicon import DOUBLE, NEGATION
from rag.verify.text import Span

Turned = Literal["", "negation", "opposite", "limit", "strength"]
_NEAR_HAN, _NEAR_WORDS = 6, 4  # between a negation and what it denies
_SKIPS = re.compile(
    r"可选|不必|\b(?:only|just|merely)\b|仅仅?|只(?=是)|不仅|不但|不只|\bnot (?:only|just|merely)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Said:
    """Which sides of a pair of opposites a text has: (number of the pair, which side), affirmed and denied."""

    yes: frozenset[tuple[int, int]]
    no: frozenset[tuple[int, int]]


def turned_across(claim: Span, sentences: Sequence[Span]) -> Turned:
    """How the claim says what the sentences in another language do not; nothing where that cannot be told."""
    near = _nearest(claim, sentences)
    if not near:
        return ""
    mine, theirs = _said(claim.text), _said("\n".join(span.text for span in near))
    for pair, side in mine.yes:
        if (pair, side) in theirs.yes or (pair, 1 - side) in theirs.no:
            continue
        if (pair, side) in theirs.no and (pair, 1 - side) not in mine.yes:
            return "negation"
        if (pair, 1 - side) in theirs.yes and (pair, 1 - side) not in mine.yes | mine.no:
            return "opposite"
    for pair, side in mine.no - mine.yes:
        same = (pair, side) in theirs.yes and (pair, side) not in theirs.no
        if same and (pair, 1 - side) not in theirs.yes | theirs.no:
            return "negation"
    if EVERY.search(claim.text) and not ONLY.search(claim.text) and _best(claim, near, ONLY, EVERY):
        return "limit"
    if not SOON.search(claim.text) and not NEGATION.search(claim.text) and _best(claim, near, SOON):
        return "strength"
    return ""


def _keys(span: Span) -> frozenset[str]:
    """What both languages write alike: numbers, names, Latin words beside Han or with a capital."""
    return frozenset(t.text for t in span.tokens if t.kind != "han" and t.weight >= 1)


def _nearest(claim: Span, sentences: Sequence[Span]) -> list[Span]:
    """The sentences that share something with the claim, with those right behind them; all of a short passage."""
    if len(sentences) <= 4:
        return list(sentences)
    keys = _keys(claim)
    hits = {n for n, span in enumerate(sentences) if keys & _keys(span)}
    return [span for n, span in enumerate(sentences) if n in hits or n - 1 in hits]


def _said(text: str) -> _Said:
    yes: set[tuple[int, int]] = set()
    no: set[tuple[int, int]] = set()
    for pair, sides in enumerate(SIDES):
        for side, pattern in enumerate(sides):
            for match in pattern.finditer(text):
                (no if _denied(text, match) else yes).add((pair, side))
    whole = [(match.span(), pair, side) for pair, side, match in _matches(text)]
    inside = {  # 稳定 within 不稳定 is its opposite alone
        (pair, side)
        for (start, end), pair, side in whole
        if any(p == pair and s != side and a <= start and end <= b for (a, b), p, s in whole)
    }
    return _Said(frozenset(yes - inside), frozenset(no - inside))


def _matches(text: str) -> Iterator[tuple[int, int, re.Match[str]]]:
    for pair, sides in enumerate(SIDES):
        for side, pattern in enumerate(sides):
            for match in pattern.finditer(text):
                yield pair, side, match


def _denied(text: str, match: re.Match[str]) -> bool:
    before = re.split(r"[,，.。;；:：\n]", text[: match.start()])[-1]
    before = _SKIPS.sub(" ", before)
    for no in NEGATION.finditer(before):
        between = before[no.end() :]
        if no.group() in DOUBLE:
            continue
        if len(re.findall("[\u4e00-\u9fff]", between)) <= _NEAR_HAN and len(re.findall("[A-Za-z]+", between)) <= (
            _NEAR_WORDS
        ):
            return True
    return False


def _best(claim: Span, near: Sequence[Span], has: re.Pattern[str], lacks: re.Pattern[str] | None = None) -> bool:
    """Whether the sentence that shares the most of its names with the claim has a word, or one that shares as many."""
    keys = _keys(claim)
    shared = [(len(keys & _keys(span)), span) for span in near]
    most = max(count for count, _ in shared)
    best = [span for count, span in shared if count == most and most >= 2]
    return any(has.search(span.text) for span in best) and not any(lacks and lacks.search(span.text) for span in best)
