"""Measures quotes from technical documents: the code block, table row, option or sentence that a question wants.

``python tests/bench/technical.py FOLDER [develop|"held out"]``. FOLDER holds the nine repositories' documents that the
questions of technical.jsonl and technical_more.jsonl were written for; it is no part of the project.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.answerable import answerable, default_model
from rag.base import Answer
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.extractive import extract
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

QUESTIONS = [Path(__file__).parent / name for name in ("technical.jsonl", "technical_more.jsonl")]
TOP_K = 8  # as config.ini has it


def holds(answer: Answer | None, gold: Sequence[str]) -> bool:
    """Whether an answer has one of the strings, white space aside."""
    text = re.sub(r"\s+", " ", answer.text) if answer is not None else ""
    return any(re.sub(r"\s+", " ", wanted) in text for wanted in gold)


def measure(questions: Sequence[Mapping[str, object]], retriever: HybridRetriever) -> Iterator[str]:
    """A line for each miss, and the table."""
    right, quoted, found, answered = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    kinds = Counter(str(question["kind"]) for question in questions)
    for question in questions:
        text, kind = str(question["question"]), str(question["kind"])
        gold = [str(wanted) for wanted in question["gold"]]  # type: ignore[attr-defined]
        evidence = retriever.surrounded(retriever.search(text, TOP_K))
        answer = extract(evidence)
        found[kind] += any(any(wanted in hit.passage.text for wanted in gold) for hit in evidence.hits[:5])
        quoted[kind] += holds(answer, gold)
        given = answer is not None and answerable(evidence) >= default_model().levels["mention"]
        answered[kind] += given
        right[kind] += given and holds(answer, gold)
        if not holds(answer, gold):
            yield f"--- {kind}: {text} | {gold[0]}\n{answer.text if answer else None}"
    for kind, count in kinds.items():
        shares = f"found {found[kind]}, quoted {quoted[kind]}, answered {answered[kind]}, right {right[kind]}"
        yield f"{kind:6} {count}: {shares}"


def main() -> None:
    """Print the tables."""
    folder, half = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "develop"
    with TemporaryDirectory() as place:
        embedder = LexicalEmbedder()
        build([folder], Path(place), embedder)
        retriever = HybridRetriever([open_current(Path(place), "default")], embedder)
        for path in QUESTIONS:
            questions = [
                question for question in map(json.loads, path.open(encoding="utf-8")) if question["half"] == half
            ]
            print(path.name, *measure(questions, retriever), sep="\n")


if __name__ == "__main__":
    main()
