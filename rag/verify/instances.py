"""Whether a number of a claim is a case of a rule of its evidence: 80 pounds, where it says "orders over 50 pounds".

A case within a bound has to be told as the rule is, one beyond it the other way round ("not needed for two days", where
it is from the fourth day on). Knows no place of a number and no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.verify.lexicon import NEGATION
from rag.verify.quantities import quantity
from rag.verify.text import Span, Token

_MONEY = r"(?:[$€£¥]|US\$)?"
_UNIT = r"(?:[ -]?(?:[a-z]+|[^\W\d_a-z]{1,3}))?"
# What a bound is told by: in front of the number and behind it, the least (or more than) and the most (or less than).
_LEAST_BEFORE = re.compile(
    r"(?:达到或超过|不少于|不低于|不小于|至少|超过|超出|高于|大于|多于|长于|达到|已?满|最少|[>＞≥]=?"
    rf"|\b(?:over|above|exceed(?:s|ing)?|at least|from the|from|no less than|not less than|minimum of"
    rf"|(?:more|greater|larger|longer|higher|bigger|older) than)) ?{_MONEY}$",
    re.IGNORECASE,
)
_MOST_BEFORE = re.compile(
    r"(?:不超过|不多于|不高于|不大于|不得超过|(?:至多|最多)[一-鿿]{0,3}|最高|上限为?|低于|少于|小于|短于|不足|未满|不满|不到"
    r"|限[一-鿿]{0,4}|仅可[一-鿿]{0,4}"
    rf"|只[能可][一-鿿]{{0,4}}|[<＜≤]=?"
    rf"|\b(?:under|below|at most|up to|no more than|not more than|maximum of|within|no longer than|no larger than"
    rf"|(?:less|fewer|smaller|shorter|lower|younger) than)) ?{_MONEY}$",
    re.IGNORECASE,
)
_LEAST_BEHIND = re.compile(
    rf"{_UNIT}(?:[及或]?以上| (?:or|and) (?:more|over|above|older|longer|larger)\b)", re.IGNORECASE
)
_MOST_BEHIND = re.compile(
    rf"{_UNIT}(?:[及或]?以[下内]|之内| (?:or|and) (?:less|fewer|under|below|younger)\b)", re.IGNORECASE
)
_NO_MORE = re.compile(r"(?:不得?|未|无|not |n't |no )$", re.IGNORECASE)
_EXCLUSIVE = re.compile(
    r"(?<!不)(?<!或)(?:超|高于|大于|多于|长于|低于|少于|小于|短于|不足|未满|不满|不到|[<>＜＞] ?$"
    r"|over|above|under|below|than)"
)
_INCLUDED = re.compile(r"(?:no|not|n't) ", re.IGNORECASE)
_REACH = 22  # characters before a number in which its bound stands
_DENIES = re.compile(
    rf"{NEGATION.pattern}|拒绝|禁止|暂缓|免[于去]?|\b(?:reject|refuse|forbid|prohibit|free)\w*\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Bound:
    value: float
    least: bool
    exclusive: bool
    clause: str

    def holds(self, value: float) -> bool:
        """Whether a number is within it."""
        if value == self.value:
            return not self.exclusive
        return (value > self.value) == self.least


def case_of(token: Token, claim: Span, evidence: Sequence[Span]) -> str:
    """ "within" or "beyond" the one bound of its kind that the evidence has, told as that asks for; or nothing."""
    measured = _measured(token, claim)
    if measured is None or _has_bound(token, claim):
        return ""
    bounds = [bound for sentence in evidence for bound in _bounds(sentence, measured[0])]
    if len(bounds) != 1:
        return ""
    bound = bounds[0]
    if bound.holds(measured[1]):
        return "within"
    own = next(clause.text for clause in claim.clauses if clause.start <= token.start < clause.end)
    denied = any(_DENIES.search(text) for text in (own, claim.text))
    return "beyond" if denied and not _DENIES.search(bound.clause) else ""


def told_beyond(claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether a number of the claim lies beyond a bound of the evidence, and is told of the other way round."""
    there = {number for sentence in evidence for number in sentence.numbers}
    numbers = [token for token in claim.tokens if token.kind == "number" and token.text not in there]
    return any(case_of(token, claim, evidence) == "beyond" for token in numbers)


def rules(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> list[Span]:
    """The further sentences that set the bounds of which the claim has a case."""
    units = {
        measured[0]
        for token in claim.tokens
        if token.kind == "number"
        and (measured := _measured(token, claim)) is not None
        and case_of(token, claim, sentences)
    }
    rest = [sentence for sentence in sentences if sentence not in evidence] if units else []
    return [sentence for sentence in rest if any(True for unit in units for _ in _bounds(sentence, unit))]


def _bounds(span: Span, unit: str) -> Iterator[_Bound]:
    for token in span.tokens:
        if token.kind != "number" or (measured := _measured(token, span)) is None or measured[0] != unit:
            continue
        if (side := _bound_of(token, span)) is not None:
            least, words = side
            clause = next(clause for clause in span.clauses if clause.start <= token.start < clause.end).text
            at = clause.find(words)
            rest = clause[: max(at, 0)] + clause[max(at, 0) + len(words) :]
            open_ended = bool(_EXCLUSIVE.search(words)) and not _INCLUDED.match(words)
            yield _Bound(measured[1], least, open_ended, re.sub(r"不$|not? $", "", rest))


def _bound_of(token: Token, span: Span) -> tuple[bool, str] | None:
    """Whether it is the least (else the most), and the words that say so."""
    before, behind = _sides(token, span)
    for pattern, text, least in (
        (_MOST_BEFORE, before, False),
        (_LEAST_BEFORE, before, True),
    ):
        if match := pattern.search(text):
            if _NO_MORE.search(text[: match.start()]):
                return not least, text[match.start() - 1 :]
            return least, match.group()
    for pattern, least in ((_LEAST_BEHIND, True), (_MOST_BEHIND, False)):
        if match := pattern.match(behind):
            return least, match.group()
    return None


def _has_bound(token: Token, span: Span) -> bool:
    return _bound_of(token, span) is not None


def _sides(token: Token, span: Span) -> tuple[str, str]:
    start, end = token.start - span.start, token.end - span.start
    return span.text[max(start - _REACH, 0) : start], span.text[end : end + _REACH]


_COUNTED = re.compile(r"(?:st|nd|rd|th)?[ -]?(?:calendar |working |business )?([a-z]+|℃|°c|[^\W\d_a-z])", re.IGNORECASE)
_MARK = re.compile(r"[$€£¥]$")
_DEGREES = frozenset(("℃", "度", "°c", "摄", "c"))


def _measured(token: Token, span: Span) -> tuple[str, float] | None:
    """What a number counts, and how much of it in the smallest unit."""
    if (found := quantity(token, span)) is not None:
        return f"#{found[0]}", found[1]
    try:
        value = float(token.text.removesuffix("%"))
    except ValueError:
        return None
    before, behind = _sides(token, span)
    if money := _MARK.search(before):
        return money.group(), value
    if token.text.endswith("%"):
        return "%", value
    match = _COUNTED.match(behind)
    unit = match.group(1).lower().removesuffix("s") if match else ""
    if unit == "day" and match is not None:
        return "#0", value * 864e5
    return ("°" if unit in _DEGREES else unit, value) if unit else None
