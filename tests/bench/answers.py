"""How good extractive answers are on a SQuAD-style file: containment of the gold answer, length, abstention.

``python tests/bench/answers.py CMRC.json[.xz] [--fit]``. What is fitted is fitted on paragraphs with an even index;
both halves are reported. Two settings: the gold paragraph as the only hit, and the project's own retrieval, with the
gold paragraph there and hidden.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rag.asked import asked
from rag.base import Evidence, Hit, Passage, Term
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.extractive import MIN_SUPPORT, extract
from rag.knowledge import open_current
from rag.retriever import HybridRetriever
from rag.scoring import FEATURES, FILE, Weights, default_weights, score_units, sections
from rag.tokens import classify, tokenize

PENALTY = 0.001  # of the squared weights


@dataclass(frozen=True)
class Case:
    """A question with its gold paragraph (an index) and answers."""

    question: str
    paragraph: int
    answers: tuple[str, ...]


def load(path: Path) -> tuple[list[str], list[Case]]:
    """Paragraphs and questions of a SQuAD-format file, plain or xz."""
    raw = path.read_bytes()
    data = json.loads(lzma.decompress(raw) if path.suffix == ".xz" else raw)["data"]
    paragraphs = [paragraph for article in data for paragraph in article["paragraphs"]]
    cases = [
        Case(qa["question"], index, tuple(answer["text"] for answer in qa["answers"]))
        for index, paragraph in enumerate(paragraphs)
        for qa in paragraph["qas"]
    ]
    return [paragraph["context"] for paragraph in paragraphs], cases


class Corpus:
    """The paragraphs with BM25 of their own (k1 1.5, b 0.75), so that this benchmark needs no index on disk."""

    def __init__(self, paragraphs: Sequence[str]) -> None:
        self.passages = [Passage(str(i), text, f"{i}", f"{i}.txt") for i, text in enumerate(paragraphs)]
        tokens = [tokenize(text) for text in paragraphs]
        self.df = Counter(term for found in tokens for term in set(found))
        self.lengths = np.array([len(found) for found in tokens], float)
        self.postings: dict[str, list[tuple[int, int]]] = {}
        for i, found in enumerate(tokens):
            for term, count in Counter(found).items():
                self.postings.setdefault(term, []).append((i, count))

    def terms(self, question: str) -> tuple[Term, ...]:
        n = len(self.passages)
        return tuple(
            Term(text, classify(text), self.df[text], math.log1p((n - self.df[text] + 0.5) / (self.df[text] + 0.5)))
            for text in dict.fromkeys(tokenize(question))
        )

    def oracle(self, case: Case) -> Evidence:
        return Evidence(case.question, (Hit(self.passages[case.paragraph], 1.0),), terms=self.terms(case.question))

    def search(self, case: Case, *, hide_gold: bool = False, top_k: int = 5) -> Evidence:
        scores = np.zeros(len(self.passages))
        terms = self.terms(case.question)
        mean = self.lengths.mean()
        for term in terms:
            for i, count in self.postings.get(term.text, ()):
                scores[i] += term.idf * count * 2.5 / (count + 1.5 * (0.25 + 0.75 * self.lengths[i] / mean))
        if hide_gold:
            scores[case.paragraph] = -1
        order = np.argsort(-scores)[:top_k]
        return Evidence(case.question, tuple(Hit(self.passages[i], float(scores[i])) for i in order), terms=terms)


@contextmanager
def project_retrieval(paragraphs: Sequence[str]) -> Iterator[Callable[[Case], Evidence]]:
    """The project's own retriever over the paragraphs, one document each, built in a temporary folder."""
    with TemporaryDirectory() as folder:
        documents, root = Path(folder, "documents"), Path(folder, "knowledge")
        documents.mkdir()
        for i, text in enumerate(paragraphs):
            Path(documents, f"{i}.txt").write_text(text, "utf-8")
        embedder = LexicalEmbedder()
        build([documents], root, embedder)
        retriever = HybridRetriever([open_current(root, "default")], embedder)
        yield lambda case: retriever.search(case.question, 5)


