"""Measures search over many passages: memory, time, and whether the ten best are found.

Usage: ``python tests/bench/scale.py KNOWLEDGE [PASSAGES ...]`` (100,000 and 1,000,000). A synthetic passage is five
sentences of the documents below KNOWLEDGE, drawn by seed. Up to 100,000 are written as files and built as they are by
``qunda build``; more are put together from the counted terms and the vectors of their sentences, so that only opening
and searching is measured. A question is half a sentence. Vectors of a neural embedder's size are drawn around 20,000
random centres (768 numbers, noise of the centre's own length), and questions like them.

Each part is a process of its own; peak memory is its largest resident set, pages of memory maps included.
"""

from __future__ import annotations

import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rag.base import FloatArray, Passage
from rag.build import build
from rag.documents import Document, read_documents
from rag.embedder import LexicalEmbedder
from rag.index import open_index
from rag.knowledge import open_current
from rag.lexical import TermCounts, Vocabulary, compact, concatenate, score_terms
from rag.manifest import DocumentEntry, Manifest
from rag.masking import splitter_id
from rag.names import passage_names
from rag.publish import build_lock, publish
from rag.retriever import HybridRetriever
from rag.tokens import TOKENIZER_ID, tokenize

SENTENCES = 5  # a passage
PER_DOCUMENT = 100
BUILT = 100_000
QUESTIONS = 300
TOP_K = 8
DIM, CENTRES = 768, 20_000
STEP = 20_000
_END = re.compile(r"(?<=[。！？!?；;])|(?<=\.)\s|\n")


def sentences(folder: Path) -> list[str]:
    """The different sentences of 20 to 300 characters, in order."""
    texts = (item.text for item in read_documents([folder]) if isinstance(item, Document))
    parts = (part.strip() for text in texts for part in _END.split(text))
    return list(dict.fromkeys(part for part in parts if 20 <= len(part) <= 300 and not part.startswith(("|", "<"))))


def drawn(count: int, passages: int) -> np.ndarray:
    """Which sentences each passage is made of, shape (passages, SENTENCES)."""
    return np.random.default_rng(7).integers(0, count, (passages, SENTENCES))


