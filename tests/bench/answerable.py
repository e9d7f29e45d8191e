"""Fits and measures the check whether passages answer a question, on a SQuAD-style file.

``python tests/bench/answerable.py CMRC.json[.xz] [--fit]``. Questions of paragraphs with an even index are fitted on,
in a base of all and in smaller ones, each with its paragraph there and hidden; those with an odd index are reported.
``--fit`` writes rag/defaults/answerable.json.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from answers import Case, load

from rag.answerable import FEATURES, FILE, Model, default_model, features
from rag.base import Evidence
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.extractive import MIN_SUPPORT_OVERHEARD, extract
from rag.gate.evaluation import expected_calibration_error
from rag.knowledge import open_current
from rag.retriever import HybridRetriever
from rag.tokens import tokenize

TOP_K = 8  # as config.ini has it
SIZES = (300, 80)  # paragraphs of the small bases
PENALTY = 0.3
REPEATED, CROWDED = 0.25, 0.125  # of the rows fitted on: a base where others say nearly the same, and where many do
UNNAMED = 0.15  # of the same: passages that do not say what they are about
# Levels, from the fitted half in the base of all paragraphs: so many of the questions whose paragraph is hidden are
# given up on, or so few of those that can be answered. What was overheard has passed the gate besides; a language model
# abstains by itself, and people's messages are longer and looser than questions.
MENTION_HIDDEN, OVERHEARD_FALSE, MODEL_FALSE = 0.92, 0.01, 0.001


@dataclass(frozen=True)
class Row:
    """A question with its paragraph there or hidden: its numbers, and whether a quoted answer holds the gold one."""

    paragraph: int
    there: bool
    quoted: bool
    overheard: bool
    right: bool
    values: tuple[float, ...]


@contextmanager
def base(paragraphs: dict[int, str]) -> Iterator[HybridRetriever]:
    """A base with these paragraphs, one document each."""
    with TemporaryDirectory() as folder:
        documents, root = Path(folder, "documents"), Path(folder, "knowledge")
        documents.mkdir()
        for i, text in paragraphs.items():
            Path(documents, f"{i}.txt").write_text(text, "utf-8")
        embedder = LexicalEmbedder()
        build([documents], root, embedder)
        yield HybridRetriever([open_current(root, "default")], embedder)


def without(evidence: Evidence, uri: str, text: str, passages: int) -> Evidence:
    """What would have been found had the document not been there: hits, sums and counts are as in a base without."""
    kept = [hit for hit in evidence.hits if hit.passage.uri != uri][:TOP_K]
    if not kept:
        return Evidence(evidence.text)
    best = float(evidence.bm25[0]) if len(evidence.bm25) else 0.0
    sums = {hit.passage.id: hit.scores.get("bm25", 0.0) * best for hit in kept}
    top, score = max(sums.values()) or 1.0, kept[0].score
    hits = tuple(
        replace(hit, score=hit.score / score, scores={**hit.scores, "bm25": sums[hit.passage.id] / top}) for hit in kept
    )
    gone, terms = set(tokenize(text)), []
    for term in evidence.terms:
        df = max(0, term.df - (term.text in gone))
        terms.append(replace(term, df=df, idf=math.log1p((passages - 1 - df + 0.5) / (df + 0.5))))
    return Evidence(evidence.text, hits, np.array(sorted(sums.values())[::-1], np.float32), terms=tuple(terms))


def rows(cases: Sequence[Case], retriever: HybridRetriever, paragraphs: Sequence[str]) -> Iterator[Row]:
    """Two rows for each question."""
    for case in cases:
        found = retriever.search(case.question, 2 * TOP_K)
        there = Evidence(found.text, found.hits[:TOP_K], found.bm25[:TOP_K], terms=found.terms)
        hidden = without(found, f"{case.paragraph}.txt", paragraphs[case.paragraph], len(retriever))
        for evidence in (there, hidden):
            answer = extract(evidence)
            right = answer is not None and any(gold in answer.text for gold in case.answers)
            values = features(evidence) or ((0.0,) * len(FEATURES))
            overheard = extract(evidence, min_support=MIN_SUPPORT_OVERHEARD) is not None
            yield Row(case.paragraph, evidence is there, answer is not None, overheard, right, values)


def small_rows(paragraphs: Sequence[str], cases: Sequence[Case]) -> list[Row]:
    """What small bases of paragraphs with an even index give: rarity and margins differ there."""
    even, found = range(0, len(paragraphs), 2), list[Row]()
    for size in SIZES:
        chosen = random.Random(size).sample(even, size)
        with base({i: paragraphs[i] for i in chosen}) as retriever:
            found += rows([case for case in cases if case.paragraph in chosen], retriever, paragraphs)
    return found


def repeated(values: np.ndarray) -> np.ndarray:
    """The rows, some of them as in a base that repeats itself, as documentation does: small margins say nothing there.

    Every paragraph of the file speaks of something of its own, so margins would count for more than they are worth. And
    nearly every one opens with the name of it, which a part of a manual does not.
    """
    generator, values = np.random.default_rng(0), values.copy()
    margin, depth = FEATURES.index("margin"), FEATURES.index("depth")
    chances = generator.random(len(values))
    values[:, margin] = np.where(
        chances < REPEATED, np.minimum(values[:, margin], generator.uniform(0, 0.2, len(values))), values[:, margin]
    )
    near = values[:, margin] + generator.uniform(0, 0.4, len(values))
    values[:, depth] = np.where(chances < CROWDED, np.minimum(values[:, depth], near), values[:, depth])
    named = FEATURES.index("named")
    values[:, named] = np.where(generator.random(len(values)) < UNNAMED, 0.0, values[:, named])
    return values


def fit(found: Sequence[Row]) -> dict[str, object]:
    """The coefficients as the file holds them, without levels."""
    from sklearn.linear_model import LogisticRegression

    values, there = np.array([row.values for row in found]), np.array([row.there for row in found])
    values = repeated(values)
    mean, scale = values.mean(0), values.std(0)
    scale[scale == 0] = 1
    model = LogisticRegression(C=PENALTY, max_iter=2000).fit((values - mean) / scale, there)
    columns = {
        name: {"weight": round(float(w), 4), "mean": round(float(m), 4), "scale": round(float(s), 4)}
        for name, w, m, s in zip(FEATURES, model.coef_[0], mean, scale, strict=True)
    }
    return {"features": columns, "bias": round(float(model.intercept_[0]), 4)}


def levels(model: Model, found: Sequence[Row]) -> dict[str, float]:
    """The probabilities from which on an answer is given."""
    there = [model.probability(row.values) for row in found if row.there]
    hidden = [row for row in found if not row.there]
    values = {
        "mention": np.quantile([model.probability(row.values) * row.quoted for row in hidden], MENTION_HIDDEN),
        "overheard": np.quantile(there, OVERHEARD_FALSE),
        "model": np.quantile(there, MODEL_FALSE),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def report(model: Model, found: Sequence[Row]) -> Iterator[str]:
    """A line for each half and level."""
    from sklearn.metrics import roc_auc_score

    for half, name in enumerate(("even (fitted)", "odd")):
        chosen = [row for row in found if row.paragraph % 2 == half]
        chances = np.array([model.probability(row.values) for row in chosen])
        there, quoted, overheard, right = (
            np.array([getattr(row, key) for row in chosen]) for key in ("there", "quoted", "overheard", "right")
        )
        auc, off = roc_auc_score(there, chances), expected_calibration_error(chances, there)
        yield f"{name}: {there.sum()} questions, AUC {auc:.4f}, ECE {off:.4f}"
        for who, level in model.levels.items():
            given = chances >= level
            given = given & (True if who == "model" else overheard if who == "overheard" else quoted)
            shares = np.mean(~given[~there]), np.mean(~given[there]), np.mean((given & right)[there])
            line = "hidden abstained {:.4f}, false abstention {:.4f}, gold answer quoted {:.4f}".format(*shares)
            yield f"  {who:9} at {level:.3f}: {line}"


def main() -> None:
    """Fit where that is asked for, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--fit", action="store_true", help="fit, and write the coefficients")
    arguments = parser.parse_args()
    paragraphs, cases = load(arguments.path)
    with base(dict(enumerate(paragraphs))) as retriever:
        whole = list(rows(cases, retriever, paragraphs))
    if arguments.fit:
        even = [row for row in whole if row.paragraph % 2 == 0]
        data = {**fit([*even, *small_rows(paragraphs, cases)]), "levels": {}}
        data["levels"] = levels(Model.from_dict(data), even)
        FILE.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
        default_model.cache_clear()
    for line in report(default_model(), whole):
        print(line)


if __name__ == "__main__":
    main()
