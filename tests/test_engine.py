"""Engines: the contract on threads and in a process, and a process that is killed, stopped or abandoned."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import environment
from engine_contract import CHATTER, INSTALL, EngineContract, probability, taught
from group import open_group
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Settings
from bot.engine import EngineError
from bot.engine.process import ProcessEngine
from bot.engine.threads import ThreadEngine
from bot.engine.wire import Frames, frame


class TestThreads(EngineContract):
    def make(self, settings: Settings) -> ThreadEngine:
        return ThreadEngine(settings)


class Poison:
    """What kills the process that reads it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def kill(engine: ProcessEngine, number: signal.Signals = signal.SIGKILL) -> int:
    pid = engine.pid
    assert pid is not None
    os.kill(pid, number)
    return pid


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    if (proc := Path("/proc")).joinpath("self").exists():
        stat = proc / str(pid) / "stat"
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] not in ("", "Z")


class TestProcess(EngineContract):
    def make(self, settings: Settings) -> ProcessEngine:
        return ProcessEngine(settings)

    async def test_killed_at_rest_it_comes_back_with_all_it_knew(self, settings: Settings) -> None:
        text = "Zephyrlink 的吉祥物是什么"
        async with self.opened(settings, taught(text)) as engine:
            assert isinstance(engine, ProcessEngine)
            await engine.learn(taught(text, "吉祥物呢", revision=2))
            before = [await probability(engine, "fake:g1", text), await probability(engine, "fake:g1", "吉祥物呢")]
            pid, seen = kill(engine), engine.facts.of("fake:g1")
            while engine.pid == pid:  # noqa: ASYNC110 - until it has noticed
                await asyncio.sleep(0)
            again = [await probability(engine, "fake:g1", text), await probability(engine, "fake:g1", "吉祥物呢")]
            assert again == pytest.approx(before)
            assert (engine.restarts, engine.facts.of("fake:g1")) == (1, seen)

    async def test_killed_with_questions_in_flight_each_of_them_is_decided(self, settings: Settings) -> None:
        texts = [f"Zephyrlink 怎么安装 {n}" for n in range(40)]
        async with self.opened(settings) as engine:
            assert isinstance(engine, ProcessEngine)
            expected = [await probability(engine, "fake:g1", text) for text in texts]
            kill(engine, signal.SIGSTOP)  # so that they are in flight for certain
            asked = [asyncio.ensure_future(probability(engine, "fake:g1", text)) for text in texts]
            asked[3].cancel()
            await asyncio.sleep(0)
            kill(engine)
            results = await asyncio.gather(*asked, return_exceptions=True)
            assert isinstance(results.pop(3), asyncio.CancelledError)
            assert results == expected[:3] + expected[4:]
            assert engine.restarts == 1

    async def test_killed_during_a_training_it_trains_again(self, settings: Settings) -> None:
        text = "Zephyrlink 的吉祥物是什么"
        async with self.opened(settings) as engine:
            assert isinstance(engine, ProcessEngine)
            before = await probability(engine, "fake:g1", text)
            kill(engine, signal.SIGSTOP)
            training = asyncio.ensure_future(engine.remake(taught(text), reopen=False))
            await asyncio.sleep(0)
            kill(engine)
            await training
            assert await probability(engine, "fake:g1", text) < before

    async def test_a_question_that_kills_it_again_and_again_fails_and_no_other_does(
        self, settings: Settings, logged: list[str]
    ) -> None:
        async with self.opened(settings) as engine:
            deadly = asyncio.ensure_future(engine.judge("fake:g1", Poison()))  # type: ignore[arg-type]
            others = [asyncio.ensure_future(engine.judge("fake:g1", INSTALL)) for _ in range(10)]
            with pytest.raises(EngineError, match="ended with status 3, again and again"):
                await deadly
            assert all([(await other).decision.answer for other in others])
            assert engine.restarts == 3
        assert sum("ended with status 3" in line for line in logged) == 3

    async def test_one_that_cannot_be_started_fails_what_waits_and_is_tried_again(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with self.opened(settings) as engine:
            with monkeypatch.context() as broken:
                broken.setattr(sys, "executable", "/nowhere/python")
                kill(engine)  # type: ignore[arg-type]
                with pytest.raises(EngineError, match="could not start"):
                    await engine.judge("fake:g1", INSTALL)
            assert (await engine.judge("fake:g1", INSTALL)).decision.answer

    async def test_signals_that_ask_for_an_end_are_for_the_bot_alone(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            assert isinstance(engine, ProcessEngine)
            pid = kill(engine, signal.SIGINT)
            kill(engine, signal.SIGTERM)
            assert not (await engine.judge("fake:g1", CHATTER)).decision.answer
            assert (engine.pid, engine.restarts, os.getsid(pid)) == (pid, 0, pid)

    async def test_closed_it_leaves_no_process_even_one_that_hangs(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.engine.link._END_S", 0.2)
        for hangs in (False, True):
            async with self.opened(settings) as engine:
                assert isinstance(engine, ProcessEngine)
                pid = kill(engine, signal.SIGSTOP) if hangs else engine.pid
            assert pid is not None
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    async def test_closed_before_it_was_asked_anything_there_is_nothing_to_end(self, settings: Settings) -> None:
        async with self.made(settings) as engine:
            assert isinstance(engine, ProcessEngine) and engine.pid is None

    async def test_what_it_writes_when_it_dies_stands_in_the_log(self, settings: Settings, logged: list[str]) -> None:
        async with self.opened(settings) as engine:
            kill(engine, signal.SIGABRT)  # type: ignore[arg-type]
            assert (await engine.judge("fake:g1", INSTALL)).decision.answer
        assert any("computing: Fatal Python error: Aborted" in line for line in logged), logged
        assert any("died by signal 6" in line for line in logged)

    async def test_it_is_told_no_secrets(self, settings: Settings, tmp_path: Path) -> None:
        secret = settings.model_copy(update={"llm": settings.llm.model_copy(update={"api_key": "sk-1"})})
        engine = ProcessEngine(secret)
        assert b"sk-1" not in frame(engine._settings) and b"sk-1" in frame(secret)


ORPHAN = """
import asyncio, sys
from pathlib import Path
from bot.config import load
from bot.engine.process import ProcessEngine
from bot.teachings import Teachings

async def main():
    engine = ProcessEngine(load(Path("config.ini"), environ={}))
    await engine.remake(Teachings(), reopen=True)
    print(engine.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_it_dies_with_the_bot(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("[bot]\n", "utf-8")
    bot = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    with bot:
        assert bot.stdout is not None
        pid = int(bot.stdout.readline())
        assert is_there(pid)
        bot.kill()
    deadline = time.monotonic() + 30
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_there(pid)


async def test_a_bot_whose_engine_is_killed_ends_no_message_otherwise(tmp_path: Path) -> None:
    texts = ["Zephyrlink 怎么安装", "中午吃什么", "如何修改 Zephyrlink 的端口"] * 8
    async with open_group(tmp_path, "bot.computing=process") as group:
        engine = group.app.engine
        assert isinstance(engine, ProcessEngine)
        messages = [group.post(text, chat=f"g{n % 4}", sender=f"u{n}") for n, text in enumerate(texts)]
        for n, message in enumerate(messages):
            if n in (2, 12):
                kill(engine)
            await group.wait(message)
        ends = [group.adapter.decisions[message.id]["outcome"] for message in messages]
        status = await group.say("/status", sender="root")
    assert engine.restarts >= 1
    assert ends == ["answered", "silent", "answered"] * 8
    assert "计算进程意外退出过" in status["replies"][0]


@given(st.lists(st.binary(max_size=40)), st.integers(1, 50))
def test_frames_come_out_whole_in_whatever_pieces_they_arrive(values: list[bytes], size: int) -> None:
    sent = b"".join(map(frame, values))
    frames = Frames()
    arrived = [value for at in range(0, len(sent), size) for value in frames.feed(sent[at : at + size])]
    assert arrived == values


async def test_on_threads_it_starts_no_process(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        assert isinstance(group.app.engine, ThreadEngine)
