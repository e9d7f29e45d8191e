"""What a reranker would bring to the gate: ``python tests/bench/gate_reranker.py KNOWLEDGE MESSAGES [--seeds 4]``.

**The reranker is simulated.** It knows the label and adds noise that has nothing to do with the text, so that its own
AUC is what a row says; a real one errs where the other features err too, and brings less. Shipped examples get the
scores of bad messages, since no knowledge base answers them. This measures whether the gate makes use of a reranker
that is worth something, and is not hurt by one that is worth nothing, or that fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from gate import Bench, row

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.gate.curve import learning_curve
from rag.gate.evaluation import EvalItem, roc_auc
from rag.gate.measured import Examples
from rag.gate.reranks import to_score
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

TOP_K = 8
GAPS = {0.5: 0.0, 0.65: 0.545, 0.75: 0.954, 0.85: 1.466, 0.92: 1.987}  # AUC: distance of the classes in deviations
CHATTER, SPREAD = -3.0, 1.5  # log-odds of bad messages: mean and deviation
PASSAGE = 0.5  # deviation of one passage's score from its message's


def simulated(auc: float, failing: float = 0.0, seed: int = 0) -> Callable[[Examples], Examples]:
    """Gives examples the columns of a reranker whose best score has about this AUC; a share of messages has none."""

    def change(examples: Examples) -> Examples:
        rng = np.random.default_rng([seed, len(examples.items)])
        chosen = to_score(examples.items)
        found = np.full_like(examples.reranks, np.nan)
        for number, item in enumerate(examples.items):
            gap = GAPS[auc] * SPREAD if item.good and item.source != "default" else 0.0
            odds = CHATTER + gap + rng.normal(0, SPREAD) + rng.normal(0, PASSAGE, TOP_K)
            if chosen[number] and rng.random() >= failing:
                found[number] = odds.max()
        return replace(examples, reranks=found)

    return change


def alone(bench: Bench, auc: float) -> float:
    """The AUC that the simulated best scores have by themselves on these messages."""
    messages = simulated(auc)(bench.messages)
    return roc_auc(messages.reranks[:, 0].astype(np.float64), messages.good)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("knowledge", type=Path)
    parser.add_argument("messages", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.messages.read_text("utf-8").splitlines() if line.strip()]
    items = [EvalItem(line["text"], line["answer"], line.get("block", n)) for n, line in enumerate(lines)]
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        build([options.knowledge], Path(folder), embedder)
        retriever = HybridRetriever([open_current(Path(folder), "default", embedder.id)], embedder)
        bench = Bench(items, lambda text: retriever.search(text, TOP_K), embedder, options.seeds)
    rows = {"no reranker": None, **{f"simulated, AUC {alone(bench, auc):.2f}": simulated(auc) for auc in GAPS}}
    rows[f"simulated, AUC {alone(bench, 0.85):.2f}, fails for 30%"] = simulated(0.85, 0.3)
    print("| gate | F1 | AUC | ECE | recall at 20 | unwanted per 1,000 at 20 |\n|---|---|---|---|---|---|")
    for name, change in rows.items():
        row(name, bench.validate(change) if change else bench.validate())
    print("\n| labels | reranker | F1 | AUC |\n|---|---|---|---|")
    blocks = [item.block for item in items]
    few = {"no reranker": None, **{f"simulated, AUC {alone(bench, auc):.2f}": simulated(auc) for auc in (0.5, 0.85)}}
    for name, change in few.items():
        messages, shipped = (change(part) if change else part for part in (bench.messages, bench.shipped))
        for point in learning_curve(messages, blocks, embedder, shipped, sizes=(20, 100), draws=options.draws):
            print(f"| {point.labels} | {name} | {point.f1:.3f} | {point.roc_auc:.3f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
