"""A replay that was killed goes on: every line has exactly one decision at the end, wherever the kill fell."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_core import SILENT, Core, contents, read, write

from adapters.replay import ReplayAdapter

LINES = 12


async def crash(core: Core, source: Path, target: Path, known: int, decided: int, cut: float, *, before: bool) -> None:
    """Run up to a state that a kill can leave, then start again: in-work messages end before or after `run` begins."""
    core.waits, core.recorded = True, True
    adapter = core.open(source, target)
    run = asyncio.create_task(adapter.run(core.deliver))
    while len(core.known) < LINES:  # noqa: ASYNC110 - the fake core has no condition to wait for
        await asyncio.sleep(0)
    for message in list(core.known.values())[:decided]:
        await core.decide(message)
    run.cancel()
    await asyncio.wait([run])
    core.known = dict(list(core.known.items())[:known])
    os.truncate(target, int(cut * os.path.getsize(target)))  # noqa: ASYNC240, PTH202
    core.adapter = restarted = ReplayAdapter(source, target, recall_outcome=core.recall)
    core.waits = False
    in_work = [message for message in core.known.values() if message.id not in core.outcomes]
    for message in in_work if before else ():
        await core.decide(message)
    async with asyncio.TaskGroup() as group:
        group.create_task(restarted.run(core.deliver))
        for message in () if before else in_work:
            await asyncio.sleep(0)
            await core.decide(message)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, LINES), st.integers(0, LINES), st.floats(0, 1), st.booleans())
def test_every_line_has_one_decision_in_order_after_any_crash(
    tmp_path_factory: pytest.TempPathFactory, known: int, decided: int, cut: float, before: bool
) -> None:
    folder = tmp_path_factory.mktemp("replay")
    source = write(folder / "in.jsonl", *({"text": str(n)} for n in range(1, LINES + 1)))
    asyncio.run(crash(Core(), source, folder / "out.jsonl", max(known, decided), decided, cut, before=before))
    assert [row["id"] for row in read(folder / "out.jsonl")] == list(range(1, LINES + 1))
    assert sorted(contents(folder)) == ["in.jsonl", "out.jsonl"]


async def test_decided_lines_are_not_delivered_again(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", *({"text": str(n)} for n in range(3)))
    write(tmp_path / "out.jsonl", {"id": 1, **SILENT}, {"id": 2, **SILENT})
    core = Core()
    await core.open(source, tmp_path / "out.jsonl").run(core.deliver)
    assert [message.text for message in core.known.values()] == ["2"]
    await core.open(source, tmp_path / "out.jsonl").run(core.deliver)
    assert len(core.known) == 1


@pytest.mark.parametrize("half", ["{", '{"id', '{"id": 3, "outcome": "sil', json.dumps({"id": 3, **SILENT})])
async def test_a_half_written_last_line_is_mended(tmp_path: Path, half: str) -> None:
    source = write(tmp_path / "in.jsonl", *({"text": str(n)} for n in range(3)))
    write(tmp_path / "out.jsonl", {"id": 1, **SILENT}, {"id": 2, **SILENT})
    with (tmp_path / "out.jsonl").open("a") as file:
        file.write(half)
    core = Core()
    await core.open(source, tmp_path / "out.jsonl").run(core.deliver)
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == [1, 2, 3]


CHILD = """
import asyncio, json, os, sqlite3, sys
from pathlib import Path
from adapters.replay import ReplayAdapter

source, target, store, survive = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
db = sqlite3.connect(store, isolation_level=None)
db.executescript("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS m (id TEXT PRIMARY KEY, outcome TEXT)")

async def recall(message_id):
    row = db.execute("SELECT outcome FROM m WHERE id = ?", (message_id,)).fetchone()
    return json.loads(row[0]) if row and row[0] else None

async def main():
    adapter = ReplayAdapter(source, target, recall_outcome=recall, window=8)
    left = survive

    def step():
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)

    async def finish(message):
        await asyncio.sleep(0)
        decision = {"outcome": "silent", "reasons": [message.text], "citations": []}
        step()
        db.execute("UPDATE m SET outcome = ? WHERE id = ?", (json.dumps(decision), message.id))
        step()
        await adapter.record(message, decision)
        step()

    async with asyncio.TaskGroup() as group:
        async def deliver(message):
            await asyncio.sleep(0)
            step()
            if db.execute("INSERT OR IGNORE INTO m VALUES (?, NULL)", (message.id,)).rowcount:
                group.create_task(finish(message))
                return True
            if await recall(message.id) is None:
                group.create_task(finish(message))
            return False

        await adapter.run(deliver)

asyncio.run(main())
"""


async def test_a_process_killed_again_and_again_leaves_one_decision_for_each_line(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", *({"text": str(n), "block": n % 3} for n in range(1, 41)), "broken")
    target, status = tmp_path / "out.jsonl", -signal.SIGKILL
    for survive in (3, 20, 17, 33, 50, 0):
        arguments = (str(source), str(target), str(tmp_path / "db"), str(survive))
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, *arguments)
        status = await child.wait()
        assert status == (-signal.SIGKILL if survive else 0)
    rows = read(target)
    assert [row["id"] for row in rows] == list(range(1, 42))
    assert [row["reasons"][0] for row in rows[:40]] == [str(n) for n in range(1, 41)]
