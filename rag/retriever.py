"""Hybrid retrieval over one or several knowledge versions: BM25 and dense cosines, fused as a weighted sum.

It knows no gate and no answer. Scores are normalised for each query (divided by the best of that retriever), because a
BM25 sum has no scale of its own; weights were chosen by measurement, see tests/bench/retrieval.py. Cosines of neural
models crowd together, each model's elsewhere (.6 to .9, say), so theirs are spread over their range among the
candidates: see tests/bench/neural_retrieval.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.base import Embedder, Evidence, FloatArray, Hit, KnowledgeError, Passage, Reranker
from rag.embedder import LEXICAL_ID
from rag.index import IntArray, NumpyIndex, VectorIndex, best, open_index
from rag.knowledge import Version
from rag.lexical import LexicalIndex, pool, score_terms
from rag.passages import indexed_text
from rag.reranking import reranked
from rag.tokens import TOKENIZER_ID, tokenize

MAX_QUERY_CHARS = 2000
BM25_WEIGHT = 1.0
DENSE_WEIGHT = 0.15  # of the lexical embedder, whose vectors say little that BM25 does not
NEURAL_DENSE_WEIGHT = 0.5
_MIN_CANDIDATES = 64  # of each retriever: the best fused passage is among these, at any sensible weights


def default_dense_weight(embedder: Embedder) -> float:
    """The weight of the vectors that suits an embedder, with BM25 at 1."""
    return DENSE_WEIGHT if embedder.id.startswith(LEXICAL_ID) else NEURAL_DENSE_WEIGHT


class HybridRetriever:
    """Searches versions as if they were one base: BM25 statistics are pooled over them. Thread-safe."""

    def __init__(
        self,
        versions: Sequence[Version],
        embedder: Embedder,
        *,
        bm25_weight: float = BM25_WEIGHT,
        dense_weight: float | None = None,
        with_dense_evidence: bool = True,
        scan: bool | None = None,
        reranker: Reranker | None = None,
        words_only: bool = False,
    ) -> None:
        """``reranker`` puts the found passages into a better order; where it fails, the order stays as it was.

        ``dense_weight``: None is what suits the embedder.

        ``words_only``: versions may be of other embedders, whose scores say nothing to each other: BM25 serves alone.

        ``with_dense_evidence``: fill `Evidence.dense` and ``vector`` even where ``dense_weight`` is 0.

        ``scan``: search all vectors, or only compare those of BM25's candidates, which is many times quicker and finds
        the same where vectors say nothing but which n-grams two texts share. None: scan unless the embedder is lexical.

        Raises:
            KnowledgeError: a version was built with another embedder or tokenizer.
        """
        self._usable = usable = all(version.manifest.embedder == embedder.id for version in versions)
        for version in versions:
            check_tokenizer(version)
            if not words_only:
                _compare(version, "embedder", version.manifest.embedder, embedder.id)
        self.versions = tuple(versions)
        self._embedder = embedder
        self._reranker = reranker
        self._neural = not embedder.id.startswith(LEXICAL_ID)
        dense_weight = default_dense_weight(embedder) if dense_weight is None else dense_weight
        self._weights = (bm25_weight, dense_weight) if usable else (bm25_weight or BM25_WEIGHT, 0.0)
        self._starts = np.cumsum([0, *(len(version) for version in versions)])
        self._lexical = _pooled(self.versions)
        use_dense = usable and len(self) > 0 and (dense_weight > 0 or with_dense_evidence)
        self._scan = scan if scan is not None else self._neural or not bm25_weight > 0
        vectors = _stacked(self.versions) if use_dense else None
        self._dense = None if vectors is None else open_index(vectors) if self._scan else NumpyIndex(vectors)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def search(self, text: str, top_k: int, *, rerank: bool = True) -> Evidence:
        """See `rag.base.Retriever.search`; of a very long text only the beginning is looked at.

        Without ``rerank`` the evidence is as `reranked` takes it.

        Raises:
            ModelError: the embedder failed; `search_words` does without.
        """
        found = self._search(text, top_k, self._weights)
        return self.reranked(found) if rerank else found

    def search_words(self, text: str, top_k: int) -> Evidence:
        """The same by BM25 alone, whatever its weight: for when the embedder fails."""
        return self.reranked(self._search(text, top_k, (self._weights[0] or BM25_WEIGHT, 0.0), with_vector=False))

    def _search(self, text: str, top_k: int, weights: tuple[float, float], with_vector: bool = True) -> Evidence:
        query = text[:MAX_QUERY_CHARS]
        terms = self._lexical.mended(tokenize(query))
        wanted = max(_MIN_CANDIDATES, top_k)
        sums = self._lexical.scores(terms) if weights[0] > 0 else np.zeros(0, np.float32)
        by_bm25 = best(sums, wanted)
        by_bm25 = by_bm25[sums[by_bm25] > 0]
        vector, by_dense, cosines = self._search_dense(query if with_vector else None, wanted, by_bm25)
        hits = self._fuse(weights, sums, by_bm25, vector, by_dense, cosines, top_k)
        if not self._usable and with_vector:
            vector, cosines = self._likeness(query, hits)
        found = self._lexical.describe(terms)
        return Evidence(text, hits, sums[by_bm25[:top_k]], cosines[:top_k], vector, found)

    def reranked(self, evidence: Evidence) -> Evidence:
        """The evidence in the reranker's order, with its scores; the same where there is none or it fails."""
        if self._reranker is None:
            return evidence
        return reranked(self._reranker, evidence.text[:MAX_QUERY_CHARS], evidence)

    def _likeness(self, query: str, hits: tuple[Hit, ...]) -> tuple[FloatArray, FloatArray]:
        """The query's vector and the cosines to what was found, where there are no vectors to compare with."""
        vectors = self._embedder.embed([query, *(indexed_text(hit.passage) for hit in hits)])
        return vectors[0], np.sort(vectors[1:] @ vectors[0])[::-1]

    def passage(self, row: int) -> Passage:
        """The passage with this number, counted over all versions."""
        which = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self.versions[which].passage(row - int(self._starts[which]))

    def _search_dense(
        self, query: str | None, wanted: int, by_bm25: IntArray
    ) -> tuple[FloatArray | None, IntArray, FloatArray]:
        if self._dense is None or query is None:
            return None, np.zeros(0, np.int64), np.zeros(0, np.float32)
        vector: FloatArray = self._embedder.embed([query])[0]
        if self._scan:
            rows, cosines = self._dense.search(vector, wanted)
        else:
            unordered = self._dense.cosines(vector, by_bm25)
            order = best(unordered, wanted)
            rows, cosines = by_bm25[order], unordered[order]
        near = cosines > 0
        return vector, rows[near], cosines[near]

    def _fuse(
        self,
        weights: tuple[float, float],
        sums: FloatArray,
        by_bm25: IntArray,
        vector: FloatArray | None,
        by_dense: IntArray,
        cosines: FloatArray,
        top_k: int,
    ) -> tuple[Hit, ...]:
        """Score the candidates of both retrievers by both, exactly, and keep the best ``top_k``."""
        bm25_weight, dense_weight = weights
        parts: list[tuple[str, float, FloatArray]] = []
        use_dense = dense_weight > 0 and self._dense is not None and vector is not None and len(by_dense) > 0
        candidates = np.union1d(by_bm25, by_dense) if use_dense else by_bm25
        if bm25_weight > 0 and len(by_bm25):
            parts.append(("bm25", bm25_weight, sums[candidates] / sums[by_bm25[0]]))
        if use_dense:
            exact = _cosines(self._dense, vector, candidates)
            near = _spread(exact, cosines) if self._neural else np.maximum(exact, 0) / cosines[0]
            parts.append(("dense", dense_weight, near))
        if not parts:
            return ()
        total = bm25_weight + dense_weight
        fused = np.zeros(len(candidates), np.float32)
        for _, weight, scores in parts:
            fused += weight / total * scores
        return tuple(
            Hit(
                self.passage(int(candidates[i])), float(fused[i]), {name: float(scores[i]) for name, _, scores in parts}
            )
            for i in best(fused, top_k)
        )


