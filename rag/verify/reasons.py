"""Whether a claim gives a reason or a purpose of its own: "because", and then what no passage has. Knows no verdict.

A reason may be told in other words, so it counts as invented only where next to nothing of it is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.text import Span

GROUND = 0.3  # the share of a reason that the passages have to have
SMALLEST = 2.0  # weight of content; less may be a name alone
_END = r"(?=[，,。；;]|$)"
_REASONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:由于|因为|鉴于|出于|(?<![原基起诱成病死外内动他])因(?![此而素果人子特故缘]))(?P<why>[^，,。；;]{3,}?)(?=[，,。；;]|$|而(?!且)|才|所以)",
        rf"原因(?:主要)?(?:在于|是|为)(?P<why>[^，,。；;]{{3,}}){_END}",
        rf"(?:为了|以便|以免|以防|目的是|目的在于|旨在|好让)(?P<why>[^，,。；;]{{3,}}){_END}",
        r"\b(?:because(?: of)?|due to|owing to|thanks to|on account of|so that|so as (?:not )?to|in order (?:not )?to"
        r"|in order that|the reason (?:is|being)(?: that)?|as a result of|for fear (?:of|that))\b(?P<why>[^,.;]+)",
        r"(?:^|, )since\b(?P<why>[^,.;]+)",
    )
)


def invented_reason(claim: Span, sentences: Sequence[Span]) -> str:
    """The reason of which the passages have next to nothing, or nothing."""
    reasons = [match for pattern in _REASONS for match in pattern.finditer(claim.text)]
    if not reasons or not sentences:
        return ""
    shares = [max(column) for column in zip(*(credits(claim, sentence) for sentence in sentences), strict=True)]
    for match in reasons:
        start, end = claim.start + match.start("why"), claim.start + match.end("why")
        rows = [
            (token.weight, share)
            for token, share in zip(claim.tokens, shares, strict=True)
            if start <= token.start < end and token.weight >= 1 and token.kind in ("han", "word")
        ]
        weight = sum(size for size, _ in rows)
        if weight >= SMALLEST and sum(size * share for size, share in rows) < GROUND * weight:
            return match.group("why").strip()
    return ""
