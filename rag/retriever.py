"""Hybrid retrieval over one or several knowledge versions: BM25 and dense cosines, fused as a weighted sum.

It knows no gate and no answer. Scores are normalised for each query (divided by the best of that retriever), because a
BM25 sum has no scale of its own; weights were chosen by measurement, see tests/bench/retrieval.py. Cosines of neural
models crowd together, each model's elsewhere (.6 to .9, say), so theirs are spread over their range among the
candidates: see tests/bench/neural_retrieval.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.arrange import arranged, lifted
from rag.base import Evidence, FloatArray, Hit, KnowledgeError, Passage, Term
from rag.embedder import LEXICAL_ID
from rag.fitting import Wanted, fitted, likely, wanted
from rag.index import IntArray, NumpyIndex, VectorIndex, best, open_index
from rag.knowledge import Version
from rag.lexical import LexicalIndex, pool, score_terms, term_weight
from rag.naming import ranked
from rag.passages import indexed_text
from rag.protocols import Embedder, Reranker
from rag.pruning import Ranked
from rag.reranking import reranked
from rag.scope import Folders
from rag.scores import spread
from rag.surroundings import surrounded
from rag.tokens import TOKENIZER_ID, tokenize

MAX_QUERY_CHARS = 2000
BM25_WEIGHT = 1.0
DENSE_WEIGHT = 0.15  # of the lexical embedder, whose vectors say little that BM25 does not
NEURAL_DENSE_WEIGHT = 0.5
_REREAD = 32  # of the candidates, put into the order of how they fit the question
_MIN_CANDIDATES = 64  # of each retriever: the best fused passage is among these, at any sensible weights


def default_dense_weight(embedder: Embedder) -> float:
    """The weight of the vectors that suits an embedder, with BM25 at 1."""
    return DENSE_WEIGHT if embedder.id.startswith(LEXICAL_ID) else NEURAL_DENSE_WEIGHT


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What both retrievers, of these ``weights``, have on a question: ``wanted`` candidates of each at most."""

    query: str
    weights: tuple[float, float]
    terms: list[str]
    plain: Ranked
    wanted: int
    vector: FloatArray | None
    by_dense: IntArray
    cosines: FloatArray


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
        self._measured: tuple[tuple[str, int], _Found] | None = None  # the last; one assignment, so threads may race
        self._neural = not embedder.id.startswith(LEXICAL_ID)
        dense_weight = default_dense_weight(embedder) if dense_weight is None else dense_weight
        self._weights = (bm25_weight, dense_weight) if usable else (bm25_weight or BM25_WEIGHT, 0.0)
        self._starts = np.cumsum([0, *(len(version) for version in versions)])
        self._lexical = _pooled(self.versions)
        self._owners = _owners(self.versions)
        documents = [(version.base, version.manifest.documents) for version in versions]
        self._folders = Folders(documents, self._lexical, self._owners)
        use_dense = usable and len(self) > 0 and (dense_weight > 0 or with_dense_evidence)
        self._scan = scan if scan is not None else self._neural or not bm25_weight > 0
        # Vectors of several embedders cannot be compared, not even to find copies: then each is as good as none.
        self._vectors = _stacked(self.versions) if usable and len(self) else np.zeros((len(self), 1), np.float32)
        self._dense = None if not use_dense else open_index(self._vectors) if self._scan else NumpyIndex(self._vectors)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def search(self, text: str, top_k: int, *, rerank: bool = True, vector: FloatArray | None = None) -> Evidence:
        """See `rag.protocols.Retriever.search`; of a very long text only the beginning is looked at.

        Without ``rerank`` the evidence is as `reranked` takes it. ``vector`` is the text's, where it is known already.

        Raises:
            ModelError: the embedder failed; `search_words` does without.
        """
        known = self._measured  # most often this very text, which the gate has let through
        is_known = known is not None and known[0] == (text, top_k)
        found = known[1] if known and is_known else self._look(text, top_k, self._weights, vector=vector)
        evidence = self._search(text, top_k, found)
        return self.reranked(evidence) if rerank else evidence

    def search_words(self, text: str, top_k: int) -> Evidence:
        """The same by BM25 alone, whatever its weight: for when the embedder fails."""
        weights = (self._weights[0] or BM25_WEIGHT, 0.0)
        return self.reranked(self._search(text, top_k, self._look(text, top_k, weights, with_vector=False)))

    def measure(self, text: str, top_k: int) -> Evidence:
        """What a gate reads: `search` without its hits, in half the time. Most messages need no more.

        A reranker scores hits, and versions of another embedder are measured by them: then it is `search`.

        Raises:
            ModelError: the embedder failed.
        """
        if self._reranker is not None or not self._usable:
            return self.search(text, top_k)
        found = self._look(text, top_k, self._weights)
        self._measured = (text, top_k), found
        return self._evidence(text, found, top_k)

    def reranked(self, evidence: Evidence) -> Evidence:
        """The evidence in the reranker's order, with its scores; the same where there is none or it fails."""
        if self._reranker is None:
            return evidence
        return reranked(self._reranker, evidence.text[:MAX_QUERY_CHARS], evidence)

    def _search(self, text: str, top_k: int, found: _Found) -> Evidence:
        evidence = self._evidence(text, found, top_k)
        want = wanted(evidence, self._lexical, self._folders)
        refits = not self._neural and min(found.weights) > 0 and want.question.tells
        lexical, wanted_hits = self._ranked(found, want), max(2 * top_k, refits * _REREAD)
        rows, fused = self._fuse(lexical, found, wanted_hits, want if refits else None)
        if refits:
            rows, fused = fitted(want, self._lexical, self._owners, rows, fused)
            rows, fused = rows[: 2 * top_k], fused[: 2 * top_k]
        evidence = replace(evidence, hits=self._arranged(found, evidence.terms, rows, fused)[:top_k])
        if self._usable or found.vector is None:
            return evidence
        return replace(evidence, dense=self._likeness(found.vector, evidence.hits))

    def _look(
        self,
        text: str,
        top_k: int,
        weights: tuple[float, float],
        *,
        with_vector: bool = True,
        vector: FloatArray | None = None,
    ) -> _Found:
        query, wanted = text[:MAX_QUERY_CHARS], max(_MIN_CANDIDATES, top_k)
        terms = self._lexical.mended(tokenize(query))
        plain = self._lexical.search(terms if weights[0] > 0 else (), wanted)
        if vector is None and with_vector and (self._dense is not None or not self._usable):
            vector = self._embedder.embed([query])[0]
        dense = self._search_dense(vector, wanted, plain.rows)
        return _Found(query, weights, terms, plain, wanted, *dense)

    def _evidence(self, text: str, found: _Found, top_k: int) -> Evidence:
        terms = self._lexical.describe(found.terms)
        return Evidence(text, (), found.plain.sums[:top_k], found.cosines[:top_k], found.vector, terms)

    def _likeness(self, vector: FloatArray, hits: Sequence[Hit]) -> FloatArray:
        """The cosines to what was found, best first, where there are no vectors to compare with."""
        if not hits:
            return np.zeros(0, np.float32)
        vectors = self._embedder.embed([indexed_text(hit.passage) for hit in hits])
        return np.sort(vectors @ vector)[::-1]

    def _ranked(self, found: _Found, want: Wanted) -> Ranked:
        """The ranking that counts folders and names, too; the gate's numbers stay those of the plain terms."""
        if not found.weights[0] > 0:
            return found.plain
        index, owners = self._lexical, self._owners
        return ranked(index, owners, found.query, found.terms, found.plain, found.wanted, want.about, want.told)

    def _arranged(self, found: _Found, terms: Sequence[Term], rows: IntArray, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The hits in the order to be used: by what one sentence holds too, where both retrievers are asked."""
        if len(hits) > 1 and min(found.weights) > 0:
            hits = lifted(hits, {term.text: term.idf * term_weight(term.text) for term in terms}, sum(found.weights))
            order = sorted(range(len(hits)), key=lambda n: -hits[n].score)
            rows, hits = rows[order], [hits[n] for n in order]
        return tuple(arranged(found.query, hits, self._vectors[rows]) if len(hits) > 1 else hits)

    def passage(self, row: int) -> Passage:
        """The passage with this number, counted over all versions."""
        which = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self.versions[which].passage(row - int(self._starts[which]))

    def surrounded(self, evidence: Evidence) -> Evidence:
        """The same evidence with `Hit.around` filled for its first hits."""
        return surrounded(evidence, {version.base: version for version in self.versions})

    def _search_dense(
        self, vector: FloatArray | None, wanted: int, by_bm25: IntArray
    ) -> tuple[FloatArray | None, IntArray, FloatArray]:
        if vector is None or self._dense is None:  # a gate may have vectors of its own
            return vector, np.zeros(0, np.int64), np.zeros(0, np.float32)
        if self._scan:
            rows, cosines = self._dense.search(vector, wanted)
        else:
            unordered = self._dense.cosines(vector, by_bm25)
            order = best(unordered, wanted)
            rows, cosines = by_bm25[order], unordered[order]
        near = cosines > 0
        return vector, rows[near], cosines[near]

    def _fuse(self, lexical: Ranked, found: _Found, wanted: int, want: Wanted | None) -> tuple[IntArray, list[Hit]]:
        """Score the candidates of both retrievers by both, exactly, and keep the best, with their rows.

        With ``want`` the best are those likely to fit it.
        """
        vector, by_dense, cosines = found.vector, found.by_dense, found.cosines
        bm25_weight, dense_weight = found.weights
        parts: list[tuple[str, float, FloatArray]] = []
        use_dense = dense_weight > 0 and self._dense is not None and vector is not None and len(by_dense) > 0
        candidates = np.union1d(lexical.rows, by_dense) if use_dense else lexical.rows
        if bm25_weight > 0 and len(lexical.rows):
            parts.append(("bm25", bm25_weight, lexical.at(candidates) / lexical.sums[0]))
        if use_dense:
            exact = _cosines(self._dense, vector, candidates)
            near = spread(exact, cosines) if self._neural else np.maximum(exact, 0) / cosines[0]
            parts.append(("dense", dense_weight, near))
        if not parts:
            return np.zeros(0, np.int64), []
        total = bm25_weight + dense_weight
        fused = np.zeros(len(candidates), np.float32)
        for _, weight, scores in parts:
            fused += weight / total * scores
        order = best(likely(want, self._lexical, self._owners, candidates, fused) if want else fused, wanted)
        hits = [
            Hit(self.passage(int(candidates[i])), float(fused[i]), {name: float(part[i]) for name, _, part in parts})
            for i in order
        ]
        return candidates[order], hits


def _cosines(index: VectorIndex | None, vector: FloatArray | None, rows: IntArray) -> FloatArray:
    return index.cosines(vector, rows) if index is not None and vector is not None else np.zeros(len(rows), np.float32)


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
            f"run `qunda build{'' if version.base == 'default' else f' --base {version.base}'}` to rebuild it"
        )


def _pooled(versions: Sequence[Version]) -> LexicalIndex:
    if len(versions) == 1:
        return versions[0].lexical
    ids, counts = pool([(version.ids, version.counts) for version in versions])
    return LexicalIndex(ids, score_terms(counts, ids))


def _owners(versions: Sequence[Version]) -> NDArray[np.int32]:
    """The number of each passage's document, counted over all versions."""
    lengths = [entry.passages for version in versions for entry in version.manifest.documents.values()]
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def _stacked(versions: Sequence[Version]) -> FloatArray:
    return versions[0].vectors if len(versions) == 1 else np.concatenate([version.vectors for version in versions])
