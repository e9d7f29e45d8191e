"""The learner: logistic regression over wording, numbers, vectors and the prior. Knows rows, no messages.

Wording enters linearly, each n-gram scaled by how differently the two classes use it (the log-count ratio of
Wang and Manning 2012, https://aclanthology.org/P12-2018): counting needs fewer examples than fitting, and the penalty
then falls on the n-grams that tell nothing. A reranker's columns enter linearly too, around a slope that virtual
examples hold as long as labels are few. The numbers enter through a Gaussian kernel on landmarks (Nystroem:
Williams and Seeger 2001), so that they may act together. The prior is one more column, its log-odds, held near a slope
of one by virtual examples: few labels leave the decision to it, many overrule it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.gate.wording import FeatureSpace, UInt64Array

STRENGTH = 5.0  # inverse strength of the L2 penalty
COUNT_SMOOTHING = 1.0  # examples added to either class before counts are compared
TELLING = 0.7  # how much of an n-gram's weight hangs on that comparison
NUMBERS = 0.5  # weight of the kernel over the numbers beside that over the wording
WIDTH = 0.5  # of the Gaussian kernel, over the number of columns
LANDMARKS = 200
PRIOR_SCALE = 0.28
VIRTUAL = 20.0  # examples that the prior is worth
_VIRTUAL_AT = np.array([-3.0, -1.0, 1.0, 3.0])
RERANK_SLOPE = 0.5  # log-odds that a deviation of a reranker's best score is worth before labels say more
RERANK_VIRTUAL = 20.0  # examples that this is worth
_RERANK_AT = np.array([-2.0, -1.0, 1.0, 2.0])
_Part = tuple[Any, NDArray[np.bool_], NDArray[np.float64]]  # sparse rows, labels, weights


@dataclass(frozen=True, eq=False)
class Rows:
    """n examples as numbers: hashed wording (n arrays), numbers (n, c), vectors (n, d; d may be 0), a reranker's
    columns (n, r; r may be 0), prior log-odds (n,), labels (n,), weights (n,)."""

    wording: tuple[UInt64Array, ...]
    numbers: FloatArray
    vectors: FloatArray
    reranks: FloatArray
    prior: FloatArray
    good: NDArray[np.bool_]
    weights: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Parts:
    """What each part adds to a score, relative to the mean training example; the prior's part.

    ``near`` is what the nearness to stored examples adds to the kernel, ``numbers`` what the others add without it.
    """

    wording: float
    numbers: float
    near: float
    vectors: float
    prior: float
    reranks: float = 0.0


@dataclass(frozen=True, eq=False)
class Sparse:
    """A space of hashed features with their weights (dim,), and the mean contribution in training."""

    space: FeatureSpace
    weights: FloatArray
    mean: float

    def added(self, features: UInt64Array) -> tuple[UInt64Array, FloatArray]:
        """The known ones among one text's features, and what each adds."""
        at, values = self.space.row(features)
        return self.space.known[at], values * self.weights[at]

    def scores(self, per_text: tuple[UInt64Array, ...]) -> FloatArray:
        """What the features of many texts add, shape (n,)."""
        return np.asarray(self.space.matrix(per_text) @ self.weights, np.float32)


@dataclass(frozen=True, eq=False)
class Kernel:
    """Landmarks (m, c) with their weights (m,), the scaling of the numbers, and the mean contribution in training."""

    landmarks: FloatArray
    weights: FloatArray
    centre: FloatArray
    scale: FloatArray
    mean: float

    def scores(self, numbers: FloatArray) -> FloatArray:
        """What rows of numbers add, (n, c) -> (n,)."""
        return np.asarray(_kernel((numbers - self.centre) / self.scale, self.landmarks) @ self.weights, np.float32)


@dataclass(frozen=True, eq=False)
class Model:
    """The parts of the score; ``vectors`` (d,) are weights of an encoder's vectors around their ``centre`` (d,),
    ``reranks`` (r,) those of a reranker's columns."""

    wording: Sparse
    kernel: Kernel
    vectors: FloatArray
    centre: FloatArray
    reranks: FloatArray
    prior_slope: float
    bias: float

    def score(
        self,
        said: float,
        numbers: FloatArray,
        near: slice,
        vector: FloatArray | None,
        reranks: FloatArray,
        prior: float,
    ) -> tuple[float, Parts]:
        """The score of one message with its parts; ``said`` is what its wording adds, ``near`` are the numbers that
        speak of stored examples, ``reranks`` (r,) the columns of a reranker."""
        without = numbers.copy()
        without[near] = self.kernel.centre[near]
        kernel, others = map(float, self.kernel.scores(np.stack([numbers, without])))
        meant = float((vector - self.centre) @ self.vectors) if vector is not None and len(self.vectors) else 0.0
        own, ranked = self.prior_slope * prior, float(reranks @ self.reranks) if len(self.reranks) else 0.0
        parts = Parts(said - self.wording.mean, others - self.kernel.mean, kernel - others, meant, own, ranked)
        return said + kernel + meant + ranked + own + self.bias, parts

    def scores(self, rows: Rows) -> NDArray[np.float64]:
        """Scores of many rows, shape (n,)."""
        meant = (rows.vectors - self.centre) @ self.vectors if len(self.vectors) else 0.0
        sparse = self.wording.scores(rows.wording)
        numbers = self.kernel.scores(rows.numbers)
        ranked = rows.reranks @ self.reranks if len(self.reranks) else 0.0
        return np.asarray(sparse + numbers + meant + ranked + self.prior_slope * rows.prior + self.bias, np.float64)


