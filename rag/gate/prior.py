"""What the gate believes before it has seen an example: documented coefficients over knowledge and form columns.

They are fitted on labelled group chat of other groups (`fit_prior`, see docs/gate.md) and kept in defaults/prior.json:
coefficients only, no texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray, RagError
from rag.gate.calibration import Calibration
from rag.gate.columns import COLUMNS, KNOWLEDGE
from rag.gate.examples import DEFAULTS

PENALTY = 0.3  # inverse strength of the L2 penalty on standardised columns


@dataclass(frozen=True, eq=False)
class Prior:
    """Logistic regression over `COLUMNS`; ``weights``, ``mean`` and ``scale`` have shape (len(COLUMNS),).

    ``calibration`` holds what its held-out scores said, for groups with too few labels of their own.
    """

    weights: FloatArray
    mean: FloatArray
    scale: FloatArray
    bias: float
    calibration: Calibration

    def logit(self, columns: FloatArray, form: float = 1.0) -> FloatArray:
        """The prior's log-odds for rows of columns, shape (n, len(COLUMNS)) -> (n,); ``form``: how much of what it
        says of the form counts."""
        weights = self.weights.copy()
        weights[len(KNOWLEDGE) :] *= form
        return (((columns - self.mean) / self.scale) @ weights + self.bias).astype(np.float32)

    def form_logit(self, columns: FloatArray) -> float:
        """What the form of one message adds to the log-odds."""
        form = slice(len(KNOWLEDGE), None)
        return float((columns[form] - self.mean[form]) / self.scale[form] @ self.weights[form])

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        rows = {
            name: {"weight": float(w), "mean": float(m), "scale": float(s)}
            for name, w, m, s in zip(COLUMNS, self.weights, self.mean, self.scale, strict=True)
        }
        return {"columns": rows, "bias": self.bias, "calibration": self.calibration.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prior:
        """Read what `as_dict` wrote.

        Raises:
            RagError: the coefficients belong to other columns than these.
        """
        rows = data["columns"]
        if tuple(rows) != COLUMNS:
            raise RagError("prior.json belongs to another version of the gate; install the package again")
        weights, mean, scale = (
            np.array([rows[name][key] for name in COLUMNS], np.float32) for key in ("weight", "mean", "scale")
        )
        return cls(weights, mean, scale, float(data["bias"]), Calibration.from_dict(data["calibration"]))


@cache
def default_prior() -> Prior:
    """The prior that ships with the project."""
    return Prior.from_dict(json.loads((DEFAULTS / "prior.json").read_text("utf-8")))


def fit_prior(columns: FloatArray, good: NDArray[np.bool_], folds: NDArray[np.int64]) -> Prior:
    """Fit on rows of columns; ``folds`` (n,) says which rows are held out together for the calibration."""
    held_out = np.zeros(len(good))
    for fold in np.unique(folds):
        inside = folds != fold
        weights, mean, scale, bias = _fit(columns[inside], good[inside])
        held_out[~inside] = ((columns[~inside] - mean) / scale) @ weights + bias
    return Prior(*_fit(columns, good), Calibration.fit(held_out, good))


def _fit(columns: FloatArray, good: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    from sklearn.linear_model import LogisticRegression

    mean, scale = columns.mean(0), columns.std(0)
    scale[scale == 0] = 1
    model = LogisticRegression(C=PENALTY, max_iter=500).fit((columns - mean) / scale, good)
    return model.coef_[0].astype(np.float32), mean, scale, float(model.intercept_[0])
