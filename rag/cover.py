"""How much of a question stands together in one sentence of a passage. Knows no index.

BM25 takes a passage for a bag of words; where a question's words meet in one sentence, it is likelier to be the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rag.tokens import fold

# Chosen on the even paragraphs of CMRC 2018 dev (tests/bench/retrieval.py); from 0.15 to 0.3 nothing changes much.
WEIGHT = 0.2
PASSAGES = 5  # only the first ones are looked into: it decides between those that are nearly as good
_MAX_SENTENCES = 200
_END = re.compile(r"[。！？!?；;\n]|\.\s")


def sentence_cover(text: str, weights: Mapping[str, float]) -> float:
    """The share of a question's weight, by term, that the best sentence of ``text`` holds."""
    whole, sentences = _sentences(text)
    total = sum(weights.values())
    here = [(term, weight) for term, weight in weights.items() if term in whole]
    if not here or total <= 0:
        return 0.0
    return max(sum([weight for term, weight in here if term in sentence]) for sentence in sentences) / total


@lru_cache(maxsize=1024)  # the same passages are found again and again
def _sentences(text: str) -> tuple[str, tuple[str, ...]]:
    whole = fold(text).lower()
    return whole, tuple(part for part in _END.split(whole)[:_MAX_SENTENCES] if part) or ("",)