def questions(texts: Sequence[str]) -> list[str]:
    """Halves of sentences."""
    source = random.Random(11)
    return [text[: max(12, len(text) // 2)] for text in source.sample(list(texts), QUESTIONS)]


def write_files(texts: Sequence[str], passages: int, folder: Path) -> None:
    """Documents of PER_DOCUMENT sections, each of which is a passage."""
    folder.mkdir()
    chosen = drawn(len(texts), passages)
    for start in range(0, passages, PER_DOCUMENT):
        sections = [
            f"# {texts[row[0]].lstrip('# ')[:40]}\n\n" + "\n".join(texts[i].lstrip("# ") for i in row)
            for row in chosen[start : start + PER_DOCUMENT]
        ]
        (folder / f"{start:07d}.md").write_text("\n\n".join(sections), "utf-8")


def assemble(texts: Sequence[str], passages: int, root: Path) -> None:
    """Publish a version whose counts and vectors are the sums of its sentences'."""
    from scipy.sparse import csr_matrix

    embedder, vocabulary = LexicalEmbedder(), Vocabulary()
    whole = [Passage("", text, "", "") for text in texts]
    one = vocabulary.count(texts, map(passage_names, whole))
    known = csr_matrix((one.counts.astype(np.int32), one.ids, one.offsets), (len(texts), len(vocabulary)))
    chosen = drawn(len(texts), passages)
    parts = []
    for start in range(0, passages, STEP):
        rows = chosen[start : start + STEP]
        made = csr_matrix(
            (np.ones(rows.size, np.int32), rows.ravel(), np.arange(0, rows.size + 1, SENTENCES)),
            (len(rows), len(texts)),
        )
        counted = made @ known
        lengths = one.lengths[rows].sum(1).astype(np.int32)
        ids, found, ends = counted.indices.astype(np.int32), counted.data.astype(np.uint16), counted.indptr
        parts.append(TermCounts(ids, found, ends.astype(np.int64), lengths))
    terms, counts = compact(list(vocabulary.ids), concatenate(parts))
    parts.clear()
    scores = score_terms(counts, {term: number for number, term in enumerate(terms)})
    arrays: dict[str, Any] = {"bm25_data": scores.data, "bm25_rows": scores.rows, "bm25_starts": scores.starts}
    arrays |= {f"terms_{name}": getattr(counts, name) for name in ("ids", "counts", "offsets", "lengths")}
    arrays["vectors"] = sums(embedder.embed(texts), chosen, root / "vectors.raw")
    entries = {
        f"{start:07d}.md": DocumentEntry("", "", start, min(PER_DOCUMENT, passages - start))
        for start in range(0, passages, PER_DOCUMENT)
    }
    made_at = datetime.now(UTC).isoformat()
    manifest = Manifest(
        "default", "1", made_at, embedder.id, embedder.dim, TOKENIZER_ID, splitter_id(800, True), passages, entries
    )
    with build_lock(root, "default"):
        publish(root, manifest, lines(texts, chosen), terms, arrays)


def sums(sentence: FloatArray, chosen: np.ndarray, path: Path) -> FloatArray:
    """Unit sums of sentence vectors, in a memory map."""
    out = np.memmap(path, np.float32, "w+", shape=(len(chosen), sentence.shape[1]))
    for start in range(0, len(chosen), STEP):
        rows = chosen[start : start + STEP]
        part = sum(sentence[rows[:, i]] for i in range(SENTENCES))
        out[start : start + STEP] = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
    return out


def lines(texts: Sequence[str], chosen: np.ndarray) -> Iterator[bytes]:
    """Passages as they are stored."""
    for number, row in enumerate(chosen.tolist()):
        document, position = divmod(number, PER_DOCUMENT)
        text = "\n".join(texts[i] for i in row)
        stored = [f"{document * PER_DOCUMENT:07d}.md", position, "", [], 0, len(text), text, "", ""]
        yield json.dumps(stored).encode() + b"\n"


def make(folder: Path, passages: int, root: Path) -> None:
    """Build or assemble a version below ``root`` and say what it took."""
    texts = sentences(folder)
    started = time.perf_counter()
    if passages <= BUILT:
        write_files(texts, passages * 6 // 5, root / "documents")  # short sections share a passage
        started = time.perf_counter()
        report = build([root / "documents"], root / "knowledge", LexicalEmbedder())
        print(f"built {report.passages:,} passages in {report.seconds:.0f} s, peak {peak():,.0f} MiB", flush=True)
        return
    (root / "knowledge").mkdir()
    assemble(texts, passages, root / "knowledge")
    print(
        f"assembled {passages:,} passages in {time.perf_counter() - started:.0f} s, peak {peak():,.0f} MiB", flush=True
    )


def search(folder: Path, root: Path) -> None:
    """Open the version, search it with the lexical embedder, and compare with full sums."""
    asked = questions(sentences(folder))
    started = time.perf_counter()
    version = open_current(root / "knowledge", "default")
    retriever = HybridRetriever([version], LexicalEmbedder())
    retriever.search("warm up", TOP_K)
    print(f"opened and searched once in {time.perf_counter() - started:.1f} s", flush=True)
    times = timed(lambda text: retriever.search(text, TOP_K), asked)
    print(f"retrieval of {len(version):,} passages: {times}, peak {peak():,.0f} MiB", flush=True)
    print(f"ten best by BM25 against the full sums: {same_best(version, asked):.4f} found", flush=True)


def same_best(version: Any, asked: Sequence[str]) -> float:
    """The share of the ten best sums that the pruned search finds; an equal sum is as good."""
    found = []
    for text in asked[:100]:
        terms = tokenize(text)
        full = version.lexical.scores(terms)
        floor = np.sort(full)[-10] if len(full) >= 10 else 0.0
        rows = version.lexical.search(terms, 10).rows
        wanted = min(10, int((full > 0).sum()))
        found.append(float(np.sum(full[rows] >= floor * (1 - 1e-5))) / wanted if wanted else 1.0)
    return float(np.mean(found))


def vectors(passages: int, root: Path) -> None:
    """A neural embedder's vectors: time of a search and how many of the exact ten best it finds."""
    source = np.random.default_rng(5)
    centres = source.standard_normal((CENTRES, DIM)).astype(np.float32)
    data = np.memmap(root / "neural.raw", np.float32, "w+", shape=(passages, DIM))
    for start in range(0, passages, STEP):
        data[start : start + STEP] = around(centres, min(STEP, passages - start), source)
    started = time.perf_counter()
    index = open_index(np.asarray(data))
    print(f"{type(index).__name__} of {passages:,} x {DIM} opened in {time.perf_counter() - started:.0f} s", flush=True)
    asked = around(centres, QUESTIONS, source)
    times = timed(lambda vector: index.search(vector, 64), asked)
    exact = np.zeros((100, passages), np.float32)
    for start in range(0, passages, STEP):
        exact[:, start : start + STEP] = asked[:100] @ data[start : start + STEP].T
    best = np.argpartition(-exact, 10, axis=1)[:, :10]
    pairs = zip(asked, best.tolist(), strict=False)
    recall = np.mean([len(set(index.search(vector, 10)[0].tolist()) & set(rows)) / 10 for vector, rows in pairs])
    print(f"vectors: {times}, recall@10 {recall:.3f}, peak {peak():,.0f} MiB", flush=True)


def around(centres: FloatArray, count: int, source: np.random.Generator) -> FloatArray:
    """Unit vectors around random centres."""
    rows = centres[source.integers(0, len(centres), count)] + source.standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def timed(act: Callable[[Any], object], arguments: Sequence[Any]) -> str:
    """Percentiles in milliseconds, of the clock and of this process's own computing: the machine may be busy."""
    for argument in arguments[:20]:
        act(argument)
    times = []
    for argument in arguments:
        started, computed = time.perf_counter(), time.process_time()
        act(argument)
        times.append((1000 * (time.perf_counter() - started), 1000 * (time.process_time() - computed)))
    (p50, own50), (p99, own99) = np.percentile(times, (50, 99), axis=0)
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms (own computing {own50:.1f} and {own99:.1f} ms)"


def peak() -> float:
    """The largest resident set of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Run every part of every size in a process of its own."""
    if len(sys.argv) == 5 and sys.argv[1] in ("make", "search", "vectors"):
        part, folder, passages, root = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
        if part == "make":
            make(folder, passages, root)
        elif part == "search":
            search(folder, root)
        else:
            vectors(passages, root)
        return 0
    failed = 0
    for passages in map(int, sys.argv[2:] or (100_000, 1_000_000)):
        for parts in (("make", "search"), ("vectors",)):
            with tempfile.TemporaryDirectory() as root:
                for part in parts:
                    command = [sys.executable, __file__, part, sys.argv[1], str(passages), root]
                    failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python tests/bench/scale.py KNOWLEDGE [PASSAGES ...]")
    raise SystemExit(main())
