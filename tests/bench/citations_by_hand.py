"""How well the citation check judges fifty cases that somebody wrote who had not read it.

``tests/bench/citations_by_hand.py CMRC.json[.xz]``: the cases stand in ``tests/data/citation_cases_by_hand.jsonl``. A
line has a ``sentence``, its ``marks``, whether it is ``supported``, its ``kind``, and either a ``passage`` (with
``others``) or the index of a ``paragraph`` of the file (with ``other_paragraphs``), whose text is joined here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from answers import load
from citation_cases import CitationCase
from citations import judge_words, report

CASES = Path(__file__).parents[1] / "data" / "citation_cases_by_hand.jsonl"


def cases_by_hand(paragraphs: Sequence[str], path: Path = CASES) -> list[CitationCase]:
    """The cases of a file; those about paragraphs are left out where there are none."""
    cases = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "paragraph" in row:
            passages = [paragraphs[n] for n in (row["paragraph"], *row.get("other_paragraphs", ())) if paragraphs]
        else:
            passages = [row["passage"], *row.get("others", ())]
        if passages:
            cited = "\n\n".join(passages[mark - 1] for mark in row["marks"])
            cases.append(CitationCase(row["kind"], row["sentence"], cited, row["supported"]))
    return cases


def main() -> None:
    """Print the table; ``--cases`` names another file, ``--wrong N`` lists failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--wrong", type=int, default=0)
    options = parser.parse_args()
    for line in report(cases_by_hand(load(options.path)[0], options.cases), judge_words, options.wrong):
        print(line)


if __name__ == "__main__":
    main()
