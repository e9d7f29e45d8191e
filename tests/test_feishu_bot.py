"""What members do to the whole bot in Feishu beside asking: buttons, reactions, commands, files and odd events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import feishu_platform_events as events
import pytest
from feishu_platform import Chat, Entry, FeishuPlatform
from feishu_platform_bot import PATIENCE_S, QUESTIONS, Bot, open_bot, reply_to

GROUP = "feishu:oc_group"


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        yield platform


async def answered(bot: Bot, number: int = 0, **options: Any) -> tuple[Entry, str]:
    """A question of Alice's that has its answer, and the id of the answer."""
    entry = await bot.platform.say(QUESTIONS[number], mention=True, **options)
    assert [outcome.kind for outcome in await bot.ended(entry)] == ["answered"]
    shown = reply_to(bot.platform, entry)
    assert shown is not None
    return entry, shown.id


async def learnt(bot: Bot) -> list[tuple[str, str]]:
    return [(example.label, example.text) for example in await bot.store.examples.active(GROUP)]


async def voted(bot: Bot, question: Entry, count: int) -> list[tuple[str, str]]:
    """The votes on a question once there are so many, and nothing is left to be acknowledged."""
    await bot.platform.until(lambda: not bot.platform.unacknowledged, PATIENCE_S)
    last = await bot.platform.say(QUESTIONS[1], mention=True)  # signals are handled in order, and before it is answered
    await bot.ended(last)
    votes = [(by.removeprefix("feishu:"), kind) for by, kind in await bot.store.feedback.of("feishu", question.id)]
    assert len(votes) == count, votes
    return votes


async def test_a_button_pressed_twice_is_one_vote_and_a_forged_value_is_none(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question, answer = await answered(bot)
        for forged in ({"action": "admin"}, {"action": ["bad"]}, {"scope": "*"}, {}):
            await platform.press(answer, forged)
        await platform.press(question.id, {"action": "bad"})  # not on a message of the bot
        for _ in range(2):
            await platform.press(answer, {"action": "good", "scope": "*", "text": "forged"})
        assert set(await voted(bot, question, 2)) == {("ou_alice", "good")}
        assert await learnt(bot) == [("good", QUESTIONS[0])]
        assert await bot.store.examples.active("*") == []


async def test_the_bots_own_sign_is_no_vote_and_members_votes_come_and_go(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question, answer = await answered(bot)
        own = events.reaction(answer, "THUMBSUP", "ou_bot", platform.world.now())
        await platform.emit("im.message.reaction.created_v1", own)
        app = {**own, "operator_type": "app", "app_id": platform.world.app_id}
        await platform.emit("im.message.reaction.created_v1", app)
        await platform.react(answer, "ThumbsDown", by="ou_bob")
        assert await voted(bot, question, 1) == [("ou_bob", "bad")]
        await platform.react(answer, "ThumbsDown", by="ou_bob", added=False)
        await voted(bot, question, 2)
        assert await learnt(bot) == []


async def test_an_answer_is_recalled_by_who_asked_or_owns_the_group_and_by_nobody_else(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    platform.world.chats["oc_group"].managers = ["ou_manager"]
    async with open_bot(tmp_path, platform) as bot:
        asked = [await answered(bot, number) for number in range(3)]  # before any of them is recalled, which teaches
        for number, by, recalled in ((0, "ou_bob", 0), (0, "ou_alice", 1), (1, "ou_owner", 2), (2, "ou_manager", 3)):
            await bot.ended(await platform.say("/recall", mention=True, sender=by, parent=asked[number][1]))
            assert [reply_to(platform, entry) is None for entry, _ in asked] == [n < recalled for n in range(3)], by


async def test_direct_chats_threads_and_pictures_have_their_place(platform: FeishuPlatform, tmp_path: Path) -> None:
    platform.world.chats["oc_direct"] = Chat("oc_direct", direct=True)
    async with open_bot(tmp_path, platform) as bot:
        direct = await platform.say(QUESTIONS[0], chat="oc_direct")
        picture = await platform.send("image", {"image_key": "img_1"})
        threaded, _ = await answered(bot, 1, thread="omt_1")
        assert [outcome.kind for outcome in await bot.ended(direct, picture)] == ["answered", "silent"]
        shown = reply_to(platform, threaded)
        assert shown is not None and shown.thread == "omt_1"
        assert reply_to(platform, picture) is None


ODD: dict[str, dict[str, Any]] = {
    "title only": {"message_type": "post", "content": json.dumps({"title": "hi"})},
    "nested": {"content": "[" * 100_000},
    "from the future": {"create_time": "99999999999999"},
    "before 1970": {"create_time": "-5"},
    "unknown kind": {"message_type": "hologram"},
    "a card": {"message_type": "interactive"},
    "no content": {"content": None},
    "huge": {"content": json.dumps({"text": "@_user_1 " + "长" * 100_000})},
}


async def test_odd_events_are_acknowledged_at_once_and_hold_up_nothing(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        for name, odd in ODD.items():
            entry = Entry(f"om_{name}", "oc_group", "ou_alice", "text", {"text": "hi"}, platform.world.now())
            event = events.received(entry, platform.world.chats["oc_group"])
            event["message"] |= {"mentions": [events.mention(1, "ou_bot", "群答")], **odd}
            delivery = await platform.emit("im.message.receive_v1", event)
            await platform.until(lambda delivery=delivery: delivery.codes, PATIENCE_S)  # type: ignore[misc]
            assert delivery.codes == [200], name
        question = await platform.say(QUESTIONS[0], mention=True)
        assert [outcome.kind for outcome in await bot.ended(question)] == ["answered"]
