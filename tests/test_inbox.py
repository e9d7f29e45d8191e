"""The inbox: durable before it is acknowledged, known again, fed in order."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cores import open_core, silent
from fakes import FakeClock, make_message

from adapters.base import Conversation, InboxError, Message, Person, Reacted, Recalled
from bot.lanes import LaneSettings
from bot.outcome import Outcome
from bot.store import Signal, Store


async def never(message: Message) -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_message_goes_through_once_however_often_it_is_delivered(tmp_path: Path) -> None:
    message = make_message()
    async with open_core(tmp_path / "q.db", silent) as core:
        assert await core.inbox.deliver(message)
        assert not await core.inbox.deliver(message)
        assert not await core.inbox.deliver(replace(message, event_id="another"))
        assert not await core.inbox.deliver(replace(message, id="another"))
        await core.inbox.drained()
        assert core.ended == [(message.text, "silent")]
        assert core.inbox.counters["repeated"] == 3


async def test_messages_without_event_ids_are_told_apart_by_message_id(tmp_path: Path) -> None:
    async with open_core(tmp_path / "q.db", silent) as core:
        assert await core.inbox.deliver(make_message(id="1", event_id=""))
        assert await core.inbox.deliver(make_message(id="2", event_id=""))
        assert not await core.inbox.deliver(make_message(id="2", event_id=""))


async def test_the_same_ids_on_two_platforms_are_two_messages(tmp_path: Path) -> None:
    async with open_core(tmp_path / "q.db", silent) as core:
        assert await core.inbox.deliver(make_message(id="1", event_id="1", platform="fake"))
        assert await core.inbox.deliver(make_message(id="1", event_id="1", platform="other"))


async def test_an_answered_message_redelivered_hours_later_after_a_restart_is_known(tmp_path: Path) -> None:
    message, clock = make_message(), FakeClock()
    async with open_core(tmp_path / "q.db", silent, clock=clock) as core:
        await core.inbox.deliver(message)
        await core.inbox.drained()
    clock.advance(6 * 3600)
    async with open_core(tmp_path / "q.db", silent, clock=clock) as core:
        assert not await core.inbox.deliver(replace(message, event_id="new"))
        await core.inbox.drained()
        assert core.ended == []


async def test_it_is_in_the_store_before_deliver_returns(tmp_path: Path) -> None:
    message = make_message()
    async with open_core(tmp_path / "q.db", never) as core:
        await core.inbox.deliver(message)
        with closing(sqlite3.connect(core.store.database.path)) as other:
            assert other.execute("SELECT id, state FROM messages").fetchall() == [(message.id, "queued")]


async def test_what_cannot_be_stored_is_not_acknowledged_and_is_taken_later(tmp_path: Path) -> None:
    message = make_message()
    async with open_core(tmp_path / "q.db", silent) as core:
        with closing(sqlite3.connect(core.store.database.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(InboxError, match="held by another process"):
                await core.inbox.deliver(message)
            other.execute("ROLLBACK")
        assert core.inbox.unfinished == 0
        assert await core.inbox.deliver(message)
        await core.inbox.drained()
        assert core.ended == [(message.text, "silent")]


async def test_messages_are_stored_and_handled_in_the_order_of_the_calls(tmp_path: Path) -> None:
    messages = [make_message(str(n)) for n in range(300)]
    settings = LaneSettings(lanes=3, lane_size=2)
    async with open_core(tmp_path / "q.db", silent, settings=settings) as core:
        await asyncio.gather(*(core.inbox.deliver(m) for m in messages))
        await core.inbox.drained()
        assert [text for text, _ in core.ended] == [str(n) for n in range(300)]


async def test_a_caller_that_is_cancelled_does_not_leave_its_message_unfed(tmp_path: Path) -> None:
    message = make_message()
    async with open_core(tmp_path / "q.db", silent) as core:
        task = asyncio.ensure_future(core.inbox.deliver(message))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await core.inbox.drained()
        assert core.ended == [(message.text, "silent")]


async def test_unfinished_messages_of_an_earlier_run_come_first_and_in_order(tmp_path: Path) -> None:
    async with open_core(tmp_path / "q.db", never, settings=LaneSettings(lanes=2, lane_size=1)) as core:
        for n in range(20):
            await core.inbox.deliver(make_message(f"old {n}", chat=f"g{n % 3}"))
    async with open_core(tmp_path / "q.db", silent, settings=LaneSettings(lanes=2, lane_size=4)) as core:
        await asyncio.gather(*(core.inbox.deliver(make_message(f"new {n}", chat=f"g{n % 3}")) for n in range(9)))
        await core.inbox.drained()
        for chat in range(3):
            mine = [text for text, _ in core.ended if int(text.split()[1]) % 3 == chat]
            old, new = [f"old {n}" for n in range(20)], [f"new {n}" for n in range(9)]
            assert mine == [*old[chat::3], *new[chat::3]]


async def test_past_the_backlog_a_message_ends_as_overloaded_and_a_mention_is_told(tmp_path: Path) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(message: Message) -> None:
        told.put_nowait(message.text)

    async with open_core(tmp_path / "q.db", never, max_backlog=3, on_overloaded=tell) as core:
        for n in range(3):
            await core.inbox.deliver(make_message(f"kept {n}"))
        assert await core.inbox.deliver(make_message("passive"))
        assert await core.inbox.deliver(make_message("mention", mentions_bot=True))
        assert core.ended == [("passive", "overloaded"), ("mention", "overloaded")]
        assert await told.get() == "mention"
        assert core.inbox.unfinished == 3
        assert await core.store.messages.unfinished() == 3


async def test_the_backlog_holds_for_deliveries_at_the_same_time(tmp_path: Path) -> None:
    async with open_core(tmp_path / "q.db", never, max_backlog=10) as core:
        await asyncio.gather(*(core.inbox.deliver(make_message()) for _ in range(50)))
        assert (core.inbox.unfinished, len(core.ended)) == (10, 40)


async def test_signals_are_known_again_and_handed_on_once_also_after_a_crash(tmp_path: Path) -> None:
    place, person = Conversation("fake", "g1"), Person("fake", "bob")
    recalled, reacted = Recalled("e1", place, "m1", person), Reacted("e2", place, "m1", person, "UP", True)
    seen: list[Signal] = []
    both = asyncio.Event()

    async def note(signal: Signal) -> None:
        seen.append(signal)
        if len(seen) == 2:
            both.set()
        raise RuntimeError("a handler that breaks stops nothing")

    store = Store.open(tmp_path / "q.db")
    await store.messages.add_signal(recalled)  # stored, and then the process died
    await store.close()
    async with open_core(tmp_path / "q.db", silent, on_signal=note) as core:
        assert not await core.inbox.deliver(recalled)
        assert await core.inbox.deliver(reacted)
        assert not await core.inbox.deliver(reacted)
        await both.wait()
    assert seen == [recalled, reacted]


async def test_before_it_has_started_it_accepts_nothing(tmp_path: Path) -> None:
    async with open_core(tmp_path / "q.db", silent, run=False) as core:
        with pytest.raises(InboxError, match="not started"):
            await core.inbox.deliver(make_message())


async def test_a_message_of_a_megabyte_with_control_characters_arrives_as_it_was(tmp_path: Path) -> None:
    text = "\u202e\x00\x07🙂" + "长" * 1_000_000
    got: list[str] = []

    async def note(message: Message) -> Outcome:
        got.append(message.text)
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", note, settings=LaneSettings(lanes=1, lane_size=1)) as core:
        await asyncio.gather(*(core.inbox.deliver(make_message(text)) for _ in range(3)))
        await core.inbox.drained()
    assert got == [text] * 3


async def test_a_decision_can_be_read_as_soon_as_the_next_message_is_handled(tmp_path: Path) -> None:
    explained: list[str] = []

    async def handle(message: Message) -> Outcome:
        if message.text == "/why":
            last = await core.store.messages.last_decision("fake:g1")
            assert last is not None
            explained.append(last.message.text)
            return Outcome("command")
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", handle) as core:
        await asyncio.gather(*(core.inbox.deliver(make_message(text)) for text in ("a", "/why", "b", "/why")))
        await core.inbox.drained()
    assert explained == ["a", "b"]


async def test_room_lets_a_fast_source_wait(tmp_path: Path) -> None:
    most = 0
    async with open_core(tmp_path / "q.db", silent) as core:
        for _ in range(50):
            await core.inbox.room(4)
            await core.inbox.deliver(make_message())
            most = max(most, core.inbox.unfinished)
        await core.inbox.drained()
        assert most <= 4
        assert len(core.ended) == 50
