"""Reactions, recalls and recalled questions teach the group, are audited, and can be undone."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from group import ADMIN, Group, open_group

from adapters.base import Event, Person, Pressed, Reacted, Recalled
from bot.feedback import label_of

QUESTION = "Zephyrlink 的端口要改成多少才吉利"
_events = count()


def reacted(done: dict[str, Any], emoji: str, *, by: str = "carol", added: bool = True) -> Reacted:
    post = done["posts"][0]
    return Reacted(f"r{next(_events)}", done["message"].conversation, post.id, Person("fake", by), emoji, added)


async def tell(group: Group, event: Event) -> None:
    """Deliver a signal and wait until it has been handled."""
    before = len(group.adapter.delivered)
    group.adapter.outbound.put_nowait(event)
    await group.delivered(before + 1)
    await group.signals_handled()


async def test_a_thumb_down_silences_such_questions_and_taking_it_off_undoes_that(tmp_path: Path) -> None:
    async with open_group(tmp_path, abilities=None) as group:
        done = await group.say("Zephyrlink 怎么安装？")
        await tell(group, reacted(done, "ThumbsDown"))
        silent = await group.say("Zephyrlink 怎么安装？")
        elsewhere = await group.say("Zephyrlink 怎么安装？", chat="g2")
        await tell(group, reacted(done, "ThumbsDown", added=False))
        back = await group.say("Zephyrlink 怎么安装？")
        audit = await group.store.audit.tail()
    assert done["outcome"] == elsewhere["outcome"] == back["outcome"] == "answered"
    assert silent["probability"] < done["probability"]
    assert [entry.action for entry in audit] == ["example bad", "example undone"]


async def test_votes_of_several_people_count_together(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？")
        await tell(group, reacted(done, "👎", by="carol"))
        await tell(group, reacted(done, "👍", by="dave"))
        assert await group.store.examples.active("fake:g1") == []
        await tell(group, reacted(done, "👍", by="erin"))
        await tell(group, reacted(done, "👍", by="erin"))
        labels = [example.label for example in await group.store.examples.active("fake:g1")]
    assert labels == ["good"]


async def test_a_pressed_button_counts_like_a_reaction_and_other_signs_do_not(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？")
        place, post = done["message"].conversation, done["posts"][0].id
        await tell(group, reacted(done, "❤️"))
        await tell(group, Reacted("b1", place, post, Person("fake", "bot", is_bot=True), "👍", True))
        await tell(group, Reacted("b2", place, "unknown-post", Person("fake", "carol"), "👍", True))
        assert await group.store.examples.active("fake:g1") == []
        await tell(group, Pressed("b3", place, post, Person("fake", "carol"), "good"))
        assert len(await group.store.examples.active("fake:g1")) == 1


async def test_a_recalled_answer_teaches_and_can_be_undone(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？")
        said = await group.say("/recall", sender=ADMIN)
        less = await group.say("Zephyrlink 怎么安装？")
        await group.say("/bad undo", sender=ADMIN)
        back = await group.say("Zephyrlink 怎么安装？")
    assert "撤销" in said["replies"][0]
    assert done["posts"][0].recalled
    assert less["probability"] < done["probability"] == pytest.approx(back["probability"])


async def test_a_question_taken_back_by_its_author_takes_its_answer_with_it(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？")
        place, author = done["message"].conversation, done["message"].sender
        await tell(group, Recalled("x1", place, done["message"].id, Person("fake", "stranger")))
        assert not done["posts"][0].recalled
        await tell(group, Recalled("x2", place, done["message"].id, author))
        assert done["posts"][0].recalled


@pytest.mark.parametrize(
    ("sign", "label"), [("THUMBSUP", "good"), ("👎", "bad"), ("OnIt", None), ("", None), (" +1 ", "good")]
)
def test_signs_are_read_whatever_their_case(sign: str, label: str | None) -> None:
    assert label_of(sign) == label
