"""Measures what an answer costs beside the language model: judging, quoting, verifying, by the clock and by the CPU.

``python tests/bench/overhead.py FOLDER QUESTIONS.jsonl [--profile]``: FOLDER holds documents, each line of QUESTIONS
has a "text" or a "question"; each is asked as a mention of the bot. What is verified is the quoted answer itself.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bot.builder import build_base, with_documents
from bot.config import load
from bot.engine.core import Core
from bot.teachings import Teachings
from rag.base import Question
from rag.verify import verify


def ask(core: Core, text: str, mentioned: bool) -> list[float]:
    """Seconds of the CPU for each step, then all of them by the clock and by the CPU."""
    question = Question(text, mentioned=mentioned)
    begun, marks = time.perf_counter(), [time.process_time()]
    judgement = core.judge("", question)
    marks.append(time.process_time())
    answer = core.quote(question, judgement.evidence) if judgement.supported else None
    marks.append(time.process_time())
    if answer is not None:
        verify(answer.text, [hit.passage for hit in judgement.evidence.hits])
    marks.append(time.process_time())
    return [*np.diff(marks), time.perf_counter() - begun, marks[-1] - marks[0]]


def report(name: str, rows: list[list[float]]) -> None:
    """Print a line for each step."""
    values = np.array(rows) * 1000
    print(f"{name}: {len(rows)} questions")
    for step, column in zip(("judge", "quote", "verify", "all, clock", "all, CPU"), values.T, strict=True):
        p50, p95, p99 = np.percentile(column, [50, 95, 99])
        print(f"  {step:10} p50 {p50:6.2f}  p95 {p95:6.2f}  p99 {p99:6.2f} ms")


def main() -> None:
    """Print the figures."""
    lines = [json.loads(line) for line in Path(sys.argv[2]).read_text("utf-8").splitlines() if line.strip()]
    texts = [line.get("text") or line["question"] for line in lines]
    with tempfile.TemporaryDirectory() as work:
        settings = load(None, data=Path(work, "data"), overrides=[], environ={})
        settings = with_documents(settings, "default", (sys.argv[1],))
        build_base(settings, "default")
        core = Core(settings)
        core.remake(Teachings(), True)
        ask(core, texts[0], True)
        profile = cProfile.Profile()
        if "--profile" in sys.argv:
            profile.enable()
        report("mentions", [ask(core, text, True) for text in texts])
        if "--profile" in sys.argv:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        report("overheard, asked before", [ask(core, text, False) for text in texts])


if __name__ == "__main__":
    main()
