"""``qunda eval-retrieval``: measures the search on questions with the documents that answer them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.lines import read_objects
from bot.cli.progress import progress, warn
from bot.config import ConfigError, Settings
from bot.models import make_embedder
from rag.knowledge import open_current
from rag.retrieval_eval import Ranks, distinct, matching, rank, summarise
from rag.retriever import HybridRetriever, default_dense_weight

PASSAGES = 100  # searched for each question; their distinct documents are ranked
FUSED = "fused"


@dataclass(frozen=True, slots=True)
class Question:
    """A line of FILE: which documents should be found for a text."""

    line: int
    text: str
    relevant: tuple[str, ...]


def eval_retrieval(settings: Settings, options: argparse.Namespace) -> int:
    """Measure the fused search beside each retriever alone."""
    questions = read_questions(options.file)
    embedder = make_embedder(settings)
    version = open_current(settings.data / "knowledge", options.base, embedder.id)
    for warning in version.warnings:
        warn(warning)
    relevant = _resolved(questions, version.manifest.documents)
    weights = settings.retrieval
    report: dict[str, int | Mapping[str, float]] = {"n": len(questions)}
    dense_weight = default_dense_weight(embedder) if weights.dense_weight is None else weights.dense_weight
    both = {FUSED: (weights.bm25_weight, dense_weight), "bm25": (1.0, 0.0), "dense": (0.0, 1.0)}
    with progress() as step:
        for number, (name, (bm25, dense)) in enumerate(both.items()):
            retriever = HybridRetriever([version], embedder, bm25_weight=bm25, dense_weight=dense)
            ranks: list[Ranks] = []
            for question, wanted in zip(questions, relevant, strict=True):
                step(f"searching ({name})", number * len(questions) + len(ranks), len(both) * len(questions))
                hits = retriever.search(question.text, PASSAGES).hits
                found = [uri for hit in hits for uri in (hit.passage.uri, *hit.copies)]
                ranks.append(rank(distinct(found), wanted))
            report[name] = {key: round(value, 6) for key, value in summarise(ranks).items()}
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        _print(report, both)
    return 0


def read_questions(path: Path) -> list[Question]:
    """The lines of FILE.

    Raises:
        ConfigError: it cannot be read, a line is wrong, or there is none.
    """
    questions = []
    for number, line in read_objects(path):
        text, relevant = line.get("question"), line.get("relevant")
        names = [relevant] if isinstance(relevant, str) else relevant
        if not isinstance(text, str) or not isinstance(names, list) or not names:
            raise ConfigError(f'{path}, line {number}: {{"question": "...", "relevant": ["install.md"]}} is needed')
        if not all(isinstance(name, str) and name for name in names):
            raise ConfigError(f"{path}, line {number}: relevant must be a list of document uris or file names")
        questions.append(Question(number, text, tuple(dict.fromkeys(names))))
    if not questions:
        raise ConfigError(f'{path} is empty: lines of {{"question": "...", "relevant": ["install.md"]}} are needed')
    return questions


def _resolved(questions: Sequence[Question], documents: Mapping[str, object]) -> list[list[frozenset[str]]]:
    """The documents behind each entry. One that the base does not have stays: it counts as not found."""
    resolved, missing = [], []
    for question in questions:
        entries = [matching(name, documents) for name in question.relevant]
        missing += [(question.line, name) for name, uris in zip(question.relevant, entries, strict=True) if not uris]
        resolved.append(entries)
    if missing:
        line, name = missing[0]
        warn(
            f"{len(missing)} relevant documents are not in the knowledge and count as not found, "
            f"the first one in line {line}: {name}"
        )
    return resolved


def _print(report: Mapping[str, object], weights: Mapping[str, tuple[float, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{report['n']} questions; ranks count distinct documents, nDCG the first 10 of them")
    table = Table("search", "recall@1", "recall@5", "MRR", "nDCG")
    for name, (bm25, dense) in weights.items():
        measured = report[name]
        assert isinstance(measured, Mapping)
        shown = f"{name} ({bm25:g} x bm25 + {dense:g} x dense)" if name == FUSED else name
        table.add_row(shown, *(f"{measured[key]:.3f}" for key in ("recall@1", "recall@5", "mrr", "ndcg")))
    console.print(table)
