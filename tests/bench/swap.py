"""Measures what swaps do to the event loop: `python swap.py FOLDER MESSAGES.jsonl`.

Eight lanes judge messages without a pause. The longest pause of the loop is taken beside nothing, and beside a rebuild
after an edit: built in its child process, swapped in, the old version freed, the gate trained anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench.bot_speed import longest_pause_ms

from bot.build_process import Builder
from bot.builder import build_base, with_documents
from bot.config import Settings, load
from bot.engine import Engine, open_engine
from bot.teachings import Teachings

ROUNDS = 5
QUIET_S = 5


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
            quiet = await longest_pause_ms(engine, texts, asyncio.sleep(QUIET_S))
            swap = rebuild(engine, builder, edited, number)
            shown.append((quiet, await longest_pause_ms(engine, texts, swap)))
        await builder.close()
    without, with_swap = np.median(np.array(shown), axis=0)
    each = "; ".join(f"{a:.1f} and {b:.1f}" for a, b in shown)
    return f"longest pause, median of {ROUNDS}: {without:.1f} ms, with a rebuild {with_swap:.1f} ms ({each})"


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
