"""Reads an embedder or a reranker as a judge of whether evidence bears out a sentence. Knows no answer and no faults.

Raw scores say little: unrelated texts have a cosine of .1 with one model and of .8 with another, and a model that does
not know a language finds everything in it alike. So a score is read between two others: that of unrelated texts in the
same language, which is 0, and that of the sentence itself, which is 1. Where those two are near to each other, the
model has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.base import Hit, Language, Passage, detect_language
from rag.protocols import Embedder, Reranker

MIN_RANGE = 0.2  # between unrelated texts and the sentence itself
MAX_CHARS = 2_000  # of one piece of evidence
Scores = Callable[[str, Sequence[str]], Sequence[float]]
# About everyday things, so that no knowledge base is about them.
UNRELATED: dict[Language, tuple[str, ...]] = {
    "zh": (
        "昨天傍晚下了一场雨，院子里的石榴树掉了不少花。",
        "奶奶把洗好的青菜放进篮子里，准备晚上包饺子。",
        "孩子们在河边放风筝，一直玩到太阳落山。",
    ),
    "en": (
        "It rained yesterday evening, and the pear tree in the yard lost its blossoms.",
        "Grandmother put the washed carrots into a basket to make soup for dinner.",
        "The children flew their kites by the river until the sun went down.",
    ),
}


class ModelEntailment:
    """Implements `rag.verify.check.Entailment` with the scores of a model; what those raise goes through."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """From 0, as far away as unrelated texts, to 1, as near as the sentence itself; None where a model is blind."""
        if not evidence:
            return None
        unrelated = UNRELATED[detect_language(sentence)]
        texts = [sentence, *unrelated, *(text[:MAX_CHARS] for text in evidence)]
        own, *others = self._scores(sentence, texts)
        floor = max(others[: len(unrelated)])
        if own - floor < MIN_RANGE:
            return None
        return min(max((max(others[len(unrelated) :]) - floor) / (own - floor), 0.0), 1.0)


def entailment_of(embedder: Embedder | None, reranker: Reranker | None) -> ModelEntailment | None:
    """The reranker's, else the embedder's; None without either. A lexical embedder would count words once more."""
    if reranker is not None:
        return ModelEntailment(_reranked(reranker))
    return ModelEntailment(_cosines(embedder)) if embedder is not None else None


def _cosines(embedder: Embedder) -> Scores:
    def scores(sentence: str, texts: Sequence[str]) -> Sequence[float]:
        rows = embedder.embed([sentence, *texts])
        return [float(cosine) for cosine in rows[1:] @ rows[0]]

    return scores


def _reranked(reranker: Reranker) -> Scores:
    def scores(sentence: str, texts: Sequence[str]) -> Sequence[float]:
        hits = [Hit(Passage(str(n), text, "", ""), 0.0) for n, text in enumerate(texts)]
        found = {hit.passage.id: hit.score for hit in reranker.rerank(sentence, hits)}
        return [found[str(n)] for n in range(len(texts))]

    return scores
