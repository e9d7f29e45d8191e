"""The long connection of the WeCom smart bot: taken over, refused, silent, gone and back."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from adapter_contract import Recorder
from running import running, until
from wecom_platform import BUSY, WecomPlatform
from wecom_running import QUICK, adapter_for, hear

from adapters.base import AdapterError, Reply
from adapters.wechat.wecom import Timings, WecomAdapter


@pytest.fixture
async def platform() -> AsyncIterator[WecomPlatform]:
    async with WecomPlatform() as running:
        yield running


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
        await until(lambda: adapter.health().state == "down")
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
            await until(lambda: adapter.health().state == "down")
            assert "down since" in adapter.health().detail
            await platform.come_back()
        else:
            platform.frozen = True
            await until(lambda: adapter.health().state == "down")
            platform.frozen = False
        await platform.until(lambda: platform.world.subscriptions == 2)
        await answers(platform, adapter, core, "之后")
        health = adapter.health()
    assert (health.state, health.counters["outages"]) == ("up", 1)
    assert "may have been missed" in health.detail


async def test_a_silence_is_counted_from_the_last_sign_of_life(platform: WecomPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, timings=replace(QUICK, ping_every_s=0.7, answer_timeout_s=1.0))
    async with running(adapter, core):
        await answers(platform, adapter, core, "之前")
        await platform.until(lambda: platform.link is not None and platform.link.pings >= 3)
        heard_at = datetime.now(UTC)  # two seconds after the connection came up
        platform.frozen = True
        await until(lambda: adapter.health().state == "down")
        noticed = datetime.now(UTC)
    [since] = re.findall(r"down since (\S+ \S+) UTC", adapter.health().detail)
    began = datetime.strptime(since, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert abs((began - heard_at).total_seconds()) <= 1  # the status tells whole seconds
    assert (noticed - began).total_seconds() >= 1


async def test_a_server_that_accepts_and_says_nothing_is_left(platform: WecomPlatform) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/"
        timings = Timings(connect_timeout_s=0.1, reconnect_base_s=0.01, reconnect_cap_s=0.01)
        adapter = adapter_for(platform, url=url, timings=timings)
        async with running(adapter):
            await until(lambda: "in time" in adapter.health().detail)
