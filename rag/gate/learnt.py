"""What training leaves behind: the vocabulary of chatter and the model. Knows no questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.base import Evidence, FloatArray
from rag.gate.columns import DENSE, NUMBERS_FROM_BASE, TermRow
from rag.gate.measured import Examples
from rag.gate.model import Model, Parts
from rag.gate.prior import Prior
from rag.gate.reranks import Reranks, rerank_columns
from rag.gate.stores import STORE_COLUMNS, ExampleStores
from rag.gate.vocabulary import SPECIFIC, ChatterVocabulary
from rag.protocols import Embedder

_LEXICAL = "lexical"
_NEAR = slice(NUMBERS_FROM_BASE + len(SPECIFIC), NUMBERS_FROM_BASE + len(SPECIFIC) + len(STORE_COLUMNS))


@dataclass(frozen=True, eq=False)
class Learnt:
    """Scores messages; ``fade``: how much of what the prior says of the form counts, ``reranks``: the scale of a
    reranker that the model has learnt from."""

    vocabulary: ChatterVocabulary
    model: Model
    fade: float
    reranks: Reranks | None = None

    def scores(
        self, examples: Examples, prior: Prior, stores: Examples | ExampleStores, neural: bool
    ) -> NDArray[np.float64]:
        """The scores of examples that were not learnt from, shape (n,)."""
        rows = examples.rows(prior, self.vocabulary, stores, neural, self.reranks, same=False, form=self.fade)
        return self.model.scores(rows)

    def score(
        self,
        said: float,
        evidence: Evidence,
        base: FloatArray,
        near: FloatArray,
        vector: FloatArray | None,
        prior: float,
    ) -> tuple[float, Parts]:
        """The score of one text with its parts; ``said``: what its wording adds, ``vector``: a neural encoder's."""
        numbers = [base[:NUMBERS_FROM_BASE], self.vocabulary.columns(TermRow.of(evidence.terms)), near]
        if vector is not None:
            numbers.append(base[DENSE : DENSE + 1])
        return self.model.score(said, np.concatenate(numbers), _NEAR, vector, self._ranked(evidence), prior)

    def _ranked(self, evidence: Evidence) -> FloatArray:
        if self.reranks is None:
            return np.zeros(0, np.float32)
        columns: FloatArray = self.reranks.columns(rerank_columns(evidence)[None])[0]
        return columns

    @property
    def mean_near(self) -> FloatArray:
        """`STORE_COLUMNS` of the mean example, (2,)."""
        return self.model.kernel.centre[_NEAR]

    @property
    def mean_cosine(self) -> float:
        """How near the mean example's nearest passage is to it, of a neural encoder."""
        return float(self.model.kernel.centre[_NEAR.stop])


def is_neural(embedder: Embedder) -> bool:
    """Whether the vectors say more than the wording does, so that they deserve weights of their own."""
    return not embedder.id.startswith(_LEXICAL)