def _cosines(index: VectorIndex | None, vector: FloatArray | None, rows: IntArray) -> FloatArray:
    return index.cosines(vector, rows) if index is not None and vector is not None else np.zeros(len(rows), np.float32)


def _spread(cosines: FloatArray, found: FloatArray) -> FloatArray:
    """0 at the worst that the search by vectors found, best first, and below; 1 at its best."""
    low, high = found[-1], found[0]
    if not high > low:
        return np.asarray(cosines >= high, np.float32)
    return np.asarray(np.clip((cosines - low) / (high - low), 0, 1), np.float32)


def check_tokenizer(version: Version) -> None:
    """Whether the terms of a version are those of this program.

    Raises:
        KnowledgeError: they are not.
    """
    _compare(version, "tokenizer", version.manifest.tokenizer, TOKENIZER_ID)


def _compare(version: Version, name: str, theirs: str, ours: str) -> None:
    if theirs != ours:
        raise KnowledgeError(
            f"knowledge base {version.base!r} was built with the {name} {theirs}, but {ours} is in use: "
            "run `qunda build` to rebuild it"
        )


def _pooled(versions: Sequence[Version]) -> LexicalIndex:
    if len(versions) == 1:
        return versions[0].lexical
    ids, counts = pool([(version.ids, version.counts) for version in versions])
    return LexicalIndex(ids, score_terms(counts, ids))


def _stacked(versions: Sequence[Version]) -> FloatArray:
    return versions[0].vectors if len(versions) == 1 else np.concatenate([version.vectors for version in versions])
