"""Measures retrieval on a SQuAD-format file (CMRC 2018): a paragraph is a document.

Usage: ``python tests/bench/retrieval.py FILE [BM25_WEIGHT DENSE_WEIGHT]``. Weights, k1 and b
were chosen on the paragraphs with an even index alone; both halves are shown.
"""

from __future__ import annotations

import json
import lzma
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import Version, open_current
from rag.retriever import BM25_WEIGHT, DENSE_WEIGHT, HybridRetriever

DEPTH = 30  # passages looked at: ranks count distinct documents, so some are of the same one


def load(path: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """The paragraphs, and the questions with the index of theirs."""
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    paragraphs: list[str] = []
    questions: list[tuple[str, int]] = []
    for article in json.loads(raw)["data"]:
        for paragraph in article["paragraphs"]:
            questions.extend((qa["question"], len(paragraphs)) for qa in paragraph["qas"])
            paragraphs.append(paragraph["context"])
    return paragraphs, questions


def measure(
    path: Path, bm25_weight: float = BM25_WEIGHT, dense_weight: float = DENSE_WEIGHT
) -> dict[str, dict[str, float]]:
    """``{"fused all": {"recall@1", "recall@5", "mrr", "p50_ms", "p99_ms"}, "fused even": ..., "bm25 all": ...}``"""
    paragraphs, questions = load(path)
    even = np.array([index % 2 == 0 for _, index in questions])
    weights = {"fused": (bm25_weight, dense_weight), "bm25": (1.0, 0.0), "dense": (0.0, 1.0)}
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as work:
        version = _build(paragraphs, Path(work))
        for name, (bm25, dense) in weights.items():
            embedder = LexicalEmbedder()
            retriever = HybridRetriever(
                [version], embedder, bm25_weight=bm25, dense_weight=dense, with_dense_evidence=False
            )
            ranks, times = zip(*(_rank(retriever, text, f"{index:05d}.txt") for text, index in questions), strict=True)
            for half, chosen in (("all", even | True), ("even", even), ("odd", ~even)):
                result[f"{name} {half}"] = _summary(np.array(ranks)[chosen], np.array(times)[chosen])
    return result


def _build(paragraphs: Iterable[str], work: Path) -> Version:
    (work / "documents").mkdir()
    for index, paragraph in enumerate(paragraphs):
        (work / "documents" / f"{index:05d}.txt").write_text(paragraph, "utf-8")
    build([work / "documents"], work / "knowledge", LexicalEmbedder())
    return open_current(work / "knowledge", "default")


def _rank(retriever: HybridRetriever, text: str, uri: str) -> tuple[float, float]:
    start = time.perf_counter()
    evidence = retriever.search(text, DEPTH)
    seconds = time.perf_counter() - start
    found = list(dict.fromkeys(hit.passage.uri for hit in evidence.hits))
    return (found.index(uri) + 1 if uri in found else np.inf), seconds


def _summary(ranks: np.ndarray, times: np.ndarray) -> dict[str, float]:
    return {
        "recall@1": float((ranks <= 1).mean()),
        "recall@5": float((ranks <= 5).mean()),
        "mrr": float((1 / ranks).mean()),
        "p50_ms": float(np.percentile(times, 50) * 1000),
        "p99_ms": float(np.percentile(times, 99) * 1000),
    }


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit("usage: python tests/bench/retrieval.py FILE [BM25_WEIGHT DENSE_WEIGHT]")
    for name, row in measure(Path(sys.argv[1]), *map(float, sys.argv[2:])).items():
        print(f"{name:<12}" + "".join(f"  {key} {value:.4f}" for key, value in row.items()))
