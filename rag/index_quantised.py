"""An index for very many vectors: a flat scan over four bits for two numbers, its best rows ranked exactly.

Product quantisation (Jégou et al. 2011, https://doi.org/10.1109/TPAMI.2010.57) in the layout that is scanned from
registers (André et al. 2017). It reads all rows, so it needs no clusters in the data. It is trained when it is opened,
which takes a minute or two for a million rows; how many of the exact ten best it finds stands in docs/benchmarks.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rag.base import FloatArray
from rag.index import IntArray, best

FROM_ROWS = 300_000  # below this a scan of bytes takes no more than some 40 ms
_NUMBERS = 2  # that share a code of four bits
_SAMPLED = 4096  # rows that the codes are learnt from
_STEP = 16_384
WIDER = 8  # times k: candidates that are ranked by the vectors themselves


class QuantisedIndex:
    """Scans codes; scores are exact. Thread-safe. ``vectors`` (n, dim) with an even dim."""

    def __init__(self, vectors: FloatArray, wider: int = WIDER) -> None:
        import faiss

        self._vectors, self._wider = vectors, wider
        dim = vectors.shape[1]
        self._index: Any = faiss.IndexPQFastScan(dim, dim // _NUMBERS, 4, faiss.METRIC_INNER_PRODUCT)
        self._index.pq.cp.niter = 6
        if len(vectors):
            sample = vectors[:: max(1, len(vectors) // _SAMPLED)][:_SAMPLED]
            self._index.train(np.resize(sample, (max(len(sample), 256), dim)).astype(np.float32))
        for start in range(0, len(vectors), _STEP):
            self._index.add(np.ascontiguousarray(vectors[start : start + _STEP], np.float32))
        faiss.omp_set_num_threads(1)  # one query is too little work to share

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `rag.index.VectorIndex.search`; a few of the nearest rows may be missing."""
        wanted = min(self._wider * k + 16, len(self)) if k > 0 else 0
        if wanted < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        rows = np.arange(len(self))
        if wanted < len(self):
            _, found = self._index.search(np.ascontiguousarray(vector[None], np.float32), wanted)
            rows = np.sort(found[0][found[0] >= 0])
        scores = self.cosines(vector, rows)
        order = best(scores, k)
        return rows[order], scores[order]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `rag.index.VectorIndex.cosines`."""
        return np.asarray(self._vectors[rows] @ vector, np.float32)
