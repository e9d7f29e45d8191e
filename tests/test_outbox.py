"""The outbox: no reply twice, none forgotten, each accounted for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes import RecordingAdapter, after, make_message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Abilities, AdapterError, Citation, Message, Reply
from bot.outbox import Outbox, SendPolicy
from bot.outcome import Outcome
from bot.parts import reply_key, split_reply
from bot.store import Store

ANSWERED = Outcome("answered", probability=0.9, answer="text")
LOST = AdapterError("the answer was lost", outcome_known=False)
BUSY = AdapterError("busy")


class Bench:
    """An outbox on a file, with the adapter behind it; `restart` is what a crash leaves."""

    def __init__(self, path: Path, adapter: RecordingAdapter) -> None:
        self.path, self.adapter, self.clock = path, adapter, adapter.clock
        self.open()

    def open(self) -> None:
        self.store = Store.open(self.path, self.clock)
        policy = SendPolicy(attempt_timeout_s=5, max_attempts=4)
        self.outbox = Outbox(self.store, {"fake": self.adapter}, self.clock, policy)

    async def restart(self) -> None:
        await self.store.close()
        self.open()

    async def message(self) -> Message:
        message = make_message()
        await self.store.messages.add(message)
        return message

    async def states(self, message: Message) -> list[str]:
        return [row.state for row in await self.outbox.rows(message)]


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


async def test_a_live_reply_is_stored_before_it_opens_and_put_in_place_once(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True, max_chars=10)
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        assert await bench.states(message) == ["sending"]
        await stream.update("hel")
        outcome = await stream.finish([Reply(message, "hello you\n\nand more")], ANSWERED)
    assert outcome == ANSWERED
    assert (bench.adapter.shown, bench.adapter.visible) == (["hel"], ["hello you", "and more"])
    assert await bench.states(message) == ["sent", "sent"]


async def test_a_crash_while_a_live_reply_is_written_posts_nothing_more(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True, idempotent_for_s=3600)
    message = await bench.message()
    context = bench.outbox.stream(message)
    await context.__aenter__()
    await bench.restart()
    outcome = await bench.outbox.resume(message)
    assert outcome.name == "failed:send"
    assert bench.adapter.posts == []
    assert await bench.states(message) == ["unknown"]


async def test_where_nothing_can_be_live_the_reply_is_posted_when_finished(bench: Bench) -> None:
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        await stream.update("hel")
        assert await stream.finish([Reply(message, "hello")], ANSWERED) == ANSWERED
    assert (bench.adapter.shown, bench.adapter.visible) == ([], ["hello"])


async def test_a_live_reply_that_cannot_open_is_posted_instead(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.stream_faults = deque([BUSY])
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        await stream.update("hel")
        assert await stream.finish([Reply(message, "hello")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["hello"]
    assert await bench.states(message) == ["recalled", "sent"]


async def test_a_live_reply_that_perhaps_opened_is_not_posted_a_second_time(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.stream_faults = deque([LOST])
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        outcome = await stream.finish([Reply(message, "hello")], ANSWERED)
    assert outcome.name == "failed:send" and outcome.probability == 0.9
    assert bench.adapter.posts == []
    assert await bench.states(message) == ["unknown"]


async def test_leaving_a_live_reply_unfinished_withdraws_it_and_another_may_follow(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True, idempotent_for_s=3600)
    message = await bench.message()
    with pytest.raises(ValueError, match="half an answer"):
        async with bench.outbox.stream(message) as stream:
            await stream.update("hel")
            raise ValueError("half an answer")
    stored = await bench.store.messages.get("fake", message.id)
    assert stored and stored.state == "queued"
    assert len(bench.adapter.withdrawn) == 1
    assert await bench.outbox.post(message, [Reply(message, "sorry")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["sorry"]
    assert len(set(bench.adapter.keys)) == 2  # the platform may still know the key of the withdrawn one


async def test_a_live_reply_that_cannot_be_finished_is_withdrawn_and_posted(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.finish_faults = deque([AdapterError("the card was refused", permanent=True)])
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        assert await stream.finish([Reply(message, "hello")], ANSWERED) == ANSWERED
    assert (len(bench.adapter.withdrawn), bench.adapter.visible) == (1, ["hello"])


async def test_the_last_update_of_a_live_reply_is_repeated_until_confirmed(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.finish_faults = deque([LOST, BUSY])
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        assert await stream.finish([Reply(message, "hello")], ANSWERED) == ANSWERED
    assert bench.adapter.visible == ["hello"]


async def test_a_live_reply_of_which_nobody_knows_the_end_is_not_posted_again(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.finish_faults = deque([LOST] * 4)
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        assert (await stream.finish([Reply(message, "hello")], ANSWERED)).name == "failed:send"
    assert await bench.states(message) == ["unknown"]
    assert bench.adapter.posts == []


async def test_a_live_reply_that_cannot_be_withdrawn_is_not_followed_by_another(bench: Bench) -> None:
    bench.adapter.abilities = Abilities(stream=True)
    bench.adapter.finish_faults = deque([AdapterError("refused", permanent=True)])
    bench.adapter.withdraw_faults = deque([AdapterError("also refused")])
    message = await bench.message()
    async with bench.outbox.stream(message) as stream:
        assert (await stream.finish([Reply(message, "hello")], ANSWERED)).name == "failed:send"
    assert await bench.states(message) == ["unknown"]
    assert bench.adapter.posts == []


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


def test_keys_are_short_and_differ_by_message_part_and_edition() -> None:
    one, two = make_message(), make_message()
    keys = {reply_key(one, 0), reply_key(one, 1), reply_key(one, 0, 1), reply_key(two, 0)}
    assert len(keys) == 4
    assert all(len(key) <= 50 for key in keys)
    assert reply_key(one, 0) == reply_key(one, 0)


def test_citations_go_with_the_part_that_shows_them() -> None:
    citations = tuple(Citation(n, f"t{n}", "u", "q") for n in (1, 2, 3))
    reply = Reply(make_message(), "first [1]\n\nsecond [2]", citations, confidence=0.8, mention=True)
    first, second = split_reply(reply, 12)
    assert [c.n for c in first.citations] == [1]
    assert [c.n for c in second.citations] == [2, 3]
    assert (first.mention, second.mention, first.confidence, second.confidence) == (True, False, None, 0.8)


def test_a_code_block_that_must_be_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line_{n} = {n}" for n in range(12))
    parts = [r.text for r in split_reply(Reply(make_message(), f"Run:\n\n```python\n{code}\n```\n\nDone."), 60)]
    assert len(parts) > 2
    for part in parts:
        assert len(part) <= 60
        assert part.count("```") % 2 == 0
    assert "\n".join(parts).replace("```python\n", "").replace("```\n", "").count("line_") == 12


paragraph = st.text(alphabet="ab 。.好\n`", max_size=60)


@given(st.lists(paragraph, max_size=8), st.integers(20, 80))
def test_parts_fit_and_lose_no_character(paragraphs: list[str], max_chars: int) -> None:
    text = "\n\n".join(paragraphs).replace("```", "")
    parts = [part.text for part in split_reply(Reply(make_message(), text), max_chars)]
    assert all(len(part) <= max_chars for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
