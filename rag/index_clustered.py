"""An approximate index for very many vectors: clusters of byte-quantised rows, the best of them ranked exactly.

An inverted file (Jégou et al. 2011, https://doi.org/10.1109/TPAMI.2010.57) reads the few clusters nearest to the
question in place of all rows. It is trained when it is opened, which takes a minute for a million rows on two cores;
how many of the exact ten best it finds stands in docs/benchmarks.md. It knows nothing of passages or texts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rag.base import FloatArray
from rag.index import IntArray, best

FROM_ROWS = 300_000  # below this a flat scan takes no more than its 30 ms
CLUSTERS = 1024
PROBED = 48
_SAMPLED = 40  # rows a cluster is trained on
_STEP = 16_384
_WIDER = 4  # times k: candidates that are ranked by the vectors themselves


class ClusteredIndex:
    """Searches the clusters nearest to a vector; scores are exact. Thread-safe."""

    def __init__(self, vectors: FloatArray, clusters: int = CLUSTERS, probed: int = PROBED) -> None:
        import faiss

        self._vectors = vectors
        dim = vectors.shape[1]
        clusters = max(1, min(clusters, len(vectors) // _SAMPLED))
        self._centres: Any = faiss.IndexFlatIP(dim)  # kept: the index below does not own it
        kind = faiss.ScalarQuantizer.QT_8bit
        self._index: Any = faiss.IndexIVFScalarQuantizer(
            self._centres, dim, clusters, kind, faiss.METRIC_INNER_PRODUCT, False
        )
        self._index.cp.niter = 8
        self._index.nprobe = probed
        if len(vectors):
            step = max(1, len(vectors) // (_SAMPLED * clusters))
            self._index.train(np.ascontiguousarray(vectors[::step], np.float32))
        for start in range(0, len(vectors), _STEP):
            self._index.add(np.ascontiguousarray(vectors[start : start + _STEP], np.float32))
        faiss.omp_set_num_threads(1)  # one query is too little work to share

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `rag.index.VectorIndex.search`; a few of the nearest rows may be missing."""
        wanted = min(_WIDER * k + 16, len(self)) if k > 0 else 0
        if wanted < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        _, found = self._index.search(np.ascontiguousarray(vector[None], np.float32), wanted)
        rows = np.sort(found[0][found[0] >= 0])
        scores = self.cosines(vector, rows)
        order = best(scores, k)
        return rows[order], scores[order]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `rag.index.VectorIndex.cosines`."""
        return np.asarray(self._vectors[rows] @ vector, np.float32)
