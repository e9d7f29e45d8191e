"""Precedence: a burst is stored before any of it is handled, and a stream without an end holds nothing up for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fakes import FakeClock, RecordingAdapter, make_message

from adapters.base import Message
from bot.inbox import Inbox
from bot.lanes import Lanes
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.precedence import Precedence
from bot.store import Store


async def waits(precedence: Precedence) -> bool:
    """Whether handling has to wait now."""
    turn = asyncio.ensure_future(precedence.turn())
    await asyncio.sleep(0)
    turn.cancel()
    return not turn.done() or turn.cancelled()


async def test_handling_waits_until_a_burst_is_stored_and_has_paused() -> None:
    precedence = Precedence(hold_s=60, pause_s=0.5)
    assert not await waits(precedence)
    precedence.begin()
    precedence.begin()
    precedence.end()
    assert await waits(precedence)
    precedence.end()
    assert await waits(precedence)  # more may be on its way
    precedence.begin()
    await asyncio.sleep(0.6)  # longer than the pause
    assert await waits(precedence)
    precedence.end()
    await precedence.turn()
    assert not await waits(precedence)


async def test_a_burst_without_an_end_holds_handling_up_for_a_moment_only() -> None:
    precedence = Precedence(hold_s=0.03, pause_s=60)
    precedence.begin()
    await precedence.turn()
    for _ in range(3):
        precedence.begin()
        precedence.end()
    precedence.end()
    precedence.begin()
    await asyncio.sleep(0)
    await precedence.turn()  # it is still the same burst
    precedence.end()


async def test_without_a_hold_nothing_waits() -> None:
    precedence = Precedence()
    precedence.begin()
    assert not await waits(precedence)
    precedence.end()


async def test_of_a_burst_everything_is_stored_before_anything_is_handled(tmp_path: Path) -> None:
    clock, precedence, order = FakeClock(), Precedence(hold_s=60, pause_s=1.0), list[str]()
    store = await asyncio.to_thread(Store.open, tmp_path / "qunda.db", clock)

    async def handle(message: Message) -> Outcome:
        order.append("handled")
        return Outcome("silent")

    lanes = Lanes(store, Outbox(store, {"fake": RecordingAdapter()}, clock), handle, clock, None, precedence)
    inbox = Inbox(store, lanes, clock, precedence=precedence)
    await inbox.start()

    async def deliver(number: int) -> None:
        await inbox.deliver(make_message(id=f"m{number}", event_id=f"e{number}", sent_at=clock.now()))
        order.append("stored")

    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(lanes.run()), tasks.create_task(inbox.run())]
        for start in range(0, 30, 10):  # in several commits
            await asyncio.gather(*map(deliver, range(start, start + 10)))
        await inbox.drained()
        for task in working:
            task.cancel()
    await store.close()
    assert order == ["stored"] * 30 + ["handled"] * 30
