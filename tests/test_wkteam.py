"""wkteam against the stand-in: the contract of every adapter, its callbacks and its posts."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from adapter_contract import AdapterContract, Fault, Posted, Recorder
from running import running, until
from wkteam_platform import NOT_A_MEMBER, OTHER_ROOM, ROOM, TOO_OFTEN, Delivery, WkteamPlatform
from wkteam_running import adapter_for, hear, payload, up

from adapters.base import Adapter, AdapterError, Attachment, Reply
from adapters.wechat.pacing import Pace
from adapters.wechat.wkteam import WkteamAdapter


class TestWkteam(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        self.stack = AsyncExitStack()
        self.platform = await self.stack.enter_async_context(WkteamPlatform())
        self.bot = adapter_for(self.platform, state=folder / "wkteam.json")
        return self.bot

    async def close_platform(self) -> None:
        await self.stack.aclose()

    async def connected(self) -> None:
        await until(lambda: self.bot.health().state == "up" and self.bot.counters["logins"] > self.logins)
        self.logins = self.bot.counters["logins"]

    logins = 0

    async def inject(self, text: str, *, mention: bool = False) -> None:
        await self.platform.say(text, mention=mention)

    async def redeliver(self) -> None:
        await self.platform.until(lambda: all(delivery.status for delivery in self.platform.deliveries))
        await self.platform.redeliver()

    async def posted(self) -> list[Posted]:
        return [Posted(post.id, post.text) for post in self.platform.world.posts]

    async def unacknowledged(self) -> int | None:
        return self.platform.unacknowledged

    async def fail_next(self, kind: Fault) -> str | None:
        faults: dict[str, Any] = {"known": TOO_OFTEN, "unknown": "lost", "permanent": NOT_A_MEMBER}
        self.platform.fail_next("/sendText", faults[kind])
        return kind

    async def attachment(self, size: int) -> Attachment | None:
        self.platform.world.images["7"] = b"x" * size
        async with running(self.bot):
            await up(self.bot)
        return Attachment("image", "image", json.dumps({"msgId": "7", "content": "<msg/>"}))


@pytest.fixture
async def platform() -> AsyncIterator[WkteamPlatform]:
    async with WkteamPlatform() as running:
        yield running


async def test_groups_limit_what_is_read_and_direct_messages_are_read_on_request(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, groups=(ROOM,))
    async with running(adapter, core):
        await up(adapter)
        await platform.say("别处", chat=OTHER_ROOM)
        await platform.callback("60001", {"content": "私聊"})
        await hear(platform, adapter, core)
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert adapter.health().counters["ignored: another group"] == 1
    assert adapter.health().counters["ignored: direct message"] == 1
    core, adapter = Recorder(), adapter_for(platform, direct=True)
    async with running(adapter, core):
        await up(adapter)
        await platform.callback("60001", {"content": "私聊"})
        await core.until(lambda: bool(core.messages))
    assert (core.messages[0].conversation.kind, core.messages[0].conversation.chat) == ("direct", "wxid_alice")


async def test_a_callback_repeated_has_one_id_and_is_acknowledged(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await up(adapter)
        first = await platform.say("怎么安装？")
        again = await platform.repeat(first)
        await platform.until(lambda: first.status and again.status)
    assert (first.status, again.status) == (200, 200)
    assert len({message.id for message in core.messages}) == 1
    assert adapter.health().counters["messages"] == 1 and adapter.health().counters["repeated"] == 1


async def test_strangers_and_malformed_posts_are_turned_away_counted_and_stop_nothing(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core), aiohttp.ClientSession() as session:
        await up(adapter)
        ours = platform.world.callback_url
        origin = ours.partition("/wkteam/")[0]
        statuses = []
        for url in (
            origin,
            f"{origin}/wkteam/",
            f"{origin}/wkteam/wrong",
            f"{ours}x",
            f"{ours}/x",
            f"{origin}/callback",
        ):
            async with session.post(url, json=payload("80001", content="陌生人")) as answer:
                statuses.append(answer.status)
        assert statuses == [404] * 6
        for body in (b"", b"not json", b"[]", b"{}", b"\xff", b"[" * 100_000, io.BytesIO(b"x" * 2_000_000)):
            async with session.post(ours, data=body) as answer:
                statuses.append(answer.status)
        async with session.get(ours) as answer:
            statuses.append(answer.status)
        async with session.post(ours, data=b"no gzip", headers={"Content-Encoding": "gzip"}) as answer:
            statuses.append(answer.status)
        assert statuses[6:] == [400] * 9
        await hear(platform, adapter, core)
    counters = adapter.health().counters
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert (counters["strangers"], counters["malformed"]) == (6, 9)


async def test_what_could_not_be_stored_is_answered_so_that_it_comes_again(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(broken=1), adapter_for(platform)
    async with running(adapter, core):
        await up(adapter)
        delivery = await platform.say("怎么安装？")
        await platform.until(lambda: delivery.status)
        assert delivery.status == 503
        await platform.redeliver()
        await platform.until(lambda: delivery.acked)
    assert [message.text for message in core.messages] == ["怎么安装？"]


# --- what goes out ---


async def test_a_reply_mentions_the_asker_by_the_name_of_the_notification(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core, name="小明🎉\n的 名字")
        await adapter.send(Reply(message, "运行 **make demo**。", mention=True), "k1")
    post = platform.world.posts[0]
    assert (post.text, post.at) == ("@小明🎉 的 名字\u2005运行 make demo。", "wxid_alice")
    assert not platform.calls("/getChatRoomMember")


async def test_a_name_that_is_not_known_is_looked_up_once(platform: WkteamPlatform) -> None:
    platform.world.members = {"wxid_alice": "爱丽丝"}
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        await adapter.send(Reply(message, "一", mention=True), "k1")
        await adapter.send(Reply(message, "二", mention=True), "k2")
    assert [post.text for post in platform.world.posts] == ["@爱丽丝\u2005一", "@爱丽丝\u2005二"]
    assert len(platform.calls("/getChatRoomMember")) == 1


async def test_a_name_that_cannot_be_found_mentions_nobody(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        platform.fail_next("/getChatRoomMember", TOO_OFTEN)
        await adapter.send(Reply(message, "答案", mention=True), "k1")
    assert [(post.text, post.at) for post in platform.world.posts] == [("答案", "")]


async def test_posts_are_paced_for_each_group(platform: WkteamPlatform) -> None:
    class Clock:
        def __init__(self) -> None:
            self.now = 0.0
            self.slept: list[float] = []

        def monotonic(self) -> float:
            return self.now

        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            self.now += seconds

    core, clock = Recorder(), Clock()
    settings = adapter_for(platform, pace=Pace(0, 4, 1, 8)).settings
    adapter = WkteamAdapter(settings, clock=clock)
    async with running(adapter, core):
        here = await hear(platform, adapter, core)
        there = await hear(platform, adapter, core, chat=OTHER_ROOM)
        for message in (here, there, here):
            await adapter.send(Reply(message, "答案"), message.id)
    assert clock.slept == [1, 3]


@pytest.mark.parametrize("fault", ["silent", "lost", "garbage"])
async def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(platform: WkteamPlatform, fault: Any) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        platform.fail_next("/sendText", fault)
        with pytest.raises(AdapterError) as failed:
            await adapter.send(Reply(message, "答案"), "k1")
    assert not failed.value.outcome_known and not failed.value.permanent


async def test_a_server_that_is_not_there_leaves_nothing_unknown(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        await platform.go_away()
        with pytest.raises(AdapterError) as failed:
            await adapter.send(Reply(message, "答案"), "k1")
        assert failed.value.outcome_known and not failed.value.permanent
        await platform.come_back()


def test_deliveries_count_as_acknowledged_by_success_only() -> None:
    assert [Delivery({}, status).acked for status in (0, 200, 404, 503, -1)] == [False, True, False, False, False]
