"""/good, /bad and /dial in a group: what they change at once, what they say, and how each is undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import ADMIN, open_group


async def test_bad_silences_from_the_next_message_on_and_can_be_undone(tmp_path: Path) -> None:
    text = "Zephyrlink 怎么修改端口？"
    async with open_group(tmp_path) as group:
        before = await group.say(text)
        assert before["outcome"] in ("answered", "abstained")
        taught = await group.say("/bad", sender=ADMIN, quote=before["message"])
        after = await group.say(text)
        other = await group.say(text, chat="g2")
        again = await group.say("/bad", sender=ADMIN, quote=before["message"])
        undone = await group.say("/bad undo", sender=ADMIN)
        restored = await group.say(text)
        nothing = await group.say("/bad 撤销", sender=ADMIN)
    assert "#" in taught["replies"][0]
    assert after["outcome"] == "silent"
    assert other["outcome"] == before["outcome"], "another group was affected"
    assert "已经记过" in again["replies"][0]
    assert text in undone["replies"][0]
    assert restored["outcome"] == before["outcome"]
    assert "没有可以撤销" in nothing["replies"][0]


async def test_good_teaches_all_groups_when_the_admin_says_so(tmp_path: Path) -> None:
    text = "小Z今天又闹脾气了怎么哄"
    async with open_group(tmp_path) as group:
        before = await group.say(text)
        done = await group.say("/good all", sender=ADMIN, quote=before["message"])
        here, elsewhere = await group.say("/why", sender=ADMIN), await group.say(text, chat="g9")
    assert before["outcome"] == "silent"
    assert "所有群以后都回答" in done["replies"][0]
    assert here["replies"]
    assert elsewhere["probability"] > before["probability"]


async def test_an_example_of_all_groups_is_undone_as_its_reply_says_and_any_by_its_number(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:

        async def said(text: str) -> str:
            return str((await group.say(text, sender=ADMIN))["replies"][0])

        assert "/bad 撤销 all" in await said("/bad all 今天谁请客")
        assert "没有可以撤销" in await said("/bad 撤销")
        assert "#1" in await said("/bad 撤销 all")
        assert "#2" in await said("/bad 今天谁请客")
        assert "#3" in await said("/good 端口怎么改")
        assert "#编号" in await said("/bad 撤销 那个")
        assert "没有可以撤销" in await said("/bad 撤销 #99")
        assert "#2" in await said("/good 撤销 #2")
        assert [example.id for example in await group.store.examples.active()] == [3]
        elsewhere = await group.say("/good 撤销 3", sender=ADMIN, chat="g2")
        assert "没有可以撤销" in elsewhere["replies"][0], "another group's example"


async def test_a_contradiction_is_told_and_the_later_judgement_counts(tmp_path: Path) -> None:
    text = "Zephyrlink 怎么修改端口？"
    async with open_group(tmp_path) as group:
        asked = await group.say(text)
        await group.say("/bad", sender=ADMIN, quote=asked["message"])
        good = await group.say("/good", sender=ADMIN, quote=asked["message"])
        again = await group.say(text)
        bad = await group.say("/bad", sender=ADMIN, quote=asked["message"])
        silent = await group.say(text)
    assert "例子 #1 说的正相反" in good["replies"][0]
    assert again["outcome"] == "answered"
    assert "例子 #2 说的正相反" in bad["replies"][0], "it is not known already: #2 counts"
    assert silent["outcome"] == "silent"


@pytest.mark.parametrize("text", ["😀", "。。。", "？？"])
async def test_there_is_nothing_to_learn_from_a_message_without_words(tmp_path: Path, text: str) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say(f"/good {text}", sender=ADMIN)
        assert await group.store.examples.active() == []
    assert "没有文字" in done["replies"][0]


async def test_the_dial_takes_full_width_digits(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("／旋钮 １０．５", sender=ADMIN)
    assert "10.5" in done["replies"][0]


async def test_teaching_without_a_quote_asks_for_one(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        assert "请引用" in (await group.say("/bad", sender=ADMIN))["replies"][0]


async def test_a_command_cannot_be_taught_as_an_example(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        paused = await group.say("/dial", sender=ADMIN)
        done = await group.say("/bad", sender=ADMIN, quote=paused["message"])
        answer = await group.say("/bad", sender=ADMIN, quoted_id=paused["posts"][0].id, quote="…")
        assert await group.store.examples.active() == []
    assert done["replies"] == answer["replies"] == ["那是一条命令，不能当例子。"]
