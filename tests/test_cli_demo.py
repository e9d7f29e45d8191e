"""`qunda demo` and `qunda chat` as processes: without a terminal, on a real one, and interrupted."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from command_line import ROOT, environment, finish, qunda, start

from bot.cli.demo import SAMPLE


def test_without_a_terminal_it_shows_every_decision_and_ends_with_status_0(tmp_path: Path) -> None:
    as_in_the_readme = {"TZ": "Asia/Shanghai", "COLUMNS": "104"}
    done = qunda("demo", "--data", tmp_path / "d", cwd=tmp_path, env=as_in_the_readme)
    assert (done.status, done.err) == (0, "")
    messages = sum(1 for line in (SAMPLE / "chat.jsonl").read_text("utf-8").splitlines() if line.strip())
    assert done.out.count("      └ ") == messages
    assert f"{messages} 条消息" in done.out
    assert "answered" in done.out and "silent" in done.out and "failed" not in done.out
    printed = {line.rstrip() for line in done.out.splitlines()}
    for readme in ("README.md", "README_zh.md"):
        shown = (ROOT / readme).read_text("utf-8").partition("```text\n")[2].partition("```")[0].splitlines()
        assert len(shown) > 60
        assert [line for line in shown if line not in printed and line != "⋮"] == []
    again = qunda("demo", "--data", tmp_path / "d", cwd=tmp_path)
    assert (again.status, "(unchanged)" in again.out) == (0, True)
    assert again.out.count("      └ ") == messages


def test_it_shows_an_answer_an_abstention_and_why_of_each(tmp_path: Path) -> None:
    done = qunda("demo", "--data", tmp_path / "d", cwd=tmp_path)
    answered = done.out.partition("Where does it store its data")[2].partition("nice, thanks!")[0]
    assert re.search(
        r"已回答.*\[1\].*data\.en\.md.*@群答 /why.*→ answered.*check: quoted word for word", answered, re.DOTALL
    )
    abstained = done.out.partition("@群答 群答支持语音通话吗？")[2].partition("行吧，那算了")[0]
    told = r"没有把握，未答.*没有找到这个问题的答案.*最接近的文档.*@群答 /why.*→ 没有把握，未答.*检索到的段落不足以回答"
    assert re.search(told, abstained, re.DOTALL)


class Terminal:
    """A person's screen and keyboard, with a command running in it."""

    def __init__(self, *arguments: object, cwd: Path) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", *map(str, arguments)],
            cwd=cwd,
            env=environment(TERM="xterm", COLUMNS="100", LINES="40"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def expect(self, pattern: str) -> str:
        """Read until the pattern is there; what was read."""
        deadline = time.monotonic() + 60
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            assert select.select([self.ours], [], [], max(0, deadline - time.monotonic()))[0], self.seen[-2000:]
            self.seen += os.read(self.ours, 65_536).decode("utf-8", "replace")
        before, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return before

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def end(self) -> int:
        """Read on until the command has ended; its status."""
        while True:
            try:
                data = os.read(self.ours, 65_536)
            except OSError:  # EIO: the other end is closed
                break
            if not data:
                break
            self.seen += data.decode("utf-8", "replace")
        assert "Traceback" not in self.seen, self.seen
        return self.process.wait(60)


@contextmanager
def terminal(*arguments: object, cwd: Path) -> Iterator[Terminal]:
    opened = Terminal(*arguments, cwd=cwd)
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()
        os.close(opened.ours)


def test_on_a_terminal_it_replays_and_then_a_person_can_take_part(tmp_path: Path) -> None:
    with terminal("demo", "--speed", "100", "--data", tmp_path / "d", cwd=tmp_path) as screen:
        screen.expect("条消息 / messages")
        screen.expect("› ")
        screen.type("@群答 怎么让机器人少说话？\n")
        screen.expect(r"\[1\].*› ")
        screen.type(":quit\n")
        assert screen.end() == 0


def test_ctrl_c_ends_the_demo_without_a_traceback_and_the_next_one_works(tmp_path: Path) -> None:
    with terminal("demo", "--speed", "1", "--data", tmp_path / "d", cwd=tmp_path) as screen:
        screen.expect("└ ")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
    assert qunda("demo", "--data", tmp_path / "d", cwd=tmp_path).status == 0


def test_a_termination_signal_stops_it_as_well(tmp_path: Path) -> None:
    with terminal("demo", "--speed", "100", "--data", tmp_path / "d", cwd=tmp_path) as screen:
        screen.expect("条消息 / messages.*› ")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0


def test_an_interrupted_replay_can_go_on(tmp_path: Path) -> None:
    process = start("demo", "--data", tmp_path / "d", cwd=tmp_path)
    while not (tmp_path / "d" / "demo" / "qunda.db").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert finish(process).status in (0, 130)


def test_chat_without_a_model_says_how_to_configure_one(tmp_path: Path) -> None:
    done = qunda("chat", cwd=tmp_path)
    assert (done.status, done.out, "backend = openai" in done.err) == (2, "", True)


def test_chat_with_a_model_reads_until_the_end_of_input(tmp_path: Path) -> None:
    model = ("--set", "llm.backend=openai", "--set", "llm.base_url=http://127.0.0.1:9/v1", "--set", "llm.model=m")
    done = qunda("chat", *model, cwd=tmp_path, env={"QUNDA_LLM_API_KEY": "k"})
    assert (done.status, "m at http://127.0.0.1:9/v1" in done.out) == (0, True)
