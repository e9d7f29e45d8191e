"""Puts hits into the order of new scores. Knows not where these come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.base import Hit

RERANKER = "reranker"


def rescored(hits: Sequence[Hit], scores: Sequence[float]) -> list[Hit]:
    """The same hits, best first; the new score stands beside those of the retrievers. Ties keep their order."""
    fresh = [
        replace(hit, score=score, scores={**hit.scores, RERANKER: score})
        for hit, score in zip(hits, scores, strict=True)
    ]
    return sorted(fresh, key=lambda hit: -hit.score)
