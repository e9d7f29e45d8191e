"""Measures a gate on labelled messages, honestly: nothing is chosen on the messages that are reported on.

Knows no files and no command line; `qunda eval` prints what these functions return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import Question
from rag.gate.calibration import DIAL_SHARE
from rag.gate.context import standalone_text
from rag.gate.examples import LabelledExample, default_examples
from rag.gate.measured import Examples, Search, measure_examples
from rag.gate.prior import Prior, default_prior, fit_prior
from rag.gate.relevance import RelevanceGate
from rag.gate.training import fit_gate, make_folds
from rag.protocols import Embedder

DIALS = (5.0, 10.0, 20.0, 50.0)
BINS = 10
MIN_FOR_PRIOR = (
    5  # labels of either kind; with fewer the coefficients would say what these few happen to have in common
)


@dataclass(frozen=True, slots=True)
class EvalItem:
    """A labelled message; ``block`` groups neighbours that must not be split between training and test."""

    text: str
    answer: bool
    block: int | str = 0


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a gate said of n messages: labels, scores, calibrated log-odds at a share of one half, decisions.

    ``best_f1`` are decisions at the best-F1 threshold of the training side, ``dials`` (n, len(asked)) at each dial.
    ``thresholds`` are the probabilities (as ``probabilities`` states them) of those: best F1 first, then each dial.
    """

    good: NDArray[np.bool_]
    scores: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    best_f1: NDArray[np.bool_]
    dials: NDArray[np.bool_]
    asked: tuple[float, ...]
    thresholds: NDArray[np.float64]
    shipped_priors: int = 0  # gates of a cross-validation whose training side was too small to fit a prior on

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Calibrated probabilities at the share of good messages among these."""
        return _probability(self.log_odds, float(self.good.mean()))


def measure(gate: RelevanceGate, items: Sequence[EvalItem], search: Search) -> dict[str, Any]:
    """How ``gate`` does on ``items``, which it must not have been trained on: the object of ``qunda eval --json``."""
    return summarise(predict(gate, items, search, (gate.dial,)), gate.dial)


def predict(
    gate: RelevanceGate, items: Sequence[EvalItem], search: Search, asked: Sequence[float] = DIALS
) -> Predictions:
    """What ``gate`` says of every item."""
    questions = [Question(item.text) for item in items]
    scores = np.array([gate.score(question, search(standalone_text(question))) for question in questions])
    return predictions_of(gate, scores, np.array([item.answer for item in items], bool), asked)


def predictions_of(
    gate: RelevanceGate, scores: NDArray[np.float64], good: NDArray[np.bool_], asked: Sequence[float]
) -> Predictions:
    """Scores (n,) turned into probabilities and decisions by the calibration of ``gate``."""
    calibration = gate.calibration
    cuts = np.array([calibration.best_f1, *(calibration.threshold(dial) for dial in asked)])
    odds = np.array([calibration.log_odds(float(score), 0.5) for score in scores])
    at_cuts = np.array([calibration.log_odds(float(cut), 0.5) for cut in cuts])
    decisions = scores[:, None] >= cuts
    return Predictions(good, scores, odds, decisions[:, 0], decisions[:, 1:], tuple(asked), at_cuts)


def cross_validate(
    items: Sequence[EvalItem],
    k: int,
    seed: int,
    search: Search,
    embedder: Embedder,
    *,
    asked: Sequence[float] = DIALS,
    defaults: bool = True,
) -> Predictions:
    """Predictions for every item by a gate that has seen no item of its block; the prior is refitted in each fold.

    Blocks are dealt to ``k`` folds by a permutation that ``seed`` fixes. Summarise with `summarise`.
    """
    measured = measure_items(items, search, embedder)
    extra = measure_examples(default_examples(), search, embedder) if defaults else None
    return cross_validate_measured(measured, [item.block for item in items], k, seed, embedder, extra, asked)


def measure_items(items: Sequence[EvalItem], search: Search, embedder: Embedder) -> Examples:
    """The items as numbers, to be reused over several cross-validations."""
    labelled = [LabelledExample(item.text, item.answer, source="file") for item in items]
    return measure_examples(labelled, search, embedder)


def cross_validate_measured(
    examples: Examples,
    blocks: Sequence[int | str],
    k: int,
    seed: int,
    embedder: Embedder,
    extra: Examples | None = None,
    asked: Sequence[float] = DIALS,
) -> Predictions:
    """The work behind `cross_validate`, on examples that are numbers already."""
    folds = deal_blocks(blocks, k, seed)
    parts: list[tuple[NDArray[np.int64], Predictions]] = []
    shipped = 0
    for fold in range(k):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        training = examples.take(inside)
        inner = folds[inside] if k > 2 else make_folds(training)  # of two folds one is left: it has to be cut itself
        gate = fit_side(training, inner, embedder, extra)
        shipped += gate.prior is default_prior()
        held = examples.take(outside)
        parts.append((outside, predictions_of(gate, gate.scores(held), held.good, asked)))
    return replace(_joined(parts), shipped_priors=shipped)


def fit_side(
    training: Examples,
    folds: NDArray[np.int64],
    embedder: Embedder,
    extra: Examples | None = None,
    prior: Prior | None = None,
) -> RelevanceGate:
    """A gate of one training side with the prior fitted on it too (unless given); ``extra`` is never held out.

    A side that is too small for that (`fits_prior`) takes the prior that ships with the project.
    """
    if prior is None:
        fits = fits_prior(training.good, folds)
        prior = fit_prior(training.base, training.good, folds) if fits else default_prior()
    if extra is None:
        return fit_gate(training, prior, embedder, folds=folds)
    outside = np.full(len(extra.items), -1, np.int64)
    return fit_gate(training.joined(extra), prior, embedder, folds=np.concatenate([folds, outside]))


def fits_prior(good: NDArray[np.bool_], folds: NDArray[np.int64]) -> bool:
    """Whether labels (n,) can be held out fold by fold with enough of either kind left to fit a prior on."""
    left = [good[folds != fold] for fold in np.unique(folds)]
    return bool(left) and all(min(side.sum(), (~side).sum()) >= MIN_FOR_PRIOR for side in left)


def deal_blocks(blocks: Sequence[int | str], k: int, seed: int) -> NDArray[np.int64]:
    """The fold of every item: whole blocks, dealt in turn by a seeded permutation."""
    names = sorted(set(blocks), key=str)
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[number]: place % k for place, number in enumerate(order.tolist())}
    return np.array([fold_of[block] for block in blocks], np.int64)


def _joined(parts: Sequence[tuple[NDArray[np.int64], Predictions]]) -> Predictions:
    order = np.argsort(np.concatenate([at for at, _ in parts]))

    def column(name: str) -> NDArray[Any]:
        return np.asarray(np.concatenate([getattr(part, name) for _, part in parts])[order])

    thresholds = np.mean([part.thresholds for _, part in parts], axis=0)
    good, scores, log_odds, best_f1, dials = map(column, ("good", "scores", "log_odds", "best_f1", "dials"))
    return Predictions(good, scores, log_odds, best_f1, dials, parts[0][1].asked, thresholds)


def summarise(predictions: Predictions, dial: float) -> dict[str, Any]:
    """The object of ``qunda eval --json``: see the command's documentation for the keys."""
    good = predictions.good
    share = float(good.mean())
    at_dial = predictions.dials[:, predictions.asked.index(dial)]
    thresholds = _probability(predictions.thresholds, share)
    return {
        "n": len(good),
        "positives": int(good.sum()),
        "roc_auc": roc_auc(predictions.log_odds, good),
        "ece": expected_calibration_error(predictions.probabilities, good),
        "best_f1": {"threshold": float(thresholds[0]), **decision_numbers(predictions.best_f1, good)},
        "dial": {
            "threshold": float(thresholds[1 + predictions.asked.index(dial)]),
            **decision_numbers(at_dial, good),
            "asked": dial,
        },
    }


