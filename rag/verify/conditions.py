"""Whether a claim turns an "unless" round: "renewed unless cancelled" is not "ended unless renewed".

It knows no other word.
"""

from __future__ import annotations

import re

from rag.verify.text import Span
from rag.verify.units import units

_UNLESS = re.compile(r"除非|\bunless\b", re.IGNORECASE)


def unless_turned(claim: Span, sentence: Span) -> bool:
    """Whether something of each main part stands in the other one's condition."""
    mine, theirs = _parts(claim), _parts(sentence)
    if mine is None or theirs is None:
        return False
    (main, condition), (their_main, their_condition) = mine, theirs
    moved = main & (their_condition - their_main) - condition
    back = condition & (their_main - their_condition) - main
    return bool(moved and back)


def _parts(span: Span) -> tuple[frozenset[str], frozenset[str]] | None:
    """What stands in the main part, and what in the condition."""
    match = _UNLESS.search(span.text)
    if match is None:
        return None
    before = span.text[: match.start()].strip(" ,，")
    end = re.compile("[，,]").search(span.text, match.end())
    stop = end.start() if end and len(before) < 3 else len(span.text)
    condition = units(span, match.end(), stop)
    return units(span, 0, match.start()) | units(span, stop, len(span.text)), condition
