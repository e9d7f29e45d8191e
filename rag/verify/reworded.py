"""Tells a Chinese claim in its evidence's words as far as the thesaurus goes, so that what differs stands out.

"邮费由买家出" beside "运费由卖家承担" becomes "运费由买家承担". It knows no rule and no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.verify.alignment import whole
from rag.verify.synonyms import Sense, senses
from rag.verify.text import Span, read


def reworded(claim: Span, evidence: Sequence[Span]) -> Span | None:
    """The claim with the evidence's words in place of its own that say the same; None where there are none."""
    words = _words(evidence)
    there = "\n".join(sentence.text.lower() for sentence in evidence)
    text, at, parts = claim.text.lower(), 0, []
    for sense in senses(text):
        word = text[sense.start : sense.end]
        if sense.start < at or word in there:
            continue
        if found := _instead(sense, word, words):
            parts += [claim.text[at : sense.start], found]
            at = sense.end
    if not parts:
        return None
    told = read("".join(parts) + claim.text[at:])
    return whole(told.sentences, told.norm)


def _words(evidence: Sequence[Span]) -> list[tuple[str, Sense]]:
    return [
        (sentence.text[sense.start : sense.end], sense)
        for sentence in evidence
        for sense in senses(sentence.text.lower())
    ]


def _instead(sense: Sense, word: str, words: Sequence[tuple[str, Sense]]) -> str:
    """The longest word of the evidence that is in a group with the claim's, where one of the two is no character."""
    return max(_candidates(sense, word, words), key=len, default="")


def _candidates(sense: Sense, word: str, words: Sequence[tuple[str, Sense]]) -> Iterator[str]:
    for other, theirs in words:
        if not (sense.short or theirs.short) and not sense.groups.isdisjoint(theirs.groups):
            yield other