def fit_model(rows: Rows, more: Rows | None = None) -> Model:
    """Learn. ``more`` are rows to learn from that have no say in vocabulary and scaling.

    One class alone is held in check by the virtual examples.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # small matrices: threads would only wait for each other
        return _fit(rows, more)


def _fit(rows: Rows, more: Rows | None) -> Model:
    wording = FeatureSpace.fit(rows.wording)
    telling = log_count_ratios(wording.matrix(rows.wording), rows.good, rows.weights)
    centre, scale = rows.numbers.mean(0), rows.numbers.std(0)
    scale = np.where(scale > 1e-6, scale, 1).astype(np.float32)
    landmarks, root = _landmarks((rows.numbers - centre) / scale)
    middle = rows.vectors.mean(0)

    def design(part: Rows) -> Any:
        from scipy.sparse import csr_matrix, hstack

        said = wording.matrix(part.wording).multiply(telling)
        near = _kernel((part.numbers - centre) / scale, landmarks) @ root
        last = np.column_stack([near, part.vectors - middle, part.reranks, part.prior * PRIOR_SCALE])
        return hstack([said, csr_matrix(last)]).tocsr()

    own = design(rows)
    parts = [(own, rows.good, rows.weights)]
    if more is not None:
        parts.append((design(more), more.good, more.weights))
    coefficients, bias = _regress(parts, rows.reranks.shape[1])
    ends = np.cumsum([len(wording.known), len(landmarks), rows.vectors.shape[1], rows.reranks.shape[1]])
    means = [float((own[:, low:high] @ coefficients[low:high]).mean()) for low, high in pairwise([0, *ends.tolist()])]
    said, near, meant, ranked, prior = np.split(coefficients, ends)
    return Model(
        Sparse(wording, said * telling, means[0]),
        Kernel(landmarks, root @ near, centre, scale, means[1]),
        meant,
        middle,
        ranked,
        float(prior[0]) * PRIOR_SCALE,
        bias,
    )


def _regress(parts: list[_Part], reranks: int) -> tuple[FloatArray, float]:
    """Coefficients and bias; the virtual examples are added to the parts. ``reranks`` columns precede the prior's."""
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    width = parts[0][0].shape[1]
    parts = [*parts, _virtual_examples(width, width - 1, PRIOR_SCALE, 1.0, _VIRTUAL_AT, VIRTUAL)]
    if reranks:
        parts.append(_virtual_examples(width, width - 1 - reranks, 1.0, RERANK_SLOPE, _RERANK_AT, RERANK_VIRTUAL))
    designs, labels, weights = zip(*parts, strict=True)
    learner = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-4)
    learner.fit(vstack(designs).tocsr(), np.concatenate(labels), sample_weight=np.concatenate(weights))
    return learner.coef_[0].astype(np.float32), float(learner.intercept_[0])


def log_count_ratios(rows: Any, good: NDArray[np.bool_], weights: NDArray[np.float64]) -> FloatArray:
    """How differently the classes use each column of sparse rows (n, dim) -> (dim,), with a mean square of one."""
    seen = rows.astype(bool).astype(np.float64)
    logs = [
        np.log((seen.T @ (weights * side) + COUNT_SMOOTHING) / (weights @ side + 2 * COUNT_SMOOTHING))
        for side in (good, ~good)
    ]
    squares = (logs[0] - logs[1]) ** 2  # the learner finds the sign
    mean = max(float(squares.mean()) if len(squares) else 0.0, 1e-9)
    return np.asarray(np.sqrt(1 - TELLING + TELLING * squares / mean), np.float32)


def _landmarks(standard: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows spread evenly over the examples, (m, c), and the inverse root of their kernel, (m, m), with its weight."""
    chosen = np.unique(np.linspace(0, len(standard) - 1, min(LANDMARKS, len(standard))).astype(int))
    landmarks = standard[chosen]
    values, vectors = np.linalg.eigh(_kernel(landmarks, landmarks).astype(np.float64))
    root = vectors * np.sqrt(NUMBERS / np.maximum(values, 1e-6)) @ vectors.T
    return landmarks, root.astype(np.float32)


def _kernel(rows: FloatArray, landmarks: FloatArray) -> FloatArray:
    squares = (rows**2).sum(1)[:, None] + (landmarks**2).sum(1)[None] - 2 * rows @ landmarks.T
    return np.asarray(np.exp(-WIDTH / rows.shape[1] * np.maximum(squares, 0)), np.float32)


def _virtual_examples(
    width: int, column: int, scale: float, slope: float, values: NDArray[np.float64], worth: float
) -> _Part:
    """Examples that say of one column alone that its slope is right: each of its values in both labels."""
    from scipy.sparse import csr_matrix

    at = np.repeat(values, 2) * scale
    labels = np.tile([True, False], len(values))
    right = 1 / (1 + np.exp(-slope * np.repeat(values, 2)))
    weights = np.where(labels, right, 1 - right) * worth / len(values)
    rows = csr_matrix((at, (np.arange(len(at)), np.full(len(at), column))), shape=(len(at), width))
    return rows, labels, weights
