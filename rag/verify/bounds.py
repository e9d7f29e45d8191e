"""Whether a claim is about what is above a number where its evidence is about what is below it: under $50 for over $50.

Bounds that are set ("at least", "at most") are compared in `rag.verify.polarity`; this is about which cases are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.alignment import credits
from rag.verify.lexicon import NEGATION
from rag.verify.text import Span

_NUMBER = r"(?P<n>\d+(?:\.\d+)*)"
_MONEY = r"(?:[$€£¥]|US\$|the )?"
_ABOVE = re.compile(
    r"(?:超过|超出|高于|大于|多于|高过|长于|晚于|满|\b(?:over|above|exceed(?:s|ing)?"
    rf"|(?:more|greater|larger|longer|higher|bigger|older|later) than) {_MONEY}) ?{_NUMBER}"
    rf"|[>＞]=? ?(?P<m>\d+(?:\.\d+)*)",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"(?:不足|不到|不满|未满|低于|小于|少于|短于|早于|\b(?:under|below"
    rf"|(?:less|fewer|smaller|shorter|lower|younger|earlier) than) {_MONEY}) ?{_NUMBER}"
    rf"|[<＜]=? ?(?P<m>\d+(?:\.\d+)*)",
    re.IGNORECASE,
)
# What says something of the other cases as well.
_OTHERS = re.compile(
    r"其余|其他|其它|否则|较[小大低高短长少多]|更[小大低高短长少多]|以[上下]|反之"
    r"|\b(?:smaller|larger|lower|higher|shorter|longer|otherwise|other|others|else|rest|fewer|greater|unless|except|only)\b",
    re.IGNORECASE,
)
_ALIKE = 0.8  # of a clause's weight: the same is said of both


def crossed(claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether a clause says of what lies on one side of a number what the evidence says of the other side."""
    text = " ".join(sentence.text for sentence in evidence)
    theirs = set(_sides(text))
    for clause in claim.clauses:
        for number, side in _sides(clause.text):
            if (number, side) in theirs or (number, -side) not in theirs or NEGATION.search(claim.text):
                continue
            if not _told_of_others(text, number) and _alike(clause, evidence):
                return True
    return False


def _sides(text: str) -> Iterator[tuple[str, int]]:
    for side, pattern in ((1, _ABOVE), (-1, _BELOW)):
        for match in pattern.finditer(text):
            before = text[max(match.start() - 4, 0) : match.start()].lower()
            if not re.search(r"[不未无]得?$|\bnot? $|n't $", before):
                yield match["n"] or match["m"], side


def _told_of_others(text: str, number: str) -> bool:
    """Whether the evidence has a word for the cases that it does not name, apart from the words at the number."""
    return any(not re.match(rf"[^\d]{{0,12}}{re.escape(number)}", text[m.end() :]) for m in _OTHERS.finditer(text))


def _alike(clause: Span, evidence: Sequence[Span]) -> bool:
    total = sum(token.weight for token in clause.tokens)
    best = max(
        sum(token.weight * share for token, share in zip(clause.tokens, credits(clause, sentence), strict=True))
        for sentence in evidence
    )
    return best >= _ALIKE * (total - 2.0)  # the word for the side itself
