"""Whether a period is counted from another event than in the evidence: from delivery, where it was from purchase.

It knows no events and no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.alignment import credits
from rag.verify.text import Span

HELD = 0.34  # of an event has to be there
SMALLEST = 2.0  # weight
KIN = 4  # letters that two words of one family begin with: handed, handover
_W = r"[^，,。；;：:！!？?\n]"
_LENGTH = r"\d+ ?(?:个?(?:工作日|小时|分钟|星期|月|周)|[日天年秒])"
_TIMES = r"\d+ (?:\w+ )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_EVENT = r"(?: (?!and\b|or\b|but\b|is\b|are\b|lasts?\b|may\b|can\b|if\b)[\w'’-]+){1,7}"
_ANCHORS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:自|从|由|以)(?P<at>{_W}{{2,24}}?)(?:之日|当日|当天|次日|第二天|之时|那天|的?日期)",
        rf"(?:自|从)(?P<at>{_W}{{2,24}}?)(?:时|后|完毕)?(?:起|开始计?算?|算起)",
        rf"[在于自从](?P<at>(?:(?![在于自从]){_W}){{2,24}}?)(?:之?后|以后|之日起|前)的?{_LENGTH}(?:之|以)?内",
        r"\b(?:the )?(?:date|day|time|moment)(?: of| on which| that| when|(?= (?:the|you|we|it|they|an?)\b))"
        rf"(?P<at>{_EVENT})",
        rf"\b(?:within {_TIMES} of|{_TIMES} (?:after|from|before|following|prior to))(?P<at>{_EVENT})",
    )
)


def counted_from_another(claim: Span, evidence: Sequence[Span]) -> str:
    """The event that a period of the claim is counted from, where the evidence counts from others; or nothing."""
    own = list(_anchors(claim))
    if not own:
        return ""
    theirs = [(sentence, anchor) for sentence in evidence for anchor in _anchors(sentence)]
    for anchor in own:
        if not theirs or any(_held(anchor, sentence) for sentence in evidence):
            continue
        if not any(_held(other, claim) for _, other in theirs):
            return anchor.text.strip()
    return ""


def _anchors(span: Span) -> Iterator[Span]:
    for pattern in _ANCHORS:
        for match in pattern.finditer(span.text):
            start, end = (span.start + at for at in match.span("at"))
            tokens = tuple(token for token in span.tokens if start <= token.start < end)
            if sum(t.weight for t in tokens if t.weight >= 1 and t.kind != "number") >= SMALLEST:
                yield Span(match.group("at"), start, end, tokens)


def _held(anchor: Span, span: Span) -> bool:
    """Whether a part of the event is in a sentence, in the same words or in others of their family."""
    weight = held = 0.0
    for token, share in zip(anchor.tokens, credits(anchor, span), strict=True):
        if token.weight >= 1:
            weight += token.weight
            held += token.weight * (1.0 if token.kind == "word" and _has_kin(token.text, span) else share)
    return held >= HELD * weight


def _has_kin(word: str, span: Span) -> bool:
    return len(word) >= KIN and any(token.kind == "word" and token.text[:KIN] == word[:KIN] for token in span.tokens)
