"""What watching, showing and verifying an answer costs beside its model: ``tests/bench/streaming.py [--rounds N]``.

Answers of 6, 20 and 45 sentences come in pieces of two characters, plain and as JSON. Told is processor time of this
process, the median of the rounds: all together, what is done on the event loop while the text grows, and how often it
was shown.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator

from rag.answer import LLMAnswerer
from rag.base import Answer, Evidence, Hit, Passage, Question
from rag.prompts import Prompt

PLACES = re.findall("..", "深圳上海北京广州杭州成都武汉南京西安苏州长沙青岛厦门宁波大连")
SERVICES = ("检索服务", "消息网关", "模型缓存")


def sentences(count: int, turn: int) -> list[str]:
    """As many different sentences, each with a name and numbers of its own; others each turn, for there are caches."""
    return [
        f"{PLACES[n % 15]}机房的{SERVICES[n // 15]}默认监听端口 {8000 + 1000 * turn + 7 * n}，日志会保留 {10 + n} 天。"
        for n in range(count)
    ]


class Written:
    """A generator that writes one text in pieces of two characters; it costs nothing."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The pieces."""
        for start in range(0, len(self._text), 2):
            yield self._text[start : start + 2]


async def answered(text: str, told: list[str]) -> tuple[float, float, int]:
    """Seconds in all, seconds until the last text was shown, and how often one was."""
    passages = [Passage(str(n), "".join(told[n * 6 : n * 6 + 6]), "机房", f"{n}.md") for n in range(8)]
    evidence = Evidence("端口是多少？", tuple(Hit(passage, 1.0) for passage in passages if passage.text))
    question, shown, while_shown = Question("各机房的端口是多少？", "zh", mentioned=True), 0, 0.0
    start = time.process_time()
    async for part in LLMAnswerer(Written(text)).answer(question, evidence):
        if isinstance(part, str):
            shown, while_shown = shown + 1, time.process_time() - start
    assert isinstance(part, Answer) and len(part.text) > 20 * len(told), part  # nothing was cut
    return time.process_time() - start, while_shown, shown


def written(told: list[str], form: str) -> str:
    """What the model writes."""
    if form == "plain":
        return "".join(f"{text[:-1]} [{n // 6 + 1}]。" for n, text in enumerate(told))
    rows = [{"text": text, "sources": [n // 6 + 1]} for n, text in enumerate(told)]
    return json.dumps({"answerable": True, "sentences": rows}, ensure_ascii=False)


def measured(rounds: int) -> Iterator[str]:
    """The rows of the table."""
    yield f"{'sentences':>9} {'form':5} {'chars':>5} {'all ms':>8} {'loop ms':>8} {'shown':>5}"
    for count in (6, 20, 45):
        for form in ("plain", "JSON"):
            turns = [sentences(count, turn) for turn in range(rounds)]
            runs = [asyncio.run(answered(written(told, form), told)) for told in turns]
            whole, loop = (statistics.median(run[n] for run in runs) * 1000 for n in (0, 1))
            yield f"{count:9} {form:5} {len(written(turns[0], form)):5} {whole:8.1f} {loop:8.1f} {runs[0][2]:5}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    for line in measured(parser.parse_args().rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