def measure(cases: Sequence[Case], find: Callable[[Case], Evidence], weights: Weights) -> Iterator[str]:
    """Containment and length, for both halves. An abstention counts as a miss."""
    hits: tuple[list[bool], list[bool]] = ([], [])
    lengths, seconds, silent = [], [], 0
    for case in cases:
        evidence = find(case)
        start = time.perf_counter()
        answer = extract(evidence, weights=weights)
        seconds.append(time.perf_counter() - start)
        silent += answer is None
        hits[case.paragraph % 2].append(answer is not None and any(gold in answer.text for gold in case.answers))
        if answer is not None:
            lengths.append(len(answer.text))
    yield f"even {np.mean(hits[0]):.4f}  odd {np.mean(hits[1]):.4f}  all {np.mean(hits[0] + hits[1]):.4f}"
    yield f"length mean {np.mean(lengths):.0f} max {max(lengths)}  abstained {silent / len(cases):.3f}"
    yield f"p50 {np.quantile(seconds, 0.5) * 1000:.1f} ms  p99 {np.quantile(seconds, 0.99) * 1000:.1f} ms"


Matrix = tuple[np.ndarray, np.ndarray]  # features of the units, and whether each holds a gold answer


def unit_rows(cases: Sequence[Case], find: Callable[[Case], Evidence]) -> list[Matrix]:
    """The units of what is found for each question; questions without a unit that answers teach nothing."""
    rows = []
    for case in cases:
        evidence = find(case)
        units = score_units(asked(evidence), evidence.hits)
        gold = [
            Path(evidence.hits[unit.passage].passage.uri).stem == str(case.paragraph)
            and any(answer in unit.unit.text for answer in case.answers)
            for unit in units
        ]
        if any(gold):
            rows.append((np.array([unit.features for unit in units]), np.array(gold)))
    return rows


def fit(rows: Sequence[Matrix]) -> Weights:
    """The weights under which a unit that holds the answer is likeliest drawn, of all units found for its question.

    A softmax over the units of one question, instead of a yes or no for each unit by itself: what matters is which of
    them goes first.
    """
    from scipy.optimize import minimize

    values, gold = np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows])
    scale = values.std(0) + 1e-9
    values = values / scale
    starts = np.cumsum([0, *(len(row[0]) for row in rows[:-1])])
    sizes = [len(row[0]) for row in rows]

    def shares(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        powers = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        sums = np.add.reduceat(powers, starts)
        return powers / np.repeat(sums, sizes), np.add.reduceat(powers * gold, starts) / sums

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        share, right = shares(values @ weights)
        pull = share - share * gold / np.repeat(right, sizes)
        gradient = values.T @ pull / len(rows) + 2 * PENALTY * weights
        return float(-np.log(right).mean() + PENALTY * (weights**2).sum()), gradient

    found = minimize(loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B")
    return dict(zip(FEATURES, (round(float(value), 2) for value in found.x / scale), strict=True))


def abstention(cases: Sequence[Case], corpus: Corpus) -> Iterator[str]:
    """How the support separates questions that can be answered from those whose paragraph is hidden."""
    for half in (0, 1):
        chosen = [case for case in cases if case.paragraph % 2 == half]
        there = np.array([_support(corpus.search(case)) for case in chosen])
        hidden = np.array([_support(corpus.search(case, hide_gold=True)) for case in chosen])
        shares = f"hidden abstained {np.mean(hidden < MIN_SUPPORT):.3f}  false {np.mean(there < MIN_SUPPORT):.3f}"
        yield f"{'odd ' if half else 'even'} at {MIN_SUPPORT}: {shares}"
        level = np.quantile(there, 0.1)
        yield f"     at 10% false abstention ({level:.3f}): hidden abstained {np.mean(hidden < level):.3f}"


def _support(evidence: Evidence) -> float:
    question = asked(evidence)
    return max(
        (section.cover for section in sections(question, evidence.hits, score_units(question, evidence.hits))),
        default=0.0,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--fit", action="store_true", help="fit on the even half first, and write the weights")
    arguments = parser.parse_args()
    paragraphs, cases = load(arguments.path)
    corpus = Corpus(paragraphs)
    with project_retrieval(paragraphs) as search:
        if arguments.fit:
            weights = fit(unit_rows([case for case in cases if case.paragraph % 2 == 0], search))
            FILE.write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
            default_weights.cache_clear()
        weights = default_weights()
        print(f"{len(paragraphs)} paragraphs, {len(cases)} questions; {dict(weights)}")
        for name, find in (
            ("gold paragraph only", corpus.oracle),
            ("BM25 top 5", corpus.search),
            ("retriever", search),
        ):
            for line in measure(cases, find, weights):
                print(f"{name:20} {line}")
    for line in abstention(cases, corpus):
        print(f"{'support':20} {line}")


if __name__ == "__main__":
    main()
