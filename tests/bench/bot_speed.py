"""Measures the bot on real documents and messages: gate and retrieval a message, a replay end to end, idle memory,
pauses of the event loop.

Usage: ``python tests/bench/bot_speed.py FOLDER MESSAGES.jsonl [section.key=value ...]``
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from adapters.base import Deliver
from adapters.defaults import BaseAdapter
from adapters.replay import ReplayAdapter
from bot.app import App
from bot.builder import build_base, with_documents
from bot.cli.offline import open_bases
from bot.clock import ReplayClock
from bot.config import Settings, load
from bot.engine import Engine, open_engine
from bot.engine.process import ProcessEngine
from bot.store.groups import Example
from bot.teachings import Teachings
from rag.base import Question
from rag.snapshot import View


def memory_mib(pid: int | str = "self") -> tuple[float, float]:
    """Resident memory of a process, and its share of it where pages are shared (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return sizes["Rss:"], sizes["Pss:"]


class IdleAdapter(BaseAdapter):
    """Says nothing, and reads the memory after a while."""

    name = "idle"
    memory = ""

    def __init__(self) -> None:
        self.app: App | None = None

    async def run(self, deliver: Deliver) -> None:
        await asyncio.sleep(2)
        assert self.app is not None
        sizes = [await asyncio.to_thread(memory_mib)]
        if isinstance(self.app.engine, ProcessEngine):
            sizes.append(await asyncio.to_thread(memory_mib, self.app.engine.pid or "self"))
        each = " + ".join(f"{rss:.0f}" for rss, _ in sizes)
        self.memory = f"{each} MiB resident, {sum(pss for _, pss in sizes):.0f} MiB counting shared pages once"

    async def send(self, reply: object, key: str) -> object:  # type: ignore[override]
        raise AssertionError("nothing was asked")


def view_of(settings: Settings) -> View:
    """What a group without anything of its own has."""
    maker, bases = open_bases(settings)
    view = maker.view("", bases, Teachings())
    assert view is not None
    return view


def latency(settings: Settings, messages: list[str]) -> str:
    """Milliseconds of search and decision for each message, after one round to warm up."""
    view = view_of(settings)
    times = np.zeros(len(messages))
    for _ in range(2):
        for number, text in enumerate(messages):
            start = time.perf_counter()
            view.gate.decide(Question(text), view.search(text))
            times[number] = time.perf_counter() - start
    p50, p99, worst = np.percentile(times * 1000, [50, 99, 100])
    return f"gate and retrieval, a message: p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {worst:.2f} ms"


async def replay(settings: Settings, messages: Path, out: Path) -> str:
    """A whole replay: store, lanes, gate, retrieval, extractive answers; starting up is not counted."""
    adapter = ReplayAdapter(messages, out)
    app = App(settings, [adapter], clock=ReplayClock(), limited=False, replaying=True)
    started = 0.0

    def ready() -> None:
        nonlocal started
        started = time.perf_counter()

    app.ready = ready
    await app.run()
    seconds = time.perf_counter() - started
    lines = await asyncio.to_thread(lambda: [json.loads(line) for line in out.read_text("utf-8").splitlines()])
    ends = {
        kind: sum(line["outcome"] == kind for line in lines) for kind in sorted({line["outcome"] for line in lines})
    }
    return f"replay: {len(lines)} messages in {seconds:.1f} s, {len(lines) / seconds:.0f}/s; outcomes {ends}"


def idle(settings: Settings) -> str:
    """Memory of a bot that has started and waits; to be called in a process that has done nothing else."""
    adapter = IdleAdapter()
    adapter.app = App(settings, [adapter])
    asyncio.run(adapter.app.run())
    return f"idle memory: {adapter.memory}"


async def longest_pause_ms(engine: Engine, texts: list[str], work: Awaitable[None]) -> float:
    """The longest pause of the event loop while 8 lanes judge and ``work`` is done beside them."""
    longest, doing = 0.0, asyncio.ensure_future(work)

    async def judge(number: int) -> None:
        while not doing.done():
            await engine.judge("", Question(texts[number % len(texts)]))
            number += 8

    judging = asyncio.gather(*map(judge, range(8)))
    while not judging.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
    await asyncio.gather(judging, doing)
    return longest * 1000


async def pauses(settings: Settings, texts: list[str]) -> str:
    """What a hot swap with a training does to the event loop, beside the same load without one."""
    shown = []
    async with open_engine(settings) as engine:
        await engine.remake(Teachings(), reopen=True)
        for number in range(1, 6):
            quiet = await longest_pause_ms(engine, texts, asyncio.sleep(3))
            taught = Example(number, "*", f"{number}", "bad", "bench", datetime.now(UTC), "", None)
            swap = engine.remake(Teachings([taught], revision=number), reopen=True)
            shown.append((quiet, await longest_pause_ms(engine, texts, swap)))
    without, with_swap = np.median(np.array(shown), axis=0)
    return (
        f"longest pause of the event loop, median of 5: {without:.1f} ms, with a swap and training {with_swap:.1f} ms"
    )


def main(folder: str, messages: Path, overrides: list[str]) -> None:
    """Print the figures."""
    texts = [json.loads(line)["text"] for line in messages.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as work:
        settings = with_documents(
            load(None, data=Path(work, "data"), overrides=overrides, environ={}), "default", (folder,)
        )
        build_base(settings, "default")
        start = time.perf_counter()
        view_of(settings)
        print(f"gate trained on the packaged examples: {time.perf_counter() - start:.1f} s", flush=True)
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            print(apart.submit(idle, settings).result(), flush=True)
        print(latency(settings, texts), flush=True)
        print(asyncio.run(pauses(settings, texts)), flush=True)
        for number in range(3):
            print(asyncio.run(replay(settings, messages, Path(work, f"out{number}.jsonl"))), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python tests/bench/bot_speed.py FOLDER MESSAGES.jsonl [section.key=value ...]")
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
