"""The relevance gate on labelled messages: quality, each family of features taken away, learning curve, cost.

``python tests/bench/gate.py KNOWLEDGE MESSAGES [--bert DIR] [--minilm DIR] [--seeds 10] [--svg FILE]``: KNOWLEDGE is
a folder of documents, MESSAGES lines of ``{"text", "answer", "block"}``. Blocks are dealt to five folds by each seed;
everything fitted, the prior included, is refitted in each fold, and thresholds come from held-out scores of the
training side.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from encoders import CorpusEmbedder, bert_encoder, minilm_encoder

from rag.base import Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.gate import LabelledExample, RelevanceGate, default_examples, train_gate
from rag.gate.columns import TermRow
from rag.gate.curve import learning_curve
from rag.gate.evaluation import (
    DIALS,
    EvalItem,
    Predictions,
    cross_validate_measured,
    decision_numbers,
    measure_examples,
    measure_items,
    summarise,
)
from rag.gate.measured import Examples, Search
from rag.gate.plot import draw
from rag.knowledge import open_current
from rag.protocols import Embedder
from rag.retriever import HybridRetriever

K = 5
TOP_K = 8
EXAMPLES = 2000


@dataclass
class Bench:
    """What every row needs: messages and shipped examples as numbers."""

    items: list[EvalItem]
    search: Search
    embedder: Embedder
    seeds: int

    def __post_init__(self) -> None:
        self.messages = measure_items(self.items, self.search, self.embedder)
        self.shipped = measure_examples(default_examples(), self.search, self.embedder)

    def validate(
        self, change: Callable[[Examples], Examples] = lambda examples: examples, *, shipped: bool = True
    ) -> list[Predictions]:
        """One prediction set for each seed."""
        blocks = [item.block for item in self.items]
        messages, extra = change(self.messages), change(self.shipped) if shipped else None
        return [cross_validate_measured(messages, blocks, K, seed, self.embedder, extra) for seed in range(self.seeds)]


def row(name: str, runs: Sequence[Predictions]) -> None:
    """A line of the table."""
    found = [summarise(run, 20.0) for run in runs]
    f1 = np.array([one["best_f1"]["f1"] for one in found])
    auc = np.array([one["roc_auc"] for one in found])
    ece = np.mean([one["ece"] for one in found])
    recall = np.mean([one["dial"]["recall"] for one in found])
    unwanted = np.mean([one["dial"]["unwanted_per_1000"] for one in found])
    print(
        f"| {name} | {f1.mean():.3f} ± {f1.std():.3f} | {auc.mean():.3f} ± {auc.std():.3f} | {ece:.3f} "
        f"| {recall:.3f} | {unwanted:.1f} |",
        flush=True,
    )


def dials(runs: Sequence[Predictions]) -> None:
    """Realised rates over all held-out folds and seeds, with the 95% interval of one set of messages (Wilson)."""
    print("\n| dial | unwanted per 1,000 | interval | recall | F1 |\n|---|---|---|---|---|")
    for number, dial in enumerate(DIALS):
        found = [decision_numbers(run.dials[:, number], run.good) for run in runs]
        rate, recall, f1 = (
            float(np.mean([one[key] for one in found])) for key in ("unwanted_per_1000", "recall", "f1")
        )
        low, high = wilson(rate / 900, int((~runs[0].good).sum()))
        print(f"| {dial:g} | {rate:.1f} | {900 * low:.1f} to {900 * high:.1f} | {recall:.3f} | {f1:.3f} |")


def wilson(rate: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% interval of a rate over n trials (Wilson 1927)."""
    middle, width = rate + z * z / (2 * n), z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return (middle - width) / (1 + z * z / n), (middle + width) / (1 + z * z / n)


def blank(name: str) -> Callable[[Examples], Examples]:
    """Takes one family of features out of the examples."""

    def change(examples: Examples) -> Examples:
        nothing = tuple(np.zeros(0, np.uint64) for _ in examples.items)
        pieces = change(examples.pieces) if examples.pieces is not None else None
        if name == "wording":
            return replace(examples, wording=nothing, pieces=pieces)
        if name == "knowledge":
            return replace(examples, base=np.zeros_like(examples.base), pieces=pieces)
        if name == "stores":
            return replace(examples, vectors=np.zeros_like(examples.vectors), pieces=pieces)
        if name == "chatter":
            none = TermRow((), np.zeros(0, np.int8), np.zeros(0, np.float32))
            return replace(examples, terms=tuple(none for _ in examples.items), pieces=pieces)
        return replace(examples, pieces=None)

    return change


