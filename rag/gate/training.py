"""Trains a gate from examples: searches them, fits the model, and calibrates on held-out scores. Runs in any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rag.gate.calibration import MIN_PER_CLASS, Calibration
from rag.gate.examples import LabelledExample
from rag.gate.learnt import Learnt, is_neural
from rag.gate.measured import Examples, Rerank, Search, TrainingCancelledError, measure_examples
from rag.gate.model import fit_model
from rag.gate.prior import Prior, default_prior
from rag.gate.relevance import RelevanceGate
from rag.gate.reranks import Reranks
from rag.gate.stores import ExampleStores
from rag.protocols import Embedder

FOLDS = 5
FADE = 50.0  # own examples at which the shipped ones, and the form in the prior, count half


def train_gate(
    examples: Sequence[LabelledExample],
    search: Search,
    embedder: Embedder,
    *,
    unwanted_per_1000: float,
    expected_share: float,
    cancelled: Callable[[], bool] | None = None,
    rerank: Rerank | None = None,
) -> RelevanceGate:
    """Train a gate; the same input gives the same gate. No examples at all give the prior.

    ``rerank``: scores what ``search`` found, where a reranker is in use.

    Raises:
        TrainingCancelledError: ``cancelled`` said so.
    """
    measured = measure_examples(examples, search, embedder, cancelled, rerank)
    gate = fit_gate(measured, default_prior(), embedder, cancelled=cancelled)
    return replace(gate, dial=unwanted_per_1000, expected_share=expected_share)


def fit_gate(
    examples: Examples,
    prior: Prior,
    embedder: Embedder,
    *,
    folds: NDArray[np.int64] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RelevanceGate:
    """The fit behind `train_gate`. ``folds`` (n,) says which examples are held out together; default: `make_folds`."""
    stores = ExampleStores(examples.items, examples.vectors)
    if not examples.items:
        return RelevanceGate(prior, None, stores, embedder, prior.calibration, calibrated=False)
    scored = np.array([item.source != "default" for item in examples.items], bool)
    enough = min(np.sum(examples.good & scored), np.sum(~examples.good & scored)) >= MIN_PER_CLASS
    calibration = prior.calibration
    if enough:
        folds = make_folds(examples) if folds is None else folds
        scores = held_out_scores(examples, prior, embedder, folds, scored, cancelled)
        calibration = Calibration.fit(scores[scored], examples.good[scored], prior.calibration)
    learnt = learn(examples, prior, embedder)
    return RelevanceGate(prior, learnt, stores, embedder, calibration, calibrated=bool(enough))


def learn(examples: Examples, prior: Prior, embedder: Embedder) -> Learnt:
    """Fit vocabulary and model on examples and on their pieces of chatter."""
    vocabulary, neural = examples.vocabulary(), is_neural(embedder)
    own = sum(item.source != "default" for item in examples.items)
    fade = FADE / (FADE + own)  # what was learnt elsewhere steps back before the examples of the group
    reranks = Reranks.fit(examples.reranks)
    rows = examples.rows(prior, vocabulary, examples, neural, reranks, same=True, form=fade)
    shipped = np.array([item.source == "default" for item in examples.items], bool)
    rows = replace(rows, weights=np.where(shipped, rows.weights * fade, rows.weights))
    pieces, more = examples.pieces, None
    if pieces and pieces.items:
        more = pieces.rows(prior, vocabulary, examples, neural, reranks, same=False, form=fade)
    return Learnt(vocabulary, fit_model(rows, more), fade, reranks)


def held_out_scores(
    examples: Examples,
    prior: Prior,
    embedder: Embedder,
    folds: NDArray[np.int64],
    scored: NDArray[np.bool_],
    cancelled: Callable[[], bool] | None = None,
) -> NDArray[np.float64]:
    """The score of every scored example from a model that has not seen its fold, shape (n,)."""
    scores = np.zeros(len(examples.items))
    for fold in np.unique(folds[scored]):
        if cancelled is not None and cancelled():
            raise TrainingCancelledError("training was cancelled")
        outside = (folds == fold) & scored
        inside = examples.take(np.flatnonzero(~outside))
        learnt, held = learn(inside, prior, embedder), examples.take(np.flatnonzero(outside))
        scores[outside] = learnt.scores(held, prior, inside, is_neural(embedder))
    return scores


def make_folds(examples: Examples) -> NDArray[np.int64]:
    """Stretches of neighbours per class: what stands together was often said together; equal texts share a fold."""
    folds = np.zeros(len(examples.items), np.int64)
    for label in (True, False):
        inside = np.flatnonzero(examples.good == label)
        folds[inside] = np.arange(len(inside)) * FOLDS // max(len(inside), 1)
    first: dict[str, int] = {}
    for number, text in enumerate(examples.texts):
        folds[number] = first.setdefault(text, int(folds[number]))
    return folds
