"""Measures how to weigh a neural embedder beside BM25: ``python tests/bench/neural_retrieval.py KNOWLEDGE MODEL``.

KNOWLEDGE is a folder of documents, of which the English ones are used, MODEL a folder in sentence-transformers' layout.
Their passages lose their headings, and some of them their first sentence: those are the questions, which the passage
itself no longer holds. Weights are chosen on one half of the documents, drawn by a seed; both halves are shown, each
searched in all passages. ``--squeeze`` maps cosines to 0.7 + 0.3 cosine: what models with crowded cosines send.
``--squad`` takes a SQuAD-format file for KNOWLEDGE and the ONNX BERT of encoders.py for MODEL: a weak encoder, which
was trained for something else; weights are chosen on the paragraphs with an even index.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from encoders import CorpusEmbedder, bert_encoder
from retrieval import load

from rag.base import Passage, detect_language
from rag.build import build
from rag.documents import Document, plain_heading, read_documents
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.neural.embedder import NeuralEmbedder
from rag.passages import cut
from rag.tokens import tokenize

SEED = 0
WEIGHTS = (0.15, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
CANDIDATES = 64  # as in rag.retriever
_SENTENCE = re.compile(r"[A-Z][^\n.!?]{30,250}[.!?](?=\s)")
_WORD = re.compile(r"[A-Za-z]{2,}")
Scores = np.ndarray
Fusion = Callable[[Scores, Scores, float], Scores]


@dataclass
class Corpus:
    """Passages with the number of their document, and the questions: text, right passages, document, kind."""

    passages: list[str] = field(default_factory=list)
    documents: list[int] = field(default_factory=list)
    questions: list[tuple[str, frozenset[int], int, str]] = field(default_factory=list)


def read(folder: Path, limit: int) -> Corpus:
    """About ``limit`` passages of documents in a seeded order."""
    found = [document for document in read_documents([folder]) if isinstance(document, Document)]
    corpus, sections = Corpus(), dict[str, dict[int, set[int]]]()
    for number in np.random.default_rng(SEED).permutation(len(found)).tolist():
        if len(corpus.passages) >= limit:
            break
        for passage in cut(found[number]):
            text = _without_headings(passage)
            if len(text) < 250 or detect_language(text) != "en" or len(_WORD.findall(text)) < 30:
                continue
            row = len(corpus.passages)
            if first := _SENTENCE.match(text):
                text = text[first.end() :].strip()
                corpus.questions.append((first[0], frozenset((row,)), number, "sentence"))
            elif passage.headings and len(_WORD.findall(passage.headings[-1])) > 1:
                sections.setdefault(passage.headings[-1], {}).setdefault(number, set()).add(row)
            corpus.passages.append(text)
            corpus.documents.append(number)
    for heading, places in sections.items():
        if len(places) == 1:  # a heading of two documents asks for neither
            number, rows = next(iter(places.items()))
            corpus.questions.append((heading, frozenset(rows), number, "heading"))
    return corpus


def _without_headings(passage: Passage) -> str:
    above = {*passage.headings, passage.source}
    kept = [line for line in passage.text.splitlines() if plain_heading(line.lstrip("# ")) not in above]
    return "\n".join(kept).strip()


def bm25(corpus: Corpus) -> Scores:
    """BM25 sums of every question and passage, as the product computes them."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "documents"
        folder.mkdir()
        for row, text in enumerate(corpus.passages):
            (folder / f"{row:06d}.txt").write_text(text, "utf-8")
        build([folder], Path(work) / "knowledge", LexicalEmbedder(), passage_chars=8000)
        version = open_current(Path(work) / "knowledge", "default")
        rows = [int(version.passage(number).uri[:6]) for number in range(len(version))]
        sums = np.zeros((len(corpus.questions), len(corpus.passages)), np.float32)
        for at, (text, *_) in enumerate(corpus.questions):
            sums[at, rows] = version.lexical.scores(version.lexical.mended(tokenize(text)))
    return sums


def squad(path: Path) -> Corpus:
    """Paragraphs and questions of a SQuAD-format file."""
    paragraphs, questions = load(path)
    asked = [(text, frozenset((index,)), index, "question") for text, index in questions]
    return Corpus(paragraphs, list(range(len(paragraphs))), asked)


def cosines(corpus: Corpus, model: Path, cache: Path | None, bert: bool) -> Scores:
    """Cosines of every question and passage; the vectors are kept in ``cache``."""
    kept = cache / f"{len(corpus.passages)}-{len(corpus.questions)}.npz" if cache else None
    if kept and kept.exists():
        vectors = np.load(kept)
        return np.asarray(vectors["questions"] @ vectors["passages"].T)
    asked = [text for text, *_ in corpus.questions]
    if bert:
        weak = CorpusEmbedder("bert", bert_encoder(model), corpus.passages)
        passages, questions = weak.embed(corpus.passages), weak.embed(asked)
    else:
        embedder = NeuralEmbedder(model, device="cpu")
        passages, questions = embedder.embed_passages(corpus.passages), embedder.embed(asked)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, passages=passages, questions=questions)
    return np.asarray(questions @ passages.T)


