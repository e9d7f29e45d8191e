"""Turns scores into probabilities and a dial into a threshold. Knows held-out scores, not where they come from.

Probabilities: Platt scaling (Platt 1999) of held-out scores, moved from the share of good examples in the labels to
the share expected in the group (Saerens et al. 2002: the class-conditional scores stay, the prior changes).
The dial: unwanted replies per 1,000 messages = 1000 x (1 - share) x false-positive rate, so a dial of D asks for the
score that a share of D / (1000 x (1 - share)) of the held-out bad examples exceeds.
A group's own labels are helped out by a few scores of the prior's: what was labelled so far may be all too easy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_PER_CLASS = 40  # with fewer held-out scores of a class the prior's calibration is the better guess
DIAL_SHARE = 0.1  # the share that the unit of the dial is stated for
VIRTUAL = 20.0  # examples that the prior's curve is worth
BORROWED = 40  # bad scores taken from the prior
_VIRTUAL_AT = np.array([-3.0, -1.0, 1.0, 3.0])
_NEIGHBOURS = 0.06  # of the scores, that the best F1 is averaged over
_TAIL = 0.25  # the upper part of the bad scores that the smooth quantile is fitted on


@dataclass(frozen=True, eq=False)
class Calibration:
    """``slope`` and ``bias`` of the log-odds at ``share`` good; ``bad`` are sorted held-out scores of bad examples.

    ``best_f1`` is the score with the best F1 on the held-out examples: for evaluation only.
    """

    slope: float
    bias: float
    share: float
    bad: NDArray[np.float64]
    best_f1: float = 0.0

    @classmethod
    def fit(cls, scores: NDArray[np.float64], good: NDArray[np.bool_], prior: Calibration | None = None) -> Calibration:
        """Fit on held-out scores (n,) of both classes, as if ``prior`` had come from a few more of them.

        Labels that are easily told apart say neither how steep the curve is nor where hard messages lie.
        """
        from sklearn.linear_model import LogisticRegression

        share = float(good.mean())
        x, y, weights = scores, good, np.ones(len(scores))
        if prior is not None:
            right = np.array([_sigmoid(prior.log_odds(float(at), share)) for at in _VIRTUAL_AT])
            x = np.concatenate([scores, _VIRTUAL_AT, _VIRTUAL_AT])
            y = np.concatenate([good, np.repeat([True, False], len(_VIRTUAL_AT))])
            weights = np.concatenate([weights, np.concatenate([right, 1 - right]) * VIRTUAL / len(_VIRTUAL_AT)])
        model = LogisticRegression(C=1e3, max_iter=500).fit(x[:, None], y, sample_weight=weights)
        slope = max(float(model.coef_[0, 0]), 1e-3)  # a falling curve would turn the decision round
        fitted = cls(slope, float(model.intercept_[0]), share, np.sort(scores[~good]), best_f1_score(scores, good))
        return fitted if prior is None else replace(fitted, bad=np.sort(np.append(fitted.bad, fitted._borrowed(prior))))

    def _borrowed(self, prior: Calibration) -> NDArray[np.float64]:
        """Bad scores of ``prior``, evenly chosen, on the scale of this one."""
        chosen = np.quantile(prior.bad, (np.arange(BORROWED) + 0.5) / BORROWED)
        log_odds = np.array([prior.log_odds(float(score), self.share) for score in chosen])
        return np.asarray((log_odds - self.bias) / self.slope, np.float64)

    def log_odds(self, score: float, expected_share: float) -> float:
        """The log-odds that a message with ``score`` deserves an answer where ``expected_share`` of the messages do."""
        return self.slope * score + self.bias + _logit(expected_share) - _logit(self.share)

    def threshold(self, unwanted_per_1000: float) -> float:
        """The score from which on to answer: falls as the dial rises."""
        rate = min(unwanted_per_1000 / (1000 * (1 - DIAL_SHARE)), 1.0)
        return upper_quantile(self.bad, rate)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data with at most 201 quantiles of the bad scores; `from_dict` reads it back."""
        kept = self.bad if len(self.bad) <= 201 else np.quantile(self.bad, np.linspace(0, 1, 201))
        bad = [round(float(score), 4) for score in kept]
        return {"slope": self.slope, "bias": self.bias, "share": self.share, "bad": bad, "best_f1": self.best_f1}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what `as_dict` wrote."""
        return cls(data["slope"], data["bias"], data["share"], np.array(data["bad"], np.float64), data["best_f1"])


def best_f1_score(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """The score from which on answering gives the best F1, averaged over neighbours: a single peak is luck."""
    order = np.argsort(-scores, kind="stable")
    ranked, n = scores[order], len(good)
    f1 = 2 * np.cumsum(good[order]) / (np.arange(1, n + 1) + good.sum())
    half = int(n * _NEIGHBOURS / 2)
    smooth = np.convolve(np.pad(f1, half, mode="edge"), np.ones(2 * half + 1) / (2 * half + 1), "valid")
    best = int(smooth.argmax())
    return float((ranked[best] + ranked[min(best + 1, n - 1)]) / 2)


def upper_quantile(scores: NDArray[np.float64], rate: float) -> float:
    """The value that a share ``rate`` of the distribution behind ``scores`` (sorted) exceeds.

    Beyond the sample the tail is continued as an exponential one, fitted on its upper part.
    """
    n = len(scores)
    exceeding = (n - np.arange(n) - 0.5) / n  # the share above each score, falling
    if rate >= exceeding[-1]:
        return float(np.interp(-rate, -exceeding, scores))
    tail = min(max(int(n * _TAIL), 2), n)
    slope, at_one = np.polyfit(np.log(exceeding[-tail:]), scores[-tail:], 1)
    return float(max(slope * math.log(rate) + at_one, scores[-1]))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-min(max(x, -60.0), 60.0)))


def _logit(share: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(share / (1 - share))
