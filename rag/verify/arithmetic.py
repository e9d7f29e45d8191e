"""Whether a number of a claim is what two of its evidence come to: how far apart, together, how many times.


The claim has to say that it is such a number ("more", "in all", "times"), and few may be there to choose from. Knows no
place of a number and no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from rag.verify.quantities import quantity
from rag.verify.text import Span, Token

MOST = 6  # numbers of a kind; of more, two come to almost anything
_APART = re.compile(
    r"多|少|高|低|早|晚|长|短|重|轻|贵|便宜|差|剩|余|超出|增|减|涨|跌"
    r"|\b(?:more|fewer|less|longer|shorter|later|earlier|higher|lower|heavier|lighter|cheaper|dearer|older|younger|apart"
    r"|difference|left|remain\w*|extra|additional|rose|fell|grew|increased?|decreased?|reduced?)\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"共|合计|加起来|加上|连同|累计|总|前后|\b(?:total|altogether|in all|combined|together|including|both|sum|up to)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"[ -]?(?:个)?(?:倍|times\b|fold\b)", re.IGNORECASE)
_HOURS = re.compile(r"[ -]?(?:个?小时|个?钟头|hours?\b|h\b)", re.IGNORECASE)
_MINUTES = re.compile(r"[ -]?(?:分钟|minutes?\b|mins?\b)", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])")


def worked_out(token: Token, claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether the number is a difference, a sum, a ratio or a time between two of the evidence's numbers."""
    value = _value(token)
    if value is None or not value:
        return False
    clause = next((c.text for c in claim.clauses if c.start <= token.start < c.end), claim.text)
    at = token.end - claim.start
    if _TIMES.match(claim.text, at):
        return any(_same(one / other, value) for group in _groups(evidence) for one, other in _pairs(group) if other)
    if _between(value, claim.text, at, evidence):
        return True
    groups = [group for group in _groups(evidence) if _counts_alike(token, claim, group[0])]
    pairs = [pair for group in groups for pair in _pairs(group)]
    if _APART.search(clause) and any(_same(one - other, value) for one, other in pairs):
        return True
    return _TOGETHER.search(clause) is not None and any(_same(one + other, value) for one, other in pairs)


def _between(value: float, text: str, at: int, evidence: Sequence[Span]) -> bool:
    """Whether two times of day are as many hours or minutes apart."""
    minutes = value * 60 if _HOURS.match(text, at) else value if _MINUTES.match(text, at) else 0.0
    if not minutes:
        return False
    for sentence in evidence:
        times = [int(hour) * 60 + int(minute) for hour, minute in _CLOCK.findall(sentence.text)]
        if len(times) <= MOST and any(later - early == minutes for early, later in combinations(sorted(times), 2)):
            return True
    return False


def _groups(evidence: Sequence[Span]) -> Iterator[list[tuple[Token, Span, float]]]:
    """The evidence's numbers, those that count the same thing together."""
    found: dict[str, list[tuple[Token, Span, float]]] = {}
    for sentence in evidence:
        for token in sentence.tokens:
            if token.kind == "number" and (value := _value(token)) is not None:
                found.setdefault(_unit(token, sentence), []).append((token, sentence, value))
    yield from (group for group in found.values() if 2 <= len(group) <= MOST)


def _pairs(group: Sequence[tuple[Token, Span, float]]) -> Iterator[tuple[float, float]]:
    for (_, _, one), (_, _, other) in combinations(group, 2):
        yield max(one, other), min(one, other)


def _counts_alike(token: Token, claim: Span, other: tuple[Token, Span, float]) -> bool:
    mine, theirs = quantity(token, claim), quantity(other[0], other[1])
    if mine and theirs:
        return mine[0] == theirs[0] and _same(mine[1] * other[2], theirs[1] * (_value(token) or 0.0))
    return _unit(token, claim) == _unit(other[0], other[1])


def _unit(token: Token, span: Span) -> str:
    """What is counted, as far as the next word or character tells; a percent sign, a currency."""
    before, behind = span.text[: token.start - span.start][-1:], span.text[token.end - span.start :]
    if token.text.endswith("%"):
        return "%"
    if before in ("$", "€", "£", "¥"):
        return before
    match = re.match(r"[ -]?个?([^\W\d_a-zA-Z]|[A-Za-z]+)", behind)
    return match.group(1).lower().removesuffix("s") if match else ""


def _value(token: Token) -> float | None:
    try:
        return float(token.text.removesuffix("%"))
    except ValueError:
        return None


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(abs(one), abs(other), 1.0)
