"""Tells passages that say the same: copies of a text across folders and versions. Knows no index and no order.

Vectors name the pairs that may be copies; shared shingles (Broder 1997) of the folded text decide. A translation
shares neither, so the Chinese and the English text of one document are no duplicates.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from rag.base import FloatArray
from rag.tokens import fold

SAME = 0.8  # of the shingles of both together
LIKELY = 0.85  # cosine from which two passages are compared
_SHINGLE = 3  # words or Han characters
_MAX_WORDS = 2000
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def likely_pairs(vectors: FloatArray, least: float = LIKELY) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j, of unit rows (n, dim) that are near enough to be compared."""
    near = np.triu(vectors @ vectors.T >= least, 1)
    return [(int(i), int(j)) for i, j in zip(*np.nonzero(near), strict=True)]


def overlap(one: str, other: str) -> float:
    """The shingles that two texts share, as a part of those of both: 1 for texts that differ in layout alone."""
    ours, theirs = _shingles(one), _shingles(other)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else float(ours == theirs)


@lru_cache(maxsize=512)
def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(fold(text).lower())[:_MAX_WORDS]
    return frozenset(tuple(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1)))
