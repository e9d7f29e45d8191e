"""Whether an English claim has another word where its evidence has one: members get it for owners, closed for founded.

A word that nothing bears out weighs little in a long sentence. But as the first word of content it is what all the
rest is said of; and where it is the one word that is left over, and the sentence that is retold has one left over as
well, between words that say the same, the one stands in the other's place. It knows no list of words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.english.thesaurus import places
from rag.verify.text import Span, Token

_LOST = 0.3  # the credit below which a word is not there
_REST = 0.6  # of the rest that the sentence has, so that it is the one that the claim retells
_ALL = 0.85  # of the rest, where nothing else may differ
_STRONG = 0.6  # of a word of a group
_CONTENT = 2.0
_PRONOUN = re.compile(r"\b(?:it|them|they|these|those)\b", re.IGNORECASE)  # the word stands in the sentence before


def other_word(claim: Span, evidence: Sequence[Span]) -> str:
    """The word of the claim that stands in another's place, or nothing."""
    if not evidence or any(token.kind == "han" for token in claim.tokens):
        return ""
    there = [max(shares) for shares in zip(*(credits(claim, sentence) for sentence in evidence), strict=True)]
    here = credits(evidence[0], claim)
    return _other_subject(claim, evidence[0], there, here) or _left_over(claim, evidence[0], there, here)


def _other_subject(claim: Span, sentence: Span, there: Sequence[float], here: Sequence[float]) -> str:
    mine, theirs = _first(claim.tokens), _first(sentence.tokens)
    if mine < 0 or theirs < 0 or there[mine] >= _LOST or here[theirs] >= _LOST:
        return ""
    if mine == 0 and claim.tokens[0].raw.lower().endswith("ing"):
        return ""  # switching it off: what is done, no subject of its own
    return claim.tokens[mine].raw if _rest(claim, credits(claim, sentence), mine) >= _REST else ""


def _left_over(claim: Span, sentence: Span, there: Sequence[float], here: Sequence[float]) -> str:
    mine, theirs = _lost(claim.tokens, there), _lost(sentence.tokens, here)
    if (
        len(mine) != 1
        or len(theirs) != 1
        or _PRONOUN.search(sentence.text)
        or not _same_place(claim, mine[0], sentence, theirs[0])
    ):
        return ""
    return claim.tokens[mine[0]].raw if _rest(claim, there, mine[0]) >= _ALL else ""


def _same_place(claim: Span, mine: int, sentence: Span, theirs: int) -> bool:
    """Whether the words of content beside the one say what those beside the other do, in whatever order."""
    known = [_names(sentence, n) for n in _beside(sentence.tokens, theirs)]
    own = [_names(claim, n) for n in _beside(claim.tokens, mine)]
    return len(own) == len(known) and all(any(names & others for others in known) for names in own)


def _beside(tokens: Sequence[Token], at: int) -> list[int]:
    before = next((n for n in range(at - 1, -1, -1) if tokens[n].weight >= _CONTENT), -1)
    behind = next((n for n in range(at + 1, len(tokens)) if tokens[n].weight >= _CONTENT), -1)
    return [n for n in (before, behind) if n >= 0]


def _names(span: Span, at: int) -> frozenset[str]:
    """What a word is told by: itself, its family, its groups."""
    own = {place.name for place in places(span) if place.token == at and place.strength >= _STRONG}
    return frozenset(own | {span.tokens[at].text})


def _first(tokens: Sequence[Token]) -> int:
    """The index of the first word of content; -1 where a number comes before it, or none does."""
    for n, token in enumerate(tokens):
        if token.kind == "number":
            return -1
        if token.weight >= _CONTENT:
            return n
    return -1


def _lost(tokens: Sequence[Token], shares: Sequence[float]) -> list[int]:
    """The words of content that the other side has nothing of."""
    words = [n for n, token in enumerate(tokens) if token.kind == "word" and token.weight >= _CONTENT]
    return [n for n in words if shares[n] < _LOST]


def _rest(claim: Span, shares: Sequence[float], but: int) -> float:
    """The share of the claim that is there, without one of its words."""
    rest = [n for n in range(len(claim.tokens)) if n != but]
    total = sum(claim.tokens[n].weight for n in rest) or 1.0
    return sum(claim.tokens[n].weight * shares[n] for n in rest) / total