def by_best(sums: Scores, near: Scores, weight: float) -> Scores:
    """Either score over its best."""
    return _over_best(sums) + weight * _over_best(np.maximum(near, 0))


def by_range(sums: Scores, near: Scores, weight: float) -> Scores:
    """BM25 over its best; cosines over their range among the candidates."""
    return _over_best(sums) + weight * _over_range(near, sums)


def by_deviation(sums: Scores, near: Scores, weight: float) -> Scores:
    """Both in standard deviations from the mean of all passages."""
    parts = [(x - x.mean(1, keepdims=True)) / np.maximum(x.std(1, keepdims=True), 1e-6) for x in (sums, near)]
    return np.asarray(parts[0] + weight * parts[1])


def by_rank(sums: Scores, near: Scores, weight: float) -> Scores:
    """Reciprocal ranks with the usual constant of 60 (Cormack et al. 2009)."""
    parts = [1 / (60 + np.argsort(np.argsort(-x, axis=1), axis=1)) for x in (sums, near)]
    return np.asarray(parts[0] + weight * parts[1])


FUSIONS: dict[str, Fusion] = {
    "over best": by_best,
    "over range": by_range,
    "deviations": by_deviation,
    "reciprocal ranks": by_rank,
}


def _over_best(scores: Scores) -> Scores:
    return np.asarray(scores / np.maximum(scores.max(1, keepdims=True), 1e-6))


def _over_range(near: Scores, sums: Scores) -> Scores:
    """0 at the worst of the dense candidates and below, 1 at the best."""
    low = np.partition(near, -CANDIDATES, axis=1)[:, -CANDIDATES][:, None]
    return np.asarray(np.maximum(near - low, 0) / np.maximum(near.max(1, keepdims=True) - low, 1e-6))


def ranks(scores: Scores, corpus: Corpus) -> np.ndarray:
    """The rank of the best right passage of every question; ties count against it."""
    right = [scores[at, list(rows)].max() for at, (_, rows, *_) in enumerate(corpus.questions)]
    return np.asarray((scores >= np.array(right)[:, None]).sum(1))


def line(name: str, found: np.ndarray, corpus: Corpus, tuned: np.ndarray) -> str:
    """MRR and recall@1 of either half, and MRR of either kind on the half not tuned on."""
    kinds = np.array([kind for *_, kind in corpus.questions])
    cells = []
    for half in (tuned, ~tuned):
        cells += [f"{(1 / found[half]).mean():.4f}", f"{(found[half] <= 1).mean():.4f}"]
    cells += [f"{(1 / found[~tuned & (kinds == kind)]).mean():.4f}" for kind in np.unique(kinds)]
    return f"| {name} | " + " | ".join(cells) + " |"


def report(corpus: Corpus, sums: Scores, near: Scores, tuned: np.ndarray) -> None:
    """The table."""
    kinds = sorted({f"{kind} MRR" for *_, kind in corpus.questions})
    columns = ("way", "MRR tuned", "R@1 tuned", "MRR other", "R@1 other", *kinds)
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    print(line("BM25", ranks(sums, corpus), corpus, tuned))
    print(line("vectors", ranks(near, corpus), corpus, tuned))
    for name, fusion in FUSIONS.items():
        for weight in WEIGHTS:
            print(line(f"{name}, {weight:g}", ranks(fusion(sums, near, weight), corpus), corpus, tuned), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("knowledge", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--passages", type=int, default=5000)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--squeeze", action="store_true")
    parser.add_argument("--squad", action="store_true")
    options = parser.parse_args(arguments)
    corpus = squad(options.knowledge) if options.squad else read(options.knowledge, options.passages)
    numbers = np.array([document for *_, document, _ in corpus.questions])
    documents = np.unique(numbers)
    chosen = np.random.default_rng(SEED).permutation(documents)[: len(documents) // 2]
    tuned = numbers % 2 == 0 if options.squad else np.isin(numbers, chosen)
    near = cosines(corpus, options.model, options.cache, options.squad)
    print(
        f"{len(set(corpus.documents))} documents, {len(corpus.passages)} passages, {len(numbers)} questions "
        f"({sum(kind == 'sentence' for *_, kind in corpus.questions)} sentences), {int(tuned.sum())} to tune on\n"
    )
    report(corpus, bm25(corpus), 0.7 + 0.3 * near if options.squeeze else near, tuned)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
