"""The lanes: order within a group, one outcome per message, and nothing that breaks reaches the neighbours."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from cores import open_core, silent
from fakes import FakeClock, RecordingAdapter, make_message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from adapters.base import Message, Reply, SentMessage
from bot.config import BotSettings
from bot.deadline import message_deadline
from bot.lanes import Lanes, LaneSettings
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.store import Store


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    plan=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.sampled_from("sfr")), min_size=1, max_size=40),
    lanes=st.integers(1, 4),
    lane_size=st.integers(1, 3),
)
async def test_order_within_a_group_holds_and_each_message_has_one_outcome(
    plan: list[tuple[int, int, str]], lanes: int, lane_size: int
) -> None:
    """Groups, delays (in turns of the event loop) and kinds of handling at random: silence, failure, a reply."""
    messages = {
        f"m{n}": (make_message(id=f"m{n}", chat=f"g{g}"), delay, kind) for n, (g, delay, kind) in enumerate(plan)
    }
    begun: list[Message] = []

    async def handle(message: Message) -> Outcome:
        _, delay, kind = messages[message.id]
        begun.append(message)
        for _ in range(delay):
            await asyncio.sleep(0)
        if kind == "f":
            raise ValueError("broken")
        if kind == "r":
            return await core.outbox.post(message, [Reply(message, message.id)], Outcome("answered"))
        return Outcome("silent")

    with tempfile.TemporaryDirectory() as folder:
        lane_settings = LaneSettings(lanes=lanes, lane_size=lane_size)
        async with open_core(Path(folder) / "q.db", handle, settings=lane_settings) as core:
            logger.disable("bot")
            await asyncio.gather(*(core.inbox.deliver(message) for message, *_ in messages.values()))
            await core.inbox.drained()
            logger.enable("bot")
            expected = {"s": "silent", "f": "failed:internal", "r": "answered"}
            for message, _, kind in messages.values():
                stored = await core.store.messages.get("fake", message.id)
                assert stored and stored.outcome and stored.outcome.name == expected[kind]
            assert len(core.ended) == len(plan)
            for group in range(5):
                mine = [message.id for message, *_ in messages.values() if message.conversation.chat == f"g{group}"]
                assert [m.id for m in begun if m.conversation.chat == f"g{group}"] == mine
                posted = [p.key for p in core.adapter.posts if p.reply.to.conversation.chat == f"g{group}"]
                assert len(posted) == len(set(posted))
            said = sorted(core.adapter.visible)
            assert said == sorted(m.id for m, _, kind in messages.values() if kind == "r")


async def test_a_slow_group_does_not_hold_up_another_lane(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def handle(message: Message) -> Outcome:
        if message.conversation.chat == "g0":
            await gate.wait()
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", handle, settings=LaneSettings(lanes=8, lane_size=1)) as core:
        for _ in range(30):
            await core.inbox.deliver(make_message("slow", chat="g0"))
        for n in range(8):
            await core.inbox.deliver(make_message("fast", chat=f"g{n}"))
        await core.inbox.room(38)
        assert core.ended[0] == ("fast", "silent")
        gate.set()
        await core.inbox.drained()
        assert len(core.ended) == 38


async def test_a_message_too_old_when_its_turn_comes_expires_and_mentions_may_be_older(tmp_path: Path) -> None:
    clock = FakeClock()
    clock.advance(601)
    async with open_core(tmp_path / "q.db", silent, clock=clock) as core:
        await core.inbox.deliver(make_message("passive"))
        await core.inbox.deliver(make_message("mention", mentions_bot=True))
        await core.inbox.drained()
        clock.advance(3000)
        await core.inbox.deliver(make_message("old mention", mentions_bot=True))
        await core.inbox.drained()
    assert core.ended == [("passive", "expired"), ("mention", "silent"), ("old mention", "expired")]


async def test_a_handler_that_never_ends_times_out_and_the_next_message_goes_on(tmp_path: Path) -> None:
    async def handle(message: Message) -> Outcome:
        if message.text == "stuck":
            await asyncio.Event().wait()
        return Outcome("silent")

    limits = LaneSettings(lanes=1, message_timeout_s=0.02)
    async with open_core(tmp_path / "q.db", handle, settings=limits) as core:
        await core.inbox.deliver(make_message("stuck"))
        await core.inbox.deliver(make_message("next"))
        await core.inbox.drained()
    assert core.ended == [("stuck", "failed:timeout"), ("next", "silent")]


async def test_a_time_limit_of_the_handlers_own_is_a_failure_not_our_timeout(tmp_path: Path) -> None:
    async def handle(message: Message) -> Outcome:
        raise TimeoutError("the model")

    async with open_core(tmp_path / "q.db", handle) as core:
        await core.inbox.deliver(make_message("a"))
        await core.inbox.drained()
    assert core.ended == [("a", "failed:internal")]


async def test_something_inside_that_cancels_itself_fails_one_message_and_not_the_lane(tmp_path: Path) -> None:
    async def handle(message: Message) -> Outcome:
        if message.text == "a":
            raise asyncio.CancelledError
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", handle, settings=LaneSettings(lanes=1)) as core:
        await core.inbox.deliver(make_message("a"))
        await core.inbox.deliver(make_message("b"))
        await core.inbox.drained()
    assert core.ended == [("a", "failed:internal"), ("b", "silent")]


async def test_sending_is_not_cut_short_by_the_time_limit_of_deciding(tmp_path: Path) -> None:
    limits: list[float | None] = []

    class Watching(RecordingAdapter):
        async def send(self, reply: Reply, key: str) -> SentMessage:
            deadline = message_deadline.get()
            assert deadline is not None
            limits.append(deadline.when())
            return await super().send(reply, key)

    async def handle(message: Message) -> Outcome:
        deadline = message_deadline.get()
        assert deadline is not None
        limits.append(deadline.when())
        return await core.outbox.post(message, [Reply(message, "hi")], Outcome("answered"))

    async with open_core(tmp_path / "q.db", handle, adapter=Watching()) as core:
        await core.inbox.deliver(make_message("a"))
        await core.inbox.drained()
    assert core.ended == [("a", "answered")]
    assert limits[0] is not None
    assert limits[1] is None


async def test_a_reply_that_waited_in_the_outbox_too_long_is_not_sent_any_more(tmp_path: Path) -> None:
    clock, message = FakeClock(), make_message()
    store = Store.open(tmp_path / "q.db", clock)
    await store.messages.add(message)
    outbox = Outbox(store, {}, clock)
    parts = outbox.plan_parts(message, [Reply(message, "hello")], edition=0)
    await store.replies.plan(message, parts, Outcome("answered"))
    await store.close()
    clock.advance(86_400)
    async with open_core(tmp_path / "q.db", silent, clock=clock) as core:
        await core.inbox.drained()
        assert core.ended == [(message.text, "expired")]
        assert core.adapter.posts == []
        assert await core.store.replies.counts() == {"failed": 1}


async def test_a_graceful_stop_finishes_what_is_in_flight_and_leaves_the_rest_for_the_next_start(
    tmp_path: Path,
) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def handle(message: Message) -> Outcome:
        begun.set()
        await gate.wait()
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", handle, settings=LaneSettings(lanes=2)) as core:
        for text in ("in flight", "waiting 1", "waiting 2"):
            await core.inbox.deliver(make_message(text))
        await begun.wait()
        stopping = asyncio.ensure_future(core.lanes.stop(grace_s=60))
        await asyncio.sleep(0)
        gate.set()
        await stopping
        assert core.ended == [("in flight", "silent")]
        assert await core.store.messages.unfinished() == 2
    async with open_core(tmp_path / "q.db", silent) as core:
        await core.inbox.drained()
        assert core.ended == [("waiting 1", "silent"), ("waiting 2", "silent")]


async def test_what_outlasts_the_grace_stays_queued(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def handle(message: Message) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with open_core(tmp_path / "q.db", handle) as core:
        await core.inbox.deliver(make_message("slow"))
        await begun.wait()
        await core.lanes.stop(grace_s=0)
        assert await core.store.messages.unfinished() == 1
        assert core.ended == []


async def test_an_outcome_that_cannot_be_stored_now_is_stored_when_the_disk_has_room(tmp_path: Path) -> None:
    async def handle(message: Message) -> Outcome:
        await core.store.database.write(lambda db: db.execute("PRAGMA max_page_count = 1").fetchall())
        return Outcome("answered", answer="x" * 50_000)

    class MakingRoom(FakeClock):
        """While the lane waits, somebody frees space on the disk."""

        async def sleep(self, seconds: float) -> None:
            assert core.store.health().state == "down"
            await core.store.database.write(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
            await super().sleep(seconds)

    clock = MakingRoom()
    async with open_core(tmp_path / "q.db", handle, clock=clock) as core:
        await core.inbox.deliver(make_message("a"))
        await core.inbox.drained()
    assert len(clock.sleeps) == 1
    assert core.ended == [("a", "answered")]


@pytest.mark.parametrize("stop_first", [False, True])
async def test_while_no_outcome_can_be_stored_the_lanes_still_end_when_told(tmp_path: Path, stop_first: bool) -> None:
    gate, third = asyncio.Event(), asyncio.Event()
    patient = LaneSettings(lanes=1, lane_size=1, max_age_s=1e12)  # each failed attempt moves the fake clock on

    async def handle(message: Message) -> Outcome:
        await gate.wait()
        if message.text == "2":
            third.set()
        return Outcome("silent")

    async with open_core(tmp_path / "q.db", handle, settings=patient) as core:
        for n in range(6):
            await core.inbox.deliver(make_message(str(n)))
        await core.store.database.write(lambda db: db.execute("PRAGMA query_only = ON").fetchall())
        gate.set()
        await third.wait()
        if stop_first:
            await core.lanes.stop(grace_s=0.01)
        assert await core.store.messages.unfinished() == 6
    assert core.ended == []


async def test_the_lane_of_a_group_is_the_same_in_every_process(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "q.db")
    lanes = Lanes(store, Outbox(store, {}, FakeClock()), silent, FakeClock())
    chosen = [lanes._lanes.index(lanes._choose("feishu", f"oc_{n}")) for n in range(12)]
    assert chosen == [1, 1, 7, 3, 7, 0, 6, 3, 5, 7, 5, 3]
    await store.close()


def test_the_settings_of_the_bot_section_reach_the_lanes() -> None:
    assert LaneSettings.of(BotSettings(lanes=3, max_age_s=5)).lanes == 3
    assert LaneSettings.of(BotSettings(max_age_s=5)).max_age_s == pytest.approx(5)
