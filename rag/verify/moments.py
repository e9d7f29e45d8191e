"""Whether a claim dates one event by another: deprecated in April and switched off in January, 1956年动工而1959年竣工.

A clause that has the claim's date but not what it says happened, beside one that has that and a date of its own. It
knows no calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.subjects import is_verb
from rag.verify.text import Span, Token
from rag.verify.things import units
from rag.verify.verbs import AUXILIARIES

_YEAR = re.compile(r"(?:1[0-9]|20)\d\d")
_MOST = 0.5  # of what the claim says happened
_MONTHS_LIST = "january february march april may june july august september october november december 年 月 日"
_MONTHS = frozenset(_MONTHS_LIST.split())
_CUT = re.compile(r"\b(?:and|then|but|while|until|when|before|after|since)\b|[,:;()]|，", re.IGNORECASE)


def misdated(claim: Span, sentences: Sequence[Span]) -> str:
    """The date that the claim gives to something that has another one in its evidence, or nothing."""
    known = [row for span in sentences for row in _dated_parts(span)]
    if len(known) < 2:
        return ""
    for part in _parts(claim):
        dates = _dates(part)
        if not dates:
            continue
        said = _happens(part)
        there = [other for other, some in known if dates <= some]
        if not there or any(not some or said & some for some in there):
            continue
        happened = frozenset().union(*there)
        if any(_mostly(said, other - happened) for other, some in known if not dates & some):
            return min(dates)
    return ""


def _mostly(said: frozenset[str], happened: frozenset[str]) -> bool:
    return len(said & happened) > _MOST * len(said)


def _dated_parts(span: Span) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """What happens in each part that has a date, with what follows up to the next date, and its dates."""
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    for part in _parts(span):
        if dates := _dates(part):
            found.append((_happens(part), dates))
        elif found:
            found[-1] = (found[-1][0] | _happens(part), found[-1][1])
    yield from found


def _parts(span: Span) -> Iterator[Span]:
    """A sentence cut at its conjunctions too."""
    start = span.start
    for match in (*_CUT.finditer(span.text), None):
        end = span.start + match.start() if match else span.end
        tokens = tuple(token for token in span.tokens if start <= token.start < end)
        if tokens:
            yield Span(span.text[start - span.start : end - span.start], start, end, tokens)
        start = end


def _dates(part: Span) -> frozenset[str]:
    """Its years, or numbers before a month or a day, each with what follows."""
    found = set()
    for token, after in zip(part.tokens, (*part.tokens[1:], None), strict=True):
        unit = after.text if after is not None and after.start - token.end <= 1 else ""
        if token.kind == "number" and (_YEAR.fullmatch(token.text) or unit in _MONTHS):
            found.add(token.text)
    return frozenset(found)


def _happens(part: Span) -> frozenset[str]:
    """What happens: English verbs, or what a Chinese clause says behind its date."""
    if not any(token.kind == "han" for token in part.tokens):
        return frozenset(token.text for token in part.tokens if is_verb(token) and token.raw.lower() not in AUXILIARIES)
    last = max((i for i, token in enumerate(part.tokens) if _dated(part.tokens, i)), default=-1)
    return units(part.tokens[last + 1 :])


def _dated(tokens: Sequence[Token], at: int) -> bool:
    """Whether a token is a year, or belongs to a month or day."""
    if tokens[at].kind == "number":
        return _YEAR.fullmatch(tokens[at].text) is not None or tokens[min(at + 1, len(tokens) - 1)].text in _MONTHS
    return tokens[at].text in _MONTHS and at > 0 and tokens[at - 1].kind == "number"
