"""How well the citation check tells supported sentences from others: ``tests/bench/citations.py CMRC.json[.xz]``.

Cases are made by `citation_cases` from the odd paragraphs (``--half even`` for developing, with other seeds), or read
from ``--cases FILE.jsonl`` (a line is ``{"sentence","passage","supported"}``, ``kind`` optional). For each kind:
recall, the share judged rightly, and precision, against as many cases of the opposite verdict. ``--wrong N`` lists
failures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from answers import load, project_retrieval
from citation_cases import CitationCase, Item, answer_sentence, by_kind, make_cases

Judge = Callable[[str, str], str]


def items_of(path: Path, half: int) -> list[Item]:
    """The questions of the paragraphs of one half, each with its sentence and what the retriever finds second."""
    paragraphs, questions = load(path)
    items = []
    with project_retrieval(paragraphs) as search:
        for question in questions:
            if question.paragraph % 2 != half:
                continue
            passage = paragraphs[question.paragraph]
            if sentence := answer_sentence(passage, question.answers[0]):
                found = [int(Path(hit.passage.uri).stem) for hit in search(question).hits]
                others = [n for n in dict.fromkeys(found) if paragraphs[n] != passage]
                runner_up = paragraphs[others[0]] if others else ""
                items.append(Item(question.question, question.answers[0], sentence, passage, runner_up))
    return items


def read_cases(path: Path) -> list[CitationCase]:
    """The cases of a JSONL file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    named = {True: "supported", False: "not supported"}
    return [
        CitationCase(row.get("kind", named[row["supported"]]), row["sentence"], row["passage"], row["supported"])
        for row in rows
    ]


def report(cases: Sequence[CitationCase], judge: Judge, wrong: int = 0) -> Iterator[str]:
    """The table: ``judge`` gives the reason for which a sentence is not supported, or nothing."""
    reasons, seconds = [], []
    for case in cases:
        start = time.perf_counter()
        reasons.append(judge(case.sentence, case.passage))
        seconds.append(time.perf_counter() - start)
    flagged = {id(case): bool(reason) for case, reason in zip(cases, reasons, strict=True)}
    right = [case for case in cases if case.supported is not flagged[id(case)]]
    yield f"{'kind':18} {'n':>4} {'recall':>7} {'precision':>10}"
    for kind, group in by_kind(cases):
        supported = group[0].supported
        recall = _share(case.supported is not flagged[id(case)] for case in group)
        others = [case for case in cases if case.supported is not supported]
        false = _share(case.supported is flagged[id(case)] for case in others)
        yield f"{kind:18} {len(group):4} {recall:7.3f} {recall / max(recall + false, 1e-9):10.3f}"
    for name, verdict in (("supported", True), ("not supported", False)):
        of_this = [case for case in cases if case.supported is verdict]
        given = [case for case in cases if flagged[id(case)] is not verdict]
        hit = sum(case.supported is verdict for case in given)
        share = f"{hit / max(len(of_this), 1):7.3f} {hit / max(len(given), 1):10.3f}"
        yield f"{'all ' + name:23.23} {share}"
    yield f"accuracy {len(right) / len(cases):.3f}"
    yield f"p50 {np.quantile(seconds, 0.5) * 1000:.2f} ms  p95 {np.quantile(seconds, 0.95) * 1000:.2f} ms a sentence"
    failed = [(c, r) for c, r in zip(cases, reasons, strict=True) if c.supported is bool(r)]
    for case, reason in failed[:wrong]:
        yield f"{case.kind} [{reason}]: {case.sentence}\n    {case.passage[:300]}"


def _share(values: Iterator[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0


def judge_words(sentence: str, passage: str) -> str:
    """The reason for which the check, without a model, does not take a sentence; or nothing."""
    from rag.verify import check_sentence

    return check_sentence(sentence, [passage]).reason


def main() -> None:
    """Make or read the cases, and print the table; ``--out`` writes them and stops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--half", choices=("even", "odd"), default="odd")
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--cases", type=Path, help="judge these in place of made ones")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--wrong", type=int, default=0)
    options = parser.parse_args()
    if options.cases:
        cases = read_cases(options.cases)
    else:
        cases = make_cases(items_of(options.path, options.half == "odd"), options.each, options.seed)
    if options.out:
        lines = [
            {"kind": c.kind, "sentence": c.sentence, "passage": c.passage, "supported": c.supported} for c in cases
        ]
        options.out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
        return
    for line in report(cases, judge_words, options.wrong):
        print(line)


if __name__ == "__main__":
    main()
