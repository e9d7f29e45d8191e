"""Measures the build of a large base, made from a real one by a seed: `python big_build.py FOLDER [PASSAGES]`.

The paragraphs of the real documents are dealt out anew, and in each new document some words are exchanged with those
of other paragraphs, so that vocabulary and lengths stay real and hardly any passage is there twice.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from rag.build import BuildReport, build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

PASSAGES = 100_000
PARAGRAPHS = 60  # of one synthetic document
EXCHANGED = 0.2


def make_documents(source: Path, folder: Path, documents: int) -> None:
    """Synthetic documents, the same for the same source."""
    paragraphs = [
        paragraph
        for path in sorted(source.rglob("*.md"))
        for paragraph in path.read_text("utf-8", "replace").split("\n\n")
        if paragraph.strip()
    ]
    words = [word for paragraph in paragraphs[::7] for word in paragraph.split()]
    seeded = random.Random(0)
    for number in range(documents):
        chosen = seeded.choices(paragraphs, k=PARAGRAPHS)
        text = "\n\n".join(" ".join(exchanged(paragraph, words, seeded)) for paragraph in chosen)
        path = folder / f"{number % 100}" / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Document {number}\n\n{text}\n", "utf-8")


def exchanged(paragraph: str, words: list[str], seeded: random.Random) -> list[str]:
    return [seeded.choice(words) if seeded.random() < EXCHANGED else word for word in paragraph.split()]


def shown(name: str, report: BuildReport) -> str:
    return f"{name}: {report.passages:,} passages, {report.embedded:,} embedded, {report.seconds:.1f} s"


def main(source: Path, wanted: int) -> None:
    """Print the figures; memory is that of this process."""
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as work:
        documents, root = Path(work, "documents"), Path(work, "knowledge")
        make_documents(source, documents, 200)
        each = build([documents], root, embedder, base="trial").passages / 200
        make_documents(source, documents, int(wanted / each) + 1)
        print(shown("first build", build([documents], root, embedder)), flush=True)
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB", flush=True)
        print(shown("unchanged", build([documents], root, embedder)))
        with (documents / "0" / "0.md").open("a") as file:
            file.write("\n\nOne more paragraph.\n")
        print(shown("one file changed", build([documents], root, embedder)))
        start = time.perf_counter()
        HybridRetriever([open_current(root, "default", embedder.id)], embedder).search("warm up", 1)
        print(f"open and first search {time.perf_counter() - start:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python tests/bench/big_build.py FOLDER [PASSAGES]")
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else PASSAGES)
