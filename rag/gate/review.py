"""Finds what is odd among examples: near-duplicates, contradictions, likely label errors. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag.gate.examples import LabelledExample
from rag.gate.measured import Search, measure_examples
from rag.gate.prior import Prior, default_prior
from rag.gate.training import held_out_scores, make_folds
from rag.gate.wording import canonical
from rag.protocols import Embedder

NEAR = 0.92  # cosine from which two examples say the same
UNLIKELY = 2.0  # log-odds against the label from which it is reported

Kind = Literal["duplicate", "contradiction", "label"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd: ``first`` (and ``second``, for pairs) ; ``strength``: cosine, or how surely the label is wrong."""

    kind: Kind
    first: LabelledExample
    second: LabelledExample | None
    strength: float


def review(
    examples: Sequence[LabelledExample], search: Search, embedder: Embedder, *, prior: Prior | None = None
) -> list[Finding]:
    """Everything odd, contradictions first, then likely label errors, then near-duplicates; each strongest first."""
    findings = [*_pairs(examples, embedder), *_labels(examples, search, embedder, prior or default_prior())]
    order = {"contradiction": 0, "label": 1, "duplicate": 2}
    return sorted(findings, key=lambda finding: (order[finding.kind], -finding.strength))


def _pairs(examples: Sequence[LabelledExample], embedder: Embedder) -> list[Finding]:
    texts = [canonical(example.text) for example in examples]
    vectors = embedder.embed(texts)
    findings = []
    for first in range(len(examples)):
        near = vectors[first + 1 :] @ vectors[first]
        for second in np.flatnonzero(near >= NEAR).tolist():
            a, b = examples[first], examples[first + 1 + second]
            kind: Kind = "duplicate" if a.good == b.good else "contradiction"
            findings.append(Finding(kind, a, b, round(float(near[second]), 3)))
    return findings


def _labels(examples: Sequence[LabelledExample], search: Search, embedder: Embedder, prior: Prior) -> list[Finding]:
    """Labels that a model trained without them finds unlikely (confident learning: Northcutt et al. 2021)."""
    good = np.array([example.good for example in examples], bool)
    if min(good.sum(), (~good).sum()) < 5:
        return []
    measured = measure_examples(examples, search, embedder)
    scored = np.ones(len(examples), bool)
    scores = held_out_scores(measured, prior, embedder, make_folds(measured), scored)
    against = np.where(good, -scores, scores)
    return [
        Finding("label", examples[i], None, round(float(1 / (1 + np.exp(-against[i]))), 3))
        for i in np.argsort(-against).tolist()
        if against[i] >= UNLIKELY and examples[i].source != "default"
    ]
