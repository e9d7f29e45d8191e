"""Several short messages of one person are judged as one; what addresses the bot never waits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from fakes import START, make_message
from group import ADMIN, open_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.base import Message, Person, Recalled
from bot.arrivals import Arrivals
from bot.feedback import TAKEN_BACK
from bot.gather import join

WAIT = "gate.quiet_window_s=0.2"


async def test_a_question_in_several_messages_is_judged_as_one(tmp_path: Path) -> None:
    async with open_group(tmp_path, WAIT) as group:
        first, second = group.post("请问一下"), group.post("Zephyrlink")
        last = await group.say("怎么安装？")
        ends = [await group.wait(message) for message in (first, second)]
        why = await group.say("/why", sender=ADMIN)
    assert [end["outcome"] for end in ends] == ["merged", "merged"]
    assert last["outcome"] == "answered"
    assert len(last["posts"]) == 1
    assert "Zephyrlink 怎么安装？" in why["replies"][0]


async def test_two_people_who_write_at_once_are_not_mixed(tmp_path: Path) -> None:
    async with open_group(tmp_path, WAIT) as group:
        alice = group.post("Zephyrlink 怎么安装？", sender="alice")
        carol = group.post("中午吃什么", sender="carol")
        ends = [await group.wait(message) for message in (alice, carol)]
    assert [end["outcome"] for end in ends] == ["answered", "silent"]


async def test_a_mention_does_not_wait_and_takes_what_its_sender_said_just_before(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=60") as group:
        before = group.post("Zephyrlink 装不上")
        other = group.post("早上好", sender="carol")
        mention = await group.say("怎么安装？", mentions_bot=True)
        merged = await group.wait(before)
        assert other.id not in group.adapter.decisions, "another person's message did not wait"
    assert merged["outcome"] == "merged"
    assert mention["outcome"] == "answered"


async def test_commands_and_quotes_stay_messages_of_their_own(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=60") as group:
        talk = group.post("哈哈", sender=ADMIN)
        command = await group.say("/status", sender=ADMIN)
        ended = await group.wait(talk)
    assert command["outcome"] == "command"
    assert ended["outcome"] == "silent"


async def test_what_is_held_when_the_bot_stops_is_judged_after_the_restart(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=60") as group:
        held = group.post("Zephyrlink 怎么安装？")
        await group.delivered(1)
    async with open_group(tmp_path, "gate.quiet_window_s=60", sent_before=held.sent_at) as group:
        done = await group.wait(held)
    assert done["outcome"] == "answered"


async def test_what_is_recalled_while_it_waits_is_neither_answered_nor_joined(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=0.4") as group:
        first, second = group.post("请问"), group.post("我的密码是 hunter2")
        group.adapter.outbound.put_nowait(Recalled("r1", second.conversation, second.id, second.sender))
        last = await group.say("Zephyrlink 怎么安装？")
        ends = [await group.wait(message) for message in (first, second)]
        stored = await group.store.messages.get("fake", last["message"].id)
        alone = group.post("Zephyrlink 怎么安装？", sender="carol")
        group.adapter.outbound.put_nowait(Recalled("r2", alone.conversation, alone.id, alone.sender))
        silent = await group.wait(alone)
        kept = group.post("Zephyrlink 怎么安装？", sender="dave")
        group.adapter.outbound.put_nowait(Recalled("r3", kept.conversation, kept.id, alone.sender))
        answered = await group.wait(kept)
    assert [end["outcome"] for end in ends] == ["merged", "silent"]
    assert stored is not None and stored.message.text == "请问\nZephyrlink 怎么安装？"
    assert last["outcome"] == "answered"
    assert (silent["outcome"], silent["replies"]) == ("silent", [])
    assert "撤回" in silent["reasons"][0]
    assert answered["outcome"] == "answered", "only its author takes a question back"


async def test_a_recalled_question_stays_unanswered_after_a_crash(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=60") as group:
        held = group.post("Zephyrlink 怎么安装？")
        await group.delivered(1)
        await group.store.feedback.add("fake", held.id, held.sender.key, TAKEN_BACK)  # and then nothing more is done
    async with open_group(tmp_path, "gate.quiet_window_s=60", sent_before=held.sent_at) as group:
        ended = await group.wait(held)
    assert (ended["outcome"], ended["replies"]) == ("silent", [])


async def test_a_merged_message_stands_for_the_question_it_was_judged_with(tmp_path: Path) -> None:
    async with open_group(tmp_path, WAIT) as group:
        part = group.post("请问一下")
        await group.say("Zephyrlink 怎么安装？")
        why = await group.say("/why", sender=ADMIN, quote=part)
        taught = await group.say("/bad", sender=ADMIN, quote=part)
        examples = [example.text for example in await group.store.examples.active("fake:g1")]
        undone = await group.say("/bad undo", sender=ADMIN, quote=part)
    assert "Zephyrlink 怎么安装？" in why["replies"][0] and "门槛" in why["replies"][0]
    assert examples == ["请问一下\nZephyrlink 怎么安装？"]
    assert taught["outcome"] == "command" and "怎么安装" in undone["replies"][0]


async def test_a_question_that_a_person_answers_meanwhile_stays_unanswered(tmp_path: Path) -> None:
    async with open_group(tmp_path, "gate.quiet_window_s=0.4") as group:
        asked = group.post("Zephyrlink 怎么安装？", name="Alice")
        group.post("用 pip 装就行", sender="carol", quote=asked)
        done = await group.wait(asked)
        again = group.post("Zephyrlink 怎么安装？", name="Alice")
        group.post("@Alice 上面说过了", sender="carol")
        named = await group.wait(again)
        alone = await group.say("Zephyrlink 怎么安装？", name="Alice")
    assert done["outcome"] == named["outcome"] == "silent"
    assert "回答" in done["reasons"][0]
    assert alone["outcome"] == "answered"


def test_a_replay_merges_by_the_times_of_the_messages(tmp_path: Path) -> None:
    from group import make_settings

    from bot.cli.parser import run

    settings_ = make_settings(tmp_path)
    rows = [
        {"text": "请问", "sender": "a", "sent_at": 0},
        {"text": "Zephyrlink", "sender": "a", "sent_at": 1.5},
        {"text": "怎么安装？", "sender": "a", "sent_at": 3},
        {"text": "Zephyrlink 怎么修改端口？", "sender": "a", "sent_at": 6},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    arguments = ["--config", str(settings_.path), "--data", str(tmp_path / "data")]
    assert run([*arguments, "build"]) == 0
    assert run([*arguments, "replay", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [line["outcome"] for line in lines] == ["merged", "merged", "answered", "answered"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_a_joined_message_keeps_every_word_and_is_the_last_one(texts: list[str]) -> None:
    messages = [make_message(text, mentions=(Person("fake", f"p{n}"),)) for n, text in enumerate(texts)]
    joined = join(messages)
    assert joined.id == messages[-1].id
    assert joined.text.split("\n") == [line for text in texts for line in text.strip().split("\n")]
    assert len(joined.mentions) == len(messages)


def test_arrivals_count_only_what_others_say_to_the_sender_in_time() -> None:
    def at(seconds: float, **options: object) -> Message:
        return make_message("x", sent_at=START + timedelta(seconds=seconds), **options)  # type: ignore[arg-type]

    asked = at(0, id="q")
    command = replace(at(5, sender="bob", mentions=(Person("fake", "alice"),)), text="/why")
    bob, alice = Person("fake", "bob"), Person("fake", "alice")
    cases = [
        (at(5, sender="bob", mentions=(alice,)), True),
        (at(50, sender="bob", mentions=(alice,)), False),  # too late
        (at(-5, sender="bob", mentions=(alice,)), False),  # before
        (at(5, sender="alice", mentions=(alice,)), False),  # the asker
        (at(5, sender="bob", mentions=(bob,)), False),  # to somebody else
        (at(5, sender="bob", mentions=(alice,), chat="g2"), False),
        (command, False),
    ]
    for arrival, expected in cases:
        arrivals = Arrivals()
        arrivals.note(arrival)
        assert arrivals.answered_by_person(asked, 10) is expected, arrival
