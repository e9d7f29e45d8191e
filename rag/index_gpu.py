"""Search on a card through faiss: exact up to two million rows, an inverted file beyond. Knows rows, no texts.

faiss's GPU indexes are not thread-safe: searches take turns under a lock. Candidates come from half-precision copies of
the rows and are ranked by the rows themselves, so scores and ties are those of every other index.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from rag.base import FloatArray, ModelError
from rag.index import IntArray, NumpyIndex, best

_log = logging.getLogger(__name__)

EXACT_ROWS = 2_000_000  # a scan of 2M rows of 1,024 half-precision numbers is 4 GB: about 1 ms on a card with 4 TB/s
SHARE = 0.25  # of the card's memory: the rest is for the models
_RESERVE = 1 << 30  # left free in any case
_WORKSPACE = 64 << 20  # faiss would take 1.5 GB of the card for itself; one query at a time needs little
_MOST = 2048  # candidates and lists of one search that faiss's GPU kernels can handle
_PART_ROWS = 65_536  # read at a time: a memory map is not copied as a whole
_TRAIN_PER_LIST, _ROUNDS = 40, 10  # rows that the clustering sees for each list (faiss warns under 39), and how often
_TRIALS, _RECALL = 256, 0.97


class CandidateIndex:
    """Ranks what a faiss index finds by the rows themselves. Thread-safe: searches take turns."""

    def __init__(self, vectors: FloatArray, index: Any) -> None:
        self._exact = NumpyIndex(vectors)
        self._index = index
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._exact)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `rag.index.VectorIndex.search`."""
        wanted = min(2 * k + 16, len(self)) if k > 0 else 0
        if wanted < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        rows = self._candidates(vector, wanted)
        if len(rows) < min(k, len(self)):
            return self._exact.search(vector, k)
        scores = self.cosines(vector, rows)
        order = best(scores, k)
        return rows[order], scores[order]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `rag.index.VectorIndex.cosines`."""
        return self._exact.cosines(vector, rows)

    def _candidates(self, vector: FloatArray, wanted: int) -> IntArray:
        """Rows in their order; too few of them say that the rows themselves have to be searched."""
        if wanted > _MOST:
            return np.zeros(0, np.int64)
        try:
            with self._lock:
                _, found = self._index.search(np.ascontiguousarray(vector[None], np.float32), wanted)
        except RuntimeError as error:  # another program took the card's memory
            _log.warning("the card failed a search, which goes on without it: %s", _short(error))
            return np.zeros(0, np.int64)
        rows: IntArray = np.sort(found[0][found[0] >= 0])
        return rows


class FaissGpuIndex(CandidateIndex):
    """The rows on the first card: a flat index, above ``exact_rows`` an inverted file.

    Raises:
        ModelError: the card has no room for them, or cannot be used.
    """

    def __init__(self, vectors: FloatArray, exact_rows: int = EXACT_ROWS) -> None:
        import faiss

        check_room(vectors.shape, *_card_memory())
        try:
            self._resources = faiss.StandardGpuResources()  # has to live as long as the index
            self._resources.setTempMemory(_WORKSPACE)
            flat = len(vectors) <= exact_rows
            index = _flat_on_card(vectors, self._resources) if flat else _ivf_on_card(vectors, self._resources)
        except (RuntimeError, MemoryError) as error:
            raise ModelError(f"the card did not take {len(vectors):,} vectors: {_short(error)}") from error
        super().__init__(vectors, index)


def has_card() -> bool:
    """Whether the faiss that is installed is built for CUDA and sees a card."""
    faiss = working_faiss()
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


def working_faiss() -> Any:
    """The module, or None with a warning: the GPU build raises RuntimeError where its CUDA libraries are missing."""
    try:
        import faiss
    except (ImportError, RuntimeError, OSError) as error:
        _log.warning("faiss is installed but does not load, numpy searches instead: %s", _short(error))
        return None
    return faiss


def check_room(shape: tuple[int, ...], free: int, total: int, share: float = SHARE) -> None:
    """Whether rows may be copied to a card in half precision; ``total`` 0: the card does not say, so they may.

    Raises:
        ModelError: they would take more than their share of it, or more than is free.
    """
    needed = 2 * shape[0] * shape[1]
    room = min(int(share * total), free - _RESERVE)
    if total and needed > room:
        raise ModelError(
            f"{shape[0]:,} vectors need {needed / 2**30:.1f} GB of the card and may take {max(room, 0) / 2**30:.1f} GB "
            f"({share:.0%} of it, and 1 GB stays free): free the card or choose an embedder with fewer dimensions"
        )


def build_ivf(vectors: FloatArray, on_card: Callable[[Any], Any] = lambda index: index) -> Any:
    """An inverted file over all rows, with the number of lists to visit already chosen.

    4 sqrt(n) lists make comparing with the lists about as much work as comparing within those visited. ``on_card``
    moves an index to the card, where clustering, adding and choosing are quick; without it all is done on the CPU.
    """
    import faiss

    count, dim = vectors.shape
    lists = min(max(1, int(4 * count**0.5)), count)
    kind = faiss.ScalarQuantizer.QT_fp16
    quantizer, clustering = faiss.IndexFlatIP(dim), on_card(faiss.IndexFlatIP(dim))
    plan: Any = faiss.IndexIVFScalarQuantizer(quantizer, dim, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
    plan.cp.spherical = True  # unit rows, unit centroids: the nearest list is that with the largest product
    plan.cp.niter, plan.cp.min_points_per_centroid = _ROUNDS, 1
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    try:
        plan.clustering_index = clustering
        sample = np.random.default_rng(0).choice(count, min(count, _TRAIN_PER_LIST * lists), replace=False)
        plan.train(np.ascontiguousarray(vectors[np.sort(sample)], np.float32))
        plan.clustering_index = None
        index = on_card(plan)
        for start in range(0, count, _PART_ROWS):
            index.add(np.ascontiguousarray(vectors[start : start + _PART_ROWS], np.float32))
        index.nprobe = _lists_to_visit(index, vectors)
    finally:
        faiss.omp_set_num_threads(1)  # as `rag.index.FaissIndex` wants it
    return index


def _lists_to_visit(index: Any, vectors: FloatArray) -> int:
    """The smallest power of two, or all, that finds 97 of 100 true neighbours of rows drawn from the index itself.

    No fixed number would do: rows that form clusters need a few lists, rows without any structure nearly all. A row
    does not count as its own neighbour, which any number would find. The bar is 97 and not 95 because a question lies
    further from the passages than passages from each other.
    """
    drawn = np.random.default_rng(1).choice(len(vectors), min(_TRIALS, len(vectors)), replace=False)
    queries = np.ascontiguousarray(vectors[np.sort(drawn)], np.float32)
    truth = [set(rows) for rows in _nearest(vectors, queries, 11)]
    visited = 1
    while visited < min(index.nlist, _MOST):
        index.nprobe = visited
        _, found = index.search(queries, 32)
        hits = sum(len(rows & set(got.tolist())) - 1 for rows, got in zip(truth, found, strict=True))
        if hits >= _RECALL * sum(len(rows) - 1 for rows in truth):
            return visited
        visited *= 2
    return int(min(index.nlist, _MOST))


def _nearest(vectors: FloatArray, queries: FloatArray, k: int) -> list[list[int]]:
    """The true nearest rows of each query, part by part."""
    rows = np.zeros((len(queries), 0), np.int64)
    scores = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(vectors), _PART_ROWS):
        part = queries @ vectors[start : start + _PART_ROWS].T
        numbers = np.broadcast_to(np.arange(start, start + part.shape[1]), part.shape)
        scores, rows = np.concatenate((scores, part), 1), np.concatenate((rows, numbers), 1)
        if scores.shape[1] > k:
            kept = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            scores, rows = np.take_along_axis(scores, kept, 1), np.take_along_axis(rows, kept, 1)
    return [row.tolist() for row in rows]


def _flat_on_card(vectors: FloatArray, resources: Any) -> Any:
    import faiss

    config = faiss.GpuIndexFlatConfig()
    config.useFloat16 = True
    index = faiss.GpuIndexFlatIP(resources, vectors.shape[1], config)
    for start in range(0, len(vectors), _PART_ROWS):
        index.add(np.ascontiguousarray(vectors[start : start + _PART_ROWS], np.float32))
    return index


def _ivf_on_card(vectors: FloatArray, resources: Any) -> Any:
    import faiss

    index = build_ivf(vectors, lambda plan: faiss.index_cpu_to_gpu(resources, 0, plan))
    index.reclaimMemory()  # lists grow by doubling
    return index


def _card_memory() -> tuple[int, int]:
    """Bytes that are free and all bytes of the card; zeros where the runtime that faiss has loaded does not say."""
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    try:
        asked = ctypes.CDLL("libcudart.so.12").cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))
    except (OSError, AttributeError):
        return 0, 0
    return (free.value, total.value) if asked == 0 else (0, 0)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
