"""Measures how often a question for the place of a definition is answered with its file and line.

Usage: ``python tests/bench/definitions.py [PACKAGE ...] [--seed N] [--messages FILE]``; the packages
(aiohttp, pydantic, numpy and loguru unless named) are installed ones, whose ``.py`` files are made into a base.

The drawing rule, fixed before anything was measured:

- Candidates are the lines ``def NAME``, ``async def NAME`` and ``class NAME`` at the margin or directly in a class that
  stands at the margin, told by their indentation alone; ``@overload`` and accessors (``.setter``, ``.deleter``) are
  none, and neither are files of tests.
- A seed draws 100 of all candidates, sorted. One at the margin is asked for by its name, one in a class as
  ``Class.name``, each with the next of the templates, Chinese and English by turns.
- Right is the file and the line of the candidate in the first citation. A name that several candidates share is
  ambiguous: nothing tells which one is meant, so those are reported apart, too, with how often the list has it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rag.asked_definition import asked_definition
from rag.base import Question, detect_language
from rag.build import build
from rag.defined import definitions_answer, find_definitions
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current

DRAWN = 100
ZH = ("{} 在哪里定义？", "{} 定义在哪个文件", "{} 的源码在哪", "请问{}的实现在哪个文件里", "哪个文件定义了 {}？")
EN = (
    "where is {} defined?",
    "Which file defines {}",
    "where can I find the definition of {}?",
    "in which file is `{}` implemented?",
    "Where is the source code of {}",
)
OTHERS = (
    "怎么安装",
    "配置文件在哪里",
    "实现单点登录要改哪些代码",
    "接口文档在哪个文件里",
    "哪个版本实现了流式输出",
    "where is the config file",
    "which file do I have to edit to change the port?",
    "where can I find the documentation of the source code?",
    "what is the definition of done",
    "how is the retry implemented",
)
_LINE = re.compile(r"(?P<indent> *)(?:async +def|def|class) +(?P<name>\w+)")
_LEFT_OUT = re.compile(r"\s*@(?:.*\boverload\b|\w+\.(?:setter|deleter)\b)")


@dataclass(frozen=True, order=True)
class Candidate:
    """A definition: its file in the base, its line and the name that it is asked for by."""

    uri: str
    line: int
    name: str


def main() -> None:
    """Build, ask, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("packages", nargs="*", default=["aiohttp", "pydantic", "numpy", "loguru"])
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--messages", type=Path, help="JSON lines with a text: how many of them are taken for one")
    args = parser.parse_args()
    if args.messages:
        texts = [json.loads(line)["text"] for line in args.messages.read_text("utf-8").splitlines() if line.strip()]
        taken = sum(asked_definition(text) is not None for text in texts)
        print(f"{taken} of {len(texts)} messages ask for a definition")
    with tempfile.TemporaryDirectory() as folder:
        documents, root = Path(folder) / "docs", Path(folder) / "knowledge"
        for package in args.packages:
            copy_sources(package, documents / package)
        build([documents], root, LexicalEmbedder())
        version = open_current(root, "default")
        candidates = sorted(one for path in sorted(documents.rglob("*.py")) for one in read(path, documents))
        names = Counter(one.name for one in candidates)
        drawn = random.Random(args.seed).sample(candidates, DRAWN)
        right, listed, seconds = [], [], []
        for number, one in enumerate(drawn):
            template = (ZH, EN)[number % 2][number // 2 % len(ZH)]
            text = template.format(one.name)
            start = time.perf_counter()
            found = find_definitions(Question(text, detect_language(text)), [version])
            seconds.append(time.perf_counter() - start)
            cited = [source.uri for source in definitions_answer(found, "en").citations] if found else []
            right.append(cited[:1] == [f"{one.uri}#L{one.line}"])
            listed.append(f"{one.uri}#L{one.line}" in cited)
            if not right[-1]:
                what = "ambiguous" if names[one.name] > 1 else "missed"
                print(f"  {what}: {text} ({one.uri}:{one.line}) -> {cited[:2]}")
        alone = [names[one.name] == 1 for one in drawn]
        first = sum(r for r, a in zip(right, alone, strict=True) if a)
        print(f"{len(version)} passages, {len(candidates)} candidates, seed {args.seed}")
        print(f"first citation right: {sum(right)} of {DRAWN}; of names defined once {first} of {sum(alone)}")
        print(f"among those listed: {sum(listed)} of {DRAWN}")
        middle = sorted(seconds)[DRAWN // 2]
        print(f"median {middle * 1e3:.2f} ms; the first, which reads the index, {seconds[0] * 1e3:.0f} ms")
        wrong = [text for text in OTHERS if find_definitions(Question(text, detect_language(text)), [version])]
        loops = 200
        start = time.perf_counter()
        for _ in range(loops):
            for text in OTHERS:
                find_definitions(Question(text, detect_language(text)), [version])
        each = (time.perf_counter() - start) / loops / len(OTHERS)
        print(
            f"other questions: {len(wrong)} of {len(OTHERS)} taken for one {wrong}, {each * 1e6:.0f} microseconds each"
        )


def copy_sources(package: str, target: Path) -> None:
    """The Python files of an installed package, without its tests."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{package} is no installed package")
    ignored = shutil.ignore_patterns("tests", "__pycache__", "*.so", "*.c", "*.h", "*.json", "*.pyi", "*.npz", "*.a")
    shutil.copytree(spec.submodule_search_locations[0], target, ignore=ignored)


def read(path: Path, documents: Path) -> list[Candidate]:
    """The candidates of a file."""
    found, owner = [], ""
    lines = path.read_text("utf-8").split("\n")
    quoted = False
    for number, line in enumerate(lines):
        match = None if quoted else _LINE.match(line)
        if line.count('"""') % 2 or line.count("'''") % 2:
            quoted = not quoted
        if match is None:
            owner = "" if line[:1].strip() and line[:1] not in ")#@" and not quoted else owner
            continue
        if not match["indent"]:
            owner = match["name"] if line.startswith("class") else ""
            name = match["name"]
        elif len(match["indent"]) == 4 and owner:
            name = f"{owner}.{match['name']}"
        else:
            continue
        if not (number and _LEFT_OUT.match(lines[number - 1])):
            found.append(Candidate(path.relative_to(documents).as_posix(), number + 1, name))
    return found


if __name__ == "__main__":
    main()
