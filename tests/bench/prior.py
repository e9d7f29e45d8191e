"""Fits the prior that ships with the project: ``python tests/bench/prior.py KNOWLEDGE MESSAGES OUT.json``.

Coefficients only, no texts. Its calibration comes from what a gate that has nothing but the shipped examples says of
blocks that its prior has not seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.gate import default_examples
from rag.gate.calibration import Calibration
from rag.gate.evaluation import EvalItem, deal_blocks, measure_items
from rag.gate.measured import Examples, measure_examples
from rag.gate.prior import Prior, fit_prior
from rag.gate.training import learn
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

K = 10
TOP_K = 8


def main() -> int:
    """Write the prior."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("knowledge", type=Path)
    parser.add_argument("messages", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.messages.read_text("utf-8").splitlines() if line.strip()]
    items = [EvalItem(line["text"], line["answer"], line.get("block", n)) for n, line in enumerate(lines)]
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        build([options.knowledge], Path(folder), embedder)
        retriever = HybridRetriever([open_current(Path(folder), "default", embedder.id)], embedder)

        def search(text: str):  # type: ignore[no-untyped-def]
            return retriever.search(text, TOP_K)

        messages = measure_items(items, search, embedder)
        shipped = measure_examples(default_examples(), search, embedder)
    prior = fit(messages, shipped, deal_blocks([item.block for item in items], K, 0), embedder)
    options.out.write_text(json.dumps(prior.as_dict(), indent=1) + "\n", "utf-8")
    return 0


def fit(messages: Examples, shipped: Examples, folds: np.ndarray, embedder: LexicalEmbedder) -> Prior:
    """The prior of all messages, calibrated on held-out ones."""
    scores = np.zeros(len(messages.items))
    for fold in range(K):
        inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        seen = messages.take(inside)
        prior = fit_prior(seen.base, seen.good, folds[inside])
        learnt = learn(shipped, prior, embedder)
        scores[outside] = learnt.scores(messages.take(outside), prior, shipped, neural=False)
    prior = fit_prior(messages.base, messages.good, folds)
    return replace(prior, calibration=Calibration.fit(scores, messages.good))


if __name__ == "__main__":
    raise SystemExit(main())
