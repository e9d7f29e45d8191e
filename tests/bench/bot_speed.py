"""Measures the bot on real documents and messages: gate and retrieval a message, a replay end to end, idle memory.

Usage: ``python tests/bench/bot_speed.py FOLDER MESSAGES.jsonl``
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from adapters.base import Deliver
from adapters.defaults import BaseAdapter
from adapters.replay import ReplayAdapter
from bot.app import App
from bot.builder import build_base, with_documents
from bot.cli.offline import open_view
from bot.clock import ReplayClock
from bot.config import Settings, load
from rag.base import Question


def memory_mib() -> float:
    """Resident memory of this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class IdleAdapter(BaseAdapter):
    """Says nothing, and reads the memory after a while."""

    name = "idle"
    memory = 0.0

    async def run(self, deliver: Deliver) -> None:
        await asyncio.sleep(2)
        self.memory = memory_mib()

    async def send(self, reply: object, key: str) -> object:  # type: ignore[override]
        raise AssertionError("nothing was asked")


def latency(settings: Settings, messages: list[str]) -> str:
    """Milliseconds of search and decision for each message, after one round to warm up."""
    view = open_view(settings)
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


async def idle(settings: Settings) -> str:
    """Memory of a bot that has started and waits."""
    adapter = IdleAdapter()
    await App(settings, [adapter]).run()
    return f"idle memory: {adapter.memory:.0f} MiB"


def main(folder: str, messages: Path) -> None:
    """Print the figures."""
    texts = [json.loads(line)["text"] for line in messages.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as work:
        settings = with_documents(load(None, data=Path(work, "data"), environ={}), "default", (folder,))
        build_base(settings, "default")
        start = time.perf_counter()
        open_view(settings)
        print(f"gate trained on the packaged examples: {time.perf_counter() - start:.1f} s", flush=True)
        print(asyncio.run(idle(settings)), flush=True)
        print(latency(settings, texts), flush=True)
        for number in range(3):
            print(asyncio.run(replay(settings, messages, Path(work, f"out{number}.jsonl"))), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python tests/bench/bot_speed.py FOLDER MESSAGES.jsonl")
    main(sys.argv[1], Path(sys.argv[2]))
