"""Outages of WeCom, wkteam and the Android app in real seconds, with the timings and the pace that users get.

Run by ``make soak``, or ``pytest -s tests/soak_wechat.py`` to see how long each return took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from adapter_contract import Recorder
from android_app import AndroidApp
from loopback import Loopback
from running import running
from test_android import adapter_for as android_for
from test_android import endpoint
from test_android import running as android_running
from wecom_platform import WecomPlatform
from wecom_running import adapter_for as wecom_for
from wkteam_platform import BOT, WkteamPlatform
from wkteam_running import adapter_for as wkteam_for

from adapters.base import AdapterError, Message, Reply
from adapters.wechat import wecom, wkteam
from adapters.wechat.android import AndroidAdapter
from adapters.wechat.pacing import Pace
from adapters.wechat.wecom import WecomAdapter
from adapters.wechat.wkteam import WkteamAdapter

BACK_WITHIN_S = 10.0
AWAY_S = [10, 70]

pytestmark = pytest.mark.timeout(300)


@dataclass
class Scene:
    """A route that runs: how its members speak and what they see, whichever it is."""

    platform: Loopback
    adapter: WecomAdapter | WkteamAdapter | AndroidAdapter
    core: Recorder
    task: asyncio.Task[None] | None
    say: Callable[[str], Any]
    shown: Callable[[], list[str]]

    async def until_state(self, state: str, within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while self.adapter.health().state != state:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.02)

    async def answered(self, text: str) -> None:
        """Somebody asks, and the answer stands in the group."""
        message = await self.heard(text)
        await self.adapter.send(Reply(message, f"答：{text}", mention=True), text)
        async with asyncio.timeout(20):
            while not any(f"答：{text}" in post for post in self.shown()):
                if isinstance(self.platform, AndroidApp):
                    await self.platform.poll()
                await asyncio.sleep(0.02)

    async def heard(self, text: str) -> Message:
        count = len(self.core.messages)
        await self.say(text)
        async with asyncio.timeout(20):
            await self.core.until(lambda: len(self.core.messages) > count)
        return self.core.messages[-1]

    async def answers_again(self, returned_at: float) -> None:
        """From the platform's return until a question that is asked then has its answer."""
        await self.until_state("up")
        await self.answered("在吗？")
        took_s = time.monotonic() - returned_at
        health = self.adapter.health()
        print(f"{self.adapter.name}: answered {took_s:.1f} s after the return; {health}")
        assert health.counters["outages"] == 1 and "may have been missed" in health.detail
        assert took_s < BACK_WITHIN_S


@asynccontextmanager
async def wecom_scene() -> AsyncIterator[Scene]:
    core = Recorder()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(WecomPlatform())
        adapter = wecom_for(platform, timings=wecom.Timings())
        task = await stack.enter_async_context(running(adapter, core, within_s=200))
        scene = Scene(platform, adapter, core, task, platform.say, lambda: [post.text for post in platform.posts])
        await scene.until_state("up")
        yield scene


@asynccontextmanager
async def wkteam_scene() -> AsyncIterator[Scene]:
    core = Recorder()
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(WkteamPlatform())
        adapter = wkteam_for(platform, timings=wkteam.Timings(), pace=Pace())
        task = await stack.enter_async_context(running(adapter, core, within_s=200))
        posts = platform.world.posts
        scene = Scene(platform, adapter, core, task, platform.say, lambda: [post.text for post in posts])
        await scene.until_state("up")
        yield scene


# --- WeCom ---


@pytest.mark.parametrize("away_s", AWAY_S)
async def test_wecom_gone_for_a_while(away_s: float) -> None:
    async with wecom_scene() as scene:
        await scene.answered("之前")
        await scene.platform.go_away()
        await asyncio.sleep(away_s)
        await scene.platform.come_back()
        await scene.answers_again(time.monotonic())


async def test_wecom_silent_until_the_heartbeat_notices() -> None:
    """The connection stands and nobody answers, as behind a broken network: a ping every 30 s finds it out."""
    async with wecom_scene() as scene:
        assert isinstance(scene.platform, WecomPlatform)
        await scene.answered("之前")
        scene.platform.frozen = True
        await scene.until_state("down")
        await asyncio.sleep(20)
        scene.platform.frozen = False
        await scene.answers_again(time.monotonic())


async def test_wecom_taken_over_is_left_to_the_other() -> None:
    """It does not come back by itself in a minute, since the two would throw each other out for ever."""
    async with wecom_scene() as scene:
        assert isinstance(scene.platform, WecomPlatform) and scene.task is not None
        await scene.answered("之前")
        await scene.platform.take_over()
        await asyncio.wait([scene.task], timeout=10)
        error = scene.task.exception()
        assert isinstance(error, AdapterError) and error.permanent and "took over" in str(error)
        await asyncio.sleep(60)
        assert scene.platform.world.subscriptions == 1


# --- wkteam ---


@pytest.mark.parametrize("away_s", AWAY_S)
async def test_wkteam_gone_for_a_while(away_s: float) -> None:
    async with wkteam_scene() as scene:
        await scene.answered("之前")
        await scene.platform.go_away()
        await asyncio.sleep(away_s)
        await scene.platform.come_back()
        await scene.answers_again(time.monotonic())


async def test_wkteam_logged_out_until_somebody_scans() -> None:
    async with wkteam_scene() as scene:
        assert isinstance(scene.platform, WkteamPlatform)
        await scene.answered("之前")
        await scene.platform.log_out()
        await scene.platform.post({"messageType": "30000", "wcId": BOT, "data": {}})
        await asyncio.sleep(20)
        await scene.platform.scan()
        await scene.answers_again(time.monotonic())


# --- the Android app ---


@pytest.mark.parametrize("away_s", AWAY_S)
async def test_the_android_app_gone_for_a_while(away_s: float) -> None:
    """The answer waits for the phone, and the bot does not know what the phone has not seen, which its status says."""
    core, bot = Recorder(), android_for()
    async with AndroidApp(endpoint(bot)) as app, android_running(bot, core, within_s=200):
        scene = Scene(app, bot, core, None, app.see, lambda: [text for _, text in app.shown])
        message = await scene.heard("之前")
        await app.go_away()
        await bot.send(Reply(message, "答：之前"), "k1")
        await asyncio.sleep(away_s)
        await app.come_back()
        returned_at = time.monotonic()
        await app.poll()
        assert [text for _, text in app.shown] == ["答：之前"]
        await scene.answered("之后")
        print(f"android: answered {time.monotonic() - returned_at:.1f} s after the return; {bot.health()}")
        assert time.monotonic() - returned_at < BACK_WITHIN_S
        assert "polled last at" in bot.health().detail and "are missed" in bot.health().detail


@pytest.mark.parametrize("away_s", AWAY_S)
async def test_the_endpoint_gone_for_a_while(away_s: float) -> None:
    """The bot itself is away: what the app posts meanwhile fails, and what was answered before is not posted again."""
    core, bot = Recorder(), android_for()
    async with AndroidApp(endpoint(bot)) as app:
        async with android_running(bot, core):
            await Scene(app, bot, core, None, app.see, lambda: [text for _, text in app.shown]).answered("之前")
        lost = await app.see("没人听见")
        await asyncio.sleep(away_s)
        assert lost.status == -1
        returned_at = time.monotonic()
        async with android_running(bot, core):
            await Scene(app, bot, core, None, app.see, lambda: [text for _, text in app.shown]).answered("之后")
            assert time.monotonic() - returned_at < BACK_WITHIN_S
        assert len(app.shown) == 2
