"""The outbox: no reply twice, none forgotten, each accounted for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cores import Bench
from fakes import RecordingAdapter, after, make_message

from adapters.base import Abilities, AdapterError, Reply
from bot.outbox import SendPolicy
from bot.outcome import Outcome

ANSWERED = Outcome("answered", probability=0.9, answer="text")
LOST = AdapterError("the answer was lost", outcome_known=False)
BUSY = AdapterError("busy")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "q.db", RecordingAdapter())
    yield bench
    await bench.store.close()


async def test_a_reply_is_planned_with_its_outcome_before_it_is_sent(bench: Bench) -> None:
    message = await bench.message()
    bench.adapter.hold = asyncio.Event()
    task = asyncio.ensure_future(bench.outbox.post(message, [Reply(message, "hi")], ANSWERED))
    await bench.adapter.reached.wait()
    stored = await bench.store.messages.get("fake", message.id)
    assert stored and (stored.state, stored.outcome) == ("decided", ANSWERED)
    assert await bench.states(message) == ["sending"]
    bench.adapter.hold.set()
    assert await task == ANSWERED
    assert await bench.states(message) == ["sent"]


async def test_a_store_that_is_locked_for_a_while_delays_a_reply_and_loses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "q.db", RecordingAdapter())
    message = await bench.message()
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    task = asyncio.ensure_future(bench.outbox.post(message, [Reply(message, "hi")], ANSWERED))
    async with asyncio.timeout(30):
        while not bench.clock.sleeps:  # noqa: ASYNC110 - the fake clock has no event for it
            await asyncio.sleep(0.01)
    assert bench.adapter.visible == []
    other.execute("ROLLBACK")
    other.close()
    assert await task == ANSWERED
    assert bench.adapter.visible == ["hi"]
    await bench.store.close()


async def test_posting_twice_sends_once(bench: Bench) -> None:
    message = await bench.message()
    for _ in range(2):
        assert await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["hi"]


async def test_no_replies_means_no_rows(bench: Bench) -> None:
    message = await bench.message()
    assert await bench.outbox.post(message, [], Outcome("silent")) == Outcome("silent")
    assert await bench.states(message) == []


async def test_a_known_failure_is_retried_with_the_same_key_after_growing_pauses(bench: Bench) -> None:
    bench.adapter.faults = deque([BUSY, BUSY])
    message = await bench.message()
    assert await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["hi"]
    assert len(set(bench.adapter.keys)) == 1
    first, second = bench.clock.sleeps
    assert 0.25 <= first <= 0.5 <= second <= 1.0


async def test_the_pause_is_as_long_as_the_platform_asks(bench: Bench) -> None:
    bench.adapter.faults = deque([AdapterError("429", retry_after_s=42)])
    message = await bench.message()
    await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert bench.clock.sleeps == [42]


async def test_known_failures_end_after_the_last_attempt_as_a_failed_send(bench: Bench) -> None:
    bench.adapter.faults = deque([BUSY] * 9)
    message = await bench.message()
    outcome = await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert (outcome.name, outcome.detail, outcome.probability) == ("failed:send", "failed: busy", 0.9)
    assert len(bench.adapter.keys) == 4
    assert await bench.states(message) == ["failed"]


async def test_a_permanent_failure_is_not_retried(bench: Bench) -> None:
    bench.adapter.faults = deque([AdapterError("the group is gone", permanent=True)])
    message = await bench.message()
    outcome = await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert outcome.name == "failed:send"
    assert len(bench.adapter.keys) == 1


async def test_a_send_that_took_effect_but_whose_answer_was_lost_posts_once_where_keys_hold(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(idempotent_for_s=3600)
    bench.adapter.faults = deque([after(AdapterError("lost", outcome_known=False))])
    message = await bench.message()
    assert await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["hi"]
    assert len(bench.adapter.keys) == 2


async def test_an_unknown_outcome_is_not_sent_again_where_keys_do_not_hold(bench: Bench) -> None:
    bench.adapter.faults = deque([after(AdapterError("lost", outcome_known=False))])
    message = await bench.message()
    outcome = await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert outcome.name == "failed:send"
    assert bench.adapter.visible == ["hi"]
    assert await bench.states(message) == ["unknown"]
    assert [row.message_id for row in await bench.store.replies.unknown()] == [message.id]


async def test_an_unknown_outcome_is_given_up_when_the_window_of_the_key_closes(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(idempotent_for_s=60)
    lost = AdapterError("lost", outcome_known=False, retry_after_s=40)
    bench.adapter.faults = deque([after(lost), lost, lost])
    message = await bench.message()
    await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert len(bench.adapter.keys) == 2  # at 0 s and 40 s, not at 80 s
    assert await bench.states(message) == ["unknown"]


async def test_a_known_failure_after_an_unknown_one_stays_in_doubt(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(idempotent_for_s=3600)
    gone = AdapterError("gone", permanent=True)
    bench.adapter.faults = deque([after(AdapterError("lost", outcome_known=False)), BUSY, gone])
    message = await bench.message()
    await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert await bench.states(message) == ["unknown"]


async def test_a_send_that_hangs_is_cut_and_counts_as_unknown(bench: Bench) -> None:
    bench.outbox.policy = SendPolicy(attempt_timeout_s=0.01)
    bench.adapter.hold = asyncio.Event()
    message = await bench.message()
    outcome = await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert outcome.name == "failed:send" and "no answer within" in outcome.detail
    assert await bench.states(message) == ["unknown"]


async def test_parts_go_out_in_order_and_a_lost_one_ends_the_reply(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(max_chars=10)
    bench.adapter.faults = deque([None, AdapterError("gone", permanent=True)])
    message = await bench.message()
    outcome = await bench.outbox.post(message, [Reply(message, "part one\n\npart two\n\nthird one")], ANSWERED)
    assert bench.adapter.visible == ["part one"]
    assert outcome.kind == "answered" and outcome.detail.startswith("1 of 3 parts were sent")
    assert await bench.states(message) == ["sent", "failed", "failed"]


async def test_without_an_adapter_the_reply_fails_and_says_so(bench: Bench) -> None:
    message = make_message(platform="wechaty")
    await bench.store.messages.add(message)
    outcome = await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    assert outcome.name == "failed:send" and "wechaty" in outcome.detail


async def test_a_failure_whose_notice_was_not_sent_keeps_its_stage(bench: Bench) -> None:
    bench.adapter.faults = deque([AdapterError("gone", permanent=True)])
    message = await bench.message()
    failed = Outcome("failed", stage="generate", detail="401")
    outcome = await bench.outbox.post(message, [Reply(message, "sorry")], failed)
    assert outcome.name == "failed:generate" and outcome.detail.startswith("401; the notice was not sent")


@pytest.mark.parametrize("window_s", [0, 3600])
@pytest.mark.parametrize("step", ["planned", "sending", "posted", "sent"])
async def test_a_crash_at_any_step_leads_to_one_outcome_and_at_most_one_reply(
    bench: Bench, step: str, window_s: float
) -> None:
    bench.adapter.abilities = Abilities(idempotent_for_s=window_s)
    message = await bench.message()
    reply = Reply(message, "hi")
    await bench.store.replies.plan(message, bench.outbox.plan_parts(message, [reply], edition=0), ANSWERED)
    (row,) = await bench.outbox.rows(message)
    if step != "planned":
        await bench.store.replies.start(row.key)
    if step in ("posted", "sent"):
        sent = await bench.adapter.send(reply, row.key)
    if step == "sent":
        await bench.store.replies.sent(row, sent.ids)
    await bench.restart()
    outcome = await bench.outbox.resume(message)
    assert await bench.store.messages.finish(message, outcome)
    unsure = step in ("sending", "posted") and not window_s
    assert outcome.name == ("failed:send" if unsure else "answered")
    assert bench.adapter.visible == ([] if step == "sending" and unsure else ["hi"])
    assert await bench.states(message) == ["unknown" if unsure else "sent"]


async def test_a_key_used_first_before_a_crash_of_an_hour_is_not_used_again(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(idempotent_for_s=3000)
    message = await bench.message()
    reply = Reply(message, "hi")
    await bench.store.replies.plan(message, bench.outbox.plan_parts(message, [reply], edition=0), ANSWERED)
    (row,) = await bench.outbox.rows(message)
    await bench.store.replies.start(row.key)
    await bench.adapter.send(reply, row.key)
    bench.clock.advance(3600)
    await bench.restart()
    assert (await bench.outbox.resume(message)).name == "failed:send"
    assert bench.adapter.visible == ["hi"]


async def test_a_reply_is_found_by_question_group_and_own_id_and_recalled_once(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(recall_within_s=60, max_chars=10)
    message, other = await bench.message(), make_message(chat="g2")
    await bench.store.messages.add(other)
    await bench.outbox.post(message, [Reply(message, "part one\n\npart two")], ANSWERED)
    await bench.outbox.post(other, [Reply(other, "elsewhere")], ANSWERED)
    found = await bench.outbox.sent_for("fake", message.id)
    assert found and found.sent.ids == ("fake-1", "fake-2")
    assert await bench.outbox.last_sent("fake:g1") == found
    assert await bench.outbox.sent_by_id("fake", "fake-2") == found
    answered = await bench.store.messages.for_sent("fake", "fake-2")
    assert answered and answered.message == message
    await bench.outbox.recall(found)
    assert bench.adapter.visible == ["elsewhere"]
    assert await bench.outbox.sent_for("fake", message.id) is None
    assert await bench.outbox.last_sent("fake:g1") is None
    assert await bench.states(message) == ["recalled", "recalled"]


async def test_a_recall_that_the_platform_refuses_leaves_the_reply_standing(bench: Bench) -> None:
    message = await bench.message()
    await bench.outbox.post(message, [Reply(message, "hi")], ANSWERED)
    found = await bench.outbox.last_sent("fake:g1")
    assert found
    with pytest.raises(AdapterError, match="no recall"):
        await bench.outbox.recall(found)
    assert await bench.outbox.last_sent("fake:g1") == found
