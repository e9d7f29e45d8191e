"""Posting into Feishu: nothing twice, nothing lost, and the platform's errors told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import make_message
from feishu_platform import Chat, Entry, Fault, FeishuPlatform

from adapters.base import AdapterError, Citation, Conversation, Message, Reply
from adapters.feishu import FeishuAdapter, FeishuSettings, Timings
from adapters.feishu.sender import uuid

QUICK = Timings(call_timeout_s=0.5, quote_timeout_s=0.5)


class Desk:
    """An adapter that only sends, and the platform behind it."""

    def __init__(self, platform: FeishuPlatform) -> None:
        self.platform = platform
        world = platform.world
        settings = FeishuSettings(world.app_id, world.app_secret, platform.domain, timings=QUICK)
        self.bot = FeishuAdapter(settings)

    async def question(self, text: str = "怎么安装？", **more: Any) -> Message:
        return message_of(await self.platform.say(text, **more))

    def texts(self) -> list[str]:
        """What members read: the answers of cards, and texts."""
        contents = [shown.content for shown in self.platform.shown()]
        return [c["body"]["elements"][0]["content"] if "body" in c else c["text"] for c in contents]


def message_of(entry: Entry) -> Message:
    place = Conversation("feishu", entry.chat, entry.thread or None)
    return replace(make_message(), id=entry.id, conversation=place, sent_at=datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with FeishuPlatform() as platform:
        desk = Desk(platform)
        yield desk
        await desk.bot.close()


async def failed(desk: Desk, fault: Fault, message: Message, path: str = "/reply") -> AdapterError:
    desk.platform.fail(fault, path)
    with pytest.raises(AdapterError) as caught:
        await desk.bot.send(Reply(message, "运行 make demo。"), "k1")
    return caught.value


async def test_a_reply_is_a_card_that_answers_the_question(desk: Desk) -> None:
    message = await desk.question()
    citation = Citation(1, "安装指南", "https://example.com/install", "q")
    sent = await desk.bot.send(Reply(message, "运行 make demo [1]。", (citation,), confidence=0.9), "k1")
    (shown,) = desk.platform.shown()
    assert (shown.id, shown.parent, shown.thread, shown.msg_type) == (sent.ids[0], message.id, "", "interactive")
    assert "[安装指南](https://example.com/install)" in shown.text and "90%" in shown.text
    (call,) = desk.platform.calls("/reply", "POST")
    assert call.body["uuid"] == "k1" and call.body["reply_in_thread"] is False


async def test_what_is_asked_in_a_thread_is_answered_there(desk: Desk) -> None:
    root = await desk.platform.say("root")
    message = await desk.question("怎么安装？", parent=root.id, thread="omt_1")
    await desk.bot.send(Reply(message, "运行 make demo。"), "k1")
    assert desk.platform.calls("/reply", "POST")[0].body["reply_in_thread"] is True
    assert [shown.thread for shown in desk.platform.shown()] == ["omt_1"]


async def test_the_limit_of_a_group_is_a_known_failure_worth_a_retry(desk: Desk) -> None:
    error = await failed(desk, Fault(code=230020), await desk.question())
    assert error.outcome_known and not error.permanent and error.retry_after_s == 1.0


async def test_429_says_how_long_to_wait(desk: Desk) -> None:
    limited = Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": "7"})
    error = await failed(desk, limited, await desk.question())
    assert error.outcome_known and not error.permanent and error.retry_after_s == 7.0


async def test_after_429_the_next_call_waits_as_long(desk: Desk) -> None:
    message = await desk.question()
    limited = Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": "60"})
    await failed(desk, limited, message)
    with pytest.raises(AdapterError, match="rate limit") as caught:
        await desk.bot.send(Reply(message, "运行 make demo。"), "k1")
    assert caught.value.outcome_known and (caught.value.retry_after_s or 0) > 50
    assert len(desk.platform.calls("/reply")) == 1, "the platform was not asked again"


@pytest.mark.parametrize("asked", ["soon", "inf", "nan", "1800000000000", "-3"])
async def test_a_reset_that_is_no_pause_stops_nothing_for_long(desk: Desk, asked: str) -> None:
    limited = Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": asked})
    error = await failed(desk, limited, await desk.question())
    assert error.outcome_known and not error.permanent and 0 < (error.retry_after_s or 0) <= 1.0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=502, html=True),
        Fault(status=500, code=2200),
        Fault(status=200, html=True),
        Fault(status=403, html=True),
        Fault(status=407, html=True),
        Fault(after_effect=True),
        Fault(drop=True),
        Fault(hang=True),
        Fault(code=230049),
    ],
    ids=[
        "502 page",
        "500",
        "200 page",
        "403 page",
        "407 page",
        "answer lost",
        "connection lost",
        "no answer",
        "still sending",
    ],
)
async def test_where_the_outcome_is_unknown_the_same_key_posts_once(desk: Desk, fault: Fault) -> None:
    message = await desk.question()
    error = await failed(desk, fault, message)
    assert not error.outcome_known and not error.permanent
    await desk.bot.send(Reply(message, "运行 make demo。"), "k1")
    assert desk.texts() == ["运行 make demo。"]


async def test_a_platform_that_cannot_be_reached_surely_posted_nothing(desk: Desk) -> None:
    message = await desk.question()
    await desk.bot.send(Reply(message, "first"), "k0")
    settings = replace(desk.bot.settings, domain="http://127.0.0.1:9")
    bot = FeishuAdapter(settings)
    with pytest.raises(AdapterError) as caught:
        await bot.send(Reply(message, "second"), "k1")
    assert caught.value.outcome_known and not caught.value.permanent
    await bot.close()


async def test_a_token_fetch_that_fails_surely_posted_nothing(desk: Desk) -> None:
    error = await failed(desk, Fault(status=502, html=True), await desk.question(), "tenant_access_token")
    assert error.outcome_known and not error.permanent


async def test_wrong_credentials_are_told_with_what_to_do(desk: Desk) -> None:
    desk.platform.world.app_secret = "another"
    with pytest.raises(AdapterError, match="app_id and app_secret") as caught:
        await desk.bot.api.bot()
    assert caught.value.permanent and caught.value.outcome_known


async def test_a_revoked_token_is_replaced_and_the_reply_goes_out(desk: Desk) -> None:
    message = await desk.question()
    await desk.bot.send(Reply(message, "before"), "k0")
    desk.platform.revoke_tokens()
    await desk.bot.send(Reply(message, "after"), "k1")
    assert desk.texts() == ["before", "after"]
    assert len(desk.platform.calls("tenant_access_token")) == 2


@pytest.mark.parametrize("code", [230099, 230028])
async def test_a_card_that_is_refused_becomes_text_under_the_same_key(desk: Desk, code: int) -> None:
    message = await desk.question()
    refuse = Fault(code=code)
    desk.platform.fail(refuse, "/reply", where=lambda body: body["msg_type"] == "interactive")
    citation = Citation(1, "安装指南", "https://example.com", "q")
    sent = await desk.bot.send(Reply(message, "运行 **make demo** [1]。", (citation,)), "k1")
    (shown,) = desk.platform.shown()
    assert (shown.id, shown.msg_type) == (sent.ids[0], "text")
    assert shown.text == "运行 make demo [1]。\n\n[1] 安装指南 https://example.com"
    assert {call.body["uuid"] for call in desk.platform.calls("/reply")} == {"k1"}
    assert desk.bot.health().counters["text instead of a card"] == 1


async def test_a_part_that_is_too_long_is_cut_and_a_retry_posts_nothing_twice(desk: Desk) -> None:
    message = await desk.question()
    reply = Reply(message, "\n\n".join(f"段落 {n}：" + "长" * 180 for n in range(8)))
    too_long = Fault(code=230025)
    desk.platform.fail(too_long, "/reply", times=99, where=lambda body: len(body["content"]) > 1200)
    desk.platform.fail(Fault(after_effect=True), "/reply", where=lambda body: body["uuid"] == "k1.2")
    with pytest.raises(AdapterError) as caught:
        await desk.bot.send(reply, "k1")
    assert not caught.value.outcome_known
    sent = await desk.bot.send(reply, "k1")
    assert len(sent.ids) == len(desk.texts()) == 2
    assert "".join("".join(desk.texts()).split()) == "".join(reply.text.split())
    await desk.bot.recall(sent)
    assert desk.texts() == []


async def test_nothing_is_posted_into_a_chat_that_threw_the_bot_out_until_it_is_heard_there_again(desk: Desk) -> None:
    desk.platform.world.chats["oc_gone"] = Chat("oc_gone")
    message = await desk.question(chat="oc_gone")
    desk.platform.world.chats["oc_gone"].bot_inside = False
    for _ in range(2):
        with pytest.raises(AdapterError, match="not in this chat") as caught:
            await desk.bot.send(Reply(message, "hi"), "k1")
        assert caught.value.permanent and caught.value.outcome_known
    assert len(desk.platform.calls("/reply")) == 1


async def test_a_reply_to_a_recalled_question_is_dropped(desk: Desk) -> None:
    entry = await desk.platform.say("怎么安装？")
    await desk.platform.recall(entry)
    with pytest.raises(AdapterError, match="recalled") as caught:
        await desk.bot.send(Reply(message_of(entry), "运行 make demo。"), "k1")
    assert caught.value.permanent and caught.value.outcome_known
    assert desk.texts() == []


async def test_a_missing_permission_is_permanent_and_points_to_the_doctor(desk: Desk) -> None:
    error = await failed(desk, Fault(code=99991672), await desk.question())
    assert error.permanent and "qunda doctor" in str(error)


async def test_an_acknowledgement_whose_answer_was_lost_is_taken_off_all_the_same(desk: Desk) -> None:
    message = await desk.question()
    entry = desk.platform.world.entries[message.id]
    desk.platform.fail(Fault(after_effect=True), "/reactions", method="POST")
    with pytest.raises(AdapterError):
        await desk.bot.acknowledge(message)
    assert [emoji for emoji, _ in entry.reactions.values()] == ["OnIt"]
    await desk.bot.clear_acknowledgement(message)
    assert entry.reactions == {}


async def test_the_sign_that_an_earlier_run_left_goes_with_the_reply(desk: Desk) -> None:
    message = replace(await desk.question(), sent_at=datetime.now(UTC) - timedelta(minutes=5))
    await desk.bot.acknowledge(message)
    later = Desk(desk.platform)
    await later.bot.send(Reply(message, "运行 make demo。"), "k1")
    assert desk.platform.world.entries[message.id].reactions == {}
    await later.bot.close()


async def test_owner_and_managers_are_admins_and_that_is_remembered_for_a_while(desk: Desk) -> None:
    chat = desk.platform.world.chats["oc_group"]
    chat.managers = ["ou_bob"]
    answers = {}
    for sender in ("ou_owner", "ou_bob", "ou_alice"):
        message = await desk.question()
        answers[sender] = await desk.bot.is_admin(replace(message, sender=replace(message.sender, id=sender)))
    assert answers == {"ou_owner": True, "ou_bob": True, "ou_alice": False}
    assert len(desk.platform.calls("/chats/oc_group", "GET")) == 1


async def test_without_the_setting_or_an_answer_nobody_is_an_admin(desk: Desk) -> None:
    message = await desk.question()
    owner = replace(message, sender=replace(message.sender, id="ou_owner"))
    desk.platform.fail(Fault(status=502, html=True), "/chats/oc_group")
    assert not await desk.bot.is_admin(owner)
    other = FeishuAdapter(replace(desk.bot.settings, owners_are_admins=False))
    assert not await other.is_admin(owner)
    assert await desk.bot.is_admin(owner)
    await other.close()


async def test_a_quoted_message_is_read_once_and_left_blank_where_that_fails(desk: Desk) -> None:
    from adapters.base import Quote

    parent = await desk.platform.say("启动时报错 E42", sender="ou_bob")
    asked = replace(await desk.question(), quote=Quote(parent.id, None, ""))
    desk.platform.fail(Fault(hang=True), f"/messages/{parent.id}", method="GET")
    assert await desk.bot.quoted(asked) == asked.quote
    for _ in range(2):
        quote = await desk.bot.quoted(asked)
        assert quote and quote.text == "启动时报错 E42" and quote.author and quote.author.id == "ou_bob"
    assert len(desk.platform.calls(f"/messages/{parent.id}", "GET")) == 2


async def test_calls_leave_the_event_loop_alone(desk: Desk) -> None:
    message = await desk.question()
    desk.platform.fail(Fault(delay_s=0.2), "tenant_access_token")
    desk.platform.fail(Fault(delay_s=0.2), "/reply")
    sending = asyncio.ensure_future(desk.bot.send(Reply(message, "hi"), "k1"))
    turns = 0
    while not sending.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 10


def test_a_key_of_any_length_is_one_that_the_platform_takes() -> None:
    assert uuid("k" * 50) == "k" * 50
    assert len(uuid("k" * 51)) == 50 != uuid("k" * 52)
    assert uuid("k" * 60 + ".1") != uuid("k" * 60 + ".2")
