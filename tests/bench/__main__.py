"""All measurements in one go: ``make bench KNOWLEDGE= MESSAGES= RETRIEVAL= [BERT=] [MINILM=]``.

KNOWLEDGE is a folder or a tar archive of documents, MESSAGES a JSONL of labelled messages, RETRIEVAL a SQuAD-format
file (plain or .xz). What has no path is skipped, and that is said. Each part runs in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main() -> int:
    """Run every part whose paths are given; the number of parts that failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    for name in ("knowledge", "messages", "retrieval", "bert", "minilm"):
        parser.add_argument(f"--{name}", default="")
    paths = parser.parse_args()
    print(machine(), flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        folder = unpacked(paths.knowledge, Path(work)) if paths.knowledge else ""
        encoders = [f"--bert={paths.bert}"] * bool(paths.bert) + [f"--minilm={paths.minilm}"] * bool(paths.minilm)
        both = folder and paths.messages
        failed += part("Command line", "startup.py", [], True)
        failed += part("Knowledge (KNOWLEDGE)", "build.py", [folder], folder)
        failed += part("Feishu", "feishu.py", [], True)
        failed += part("Streamed answers", "streaming.py", [], True)
        failed += part("Bot (KNOWLEDGE and MESSAGES)", "bot_speed.py", [folder, paths.messages], both)
        failed += part("Saved files (KNOWLEDGE)", "watching.py", [folder], folder)
        failed += part("Swaps (KNOWLEDGE and MESSAGES)", "swap.py", [folder, paths.messages], both)
        failed += part("A large base (KNOWLEDGE)", "big_build.py", [folder], folder)
        failed += part("Identifiers (KNOWLEDGE)", "identifiers.py", [folder], folder)
        failed += part("Readings of identifiers (KNOWLEDGE)", "identifier_readings.py", [folder], folder)
        failed += part("Retrieval (RETRIEVAL)", "retrieval.py", [paths.retrieval], paths.retrieval)
        failed += part("Answers (RETRIEVAL)", "answers.py", [paths.retrieval], paths.retrieval)
        failed += part("Citations (RETRIEVAL)", "citations.py", [paths.retrieval], paths.retrieval)
        failed += part("Answerability (RETRIEVAL)", "answerable.py", [paths.retrieval], paths.retrieval)
        failed += part("Gate (KNOWLEDGE and MESSAGES)", "gate.py", [folder, paths.messages, *encoders], both)
        failed += part("Gate, simulated reranker", "gate_reranker.py", [folder, paths.messages], both)
        dense = folder and paths.minilm
        failed += part("Neural retrieval (KNOWLEDGE, MINILM)", "neural_retrieval.py", [folder, paths.minilm], dense)
    return failed


def machine() -> str:
    """The machine in a line."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, {platform.system()} {platform.release()}"


def unpacked(path: str, work: Path) -> str:
    """The folder itself, or what the archive holds."""
    if Path(path).is_dir():
        return path
    with tarfile.open(path) as archive:
        archive.extractall(work / "knowledge", filter="data")
    return str(work / "knowledge")


def part(title: str, script: str, arguments: list[str], wanted: object) -> int:
    """Run one script and show what it prints; 1 when it fails."""
    print(f"\n## {title}\n", flush=True)
    if not wanted:
        print("skipped: no path is given", flush=True)
        return 0
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{HERE.parent}"}
    done = subprocess.run([sys.executable, str(HERE / script), *arguments], env=environment, check=False)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
