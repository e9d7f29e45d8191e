"""`qunda replay` and `qunda run` as processes: bad lines, resuming, limits, files and stores that cannot be written."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command_line import finish, prepare, qunda, start

KEYS = ["id", "outcome", "probability", "threshold", "reasons", "answer", "citations"]


def write_lines(path: Path, rows: list[Any]) -> None:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")


def decisions(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    prepare(tmp_path)
    write_lines(
        tmp_path / "in.jsonl", [{"text": "Zephyrlink 怎么安装", "tag": 1}, {"text": "哈哈哈"}, {"text": "早上好"}]
    )
    return tmp_path


def test_every_line_gets_a_decision_and_a_second_run_adds_nothing(home: Path) -> None:
    done = qunda("replay", "in.jsonl", "out.jsonl", cwd=home)
    assert (done.status, done.err) == (0, "")
    assert done.out == "3 lines: 2 silent, 1 answered; out.jsonl\n"
    rows = decisions(home / "out.jsonl")
    assert [list(row)[: len(KEYS)] for row in rows] == [KEYS] * 3
    assert [row["outcome"] for row in rows] == ["answered", "silent", "silent"]
    assert rows[0]["tag"] == 1
    assert rows[0]["citations"][0]["uri"] == "install.md"
    before = (home / "out.jsonl").read_bytes()
    assert qunda("replay", "in.jsonl", "out.jsonl", cwd=home).status == 0
    assert (home / "out.jsonl").read_bytes() == before


def test_lines_that_are_no_messages_end_as_failed_input_with_the_line(home: Path) -> None:
    write_lines(home / "odd.jsonl", ["{", {"text": 1}, {"text": "早上好", "id": "x"}, {"text": "a", "id": "x"}, "[]"])
    done = qunda("replay", "odd.jsonl", "odd.out", cwd=home)
    assert (done.status, done.err.count("\n")) == (1, 1), done.err
    assert "4 lines of the input are no messages" in done.err
    assert "the reasons stand in odd.out as failed:input, first in its line 1: line 1:" in done.err
    rows = decisions(home / "odd.out")
    assert [row["outcome"] for row in rows] == [
        "failed:input",
        "failed:input",
        "silent",
        "failed:input",
        "failed:input",
    ]
    assert [row["reasons"][0].split(":")[0] for row in rows if row["outcome"] == "failed:input"] == [
        "line 1",
        "line 2",
        "line 4",
        "line 5",
    ]


def test_a_half_written_last_line_is_mended(home: Path) -> None:
    process = start("replay", "in.jsonl", "out.jsonl", cwd=home)
    finish(process)
    whole = (home / "out.jsonl").read_bytes()
    (home / "out.jsonl").write_bytes(whole[:-20])
    assert qunda("replay", "in.jsonl", "out.jsonl", cwd=home).status == 0
    assert [row["outcome"] for row in decisions(home / "out.jsonl")] == ["answered", "silent", "silent"]


def test_rate_limits_apply_only_when_asked_for(home: Path) -> None:
    write_lines(home / "many.jsonl", [{"text": "Zephyrlink 怎么安装", "sender": "a", "mentions_bot": True}] * 5)
    limit = ("--set", "bot.per_person_per_hour=2", "--set", "gate.quiet_window_s=0")
    qunda("replay", "many.jsonl", "free.jsonl", *limit, cwd=home)
    qunda("replay", "many.jsonl", "limited.jsonl", *limit, "--limits", cwd=home)
    assert [row["outcome"] for row in decisions(home / "free.jsonl")] == ["answered"] * 5
    assert [row["outcome"] for row in decisions(home / "limited.jsonl")].count("limited") == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nix.jsonl", "out.jsonl"], "cannot read nix.jsonl"),
        (["in.jsonl", "nix/out.jsonl"], "cannot write nix/out.jsonl"),
        (["in.jsonl", "in.jsonl"], "is the input itself"),
        (["in.jsonl", "config.ini"], "is no decision of a replay"),
        (["docs", "out.jsonl"], "cannot read docs"),
        (["in.jsonl", "docs"], "cannot write docs"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(arguments: list[str], said: str, home: Path) -> None:
    done = qunda("replay", *arguments, cwd=home)
    assert (done.status, said in done.err, done.err.count("\n")) == (1, True, 1), done.err


def test_without_knowledge_nothing_is_replayed(home: Path) -> None:
    done = qunda("replay", "in.jsonl", "out.jsonl", "--data", home / "fresh", cwd=home)
    assert (done.status, "qunda build" in done.err, done.err.count("\n")) == (1, True, 1), done.err
    assert not (home / "out.jsonl").exists()


def test_a_store_that_another_process_holds_is_told_and_nothing_is_taken_as_done(home: Path) -> None:
    assert qunda("replay", "in.jsonl", "first.jsonl", cwd=home).status == 0
    with closing(sqlite3.connect(home / "data" / "qunda.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = qunda("replay", "in.jsonl", "out.jsonl", cwd=home)
        doctor = qunda("doctor", "--quiet", cwd=home)
        other.execute("ROLLBACK")
    assert (done.status, "is held by another process" in done.err, done.err.count("\n")) == (1, True, 1), done.err
    assert (doctor.status, "is held by another process" in doctor.out) == (1, True)
    assert not (home / "out.jsonl").exists()
    assert qunda("replay", "in.jsonl", "out.jsonl", cwd=home).status == 0
    assert len(decisions(home / "out.jsonl")) == 3


def test_two_on_one_data_folder_are_refused_by_process_id(home: Path) -> None:
    write_lines(home / "long.jsonl", [{"text": f"Zephyrlink 怎么安装 {n}"} for n in range(600)])
    first = start("replay", "long.jsonl", "long.out", cwd=home)
    while not (home / "long.out").exists():
        assert first.poll() is None
    second = qunda("replay", "in.jsonl", "out.jsonl", cwd=home)
    first.send_signal(signal.SIGINT)
    stopped = finish(first)
    assert (second.status, f"in use by process {first.pid}" in second.err) == (1, True)
    assert (stopped.status, "the same command goes on from here" in stopped.err) == (1, True)
    assert qunda("replay", "long.jsonl", "long.out", cwd=home).status == 0
    assert [row["id"] for row in decisions(home / "long.out")] == list(range(1, 601))


def test_run_without_an_adapter_is_wrong_usage(home: Path) -> None:
    done = qunda("run", cwd=home)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "no adapter is enabled" in done.err
