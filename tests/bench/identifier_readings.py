"""Measures how identifiers are found under several readings of "identifier" and of "one part is missing".

Usage: ``python tests/bench/identifier_readings.py KNOWLEDGE [FIRST_SEED LAST_SEED]``.

The rule is that of `identifiers.py`, but for what a reading changes: which runs are identifiers, where they are
divided, how many parts they have at least, and which part is missing. Where a reading has fewer than 50 candidates,
all are drawn; figures are scaled to 50.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import identifiers as rule

from rag.build import build
from rag.documents import Document, read_documents
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CHUNKS = re.compile(r"[A-Za-z0-9]+")
_FLAG = re.compile(r"(?<![\w\-./])--[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+(?![\w/])")
Candidates = Sequence[tuple[str, str]]
PLACES = ("first", "middle", "last", "any")


@dataclass(frozen=True, slots=True)
class Reading:
    """What counts as an identifier, and where it is divided."""

    name: str
    form: str = ".*"
    run: re.Pattern[str] = rule.RUN
    divided: re.Pattern[str] = _PARTS

    def holds(self, run: str) -> bool:
        """Whether a run is such an identifier."""
        return re.fullmatch(self.form, run) is not None and rule.is_identifier(run)


READINGS = (
    Reading("all"),
    Reading("all, divided at signs alone", divided=_CHUNKS),
    Reading("snake_case", "[A-Za-z0-9]+(_[A-Za-z0-9]+)+"),
    Reading("CamelCase", "[A-Za-z0-9]+"),
    Reading("dotted.names", r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+"),
    Reading("dashed-names", "[A-Za-z0-9]+(-[A-Za-z0-9]+)+"),
    Reading("--flags", run=_FLAG),
    Reading("paths", r"[^/]+(/[^/]+)+"),
)


def missing(place: str, parts: int, source: random.Random) -> int | None:
    """The number of the part that is left out, None where a name has no such part."""
    if place == "middle":
        return source.randrange(1, parts - 1) if parts > 2 else None
    return {"first": 0, "last": parts - 1}.get(place, source.randrange(parts))


def without(run: str, part: re.Match[str]) -> str:
    """``run`` without a part and the mark before it (behind it, where it is the first)."""
    before, after = run[: part.start()], run[part.end() :]
    return before.rstrip("_-./") + after if before.strip("-") else before + after.lstrip("_-./")


def measured(
    reading: Reading, least: int, found: Candidates, seeds: Sequence[int], finds: Callable[[str, str], bool]
) -> str | None:
    """The line of a reading: means and worst seeds of whole names, then of each place; None without candidates."""
    found = [one for one in found if reading.holds(one[0]) and len(reading.divided.findall(one[0])) >= least]
    if not found:
        return None
    sums: dict[str, list[float]] = {"whole": [], **{place: [] for place in PLACES}}
    for seed in seeds:
        hits: dict[str, list[bool]] = {name: [] for name in sums}
        source = random.Random(seed)
        for name, uri in source.sample(found, min(rule.DRAWN, len(found))):
            template = source.choice(rule.TEMPLATES)
            hits["whole"].append(finds(template.format(name), uri))
            parts = list(reading.divided.finditer(name))
            for place in PLACES:
                number = missing(place, len(parts), source)
                left = "" if number is None else without(name, parts[number])
                if len(left) > 1:
                    hits[place].append(finds(template.format(left), uri))
        for name, each in hits.items():
            sums[name] += [rule.DRAWN * sum(each) / len(each)] if each else []
    cells = [f"{sum(v) / len(v):5.1f} ({min(v):4.1f})" if v else " " * 12 for v in sums.values()]
    return f"{reading.name:<28} {least} {len(found):>5}  " + "  ".join(cells)


def main(folder: Path, seeds: Sequence[int]) -> None:
    """A line for each reading and least number of parts."""
    documents = [item for item in read_documents([folder]) if isinstance(item, Document)]
    embedder = LexicalEmbedder()
    with tempfile.TemporaryDirectory() as work:
        build([folder], Path(work), embedder)
        retriever = HybridRetriever([open_current(Path(work), "default", embedder.id)], embedder)

        @lru_cache(maxsize=1 << 16)
        def first(question: str) -> tuple[str, ...]:
            evidence = retriever.search(question, rule.PASSAGES)
            return tuple(dict.fromkeys(hit.passage.uri for hit in evidence.hits))[: rule.TOP_DOCUMENTS]

        print(
            "reading, least parts, candidates; mean (worst) whole, and without the first, a middle, the last, any part"
        )
        of_pattern = {one: rule.candidates(documents, one) for one in (rule.RUN, _FLAG)}
        for reading in READINGS:
            for least in rule.LEAST_PARTS:
                line = measured(
                    reading, least, of_pattern[reading.run], seeds, lambda question, uri: uri in first(question)
                )
                if line is not None:
                    print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit("usage: python tests/bench/identifier_readings.py KNOWLEDGE [FIRST_SEED LAST_SEED]")
    bounds = map(int, sys.argv[2:]) if len(sys.argv) == 4 else (101, 108)
    start, end = bounds
    main(Path(sys.argv[1]), range(start, end + 1))
