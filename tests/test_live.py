"""Live replies: shown while written, with the same promises as any other."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cores import Bench
from fakes import RecordingAdapter

from adapters.base import Abilities, AdapterError, Reply
from bot.outcome import Outcome

ANSWERED = Outcome("answered", probability=0.9, answer="text")
LOST = AdapterError("the answer was lost", outcome_known=False)
BUSY = AdapterError("busy")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "q.db", RecordingAdapter())
    yield bench
    await bench.store.close()


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
