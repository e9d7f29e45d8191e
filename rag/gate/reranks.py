"""What a reranker says of the passages found, as columns of the gate. Knows no labels and no reranker.

Rerankers have scales of their own: one gives chatter .4, another .0001. So scores become log-odds, and those are
standardised over the group's examples, the shipped ones among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import Evidence, FloatArray
from rag.gate.examples import LabelledExample

RERANKS = ("rerank_best",)  # log-odds of the best passage
FEWEST = 10  # examples with scores; fewer say nothing of a reranker's scale
SHIPPED = 100  # of the shipped examples that a reranker scores: they give it a scale, the group's own teach
_SURE = 0.001  # a probability nearer to 0 or 1 says no more than this
_LIMIT = 3.0  # deviations


@dataclass(frozen=True, eq=False)
class Reranks:
    """The scale of a reranker's log-odds: ``centre`` and ``deviation`` have shape (1,)."""

    centre: FloatArray
    deviation: FloatArray

    @classmethod
    def fit(cls, raw: FloatArray) -> Reranks | None:
        """The scale of rows of `rerank_columns`; None where no reranker has scored enough of them."""
        known = raw[np.isfinite(raw).all(1)]
        if len(known) < FEWEST:
            return None
        deviation = known.std(0)
        return cls(known.mean(0), np.where(deviation > 1e-3, deviation, 1).astype(np.float32))

    def columns(self, raw: FloatArray) -> FloatArray:
        """Standardised and limited, (n, 1) -> (n, 1); what is missing is 0: it says nothing."""
        standard = np.clip((raw - self.centre) / self.deviation, -_LIMIT, _LIMIT)
        return np.where(np.isnan(standard), 0, standard).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; `from_dict` reads it back."""
        return {"centre": self.centre.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reranks:
        """Read what `as_dict` wrote."""
        return cls(np.array(data["centre"], np.float32), np.array(data["deviation"], np.float32))


def rerank_columns(evidence: Evidence) -> FloatArray:
    """`RERANKS` of one message, raw: NaN where no reranker scored it, -inf where there was no passage to score."""
    if not evidence.hits:
        return np.full(len(RERANKS), -np.inf, np.float32)
    if not len(evidence.rerank):
        return np.full(len(RERANKS), np.nan, np.float32)
    return np.array([_log_odds(float(evidence.rerank[0]))], np.float32)


def to_score(items: Sequence[LabelledExample]) -> NDArray[np.bool_]:
    """Which examples a reranker scores: all of the group's own, and `SHIPPED` of the shipped ones, evenly chosen."""
    shipped = np.array([item.source == "default" for item in items], bool)
    rows = np.flatnonzero(shipped)
    chosen = ~shipped
    if len(rows):
        chosen[rows[np.unique(np.linspace(0, len(rows) - 1, min(SHIPPED, len(rows))).astype(int))]] = True
    return chosen


def _log_odds(score: float) -> float:
    share = min(max(score, _SURE), 1 - _SURE)
    return math.log(share / (1 - share))
