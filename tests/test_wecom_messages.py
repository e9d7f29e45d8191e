"""What the WeCom smart bot hears: mentions, single chats, quotes, pictures, and what is broken or repeated."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from adapter_contract import Recorder
from running import running
from wecom_platform import WecomPlatform
from wecom_running import NOW, adapter_for, hear

from adapters.base import Message
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.wecom.messages import read_message, without_mention


@pytest.fixture
async def platform() -> AsyncIterator[WecomPlatform]:
    async with WecomPlatform() as running:
        yield running


async def test_a_group_message_is_a_mention_without_the_name_of_the_bot(platform: WecomPlatform) -> None:
    core = Recorder()
    async with running(adapter_for(platform), core):
        message = await hear(platform, core, quote="昨天的安装文档")
    assert (message.text, message.mentions_bot) == ("怎么安装？", True)
    assert (message.conversation.kind, message.conversation.group) == ("group", "wecom:group-1")
    assert message.sender.key == "wecom:alice"
    assert message.quote is not None and message.quote.text == "昨天的安装文档"


async def test_a_single_chat_is_direct_and_keeps_its_text(platform: WecomPlatform) -> None:
    core = Recorder()
    async with running(adapter_for(platform), core):
        message = await hear(platform, core, "@alice 怎么安装？", direct=True)
    assert (message.conversation.kind, message.conversation.chat, message.text) == (
        "direct",
        "alice",
        "@alice 怎么安装？",
    )


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        ("@Robot hello", "", "hello"),
        ("@Robot\u2005hello", "", "hello"),
        ("@Robot", "", ""),
        ("hello @Robot", "Robot", "hello"),
        ("@My Robot hello", "My Robot", "hello"),
        ("@小助手\u2005怎么 @张三\u2005安装", "小助手", "怎么 @张三 安装"),
        ("mail me@example.org", "", "mail me@example.org"),
    ],
)
def test_the_mention_of_the_bot_is_cut_and_nothing_else(text: str, name: str, left: str) -> None:
    assert without_mention(text, name) == left


def body(**changes: Any) -> dict[str, Any]:
    plain = {"msgid": "m1", "aibotid": "b", "chatid": "c", "chattype": "group", "from": {"userid": "u"}}
    return {**plain, "msgtype": "text", "text": {"content": "@Robot hi"}, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"from": None},
        {"from": {"userid": 3.5}},
        {"msgid": ""},
        {"text": None},
        {"text": "hello"},
        {"chatid": None},
        {"msgtype": "mixed"},
        {"msgtype": "image", "image": {"url": ""}},
    ],
)
def test_a_callback_of_another_shape_is_malformed(changes: dict[str, Any]) -> None:
    assert read_message(body(**changes), "", NOW) == MALFORMED


def test_what_says_nothing_or_is_our_own_is_ignored() -> None:
    assert read_message(body(msgtype="location"), "", NOW) == Ignored("message type")
    assert read_message(body(**{"from": {"userid": "b"}}), "", NOW) == Ignored("own message")
    assert read_message(body(chattype="channel"), "", NOW) == Ignored("chat type")


def test_words_and_pictures_come_together() -> None:
    picture = {"msgtype": "image", "image": {"url": "https://example.org/1", "aeskey": "k"}}
    items = [{"msgtype": "text", "text": {"content": "@Robot 这个报错"}}, picture]
    message = read_message(body(msgtype="mixed", mixed={"msg_item": items}), "", NOW)
    assert isinstance(message, Message)
    assert (message.text, [a.kind for a in message.attachments]) == ("这个报错", ["image"])
    voice = read_message(body(msgtype="voice", voice={"content": "怎么安装"}), "", NOW)
    assert isinstance(voice, Message) and voice.text == "怎么安装"


async def test_a_callback_repeated_has_the_same_id_and_broken_ones_stop_nothing(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, core)
        callback = await platform.say("第二个")
        await core.until(lambda: len(core.messages) == 2)
        for frame in ("not json", "[]", '{"cmd": "aibot_msg_callback"}', '{"cmd": "aibot_msg_callback", "body": {}}'):
            await platform.push_frame(frame)
        await platform.repeat(callback)
        await hear(platform, core, "第三个")
    texts = {message.id: message.text for message in core.messages}  # the core knows a repeated one by its id
    assert list(texts.values()) == ["怎么安装？", "第二个", "第三个"]
    assert adapter.health().counters["ignored: malformed"] == 4


async def test_events_are_counted_by_name_and_no_event_makes_a_name(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, core)
        for kind in ("enter_chat", "x" * 500, None, {"a": 1}):
            frame = {"cmd": "aibot_event_callback", "body": {"event": {"eventtype": kind}}}
            await platform.push_frame(json.dumps(frame))
        await hear(platform, core, "还在？")
    counters = {key: n for key, n in adapter.health().counters.items() if key.startswith("ignored")}
    assert counters == {"ignored: event enter_chat": 1, "ignored: event": 3}


async def test_messages_wait_in_order_while_the_store_is_broken(platform: WecomPlatform) -> None:
    core, adapter = Recorder(broken=3), adapter_for(platform)
    async with running(adapter, core):
        await platform.until(lambda: platform.connected)
        for n in range(5):
            await platform.say(f"question {n}")
        await core.until(lambda: len(core.messages) == 5)
    assert [message.text for message in core.messages] == [f"question {n}" for n in range(5)]
    assert adapter.health().counters["not stored"] == 3
