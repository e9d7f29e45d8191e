"""Outages of a Wechaty gateway in real seconds, with the timings that users get: ``pytest tests/soak_wechaty.py``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from wechaty_gateway import Gateway
from wechaty_running import Running, running

from adapters.base import Reply
from adapters.wechat.pacing import Pace
from adapters.wechat.wechaty import Timings

BACK_WITHIN_S = 10.0

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    gateway.start()
    yield gateway
    gateway.kill()


async def answers_again(bot: Running, returned_at: float) -> None:
    """From the gateway's return until a question that is asked then has its answer in the group."""
    await bot.until_state("up")
    message = await bot.heard("在吗？", mention=True)
    await bot.adapter.send(Reply(message, "在", mention=True), "k1")
    took_s = time.monotonic() - returned_at
    assert [post["text"] for post in bot.gateway.posts()] == ["@Ann\u2005在"]
    assert "may have been missed" in bot.adapter.health().detail
    print(f"answered {took_s:.1f} s after the gateway's return; {bot.adapter.health()}")
    assert took_s < BACK_WITHIN_S


@pytest.mark.parametrize("away_s", [10, 70])
async def test_killed_for_a_while(gateway: Gateway, away_s: float) -> None:
    async with running(gateway, within_s=200, timings=Timings(), pace=Pace()) as bot:
        await bot.heard("在吗？")
        gateway.kill()
        await asyncio.sleep(away_s)
        gateway.start()
        await answers_again(bot, time.monotonic())


async def test_frozen_for_20_seconds(gateway: Gateway) -> None:
    async with running(gateway, within_s=200, timings=Timings(), pace=Pace()) as bot:
        await bot.heard("在吗？")
        gateway.freeze()
        await asyncio.sleep(20)
        gateway.thaw()
        await answers_again(bot, time.monotonic())
