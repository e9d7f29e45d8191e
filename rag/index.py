"""Search by inner product over unit vectors: faiss where it is installed, numpy elsewhere, with the same scores.

It knows nothing of passages or texts: a row number is all that it returns.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray, ModelError

_log = logging.getLogger(__name__)

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
    """Exact: one matrix product a query, straight over a memory map."""

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
    """Finds candidates in a byte-quantised flat faiss index and ranks them by the vectors themselves.

    A flat scan is bound by memory: a quarter of the bytes take a quarter of the time, and the memory map of the full
    vectors is touched for the candidates only.
    """

    def __init__(self, vectors: FloatArray) -> None:
        import faiss

        # One query is too little work to share: its threads would only wait for each other (1.5 ms become 12).
        faiss.omp_set_num_threads(1)
        self._vectors = vectors
        quantizer = faiss.ScalarQuantizer.QT_8bit_uniform
        self._index: Any = faiss.IndexScalarQuantizer(vectors.shape[1], quantizer, faiss.METRIC_INNER_PRODUCT)
        if len(vectors):
            # The quantiser learns the range of the values: two rows with the extremes of all rows say it exactly.
            bounds = np.stack((np.full(vectors.shape[1], vectors.min()), np.full(vectors.shape[1], vectors.max())))
            self._index.train(bounds.astype(np.float32))
        for start in range(0, len(vectors), 8192):  # by parts: a memory map is not copied as a whole
            self._index.add(np.ascontiguousarray(vectors[start : start + 8192], np.float32))

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `VectorIndex.search`."""
        wanted = min(2 * k + 16, len(self)) if k > 0 else 0
        if wanted < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        _, found = self._index.search(np.ascontiguousarray(vector[None], np.float32), wanted)
        rows = np.sort(found[0][found[0] >= 0])
        scores = self.cosines(vector, rows)
        order = best(scores, k)
        return rows[order], scores[order]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `VectorIndex.cosines`."""
        return np.asarray(self._vectors[rows] @ vector, np.float32)


def open_index(vectors: FloatArray) -> VectorIndex:
    """The fastest index that this installation has and that has room: on a card faiss or torch, else faiss, numpy.

    Very many vectors are quantised further on the CPU (see `rag.index_quantised`).
    """
    from rag.index_gpu import FaissGpuIndex, has_card, working_faiss

    faiss = bool(find_spec("faiss")) and working_faiss()
    for made in (FaissGpuIndex if faiss and has_card() else None, _torch_index() if _has_gpu() else None):
        try:
            if made is not None:
                return made(vectors)
        except ModelError as error:
            _log.warning("vectors are searched by the next best index: %s", error)
    if not faiss:
        return NumpyIndex(vectors)
    from rag.index_quantised import FROM_ROWS, QuantisedIndex

    large = len(vectors) >= FROM_ROWS and vectors.shape[1] % 2 == 0
    return QuantisedIndex(vectors) if large else FaissIndex(vectors)


def _torch_index() -> Callable[[FloatArray], VectorIndex]:
    from rag.neural.index import TorchIndex

    return TorchIndex


def _has_gpu() -> bool:
    """Whether a model has brought torch into this process and torch has a card; torch is not loaded to find out."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())


def best(scores: FloatArray, k: int) -> IntArray:
    """Row numbers of the ``k`` highest scores, best first; equal scores in the order of their rows."""
    k = min(k, len(scores))
    if k < 1:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero(scores >= _floor(scores, k)) if k < len(scores) else np.arange(len(scores))
    order: IntArray = np.argsort(-scores[rows], kind="stable")[:k]
    return rows[order].astype(np.int64)


def _floor(scores: FloatArray, k: int) -> Any:
    """A value that at least ``k`` of the scores reach and few more do, so that ties are settled by row.

    The maxima of 4 k or more stretches are scores too: the k-th of them is such a value, and finding it is one pass
    over the scores where a partition is several.
    """
    stretch = len(scores) // (4 * k)
    if stretch > 1:
        scores = scores[: len(scores) // stretch * stretch].reshape(-1, stretch).max(1)
    return np.partition(scores, len(scores) - k)[len(scores) - k]
