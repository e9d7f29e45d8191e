"""Whether things stand to each other in a claim as they do in its evidence: which is more, first, the cause, whose.

Asks each of the modules that know one kind of relation. It knows no kind itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.apart import joined_with_limited, taken_in
from rag.verify.belongings import misattributed
from rag.verify.causes import invented_cause
from rag.verify.comparisons import compared
from rag.verify.contrasts import mixed_up
from rag.verify.crossed import crossed
from rag.verify.english.subjects import other_word
from rag.verify.moments import misdated
from rag.verify.order import reordered
from rag.verify.roles import turned_round
from rag.verify.swaps import swapped
from rag.verify.text import Span
from rag.verify.voices import acted

_PRONOUN = re.compile(r"\b(?:them|it)\b", re.IGNORECASE)  # said in a clause before, of another thing


def exchanged(part: Span, found: Sequence[Span], passage: str) -> str:
    """The words of a claim that stand in another's place, compared with the sentences that it rests on."""
    words = swapped(part, found, passage) or turned_round(part, found) or mixed_up(part, found)
    return words or other_word(part, found)


def misrelated(part: Span, found: Sequence[Span], sentences: Sequence[Span], passage: str) -> tuple[str, bool]:
    """The words of a claim that relate things as its evidence does not, and whether it may say the opposite.

    ``found`` are the sentences that it rests on, ``sentences`` all that are cited. A comparison told from the other
    side has its things and its adjective turned, and says the same.
    """
    verdict, words = compared(part, sentences)
    if verdict == "other side":
        return "", True
    side, turned = acted(part, sentences)
    if side == "other side" and not words:
        return "", True
    words = (
        words
        or turned
        or exchanged(part, found, passage)
        or ("" if _PRONOUN.search(found[0].text) else misattributed(part, sentences))
        or taken_in(part, sentences)
        or joined_with_limited(part, sentences)
        or misdated(part, sentences)
    )
    return words or reordered(part, sentences) or invented_cause(part, sentences) or crossed(part, sentences), False
