"""Late replies: an outage that outlasts the patience of a lane neither loses a reply nor doubles it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cores import Bench
from fakes import FakeClock, RecordingAdapter, after, make_message

from adapters.base import Abilities, AdapterError, Message, Reply
from bot.outbox import Outbox
from bot.outcome import Outcome

ANSWERED = Outcome("answered", probability=0.9, answer="text")
LOST = AdapterError("the answer was lost", outcome_known=False)
BUSY = AdapterError("busy")
WINDOW_S = 3000


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "q.db", RecordingAdapter(abilities=Abilities(idempotent_for_s=WINDOW_S, max_chars=20)))
    yield bench
    await bench.store.close()


@asynccontextmanager
async def sending_late(outbox: Outbox) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(outbox.run())
        yield
        task.cancel()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - the store is a thread
            await asyncio.sleep(0.001)


async def end(bench: Bench, message: Message, text: str = "hi") -> Outcome:
    """As a lane does it: post, and store the outcome."""
    outcome = await bench.outbox.post(message, [Reply(message, text)], ANSWERED)
    await bench.store.messages.finish(message, outcome)
    return outcome


async def stored(bench: Bench, message: Message) -> Outcome:
    found = await bench.store.messages.get("fake", message.id)
    assert found and found.outcome
    return found.outcome


@pytest.mark.parametrize("fault", [after(AdapterError("lost", outcome_known=False)), LOST, BUSY])
async def test_a_reply_that_a_lane_could_not_get_out_goes_out_later_and_once(bench: Bench, fault: AdapterError) -> None:
    bench.adapter.faults = deque([fault] * 6)
    message = await bench.message()
    assert await end(bench, message) == ANSWERED
    assert len(bench.adapter.keys) == 4 and await bench.states(message) == ["planned"]
    async with sending_late(bench.outbox):
        await until(lambda: len(bench.adapter.keys) == 7 and not bench.outbox.late.holds("fake:g1"))
    assert bench.adapter.visible == ["hi"] and len(set(bench.adapter.keys)) == 1
    assert await bench.states(message) == ["sent"]
    assert await stored(bench, message) == ANSWERED


async def test_when_the_window_closes_what_is_in_doubt_is_unknown_and_the_outcome_says_so(bench: Bench) -> None:
    bench.adapter.faults = deque([LOST] * 1000)
    message = await bench.message()
    await end(bench, message)
    began = bench.clock.now()
    async with sending_late(bench.outbox):
        await until(lambda: not bench.outbox.late.holds("fake:g1"))
    assert await bench.states(message) == ["unknown"]
    assert (await stored(bench, message)).name == "failed:send"
    assert WINDOW_S - 60 < (bench.clock.now() - began).total_seconds() < WINDOW_S + 60


async def test_late_replies_of_a_group_keep_their_order_and_newer_ones_do_not_overtake_them(bench: Bench) -> None:
    bench.adapter.faults = deque([BUSY] * 5)
    messages = [await bench.message() for _ in range(3)]
    for n, message in enumerate(messages):
        await end(bench, message, f"answer {n}")
    assert len(bench.adapter.keys) == 4, "only the first one was tried"
    async with sending_late(bench.outbox):
        await until(lambda: len(bench.adapter.visible) == 3)
    assert bench.adapter.visible == ["answer 0", "answer 1", "answer 2"]


async def test_during_an_outage_other_groups_are_tried_once_before_they_wait(bench: Bench) -> None:
    bench.adapter.faults = deque([BUSY] * 5)
    await end(bench, await bench.message())
    other = make_message(chat="g2")
    await bench.store.messages.add(other)
    await end(bench, other, "elsewhere")
    assert len(bench.adapter.keys) == 5
    async with sending_late(bench.outbox):
        await until(lambda: len(bench.adapter.visible) == 2)


async def test_the_parts_of_a_late_reply_follow_its_first_one(bench: Bench) -> None:
    bench.adapter.faults = deque([LOST] * 4)
    message = await bench.message()
    await end(bench, message, "the first part\n\nthe second part")
    assert await bench.states(message) == ["planned", "planned"]
    async with sending_late(bench.outbox):
        await until(lambda: len(bench.adapter.visible) == 2)
    assert bench.adapter.visible == ["the first part", "the second part"]


async def test_a_refusal_for_good_ends_a_late_reply_as_a_failed_send(bench: Bench) -> None:
    bench.adapter.faults = deque([BUSY] * 4 + [AdapterError("the group is gone", permanent=True)])
    message = await bench.message()
    await end(bench, message)
    async with sending_late(bench.outbox):
        await until(lambda: not bench.outbox.late.holds("fake:g1"))
    assert (await stored(bench, message)).name == "failed:send"
    assert await bench.states(message) == ["failed"]


async def test_a_restart_goes_on_with_late_replies(bench: Bench) -> None:
    bench.adapter.faults = deque([after(AdapterError("lost", outcome_known=False))] + [LOST] * 3)
    message = await bench.message()
    await end(bench, message)
    await bench.restart()
    async with sending_late(bench.outbox):
        await until(lambda: len(bench.adapter.keys) == 5 and not bench.outbox.late.holds("fake:g1"))
    assert bench.adapter.visible == ["hi"]
    assert await bench.states(message) == ["sent"]


async def test_a_restart_after_the_window_sends_nothing_and_says_unknown(bench: Bench) -> None:
    bench.adapter.faults = deque([LOST] * 4)
    message = await bench.message()
    await end(bench, message)
    bench.clock.advance(WINDOW_S + 1)
    await bench.restart()

    async def revised() -> None:
        while (await stored(bench, message)).name != "failed:send":
            pass

    async with sending_late(bench.outbox):
        await asyncio.wait_for(revised(), 10)
    assert await bench.states(message) == ["unknown"] and len(bench.adapter.keys) == 4


async def test_without_a_window_nothing_is_late(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "other.db", RecordingAdapter(clock=FakeClock()))
    bench.adapter.faults = deque([BUSY] * 9)
    message = await bench.message()
    assert (await end(bench, message)).name == "failed:send"
    assert not bench.outbox.late.holds("fake:g1")
    await bench.store.close()
