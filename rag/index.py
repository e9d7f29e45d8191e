"""Exact search by inner product over unit vectors: faiss where it is installed, numpy elsewhere, with the same results.

It knows nothing of passages or texts: a row number is all that it returns.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray

IntArray = NDArray[np.int64]


class VectorIndex(Protocol):
    """Rows of unit vectors that can be searched. Thread-safe."""

    def __len__(self) -> int:
        """How many rows it holds."""
        ...

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """Row numbers and cosines of the ``k`` nearest rows (fewer where there are fewer), best first; (dim,) in."""
        ...

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """The cosines of the given rows, in their order."""
        ...


class NumpyIndex:
    """One matrix product a query, straight over a memory map."""

    def __init__(self, vectors: FloatArray) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `VectorIndex.search`."""
        scores = np.asarray(self._vectors @ vector, np.float32)
        rows = best(scores, k)
        return rows, scores[rows]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `VectorIndex.cosines`."""
        return np.asarray(self._vectors[rows] @ vector, np.float32)


class FaissIndex:
    """faiss's flat inner product index; it keeps a copy of the vectors in memory."""

    def __init__(self, vectors: FloatArray) -> None:
        import faiss

        self._index: Any = faiss.IndexFlatIP(vectors.shape[1])
        for start in range(0, len(vectors), 8192):  # by parts: a memory map is not copied twice
            self._index.add(np.ascontiguousarray(vectors[start : start + 8192], np.float32))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `VectorIndex.search`."""
        k = min(k, len(self))
        if k < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        scores, rows = self._index.search(np.ascontiguousarray(vector[None], np.float32), k)
        found = rows[0] >= 0
        return rows[0][found], scores[0][found]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `VectorIndex.cosines`."""
        if not len(rows):
            return np.zeros(0, np.float32)
        return np.asarray(self._index.reconstruct_batch(rows) @ vector, np.float32)


def open_index(vectors: FloatArray) -> VectorIndex:
    """The best exact index that this installation has."""
    return FaissIndex(vectors) if find_spec("faiss") else NumpyIndex(vectors)


def best(scores: FloatArray, k: int) -> IntArray:
    """Row numbers of the ``k`` highest scores, best first; equal scores in the order of their rows."""
    k = min(k, len(scores))
    if k < 1:
        return np.zeros(0, np.int64)
    if k < len(scores):
        # Everything at or above the k-th score stays in, so that ties are settled by row and not by the partition.
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        rows = np.flatnonzero(scores >= threshold)
    else:
        rows = np.arange(len(scores))
    order: IntArray = np.argsort(-scores[rows], kind="stable")[:k]
    return rows[order].astype(np.int64)
