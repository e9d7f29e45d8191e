"""Whether an English claim is told of another subject than its evidence: members get it, where owners do.

A word that nothing bears out weighs little in a long sentence; as the first word of content it is what all the rest is
said of. It knows no list of words.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.text import Span, Token

_LOST = 0.3  # the credit below which a word is not there
_REST = 0.6  # of the rest that the sentence has, so that it is the one that the claim retells
_CONTENT = 2.0


def other_subject(claim: Span, evidence: Sequence[Span]) -> str:
    """The claim's first word of content, if the sentence that it retells has another and neither has the other's."""
    if not evidence or any(token.kind == "han" for token in claim.tokens):
        return ""
    sentence = evidence[0]
    mine, theirs = _first(claim.tokens), _first(sentence.tokens)
    if mine < 0 or theirs < 0:
        return ""
    there, here = credits(claim, sentence), credits(sentence, claim)
    if any(credits(claim, other)[mine] >= _LOST for other in evidence) or here[theirs] >= _LOST:
        return ""
    rest = [token.weight for n, token in enumerate(claim.tokens) if n != mine]
    kept = [token.weight * there[n] for n, token in enumerate(claim.tokens) if n != mine]
    return claim.tokens[mine].raw if sum(kept) >= _REST * sum(rest) else ""


def _first(tokens: Sequence[Token]) -> int:
    """The index of the first word of content; -1 where a number comes before it, or none does."""
    for n, token in enumerate(tokens):
        if token.kind == "number":
            return -1
        if token.weight >= _CONTENT:
            return n
    return -1
