"""Finds what a Chinese claim adds of its own: a run of content of which its passages have neither words nor synonyms.

A faithful paraphrase lacks a word here and there; an invented cause or detail stands in one piece. It knows no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.text import Span, Token

LONGEST = 3.5  # weight of a run that a paraphrase may have: three characters, or five that the passages have apart
_HAD = 0.5  # the credit from which on a token counts as told
_CONTENT = 0.5  # the weight from which on a token says something
_COUNTED = frozenset("年月日天点时分秒个次元条号周岁米人名位倍折成")  # behind a number, which is compared by itself


def invented(claim: Span, sentences: Sequence[Span]) -> str:
    """The longest run of the claim's words that no sentence has, where it is too long for a paraphrase; or nothing."""
    if all(token.kind != "han" for token in claim.tokens):
        return ""
    rows = [credits(claim, sentence) for sentence in sentences]
    had = [max(shares) for shares in zip(*rows, strict=True)] or [0.0] * len(claim.tokens)
    longest: list[Token] = []
    run: list[Token] = []
    weight = heaviest = 0.0
    for token, share, counted in zip(claim.tokens, had, _counted(claim.tokens), strict=True):
        by_itself = token.kind in ("number", "name")
        if counted or (token.weight < _CONTENT and not by_itself):
            run = [*run, token] if run else run
            continue
        told = share >= _HAD
        run = [] if told else [*run, token]
        weight = 0.0 if told else weight + (0.0 if by_itself else token.weight * (1 - share))
        if weight > heaviest:
            longest, heaviest = run, weight
    if heaviest < LONGEST:
        return ""
    return claim.text[longest[0].start - claim.start : longest[-1].end - claim.start]


def _counted(tokens: Sequence[Token]) -> list[bool]:
    """Which of them are what a number counts."""
    numbers = [False, *(token.kind == "number" for token in tokens)]
    return [before and token.raw in _COUNTED for before, token in zip(numbers, tokens, strict=False)]
