"""Measures what swaps do to the event loop: `python swap.py FOLDER MESSAGES.jsonl`.

Eight lanes judge messages without a pause. The longest pause of the loop is taken beside nothing, and beside a rebuild
after an edit: built in its child process, swapped in, the old version freed, the gate trained anew. ``own`` counts the
processor time of the loop's thread alone: on a busy machine the rest is time that other processes had.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

import numpy as np

from bot.build_process import Builder
from bot.builder import build_base, with_documents
from bot.config import Settings, load
from bot.engine import Engine, open_engine
from bot.teachings import Teachings
from rag.base import Question

ROUNDS = 5
QUIET_S = 5


async def longest_pauses_ms(engine: Engine, texts: list[str], work: Awaitable[None]) -> tuple[float, float]:
    """The longest pause of the event loop, and the longest that is its own doing, while ``work`` is done."""
    longest, own, doing = 0.0, 0.0, asyncio.ensure_future(work)

    async def judge(number: int) -> None:
        while not doing.done():
            await engine.judge("", Question(texts[number % len(texts)]))
            number += 8

    judging = asyncio.gather(*map(judge, range(8)))
    while not judging.done():
        before, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
        own = max(own, time.thread_time() - used)
    await asyncio.gather(judging, doing)
    return longest * 1000, own * 1000


async def rebuild(engine: Engine, builder: Builder, edited: Path, number: int) -> None:
    """An edit, and all that follows from it."""
    with edited.open("a") as file:
        file.write(f"\n\nEdit number {number}.\n")
    report = await builder.build("default")
    assert report.changed == 1, report
    await engine.remake(Teachings(), reopen=True)
    await engine.remake(Teachings(), reopen=False)


async def pauses(settings: Settings, texts: list[str], edited: Path) -> str:
    """The medians of the longest pauses, without and with."""
    shown = []
    async with open_engine(settings) as engine:
        builder = Builder(settings)
        await engine.remake(Teachings(), reopen=True)
        await rebuild(engine, builder, edited, -1)
        for number in range(ROUNDS):
            quiet = await longest_pauses_ms(engine, texts, asyncio.sleep(QUIET_S))
            swap = rebuild(engine, builder, edited, number)
            shown.append((*quiet, *await longest_pauses_ms(engine, texts, swap)))
        await builder.close()
    quiet_ms, quiet_own, swap_ms, swap_own = np.median(np.array(shown), axis=0)
    each = "; ".join(f"{row[0]:.1f} and {row[2]:.1f}" for row in shown)
    return (
        f"longest pause, median of {ROUNDS}: {quiet_ms:.1f} ms (own {quiet_own:.1f}), with a rebuild {swap_ms:.1f} ms "
        f"(own {swap_own:.1f}); each: {each}"
    )


def main(folder: Path, messages: Path) -> None:
    """Print the figures for both ways of computing."""
    texts = [json.loads(line)["text"] for line in messages.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as work:
        documents = Path(work, "documents")
        shutil.copytree(folder, documents)
        edited = next(path for path in sorted(documents.rglob("*.md")) if path.stat().st_size > 20_000)
        for computing in ("process", "thread"):
            overrides = [f"bot.computing={computing}"]
            loaded = load(None, data=Path(work, "data"), overrides=overrides, environ={})
            settings = with_documents(loaded, "default", (str(documents),))
            build_base(settings, "default")
            print(f"{computing}: {asyncio.run(pauses(settings, texts, edited))}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python tests/bench/swap.py FOLDER MESSAGES.jsonl")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
