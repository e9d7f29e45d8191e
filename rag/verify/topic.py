"""How much of a claim its evidence's neighbours bear out: what they are about, named in a sentence beside it, and the
numbers that follow from it. Knows no threshold and no verdict.

A passage names its subject once ("the --jobs option sets …") and goes on without it ("0 means one per core"), where a
claim that stands alone has to name it.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.verify.alignment import Ground
from rag.verify.instances import case_of
from rag.verify.reckoned import reckoned
from rag.verify.text import Span, Token

_BEFORE, _BEHIND = 2, 1  # sentences beside the one that has most of the claim
_MOST = 0.2  # of a claim's weight that may be topic
_HAD = 0.5  # credit from which on the evidence has a token itself


def cover_with_topic(claim: Span, found: Ground, sentences: Sequence[Span]) -> float:
    """The cover of a claim, its topic and what follows from the evidence counted as well."""
    if not found.sentences:
        return found.cover
    total = sum(token.weight for token in claim.tokens) or 1.0
    beside = _beside(found.sentences[0], sentences)
    topic = follows = 0.0
    han = any(token.kind == "han" for token in claim.tokens)
    for token, credit in zip(claim.tokens, found.credits, strict=True):
        if credit >= _HAD:
            continue
        if token.kind == "number":
            if "." in token.text and any(token.text in sentence.numbers for sentence in beside):
                topic += token.weight  # the version whose changes are told
            elif reckoned(token, claim, found.sentences) or case_of(token, claim, sentences):
                follows += token.weight
        elif _names(token, han) and any(token.text in sentence.terms for sentence in beside):
            topic += token.weight * (1 - credit)
    return found.cover + (min(topic, _MOST * total) + follows) / total


def _names(token: Token, han: bool) -> bool:
    """Whether a token names a thing: a name, a Latin word amid Han text, or one that is written like a name."""
    if token.kind == "han":
        return False
    return token.kind == "name" or (token.weight >= 1 and (han or not token.raw.islower()))


def _beside(best: Span, sentences: Sequence[Span]) -> list[Span]:
    at = next((n for n, sentence in enumerate(sentences) if sentence is best), 0)
    return [*sentences[max(at - _BEFORE, 0) : at], *sentences[at + 1 : at + 1 + _BEHIND]]
