"""`qunda replay` killed by SIGKILL at random points: at the end every line has exactly one decision, in order."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command_line import finish, prepare, qunda, start

TEXTS = [
    "Zephyrlink 怎么安装",
    "哈哈哈",
    "端口怎么改",
    "中午吃什么",
    "@bot 日志级别在哪",
    "早上好",
    "",
    "zephyrlink init 报错",
]
COUNT = 120


def write_messages(path: Path, count: int = COUNT) -> list[dict[str, Any]]:
    rows = [
        {"id": f"m{n}", "text": f"{TEXTS[n % len(TEXTS)]} {n}", "block": n % 5, "mentions_bot": n % 11 == 0, "label": n}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return rows


def decisions(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_after(lines: int, out: Path, cwd: Path) -> bool:
    """Start the replay and kill it once OUT has so many lines; whether it was still running then."""
    process = start("replay", "in.jsonl", out.name, cwd=cwd)
    while process.poll() is None and lines_in(out) < lines:
        time.sleep(0.001)
    process.kill()
    return finish(process).status == -signal.SIGKILL


@pytest.mark.parametrize(("seed", "starts_over"), [(1, False), (2, False), (3, True)])
def test_killed_again_and_again_every_line_has_one_decision_in_order(
    seed: int, starts_over: bool, tmp_path: Path
) -> None:
    prepare(tmp_path)
    rows = write_messages(tmp_path / "in.jsonl")
    chance, out, killed = random.Random(seed), tmp_path / "out.jsonl", 0
    for round_ in range(4):
        killed += kill_after(lines_in(out) + chance.choice((0, 1, chance.randrange(2, 40))), out, tmp_path)
        if starts_over and round_ == 2:
            out.unlink(missing_ok=True)
    assert killed >= 2
    done = qunda("replay", "in.jsonl", "out.jsonl", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    found = decisions(out)
    assert [row["id"] for row in found] == [row["id"] for row in rows]
    assert [row["label"] for row in found] == [row["label"] for row in rows]
    assert {row["outcome"].partition(":")[0] for row in found} <= {"answered", "silent", "abstained", "merged"}
    with closing(sqlite3.connect(tmp_path / "data" / "qunda.db")) as connection:
        states = connection.execute("SELECT state, COUNT(*) FROM messages GROUP BY state").fetchall()
        repeated = connection.execute("SELECT id FROM messages GROUP BY id HAVING COUNT(*) > 1").fetchall()
    assert repeated == []
    if starts_over:  # a new OUT is a new run, whose messages are other ones
        assert {state for state, _ in states} == {"done"}
        assert sum(count for _, count in states) > COUNT
    else:
        assert states == [("done", COUNT)]


def test_a_kill_decides_nothing_differently(tmp_path: Path) -> None:
    prepare(tmp_path)
    write_messages(tmp_path / "in.jsonl", 48)
    assert qunda("replay", "in.jsonl", "whole.jsonl", "--data", tmp_path / "data", cwd=tmp_path).status == 0
    kill_after(7, tmp_path / "out.jsonl", tmp_path)
    assert qunda("replay", "in.jsonl", "out.jsonl", cwd=tmp_path).status == 0
    whole, killed = decisions(tmp_path / "whole.jsonl"), decisions(tmp_path / "out.jsonl")
    assert [(row["id"], row["outcome"]) for row in killed] == [(row["id"], row["outcome"]) for row in whole]
