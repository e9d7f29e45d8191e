"""Measures how well Chinese questions with an identifier find the document that explains it.

Usage: ``python tests/bench/identifiers.py KNOWLEDGE [FIRST_SEED LAST_SEED]``, KNOWLEDGE being a folder of documents.

The drawing rule, fixed before anything was improved:

- An identifier is a run of ASCII letters, digits and ``_ - . /`` that begins with a letter, is at most 60 characters
  long, has two to six parts (``_ - . /`` and camelCase divide) with a part of three letters, is no address of a web
  page, no file of pictures and no hash (four digits in a row).
- Its candidates stand in a heading or a fenced code block of exactly one document, counted as whole runs, and as a
  substring, in whatever case, in at most five documents. That one document is right.
- A seed draws 50 of all candidates, sorted, for each a Chinese template, and the part that is missing from its second
  question. What is left has two letters or more.
- A question succeeds when the right document is among the first 3 distinct ones.

Of a name of two parts a single word is left, often one that many documents have ("token"), so that nothing tells which
one is meant. The same is therefore drawn a second time from the names of three parts or more.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.base import Evidence
from rag.build import build
from rag.documents import Document, read_documents
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

LEAST_PARTS = (2, 3)
DRAWN, TOP_DOCUMENTS, MOST_DOCUMENTS = 50, 3, 5
PASSAGES = 30  # searched for each question; their distinct documents are ranked
TEMPLATES = (
    "{} 怎么用",
    "请问 {} 是什么意思？",
    "{} 这个参数怎么设置",
    "{}报错了怎么办",
    "哪里可以看到 {} 的说明",
    "大佬们，{} 在哪里配置啊",
    "为什么要用{}",
    "运行的时候提示找不到 {}，是什么原因",
)
RUN = re.compile(r"(?<![A-Za-z0-9_\-./])[A-Za-z][A-Za-z0-9]*(?:[_\-./]+[A-Za-z0-9]+)*(?![A-Za-z0-9_/])")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$", re.MULTILINE)
_FENCED = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)^[ \t]*\1", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WEB = re.compile(r"https?:\S+|www\.\S+|\S+\.(?:com|org|cn|io|net)\S*")
_NO_IDENTIFIER = re.compile(r"\d{4}|\.(?:png|jpe?g|gif|svg|mp4|webp)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """An identifier, what is left of it without one part, the two questions and the right document."""

    whole: str
    partial: str
    questions: tuple[str, str]
    uri: str


def candidates(documents: Sequence[Document], pattern: re.Pattern[str] = RUN) -> list[tuple[str, str]]:
    """All identifiers that may be drawn, each with its document, sorted."""
    homes: dict[str, set[str]] = {}
    for document in documents:
        for name in set(_prominent(document.text, pattern)):
            homes.setdefault(name, set()).add(document.uri)
    texts = [document.text.lower() for document in documents]
    kept = []
    for name, uris in homes.items():
        if len(uris) == 1 and is_identifier(name) and _in_at_most(name.lower(), texts, MOST_DOCUMENTS):
            kept.append((name, *uris))
    return sorted(kept)


def parts(run: str) -> int:
    """How many parts an identifier has."""
    return len(_PART.findall(run))


def is_identifier(run: str) -> bool:
    """Whether a run can be drawn: see the rule above."""
    parts = _PART.findall(run)
    long = any(len(part) >= 3 and part.isalpha() for part in parts)
    return len(run) <= 60 and 2 <= len(parts) <= 6 and long and not _NO_IDENTIFIER.search(run)


def without(run: str, missing: int) -> str:
    """``run`` without its part number ``missing`` and the mark before it (behind it, where it is the first)."""
    part = list(_PART.finditer(run))[missing]
    before, after = run[: part.start()], run[part.end() :]
    marks = "_-./"
    return before.rstrip(marks) + after if before else after.lstrip(marks)


def draw(found: Sequence[tuple[str, str]], seed: int) -> list[Case]:
    """The cases of one seed."""
    source = random.Random(seed)
    cases = []
    for name, uri in source.sample(found, DRAWN):
        template = source.choice(TEMPLATES)
        left = [without(name, missing) for missing in range(len(_PART.findall(name)))]
        partial = source.choice([rest for rest in left if len(rest) > 1])
        cases.append(Case(name, partial, (template.format(name), template.format(partial)), uri))
    return cases


def score(cases: Sequence[Case], search: Callable[[str, int], Evidence]) -> tuple[list[bool], list[bool]]:
    """For each case whether the whole and the partial identifier found the document."""
    whole = [_finds(search(case.questions[0], PASSAGES), case.uri) for case in cases]
    return whole, [_finds(search(case.questions[1], PASSAGES), case.uri) for case in cases]


def _finds(evidence: Evidence, uri: str) -> bool:
    documents = list(dict.fromkeys(hit.passage.uri for hit in evidence.hits))
    return uri in documents[:TOP_DOCUMENTS]


def _prominent(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """The runs in headings and fenced code; ``#`` within code is no heading, and what it holds counts as code."""
    fenced = [match.group(2) for match in _FENCED.finditer(text)]
    headings = _HEADING.findall(_FENCED.sub("", text))
    for piece in (*fenced, *headings):
        for match in pattern.finditer(_WEB.sub(" ", piece)):
            yield match.group()


def _in_at_most(name: str, texts: Sequence[str], most: int) -> bool:
    count = 0
    for text in texts:
        count += name in text
        if count > most:
            return False
    return True


def measure(folder: Path, seeds: Sequence[int]) -> dict[int, dict[int, tuple[int, int]]]:
    """By the least number of parts and by seed: how many were found with the whole and with the partial identifier."""
    documents = [item for item in read_documents([folder]) if isinstance(item, Document)]
    found = candidates(documents)
    embedder = LexicalEmbedder()
    result: dict[int, dict[int, tuple[int, int]]] = {}
    with tempfile.TemporaryDirectory() as work:
        build([folder], Path(work), embedder)
        retriever = HybridRetriever([open_current(Path(work), "default", embedder.id)], embedder)
        for least in LEAST_PARTS:
            drawable = [one for one in found if parts(one[0]) >= least]
            print(f"{least} parts or more: {len(drawable)} candidates in {len(documents)} documents", flush=True)
            scores = {seed: score(draw(drawable, seed), retriever.search) for seed in seeds}
            result[least] = {seed: (sum(whole), sum(partial)) for seed, (whole, partial) in scores.items()}
            show(result[least])
    return result


def show(rows: Mapping[int, tuple[int, int]]) -> None:
    """A line for each seed, the mean and the worst."""
    for seed, (whole, partial) in rows.items():
        print(f"  seed {seed:<3} whole {whole}/{DRAWN}  partial {partial}/{DRAWN}")
    for place, name in enumerate(("whole", "partial")):
        values = [row[place] for row in rows.values()]
        print(f"  {name:<8} mean {sum(values) / len(values):.1f}  worst {min(values)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit("usage: python tests/bench/identifiers.py KNOWLEDGE [FIRST_SEED LAST_SEED]")
    first, last = map(int, sys.argv[2:]) if len(sys.argv) == 4 else (10, 19)
    measure(Path(sys.argv[1]), range(first, last + 1))
