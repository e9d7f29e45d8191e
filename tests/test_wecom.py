"""The WeCom smart bot against the stand-in gateway: the contract of every adapter, and what is special to WeCom."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from adapter_contract import AdapterContract, Fault, Posted, Recorder
from wecom_platform import BUSY, NOT_ALLOWED, STREAM_EXPIRED, TOO_OFTEN, WecomPlatform

from adapters.base import Adapter, AdapterError, Attachment, Message, Reply
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.wecom import Timings, WecomAdapter, WecomSettings
from adapters.wechat.wecom.messages import read_message, without_mention

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUICK = Timings(
    ping_every_s=0.1,
    answer_timeout_s=0.3,
    connect_timeout_s=1,
    reconnect_base_s=0.02,
    reconnect_cap_s=0.05,
    stream_every_s=0,
    store_retry_s=0.01,
)


def adapter_for(platform: WecomPlatform, **settings: Any) -> WecomAdapter:
    values = {"bot_id": "bot-1", "secret": "secret-1", "url": platform.ws_url, "timings": QUICK, **settings}
    return WecomAdapter(WecomSettings(**values))


class TestWecom(AdapterContract):
    task: asyncio.Task[None] | None = None

    async def make_adapter(self, folder: Path) -> Adapter:
        self.stack = AsyncExitStack()
        self.platform = await self.stack.enter_async_context(WecomPlatform())
        return adapter_for(self.platform)

    async def close_platform(self) -> None:
        if self.task:
            self.task.cancel()
            await asyncio.wait([self.task])
        await self.stack.aclose()

    async def connected(self) -> None:
        await self.platform.until(lambda: self.platform.connected)

    async def inject(self, text: str, *, mention: bool = False) -> None:
        """What does not mention the bot reaches it in single chats only."""
        await self.platform.say(text, direct=not mention)

    async def heard(self, adapter: Adapter, text: str = "怎么安装？") -> Message:
        """Everything goes over the one connection, so it has to stay while replies are posted."""
        core = Recorder()
        self.task = asyncio.create_task(adapter.run(core))
        await self.connected()
        await self.inject(text)
        await core.until(lambda: bool(core.messages))
        return core.messages[0]

    async def posted(self) -> list[Posted]:
        return [Posted(post.id, post.text, post.finished) for post in self.platform.posts]

    async def fail_next(self, kind: Fault) -> str | None:
        if kind == "permanent":
            self.platform.fail_next("aibot_respond_msg", NOT_ALLOWED)
            self.platform.fail_next("aibot_send_msg", NOT_ALLOWED)
        else:
            self.platform.fail_next("aibot_respond_msg", TOO_OFTEN if kind == "known" else "silent")
        return kind

    async def attachment(self, size: int) -> Attachment | None:
        from Crypto.Cipher import AES

        key = bytes(range(32))
        padding = 32 - size % 32
        padded = b"x" * size + bytes([padding]) * padding
        self.platform.files["a"] = AES.new(key, AES.MODE_CBC, key[:16]).encrypt(padded)
        ref = {"url": f"{self.platform.url}/file/a", "key": base64.b64encode(key).decode()}
        return Attachment("image", "image", json.dumps(ref))


@pytest.fixture
async def platform() -> AsyncIterator[WecomPlatform]:
    async with WecomPlatform() as running:
        yield running


@asynccontextmanager
async def running(adapter: WecomAdapter, core: Recorder | None = None) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(adapter.run(core or Recorder()))
    try:
        async with asyncio.timeout(20):
            yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def hear(platform: WecomPlatform, core: Recorder, text: str = "怎么安装？", **options: Any) -> Message:
    """Say something and wait until it has come in."""
    await platform.until(lambda: platform.connected)
    count = len(core.messages)
    await platform.say(text, **options)
    await core.until(lambda: len(core.messages) > count)
    return core.messages[-1]


# --- what comes in ---


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
        {"quote": {"msgtype": "text"}},
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


async def test_messages_wait_in_order_while_the_store_is_broken(platform: WecomPlatform) -> None:
    core, adapter = Recorder(broken=3), adapter_for(platform)
    async with running(adapter, core):
        await platform.until(lambda: platform.connected)
        for n in range(5):
            await platform.say(f"question {n}")
        await core.until(lambda: len(core.messages) == 5)
    assert [message.text for message in core.messages] == [f"question {n}" for n in range(5)]
    assert adapter.health().counters["not stored"] == 3


# --- what goes out ---


async def test_the_first_words_answer_in_place_and_later_ones_are_pushed(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        await adapter.send(Reply(message, "第一段", mention=True), "k1")
        await adapter.send(Reply(message, "第二段"), "k2")
    first, second = platform.posts
    assert (first.how, first.text, first.chat) == ("respond", "<@alice> 第一段", "group-1")
    assert (second.how, second.text, second.chat) == ("push", "第二段", "group-1")
    assert platform.sent("aibot_respond_msg")[0]["headers"]["req_id"] == "req-1"
    assert platform.sent("aibot_send_msg")[0]["body"]["chat_type"] == 2


async def test_a_single_chat_is_pushed_to_as_one(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core, direct=True)
        await adapter.send(Reply(message, "第一段", mention=True), "k1")
        await adapter.send(Reply(message, "第二段"), "k2")
    assert [post.text for post in platform.posts] == ["第一段", "第二段"]
    push = platform.sent("aibot_send_msg")[0]["body"]
    assert (push["chatid"], push["chat_type"]) == ("alice", 1)


async def test_a_question_of_an_earlier_run_is_answered_by_a_push(platform: WecomPlatform) -> None:
    core = Recorder()
    async with running(adapter_for(platform), core):
        message = await hear(platform, core)
    adapter = adapter_for(platform)
    async with running(adapter):
        await _until(lambda: adapter.health().state == "up")
        await adapter.send(Reply(message, "答案"), "k1")
    assert [post.how for post in platform.posts] == ["push"]


async def test_an_answer_in_place_that_is_refused_for_good_is_pushed(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        platform.fail_next("aibot_respond_msg", STREAM_EXPIRED)
        await adapter.send(Reply(message, "答案"), "k1")
    assert [(post.how, post.text) for post in platform.posts] == [("push", "答案")]
    assert adapter.health().counters["answer in place refused"] == 1


async def test_a_growing_answer_keeps_its_place_through_a_refused_end(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        async with adapter.open_stream(message, "k1") as stream:
            await stream.update("运行")
            platform.fail_next("aibot_respond_msg", BUSY)
            with pytest.raises(AdapterError) as refused:
                await stream.finish(Reply(message, "运行 make demo。"))
            assert refused.value.outcome_known and not refused.value.permanent
            await stream.finish(Reply(message, "运行 make demo。"))
    assert [(post.text, post.finished) for post in platform.posts] == [("运行 make demo。", True)]


async def test_an_end_in_doubt_that_is_then_refused_stays_in_doubt(platform: WecomPlatform) -> None:
    """The first end counted, though its answer was lost: the second must not make the core post once more."""
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        async with adapter.open_stream(message, "k1") as stream:
            platform.fail_next("aibot_respond_msg", "silent")
            for _ in range(2):
                with pytest.raises(AdapterError) as failed:
                    await stream.finish(Reply(message, "答案"))
                assert not failed.value.outcome_known
    assert [post.text for post in platform.posts if post.finished] == ["答案"]


async def test_nothing_is_sent_without_a_connection_and_the_outcome_is_known(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
    with pytest.raises(AdapterError) as failed:
        await adapter.send(Reply(message, "答案"), "k1")
    assert failed.value.outcome_known and not failed.value.permanent


async def test_a_connection_that_breaks_before_the_answer_leaves_the_outcome_unknown(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        platform.fail_next("aibot_respond_msg", "hang up")
        with pytest.raises(AdapterError) as failed:
            await adapter.send(Reply(message, "答案"), "k1")
    assert not failed.value.outcome_known


async def test_a_file_that_is_gone_or_broken_is_refused_for_good(platform: WecomPlatform) -> None:
    adapter = adapter_for(platform)
    platform.files["broken"] = b"y" * 64
    key = base64.b64encode(bytes(32)).decode()
    for name, reason in (("gone", "404"), ("broken", "decrypted")):
        ref = json.dumps({"url": f"{platform.url}/file/{name}", "key": key})
        with pytest.raises(AdapterError, match=reason) as refused:
            await adapter.fetch(Attachment("image", "image", ref), 1_000)
        assert refused.value.permanent


# --- the connection ---


async def answers(platform: WecomPlatform, adapter: WecomAdapter, core: Recorder, text: str) -> None:
    """The whole way: a mention comes in and its answer is shown."""
    message = await hear(platform, core, text)
    await adapter.send(Reply(message, f"答：{text}"), text)
    await platform.until(lambda: any(f"答：{text}" in post.text for post in platform.posts))


async def ended(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait([task], timeout=10)
    assert task.done()
    return task.exception()


async def test_a_connection_taken_over_ends_the_adapter_for_good_and_says_why(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core) as task:
        await hear(platform, core)
        await platform.take_over()
        error = await ended(task)
    assert isinstance(error, AdapterError) and error.permanent
    assert "took over" in str(error) and "stop the other program" in str(error)
    assert platform.world.subscriptions == 1
    assert adapter.health().state == "down"


async def test_a_wrong_secret_is_an_error_at_once_that_names_the_keys(platform: WecomPlatform) -> None:
    async with running(adapter_for(platform, secret="wrong")) as task:
        error = await ended(task)
    assert isinstance(error, AdapterError) and error.permanent
    assert "[wecom] bot_id and secret" in str(error)
    assert len(platform.sent("aibot_subscribe")) == 1


async def test_a_refusal_that_may_pass_is_tried_again(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    platform.fail_next("aibot_subscribe", BUSY, times=2)
    async with running(adapter, core):
        await answers(platform, adapter, core, "怎么安装？")
    assert len(platform.sent("aibot_subscribe")) == 3


async def test_the_heartbeat_goes_on_while_nobody_speaks(platform: WecomPlatform) -> None:
    async with running(adapter_for(platform)):
        await platform.until(lambda: platform.link is not None and platform.link.pings >= 3)


async def test_a_server_that_is_absent_at_the_start_is_found_when_it_comes(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    await platform.go_away()
    async with running(adapter, core):
        await _until(lambda: adapter.health().state == "down")
        assert "no connection" in adapter.health().detail
        await platform.come_back()
        await answers(platform, adapter, core, "怎么安装？")
    assert adapter.health().counters["outages"] == 0


@pytest.mark.parametrize("outage", ["cut", "gone", "frozen"])
async def test_it_answers_again_after_an_outage_and_says_what_may_be_missing(
    platform: WecomPlatform, outage: str
) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await answers(platform, adapter, core, "之前")
        if outage == "cut":
            await platform.cut()
        elif outage == "gone":
            await platform.go_away()
            await _until(lambda: adapter.health().state == "down")
            assert "down since" in adapter.health().detail
            await platform.come_back()
        else:
            platform.frozen = True
            await _until(lambda: adapter.health().state == "down")
            platform.frozen = False
        await platform.until(lambda: platform.world.subscriptions == 2)
        await answers(platform, adapter, core, "之后")
        health = adapter.health()
    assert (health.state, health.counters["outages"]) == ("up", 1)
    assert "may have been missed" in health.detail


async def test_a_server_that_accepts_and_says_nothing_is_left(platform: WecomPlatform) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/"
        timings = Timings(connect_timeout_s=0.1, reconnect_base_s=0.01, reconnect_cap_s=0.01)
        adapter = adapter_for(platform, url=url, timings=timings)
        async with running(adapter):
            await _until(lambda: "in time" in adapter.health().detail)


async def _until(reached: Callable[[], bool]) -> None:
    """For what only the adapter knows; its loop is this one."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
