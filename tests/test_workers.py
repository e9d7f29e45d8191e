"""The bridge to computing threads: two pools that never wait for each other, and callers that can be cancelled."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from bot.workers import Workers


async def test_a_computation_runs_off_the_event_loop_and_returns_or_raises() -> None:
    with Workers() as workers:
        assert await workers.compute(threading.get_ident) != threading.get_ident()
        assert await workers.compute(int, "7") == 7
        with pytest.raises(ValueError, match="invalid literal"):
            await workers.compute(int, "seven")


async def test_a_long_answer_does_not_hold_up_a_gate_check() -> None:
    written = threading.Event()
    with Workers() as workers:
        answer = asyncio.ensure_future(workers.generate(written.wait))
        assert await workers.compute(lambda: "checked") == "checked"
        assert not answer.done()
        written.set()
        assert await answer


async def test_a_cancelled_caller_is_let_go_and_what_had_not_begun_never_runs() -> None:
    begun, go = threading.Event(), threading.Event()
    ran: list[str] = []

    def first() -> None:
        begun.set()
        go.wait()
        ran.append("first")

    with Workers() as workers:
        running = asyncio.ensure_future(workers.compute(first))
        waiting = asyncio.ensure_future(workers.compute(ran.append, "second"))
        await asyncio.to_thread(begun.wait)
        for task in (running, waiting):
            task.cancel()
        results = await asyncio.gather(running, waiting, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        go.set()
        await workers.compute(ran.append, "third")
    assert ran == ["first", "third"]


async def test_the_context_of_the_caller_comes_along() -> None:
    name: ContextVar[str] = ContextVar("name", default="nobody")
    name.set("message m1")
    with Workers() as workers:
        assert await workers.compute(name.get) == "message m1"


async def test_after_closing_nothing_is_taken() -> None:
    workers = Workers()
    workers.close()
    with pytest.raises(RuntimeError):
        await workers.compute(int)
