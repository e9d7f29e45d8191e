"""Labelling a chat export: the most telling message first, undo, resume, and nothing lost."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from group import make_settings

from bot.cli.parser import run
from bot.labelling import RELEARN_EVERY, Candidate, Labelling


def by_length(texts: Sequence[str], labelled: Sequence[tuple[str, bool]]) -> list[float]:
    return [float(len(text)) for text in texts]


def make(path: Path, *texts: str, uncertainty=by_length) -> Labelling:  # type: ignore[no-untyped-def]
    return Labelling([Candidate(text, {"block": 7}) for text in texts], path, uncertainty)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_least_certain_message_comes_first_and_repeats_are_asked_once(tmp_path: Path) -> None:
    labelling = make(tmp_path / "out.jsonl", "a", "ccc", "bb", "ccc", " ")
    asked = []
    while (candidate := labelling.next()) is not None:
        asked.append(candidate.text)
        labelling.label(candidate, len(asked) == 1)
    assert asked == ["ccc", "bb", "a"]
    assert rows(tmp_path / "out.jsonl")[0] == {"block": 7, "text": "ccc", "answer": True}


def test_undo_takes_the_last_label_off_the_file_and_asks_again(tmp_path: Path) -> None:
    labelling = make(tmp_path / "out.jsonl", "a", "bb")
    first = labelling.next()
    assert first is not None
    labelling.label(first, True)
    assert labelling.undo() == first
    assert labelling.next() == first
    assert (tmp_path / "out.jsonl").read_text("utf-8") == ""
    assert labelling.undo() is None


def test_a_later_sitting_goes_on_and_mends_a_half_written_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"text": "a", "answer": true}\n{"text": "bb", "ans', "utf-8")
    labelling = make(path, "a", "bb")
    assert labelling.resume() == 1
    candidate = labelling.next()
    assert candidate is not None and candidate.text == "bb"
    labelling.label(candidate, False)
    assert [row["answer"] for row in rows(path)] == [True, False]


def test_the_order_is_learned_anew_after_some_labels(tmp_path: Path) -> None:
    seen: list[int] = []

    def uncertainty(texts: Sequence[str], labelled: Sequence[tuple[str, bool]]) -> list[float]:
        seen.append(len(labelled))
        return [0.0] * len(texts)

    labelling = make(tmp_path / "out.jsonl", *(f"text {n}" for n in range(3 * RELEARN_EVERY)), uncertainty=uncertainty)
    while (candidate := labelling.next()) is not None:
        labelling.label(candidate, True)
    assert seen == [0, RELEARN_EVERY, 2 * RELEARN_EVERY, 3 * RELEARN_EVERY]


def test_skipped_messages_stay_unlabelled(tmp_path: Path) -> None:
    labelling = make(tmp_path / "out.jsonl", "a")
    candidate = labelling.next()
    assert candidate is not None
    labelling.skip(candidate)
    assert labelling.next() is None
    assert not (tmp_path / "out.jsonl").exists()


def built(tmp_path: Path) -> list[str]:
    settings = make_settings(tmp_path)
    arguments = ["--config", str(settings.path), "--data", str(settings.data)]
    assert run([*arguments, "build"]) == 0
    return arguments


def test_one_key_labels_a_message_on_a_real_terminal(tmp_path: Path) -> None:
    arguments = built(tmp_path)
    chat = tmp_path / "chat.txt"
    chat.write_text("Zephyrlink 怎么安装\n中午吃什么\n", "utf-8")
    command = [sys.executable, "-m", "bot", *arguments, "label", str(chat)]
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, env=environment, text=True) as process:
        os.write(master, b"yunn")
        output, _ = process.communicate(timeout=60)
    os.close(slave)
    os.close(master)
    assert process.returncode == 0
    assert "undone" in output
    assert [row["answer"] for row in rows(tmp_path / "chat.labelled.jsonl")] == [False, False]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_an_export_without_messages_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "chat.txt").write_bytes(content)
    assert run(["--data", str(tmp_path / "data"), "label", str(tmp_path / "chat.txt")]) == 2


def test_gate_review_names_contradictions_and_doubles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = built(tmp_path)
    (tmp_path / "good.json").write_text(json.dumps(["如何修改端口", "如何修改端口？", "中午吃什么呢"]), "utf-8")
    (tmp_path / "bad.json").write_text(json.dumps(["中午吃什么呢"]), "utf-8")
    capsys.readouterr()
    assert run([*arguments, "gate", "review", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {finding["kind"] for finding in found} >= {"contradiction", "duplicate"}
    assert run([*arguments, "gate", "review"]) == 0
    assert "中午吃什么呢" in capsys.readouterr().out
