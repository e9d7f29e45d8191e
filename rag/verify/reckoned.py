"""Whether a number that a claim has and its evidence has not follows from the evidence: rounded, halved, doubled, as
another form, or as the years between two dates. Knows no place of a number and no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from rag.verify.arithmetic import worked_out
from rag.verify.quantities import quantity
from rag.verify.text import Span, Token

_MORE_BEHIND = re.compile(r"(?:个|[十百千万亿])?(?:多|余|出头)|\+")
_ABOVE_BEFORE = re.compile(r"(?:超过|多于|高于|大于|逾|\b(?:over|above|more than|upwards of)) ?[$€£¥]?$", re.IGNORECASE)
_ABOVE_BEHIND = re.compile(r"[^\W\d]{0,3}(?:以上|之多)")
_BELOW_BEFORE = re.compile(
    r"(?:不到|不足|接近|将近|近|低于|少于|\b(?:nearly|almost|just under|under|below|less than|fewer than)) ?[$€£¥]?$",
    re.IGNORECASE,
)
_ABOUT_BEFORE = re.compile(
    r"(?:大约|大概|大致|约为|约|差不多|\b(?:about|around|roughly|approximately|some)) ?[$€£¥]?$", re.IGNORECASE
)
_ABOUT_BEHIND = re.compile(r"[^\W\d]{0,3}(?:左右|上下)| or so\b", re.IGNORECASE)
_HALF = re.compile(r"一半|减半|半数|对半|\b(?:half|halves|halved|halving)\b", re.IGNORECASE)
_DOUBLE = re.compile(r"翻倍|加倍|双倍|翻番|\b(?:doubles?|doubled|doubling|twice)\b|(?<![.\d])2倍", re.IGNORECASE)
_YEARS_BETWEEN = re.compile(r" ?(?:年(?![代\d])|years?\b)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?<!\d\.)(1\d{3}|20\d\d)(?= ?年|(?![\d.%]))")
_MANY_YEARS = 4  # of which two are apart by any small number
_FAR, _ABOUT = 0.25, 0.06  # how much further than a bound, and how far from what is "about" it


def reckoned(token: Token, claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether a number of the claim is what the evidence's numbers come to."""
    value = _value(token.text)
    if value is None:
        return False
    if _as_port(token, evidence) or _years_between(token, claim, evidence) or worked_out(token, claim, evidence):
        return True
    numbers = [(other, theirs, sentence) for sentence in evidence for other, theirs in _numbers(sentence)]
    if any(other.text == f"{value * 100:g}%" for other, _, _ in numbers) and 0 < value < 1:
        return True
    like = [(other, theirs, sentence) for other, theirs, sentence in numbers if _alike(token, claim, other, sentence)]
    exact = [theirs for other, theirs, sentence in like if not _is_round(other, sentence)]
    if any(_rounded(token, claim, value, theirs) for theirs in exact):
        return True
    return _multiple(value, [theirs for _, theirs, _ in like], evidence)


def _rounded(token: Token, claim: Span, value: float, theirs: float) -> bool:
    """Whether a number that is said to be more, less or about as much is near to the evidence's."""
    start, end = token.start - claim.start, token.end - claim.start
    before, text = claim.text[max(start - 14, 0) : start], claim.text
    if _MORE_BEHIND.match(text, end):
        return value < theirs < value + _step(value)
    if _ABOVE_BEFORE.search(before) or _ABOVE_BEHIND.match(text, end):
        return value < theirs <= value * (1 + _FAR)
    if _BELOW_BEFORE.search(before):
        return value * (1 - _FAR) <= theirs < value
    if _ABOUT_BEFORE.search(before) or _ABOUT_BEHIND.match(text, end):
        return abs(theirs - value) <= _ABOUT * value
    return False


def _is_round(token: Token, span: Span) -> bool:
    """Whether a number is said to be more, less or about as much: another one is another number."""
    start, end = token.start - span.start, token.end - span.start
    before = span.text[max(start - 14, 0) : start]
    return any(pattern.search(before) for pattern in (_ABOVE_BEFORE, _BELOW_BEFORE, _ABOUT_BEFORE)) or any(
        pattern.match(span.text, end) for pattern in (_MORE_BEHIND, _ABOVE_BEHIND, _ABOUT_BEHIND)
    )


def _step(value: float) -> float:
    """How far "odd" reaches: forty-odd to fifty, 900-odd to a thousand."""
    step = 1.0
    while value % (step * 10) == 0 and step < value:
        step *= 10
    return step


def _multiple(value: float, alike: Sequence[float], evidence: Sequence[Span]) -> bool:
    """Whether the evidence speaks of half of its one such number, or of twice as much, and that is the claim's."""
    half, double = (any(word.search(span.text) for span in evidence) for word in (_HALF, _DOUBLE))
    if len(set(alike)) == 1 and ((half and value * 2 == alike[0]) or (double and value == alike[0] * 2)):
        return True
    return value == 2 and double and not alike


def _years_between(token: Token, claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether a number of years is what two dates of the evidence are apart."""
    if not _YEARS_BETWEEN.match(claim.text, token.end - claim.start) or len(token.text) > 3:
        return False
    years = sorted({int(year) for sentence in evidence for year in _YEAR.findall(sentence.text)})
    if len(years) > _MANY_YEARS:
        return False
    return any(str(late - early) == token.text for early, late in combinations(years, 2))


def _as_port(token: Token, evidence: Sequence[Span]) -> bool:
    """Whether a number stands as the port of an address: 10.0.0.7:8080."""
    port = re.compile(rf"[\w\]]:{re.escape(token.text)}(?![\d:])")
    return token.text.isdigit() and len(token.text) >= 4 and any(port.search(span.text) for span in evidence)


def _numbers(span: Span) -> Iterator[tuple[Token, float]]:
    for token in span.tokens:
        if token.kind == "number" and (value := _value(token.text)) is not None:
            yield token, value


def _value(text: str) -> float | None:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None


def _alike(mine: Token, claim: Span, other: Token, sentence: Span) -> bool:
    """Whether two numbers count the same thing, as far as their units and currencies tell."""
    if mine.text.endswith("%") != other.text.endswith("%"):
        return False
    units = quantity(mine, claim), quantity(other, sentence)
    if units[0] and units[1]:
        one, two = float(mine.text), float(other.text)
        return units[0][0] == units[1][0] and abs(units[0][1] * two - units[1][1] * one) <= 0.001 * units[0][1] * two
    if units[0]:
        return False  # of the claim's, 多 may stand before the unit
    return _unit(mine, claim) == _unit(other, sentence)


_BEHIND = re.compile(r"(?:多|余|出头|来)?[ -]?(?:个|年|月|日|[^\W\d_a-zA-Z]|[A-Za-z]+|%)?")
_MARK = re.compile(r"[$€£¥]$")


def _unit(token: Token, span: Span) -> str:
    if money := _MARK.search(span.text[: token.start - span.start]):
        return money.group()
    match = _BEHIND.match(span.text, token.end - span.start)
    unit = match.group().strip(" -").lower() if match else ""
    return re.sub("^(?:多|余|出头|来)", "", unit).removesuffix("s")
