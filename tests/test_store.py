"""The store on disk: what was written is there, in order, and is forgotten in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes import START, FakeClock, make_message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Attachment, Citation, Conversation, Person, Pressed, Quote, Reacted, Recalled, Reply
from bot.outcome import Outcome
from bot.store import (
    Planned,
    Store,
    StoreClosedError,
)
from bot.store.codec import dump_message, dump_reply, dump_signal, load_message, load_reply, load_signal

NOBODY = 65534


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    store = Store.open(tmp_path / "data" / "qunda.db", clock, busy_timeout_s=0.05)
    yield store
    await store.close()


async def test_a_message_is_stored_once_and_found_with_its_outcome(store: Store, clock: FakeClock) -> None:
    message = make_message("怎么安装？", mentions_bot=True)
    assert await store.messages.add(message) == 1
    assert await store.messages.add(message) is None
    clock.advance(5)
    outcome = Outcome("silent", probability=0.2, threshold=0.7, reasons=("像闲聊",))
    assert await store.messages.finish(message, outcome)
    found = await store.messages.get("fake", message.id)
    assert found is not None
    assert (found.message, found.state, found.outcome) == (message, "done", outcome)
    assert found.finished_at == START + timedelta(seconds=5)


async def test_the_first_outcome_stays(store: Store) -> None:
    message = make_message()
    await store.messages.add(message)
    assert await store.messages.finish(message, Outcome("silent"))
    assert not await store.messages.finish(message, Outcome("answered"))
    assert await store.messages.counts(START) == {"silent": 1}


async def test_writes_queued_together_share_a_commit_and_keep_their_order(store: Store) -> None:
    messages = [make_message(str(i)) for i in range(200)]
    seqs = await asyncio.gather(*(store.messages.add(m) for m in messages))
    assert seqs == sorted(seqs)  # type: ignore[type-var]
    assert store.health().counters["writes"] == 200
    assert store.health().counters["commits"] < 20


async def test_a_cancelled_caller_leaves_its_write_stored(store: Store) -> None:
    task = asyncio.ensure_future(store.settings.set("g", "k", "v"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.settings.set("g", "later", "v")
    assert await store.settings.get("g", "k") == "v"


async def test_closing_commits_what_is_queued_and_refuses_what_comes_later(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "q.db")
    pending = [store.messages.add(make_message()) for _ in range(20)]
    await store.close()
    assert all(future.result() for future in pending)
    with pytest.raises(StoreClosedError):
        await store.messages.unfinished()
    with pytest.raises(StoreClosedError):
        await store.settings.set("g", "k", "v")


async def test_examples_are_found_by_scope_and_undone_once(store: Store) -> None:
    first = await store.examples.add("fake:g1", "怎么安装", "good", "fake:alice", source="m1")
    await store.examples.add("fake", "早上好", "bad", "fake:bob")
    await store.examples.add("*", "求职", "bad", "fake:bob")
    assert [e.text for e in await store.examples.active("fake:g1", "*")] == ["怎么安装", "求职"]
    assert len(await store.examples.active()) == 3
    assert await store.examples.by_source("fake:g1", "m1") == [first]
    assert await store.examples.last("fake:g1") == first
    assert await store.examples.undo(first.id, "fake:alice")
    assert not await store.examples.undo(first.id, "fake:alice")
    assert await store.examples.last("fake:g1") is None
    assert await store.examples.by_source("fake:g1", "m1") == []


async def test_settings_feedback_and_audit_are_kept(store: Store, clock: FakeClock) -> None:
    await store.settings.set("fake:g1", "dial", "10")
    await store.settings.set("fake:g1", "dial", "5")
    await store.settings.set("fake:g2", "paused", "1")
    await store.settings.set("fake:g2", "paused", None)
    assert await store.settings.all() == {"fake:g1": {"dial": "5"}}
    await store.feedback.add("fake", "m1", "fake:alice", "up")
    assert await store.feedback.counts(START) == {"up": 1}
    assert await store.feedback.counts(START + timedelta(seconds=1)) == {}
    await store.audit.append("fake:alice", "dial", "fake:g1", "5")
    await store.audit.append("fake:bob", "reload")
    assert [e.action for e in await store.audit.tail()] == ["dial", "reload"]
    assert [e.by for e in await store.audit.tail(group="fake:g1")] == ["fake:alice"]


async def test_the_last_decision_of_a_group_passes_over_commands(store: Store) -> None:
    for text, chat, kind in (("a", "g1", "silent"), ("/why", "g1", "command"), ("b", "g2", "answered")):
        message = make_message(text, chat=chat)
        await store.messages.add(message)
        await store.messages.finish(message, Outcome(kind))  # type: ignore[arg-type]
    await store.messages.add(make_message("not decided yet"))
    found = await store.messages.last_decision("fake:g1")
    assert found is not None and found.message.text == "a"
    assert await store.messages.last_decision("fake:g3") is None


async def test_recent_messages_are_those_of_the_same_thread_before_this_one(store: Store) -> None:
    texts = [("1", "g1", None), ("2", "g1", "t"), ("3", "g1", None), ("4", "g2", None), ("5", "g1", None)]
    messages = [make_message(text, chat=chat, thread=thread) for text, chat, thread in texts]
    for message in messages:
        await store.messages.add(message)
    recent = await store.messages.recent(messages[4].conversation, before=messages[4])
    assert [item.message.text for item in recent] == ["1", "3"]
    assert [i.message.text for i in await store.messages.recent(messages[4].conversation, limit=2)] == ["3", "5"]


async def test_retention_clears_texts_then_ids_and_never_what_is_unfinished(store: Store, clock: FakeClock) -> None:
    done, waiting = make_message("old", quote=Quote("q", None, "quoted")), make_message("waiting")
    for message in (done, waiting):
        await store.messages.add(message)
    await store.replies.plan(done, [Planned("k1", 0, 0, Reply(done, "an answer"))], Outcome("answered", answer="text"))
    (row,) = await store.replies.rows_for("fake", done.id)
    await store.replies.sent(row, ["s1"])
    await store.messages.finish(done, Outcome("answered", answer="text", reasons=("r",), probability=0.9))
    clock.advance(100 * 86_400)
    assert await store.retain(90, 120) > 0
    found = await store.messages.get("fake", done.id)
    assert found is not None and found.outcome is not None
    assert (found.message.text, found.message.quote, found.outcome.answer) == ("", None, None)
    assert (found.outcome.kind, found.outcome.probability) == ("answered", 0.9)
    assert await store.messages.add(done) is None
    clock.advance(100 * 86_400)
    await store.retain(90, 120)
    assert await store.messages.get("fake", done.id) is None
    assert await store.messages.for_sent("fake", "s1") is None
    assert await store.retain(90, 120) == 0
    kept = await store.messages.get("fake", waiting.id)
    assert kept is not None and kept.message.text == "waiting"


async def test_opening_again_finds_everything(tmp_path: Path) -> None:
    message = make_message()
    first = Store.open(tmp_path / "q.db")
    await first.messages.add(message)
    await first.close()
    second = Store.open(tmp_path / "q.db")
    assert await second.messages.add(message) is None
    assert [seq for seq, *_ in await second.messages.open_seqs()] == [1]
    await second.close()


texts = st.text(max_size=40)
people = st.builds(Person, st.just("fake"), texts, texts, st.booleans())
messages = st.builds(
    make_message,
    st.text(alphabet=st.characters(), max_size=200),  # control characters and lone surrogates included
    thread=st.none() | texts,
    mentions_bot=st.booleans(),
    mentions=st.lists(people, max_size=3).map(tuple),
    quote=st.none() | st.builds(Quote, texts, st.none() | people, texts),
    attachments=st.lists(st.builds(Attachment, st.just("file"), texts, texts), max_size=2).map(tuple),
)


@given(messages)
def test_a_message_survives_storing(message: object) -> None:
    text = dump_message(message)  # type: ignore[arg-type]
    text.encode()
    assert load_message(text) == message


def test_replies_and_signals_survive_storing() -> None:
    message, place, person = make_message(), Conversation("fake", "g1", "t"), Person("fake", "bob", "Bob")
    reply = Reply(message, "see [1]", (Citation(1, "t", "u", "q"),), 0.5, True)
    assert load_reply(dump_reply(reply), message) == reply
    for signal in (
        Recalled("e1", place, "m1", None),
        Reacted("e2", place, "m1", person, "THUMBSUP", True),
        Pressed("e3", place, "m1", person, "good"),
    ):
        assert load_signal(dump_signal(signal)) == signal
