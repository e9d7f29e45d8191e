"""The learning curve: how good a gate is after so many labels. Knows examples that are numbers already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.gate.evaluation import deal_blocks, decision_numbers, fit_side, fits_prior, predictions_of, roc_auc
from rag.gate.measured import Examples
from rag.gate.prior import Prior, default_prior, fit_prior
from rag.gate.training import make_folds
from rag.protocols import Embedder

SIZES = (20, 50, 100, 200, 500)
FOLDS = 5


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean and spread (standard deviation) over the draws of one size."""

    labels: int
    f1: float
    f1_spread: float
    roc_auc: float


def learning_curve(
    examples: Examples,
    blocks: Sequence[int | str],
    embedder: Embedder,
    extra: Examples | None = None,
    *,
    sizes: Sequence[int] = SIZES,
    draws: int = 20,
    prior: Prior | None = None,
    step: Callable[[int, int], None] | None = None,
) -> list[CurvePoint]:
    """Draw labels from the training blocks, fit, and measure on the blocks held out, ``draws`` times for each size.

    The prior is fitted on the training blocks without the draw; give ``prior`` where it has not seen these messages.
    Sizes that the training blocks do not hold are left out.
    """
    points = []
    for number, size in enumerate(sizes):
        results = []
        for draw in range(draws):
            if step is not None:
                step(number * draws + draw, len(sizes) * draws)
            folds = deal_blocks(blocks, FOLDS, draw)
            inside, outside = np.flatnonzero(folds != draw % FOLDS), np.flatnonzero(folds == draw % FOLDS)
            if size + (0 if prior else 30) <= len(inside) and len(outside):
                chosen = np.random.default_rng((size, draw)).permutation(inside)
                results.append(_one(examples, chosen[:size], chosen[size:], outside, folds, embedder, extra, prior))
        if results:
            f1, auc = np.array(results).T
            points.append(CurvePoint(size, float(f1.mean()), float(f1.std()), float(auc.mean())))
    return points


def _one(
    examples: Examples,
    drawn: NDArray[np.int64],
    rest: NDArray[np.int64],
    outside: NDArray[np.int64],
    folds: NDArray[np.int64],
    embedder: Embedder,
    extra: Examples | None,
    prior: Prior | None,
) -> tuple[float, float]:
    if prior is None:
        fits = fits_prior(examples.good[rest], folds[rest])
        prior = fit_prior(examples.base[rest], examples.good[rest], folds[rest]) if fits else default_prior()
    training, held = examples.take(np.sort(drawn)), examples.take(outside)
    gate = fit_side(training, make_folds(training), embedder, extra, prior)
    predictions = predictions_of(gate, gate.scores(held), held.good, (gate.dial,))
    return decision_numbers(predictions.best_f1, held.good)["f1"], roc_auc(predictions.log_odds, held.good)
