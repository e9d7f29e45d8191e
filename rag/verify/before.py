"""Whether numbers of a claim stand in the sentence before the one that it rests on: "版本 3.2 起写入 A。此前写入 B。"

It holds where the sentence itself has no other number of the kind, and where the claim turns to the other cases when
the sentence does. It knows no cover.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.verify.alignment import credits
from rag.verify.figures import misplaced_number, unit_of
from rag.verify.text import Span

_OTHERS = re.compile(
    r"此前|之前|以前|先前|早先|否则|其余|其他|其它|反之|不足|未满|更[早小低短少]|较[早小低短少]"
    r"|\b(?:earlier|previous(?:ly)?|before|older|otherwise|other|others|else|rest|smaller|shorter|fewer|lower)\b",
    re.IGNORECASE,
)
_BUT_FOR = re.compile(
    r"以外|之外|除[^，,。]{1,12}外|\b(?:other than|apart from|except|besides|outside)\b", re.IGNORECASE
)
_OPENING = re.compile(
    r"\s*(?:在?此前|在?此之前|之前|以前|更早|先前|早先|否则|其余|其他|其它|反之"
    r"|(?:before (?:that|this|then)|until then|earlier|previously|previous|older|otherwise|all other|other)\b)",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"更[大高长多晚新]|较[大高长多晚新]|\b(?:larger|bigger|longer|later|newer|higher|greater|more)\b", re.IGNORECASE
)
_ABOVE = re.compile(
    r"大于|超过|超出|高于|多于|长于|以上|更[大高长多晚新]|\b(?:over|above|than|exceed\w*|later|newer)\b", re.IGNORECASE
)


def of_the_others(claim: Span, sentences: Sequence[Span]) -> str:
    """A number of a sentence that the claim gives to what the next one says of the other cases ("此前的版本…")."""
    if _OTHERS.search(claim.text) or _BUT_FOR.search(claim.text):
        return ""
    for one, other in pairwise(sentences):
        if not _OPENING.match(other.text) or other.numbers & claim.numbers:
            continue
        if (taken := one.numbers & claim.numbers) and _words(claim, other) > _words(claim, one):
            return min(taken)
    return ""


def _words(claim: Span, sentence: Span) -> float:
    shares = zip(claim.tokens, credits(claim, sentence), strict=True)
    return sum(token.weight * share for token, share in shares if token.kind != "number")


def stands_before(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> bool:
    """Whether all its numbers stand in place once the sentences before its evidence are read as well."""
    before = [
        sentences[n - 1]
        for n, sentence in enumerate(sentences)
        if n and sentence in evidence and sentences[n - 1] not in evidence
    ]
    known = {number for sentence in evidence for number in sentence.numbers}
    units = {unit_of(span.tokens, i) for span in evidence for i, t in enumerate(span.tokens) if t.kind == "number"}
    for i, token in enumerate(claim.tokens):
        if token.kind != "number" or token.text in known:
            continue
        if unit_of(claim.tokens, i) in units or not any(token.text in span.numbers for span in before):
            return False
    text = " ".join(sentence.text for sentence in evidence)
    if bool(_OTHERS.search(text)) != bool(_OTHERS.search(claim.text)):
        return False
    if _MORE.search(text) and not _ABOVE.search(claim.text):
        return False
    return bool(before) and not misplaced_number(claim, [*evidence, *before])