def decision_numbers(answered: NDArray[np.bool_], good: NDArray[np.bool_]) -> dict[str, float]:
    """F1, precision, recall and unwanted replies per 1,000 messages of which one in ten wants an answer."""
    right = float((answered & good).sum())
    rate = float((answered & ~good).sum()) / max(float((~good).sum()), 1.0)
    return {
        "f1": 2 * right / max(float(answered.sum() + good.sum()), 1.0),
        "precision": right / max(float(answered.sum()), 1.0),
        "recall": right / max(float(good.sum()), 1.0),
        "unwanted_per_1000": 1000 * (1 - DIAL_SHARE) * rate,
    }


def roc_auc(scores: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """The chance that a good message scores above a bad one (ties count half); 0.5 where a class is missing."""
    if good.all() or not good.any():
        return 0.5
    _, number, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[number]
    positives = int(good.sum())
    return float((ranks[good].sum() - positives * (positives + 1) / 2) / (positives * (len(good) - positives)))


def expected_calibration_error(probabilities: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """Mean distance of probability and frequency over ten equal-width bins (Naeini et al. 2015)."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = [abs(float((good[bins == b] - probabilities[bins == b]).sum())) for b in range(BINS)]
    return sum(gaps) / max(len(good), 1)


def _probability(log_odds: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return np.asarray(1 / (1 + np.exp(-(log_odds + np.log(share / (1 - share))))), np.float64)
