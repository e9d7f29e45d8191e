"""What a model adds to the citation check: ``tests/bench/entailment.py CMRC.json[.xz] MODEL [--items N]``.

MODEL is a folder with a sentence encoder. Its verdicts (`rag.verify.entailment`: 0 unrelated, 1 the same) on even
paragraphs alone: question and answer as a free sentence, beside their paragraph and beside the runner-up; and on the
paraphrases of ``tests/data/paraphrases.jsonl``: beside their own passage, false ones, and beside other passages.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from citations import items_of

from rag.neural.embedder import NeuralEmbedder
from rag.verify.alignment import ground
from rag.verify.check import SAVES
from rag.verify.entailment import ModelEntailment, entailment_of
from rag.verify.text import read

PARAPHRASES = Path(__file__).parents[1] / "data" / "paraphrases.jsonl"


def verdict(judge: ModelEntailment, sentence: str, passage: str) -> float:
    """As the check asks; -1 where the model is blind."""
    parts, sentences = read(sentence).sentences, read(passage).sentences
    best = dict.fromkeys(span.text for part in parts for span in ground(part, sentences).sentences)
    score = judge.entails(sentence, [" ".join(best), passage])
    return -1.0 if score is None else score


def show(name: str, scores: Sequence[float]) -> None:
    """One line."""
    marks = " ".join(f"{np.quantile(scores, q):.2f}" for q in (0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 1.0))
    blind, saved = (np.mean([test(score) for score in scores]) for test in (lambda s: s < 0, lambda s: s >= SAVES))
    print(f"{name:34} n {len(scores):4}  blind {blind:.2f}  would be saved {saved:.2f}  quantiles {marks}")


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--items", type=int, default=60)
    options = parser.parse_args()
    judge = entailment_of(NeuralEmbedder(options.model, device="cpu"), None)
    assert judge is not None
    items = [item for item in items_of(options.path, 0) if item.runner_up]
    chosen = random.Random(6).sample(items, options.items)
    free = [f"{item.question.rstrip('？?')}，{item.answer}。" for item in chosen]
    show("zh question with answer, own", [verdict(judge, s, i.passage) for s, i in zip(free, chosen, strict=True)])
    show(
        "zh question with answer, runner-up",
        [verdict(judge, s, i.runner_up) for s, i in zip(free, chosen, strict=True)],
    )
    rows = [json.loads(line) for line in PARAPHRASES.read_text("utf-8").splitlines()]
    for language in ("zh", "en"):
        own = [row for row in rows if row["kind"].startswith(language)]
        passages = list(dict.fromkeys(row["passage"] for row in own))[:4]
        true = [row for row in own if row["supported"]]
        show(f"{language} faithful, own", [verdict(judge, row["sentence"], row["passage"]) for row in true])
        false = [row for row in own if not row["supported"]]
        show(f"{language} false, own", [verdict(judge, row["sentence"], row["passage"]) for row in false])
        others = [(row["sentence"], p) for row in true for p in passages if p != row["passage"]]
        show(f"{language} faithful, other passage", [verdict(judge, *pair) for pair in others])


if __name__ == "__main__":
    main()
