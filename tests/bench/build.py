"""Measures builds of a documents folder: first, unchanged, one file changed, and opening; `python build.py FOLDER`."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever


def measure(folder: Path) -> dict[str, float]:
    """Seconds of each step, documents and passages, and the peak memory of this process in MiB."""
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as work:
        documents, root = Path(work, "documents"), Path(work, "knowledge")
        shutil.copytree(folder, documents)
        first = build([documents], root, embedder)
        unchanged = build([documents], root, embedder)
        edited = next(path for path in sorted(documents.rglob("*.md")) if path.stat().st_size > 2000)
        edited.write_bytes(edited.read_bytes() + b"\n\nOne more paragraph.\n")
        changed = build([documents], root, embedder)
        start = time.perf_counter()
        retriever = HybridRetriever([open_current(root, "default", embedder.id)], embedder)
        retriever.search("warm up", 1)
        load = time.perf_counter() - start
        size = sum(path.stat().st_size for path in root.rglob(f"{changed.version}/*")) / 2**20
    return {
        "documents": first.unchanged + len(first.added),
        "failed": len(first.failed),
        "passages": first.passages,
        "build_s": first.seconds,
        "unchanged_s": unchanged.seconds,
        "one_changed_s": changed.seconds,
        "load_and_first_search_s": load,
        "size_mib": size,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/bench/build.py FOLDER")
    for name, value in measure(Path(sys.argv[1])).items():
        print(f"{name:>24}  {value:,.2f}")