def cost(bench: Bench) -> None:
    """Time of a decision, of a training and of one more example, with 2,000 examples."""
    texts = [item.text for item in bench.items]
    many = [
        LabelledExample(item.text + ("" if n < len(texts) else f" {n}"), item.answer, source="file")
        for n, item in enumerate((bench.items * (EXAMPLES // len(texts) + 1))[:EXAMPLES])
    ]
    started = time.perf_counter()
    gate: RelevanceGate = train_gate(many, bench.search, bench.embedder, unwanted_per_1000=20, expected_share=0.1)
    print(f"\ntraining on {len(many)} examples: {time.perf_counter() - started:.1f} s in the background")
    started = time.perf_counter()
    gate = gate.with_examples([LabelledExample("一条新的例子", False, source="group")])
    print(f"one more example is in effect after {1000 * (time.perf_counter() - started):.1f} ms")
    times = []
    for text in texts:
        evidence = bench.search(text)
        started = time.perf_counter()
        gate.decide(Question(text), evidence)
        times.append(1000 * (time.perf_counter() - started))
    print(f"a decision on found evidence: p50 {np.quantile(times, 0.5):.2f} ms, p99 {np.quantile(times, 0.99):.2f} ms")


def neural(name: str, path: str, bench: Bench, make: Callable[[Path], Callable[[str], np.ndarray]]) -> None:
    """The row with an encoder, or a line saying why there is none."""
    if not path:
        print(f"| with {name} | skipped: no path given | | | | |")
        return
    try:
        embedder = CorpusEmbedder(name, make(Path(path)), [item.text for item in bench.items])
    except (ImportError, StopIteration, OSError) as error:
        print(f"| with {name} | skipped: {error!r}; needs onnx, onnxruntime, tokenizers | | | | |")
        return
    row(f"with {name}", Bench(bench.items, bench.search, embedder, bench.seeds).validate())


def main() -> int:
    """Print the whole table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("knowledge", type=Path)
    parser.add_argument("messages", type=Path)
    parser.add_argument("--bert", default="")
    parser.add_argument("--minilm", default="")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.messages.read_text("utf-8").splitlines() if line.strip()]
    items = [EvalItem(line["text"], line["answer"], line.get("block", n)) for n, line in enumerate(lines)]
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as folder:
        build([options.knowledge], Path(folder), embedder)
        retriever = HybridRetriever([open_current(Path(folder), "default", embedder.id)], embedder)
        report(Bench(items, lambda text: retriever.search(text, TOP_K), embedder, options.seeds), options)
    return 0


def report(bench: Bench, options: argparse.Namespace) -> None:
    """Quality, dials, learning curve, cost."""
    print(f"{len(bench.items)} messages, mean ± deviation over {bench.seeds} assignments of blocks to {K} folds\n")
    print("| gate | F1 | AUC | ECE | recall at 20 | unwanted per 1,000 at 20 |\n|---|---|---|---|---|---|")
    runs = bench.validate()
    row("default", runs)
    for name in ("wording", "knowledge", "chatter", "stores", "pieces"):
        row(f"without {name}", bench.validate(blank(name)))
    row("without shipped examples", bench.validate(shipped=False))
    neural("BERT", options.bert, bench, bert_encoder)
    neural("MiniLM", options.minilm, bench, minilm_encoder)
    dials(runs)
    blocks = [item.block for item in bench.items]
    curve = learning_curve(bench.messages, blocks, bench.embedder, bench.shipped, draws=options.draws)
    print("\n| labels | F1 | deviation | AUC |\n|---|---|---|---|")
    for point in curve:
        print(f"| {point.labels} | {point.f1:.3f} | {point.f1_spread:.3f} | {point.roc_auc:.3f} |")
    cost(bench)
    if options.svg:
        options.svg.write_text(draw(runs[0], curve, "the relevance gate on held-out blocks"), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
