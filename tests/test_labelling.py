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
from command_line import prepare, qunda
from group import make_settings

from bot.cli.evaluate import read_items
from bot.cli.label import make_uncertainty
from bot.cli.parser import run
from bot.config import ConfigError, load
from bot.labelling import POOL, RELEARN_EVERY, Candidate, Labelling


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
    assert seen == [0, RELEARN_EVERY, 2 * RELEARN_EVERY]


@pytest.mark.parametrize(
    "content",
    [
        '{"text": "a", "answer": true}\nnot a label\n{"text": "bb", "answer": true}\n',
        '{"text": "a"}\n{"text": "bb"}\n',
        "a\nbb",
        '{"text": "a", "answer": "yes"}',
        "[" * 100_000,
    ],
)
def test_a_file_that_holds_anything_but_labels_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match="nothing was changed"):
        make(path, "a", "bb").resume()
    assert path.read_text("utf-8") == content


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"text": "a", "answer": true}\r\n\r\n{"text": "bb", "answer": true}',
        b'{"text": "a", "answer": true}\n{"text": "bb", "answer": true}\n\n',
    ],
)
def test_labels_that_an_editor_saved_in_its_own_way_are_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(content)
    labelling = make(path, "a", "bb", "ccc")
    assert labelling.resume() == 2
    candidate = labelling.next()
    assert candidate is not None
    labelling.label(candidate, False)
    assert [item.text for item in read_items(path)] == ["a", "bb", "ccc"]
    labelling.undo()
    labelling.undo()
    assert [item.text for item in read_items(path)] == ["a"]


def test_undo_takes_back_a_skip_before_the_label_ahead_of_it(tmp_path: Path) -> None:
    labelling = make(tmp_path / "out.jsonl", "ccc", "bb", "a")
    for step in (lambda one: labelling.label(one, True), labelling.skip):
        candidate = labelling.next()
        assert candidate is not None
        step(candidate)
    skipped = labelling.undo()
    assert skipped is not None and skipped.text == "bb"
    assert labelling.next() == skipped
    assert len(rows(tmp_path / "out.jsonl")) == 1
    labelled = labelling.undo()
    assert labelled is not None and labelled.text == "ccc"
    assert rows(tmp_path / "out.jsonl") == []


def test_undo_cuts_off_nothing_that_somebody_else_wrote(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    labelling = make(path, "a", "bb")
    first = labelling.next()
    assert first is not None
    labelling.label(first, True)
    with path.open("a") as file:
        file.write('{"text": "another", "answer": true}\n')
    with pytest.raises(ConfigError, match="changed meanwhile"):
        labelling.undo()
    assert len(rows(path)) == 2


def test_a_long_export_is_ranked_in_part_and_still_asked_about_to_its_end(tmp_path: Path) -> None:
    sizes: list[int] = []

    def uncertainty(texts: Sequence[str], labelled: Sequence[tuple[str, bool]]) -> list[float]:
        sizes.append(len(texts))
        return [0.0] * len(texts)

    labelling = make(tmp_path / "out.jsonl", *(f"text {n}" for n in range(POOL + 30)), uncertainty=uncertainty)
    while (candidate := labelling.next()) is not None:
        labelling.skip(candidate)
    assert len(labelling.skipped) == POOL + 30
    assert sizes == [POOL, 30]


def test_half_a_surrogate_pair_is_labelled_and_read_again(tmp_path: Path) -> None:
    labelling = make(tmp_path / "out.jsonl", "a\ud800")
    candidate = labelling.next()
    assert candidate is not None
    labelling.label(candidate, True)
    again = make(tmp_path / "out.jsonl", "a\ud800")
    assert (again.resume(), again.next()) == (1, None)


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


def test_a_function_key_answers_nothing_and_a_full_width_letter_is_that_letter(tmp_path: Path) -> None:
    arguments = built(tmp_path)
    (tmp_path / "chat.txt").write_text("Zephyrlink 怎么安装\n中午吃什么\n\x1b[31mred\n", "utf-8")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "bot", *arguments, "label", str(tmp_path / "chat.txt")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        shown = ""
        while "…" not in shown:
            shown += process.stdout.readline()
        os.write(master, b"\x1bOQ")  # F2, in which a careless reader sees q; F4 would be s
        while shown.count("quit") < 2:
            shown += process.stdout.readline()
        os.write(master, "ｎｎｎ".encode())
        rest, _ = process.communicate(timeout=60)
    os.close(slave)
    os.close(master)
    assert process.returncode == 0
    assert "\x1b[31m" not in shown + rest, "what others wrote steers no terminal"
    assert [row["answer"] for row in rows(tmp_path / "chat.labelled.jsonl")] == [False] * 3


def test_choosing_what_comes_next_leaves_no_gates_behind(tmp_path: Path) -> None:
    settings = load(prepare(tmp_path), environ={})
    before = sorted((settings.data / "gates").iterdir())
    uncertainty = make_uncertainty(settings)
    scores = uncertainty(["Zephyrlink 怎么安装", "中午吃什么"], [("端口怎么改", True), ("哈哈", False)])
    assert len(scores) == 2
    assert sorted((settings.data / "gates").iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chat.json"], "jsonl"),
        (["list.txt"], "jsonl"),
        (["nix.txt"], "cannot be read"),
        (["chat.jsonl", "--out", "chat.jsonl"], "read as well"),
        (["chat.jsonl", "--out", "nix/out.jsonl"], "there is no folder"),
        (["chat.jsonl", "--out", "."], "is a folder"),
    ],
)
def test_what_cannot_be_labelled_is_said_at_once(tmp_path: Path, arguments: list[str], said: str) -> None:
    for name in ("chat.json", "list.txt"):
        (tmp_path / name).write_text('[{"text": "a"}]\n', "utf-8")
    (tmp_path / "chat.jsonl").write_text('{"text": "a"}\n', "utf-8")
    done = qunda("label", *arguments, cwd=tmp_path)
    assert (done.status, said in done.err) == (2, True), done.err
    assert (tmp_path / "chat.jsonl").read_text("utf-8") == '{"text": "a"}\n'


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_an_export_without_messages_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "chat.txt").write_bytes(content)
    assert run(["--data", str(tmp_path / "data"), "label", str(tmp_path / "chat.txt")]) == 2
