"""The WeCom smart bot against the stand-in gateway: the contract of every adapter, and what it posts."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import pytest
from adapter_contract import AdapterContract, Fault, Posted, Recorder
from running import running, until
from wecom_platform import BUSY, NOT_ALLOWED, STREAM_EXPIRED, TOO_OFTEN, WecomPlatform
from wecom_running import adapter_for, hear

from adapters.base import Adapter, AdapterError, Attachment, Message, Reply


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
        await until(lambda: adapter.health().state == "up")
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


@pytest.mark.parametrize("fault", ["silent", "late"])
async def test_an_end_in_doubt_that_is_then_refused_stays_in_doubt(
    platform: WecomPlatform, fault: Literal["silent", "late"]
) -> None:
    """The first end counted, though its answer was lost: the second must not make the core post once more."""
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, core)
        async with adapter.open_stream(message, "k1") as stream:
            platform.fail_next("aibot_respond_msg", fault)
            for _ in range(2):
                with pytest.raises(AdapterError) as failed:
                    await stream.finish(Reply(message, "答案"))
                assert not failed.value.outcome_known
    assert [post.text for post in platform.posts if post.finished] == ["答案"]
    assert not platform.sent("aibot_send_msg")


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
