"""The learner: logistic regression over wording, columns and the prior. Knows rows of numbers, no messages.

The prior enters as one more column, its log-odds, pinned near a slope of one by virtual examples: few labels leave the
decision to it, many overrule it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.gate.wording import WordingSpace

STRENGTH = 10.0  # inverse strength of the L2 penalty
COLUMN_SCALE = 0.2  # of the standardised columns beside unit rows of wording
PRIOR_SCALE = 0.5
VIRTUAL = 20.0  # examples that the prior is worth
_VIRTUAL_AT = np.array([-3.0, -1.0, 1.0, 3.0])


@dataclass(frozen=True, eq=False)
class Rows:
    """n examples as numbers: canonical texts, columns (n, c), prior log-odds (n,), labels (n,), weights (n,)."""

    texts: tuple[str, ...]
    columns: FloatArray
    prior: FloatArray
    good: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def take(self, chosen: NDArray[np.int64]) -> Rows:
        """Some of the rows."""
        texts = tuple(self.texts[i] for i in chosen)
        return Rows(texts, self.columns[chosen], self.prior[chosen], self.good[chosen], self.weights[chosen])


@dataclass(frozen=True, eq=False)
class Model:
    """A linear score: wording (dim,), columns (c,) with their mean and scale, the prior's slope, and a bias."""

    space: WordingSpace
    wording: FloatArray
    columns: FloatArray
    mean: FloatArray
    scale: FloatArray
    prior_slope: float
    bias: float

    def parts(self, text: str, columns: FloatArray) -> tuple[float, FloatArray]:
        """The contributions in log-odds of the wording and of each column."""
        at, values = self.space.row(text)
        return float(values @ self.wording[at]), (columns - self.mean) / self.scale * self.columns

    def scores(self, rows: Rows) -> NDArray[np.float64]:
        """Scores of many rows, shape (n,)."""
        wording = self.space.matrix(rows.texts) @ self.wording
        standard = (rows.columns - self.mean) / self.scale
        return np.asarray(wording + standard @ self.columns + self.prior_slope * rows.prior + self.bias, np.float64)


def fit_model(rows: Rows) -> Model:
    """Learn from rows of both classes; one class alone is held in check by the virtual examples."""
    from scipy.sparse import csr_matrix, hstack, vstack
    from sklearn.linear_model import LogisticRegression

    space = WordingSpace.fit(rows.texts)
    mean, scale = rows.columns.mean(0), rows.columns.std(0)
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    standard = (rows.columns - mean) / scale * COLUMN_SCALE
    design = hstack([space.matrix(rows.texts), csr_matrix(np.column_stack([standard, rows.prior * PRIOR_SCALE]))])
    virtual, labels, weights = _virtual_examples(design.shape[1])
    model = LogisticRegression(C=STRENGTH, max_iter=300)
    model.fit(
        vstack([design, virtual]).tocsr(),
        np.concatenate([rows.good, labels]),
        sample_weight=np.concatenate([rows.weights, weights]),
    )
    coefficients, width = model.coef_[0].astype(np.float32), len(space.known)
    return Model(
        space,
        coefficients[:width],
        coefficients[width:-1] * COLUMN_SCALE,
        mean,
        scale,
        float(coefficients[-1]) * PRIOR_SCALE,
        float(model.intercept_[0]),
    )


def _virtual_examples(width: int) -> tuple[object, NDArray[np.bool_], NDArray[np.float64]]:
    """Examples that say of nothing but the prior's column that it is right: each log-odds value in both labels."""
    from scipy.sparse import csr_matrix

    at = np.repeat(_VIRTUAL_AT, 2) * PRIOR_SCALE
    labels = np.tile([True, False], len(_VIRTUAL_AT))
    right = 1 / (1 + np.exp(-np.repeat(_VIRTUAL_AT, 2)))
    weights = np.where(labels, right, 1 - right) * VIRTUAL / len(_VIRTUAL_AT)
    rows = csr_matrix((at, (np.arange(len(at)), np.full(len(at), width - 1))), shape=(len(at), width))
    return rows, labels, weights
