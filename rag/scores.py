"""Puts hits into the order of new scores, and scores on one scale. Knows not where these come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag.base import FloatArray, Hit

RERANKER = "reranker"


def rescored(hits: Sequence[Hit], scores: Sequence[float]) -> list[Hit]:
    """The same hits, best first; the new score stands beside those of the retrievers. Ties keep their order."""
    fresh = [
        replace(hit, score=score, scores={**hit.scores, RERANKER: score})
        for hit, score in zip(hits, scores, strict=True)
    ]
    return sorted(fresh, key=lambda hit: -hit.score)


def spread(cosines: FloatArray, found: FloatArray) -> FloatArray:
    """0 at the worst that the search by vectors found, best first, and below; 1 at its best."""
    low, high = found[-1], found[0]
    if not high > low:
        return np.asarray(cosines >= high, np.float32)
    return np.asarray(np.clip((cosines - low) / (high - low), 0, 1), np.float32)
