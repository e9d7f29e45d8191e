"""A Wechaty adapter that runs against a gateway, with a core that records. Holds no tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from adapter_contract import Recorder
from wechaty_gateway import Gateway

from adapters.base import Message
from adapters.wechat.pacing import Pace
from adapters.wechat.wechaty import Timings, WechatyAdapter, WechatySettings

QUICK = Timings(
    call_timeout_s=2.0,
    connect_timeout_s=1.0,
    start_timeout_s=5.0,
    probe_every_s=0.2,
    probe_timeout_s=0.5,
    reconnect_base_s=0.02,
    reconnect_cap_s=0.2,
    store_retry_s=0.02,
)
AT_ONCE = Pace(delay_s=0, group_spacing_s=0, account_spacing_s=0)


def settings_for(gateway: Gateway, **changes: Any) -> WechatySettings:
    settings = WechatySettings(gateway.endpoint, gateway.token, pace=AT_ONCE, timings=QUICK)
    return replace(settings, **changes)


@dataclass
class Running:
    """The adapter while it runs, what it delivered, and what it showed on the terminal."""

    gateway: Gateway
    adapter: WechatyAdapter
    core: Recorder
    shown: list[str] = field(default_factory=list)

    async def heard(self, text: str, **options: Any) -> Message:
        """Have somebody say something; the message as the core gets it."""
        known = len(self.core.messages)
        self.gateway.say(text, **options)
        await self.core.until(lambda: len(self.core.messages) > known)
        return self.core.messages[-1]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Until something is so that nobody announces: the gateway is another process."""
        async with asyncio.timeout(15):
            while not reached():  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.01)

    async def until_state(self, state: str, detail: str = "") -> None:
        await self.until(lambda: self.adapter.health().state == state and detail in self.adapter.health().detail)


@asynccontextmanager
async def running(
    gateway: Gateway, *, state: str = "up", within_s: float = 30, **changes: Any
) -> AsyncIterator[Running]:
    """Run an adapter until the block ends; it starts with the adapter in ``state``."""
    shown: list[str] = []
    adapter = WechatyAdapter(settings_for(gateway, **changes), show=shown.append)
    bot = Running(gateway, adapter, Recorder(), shown)
    task = asyncio.create_task(adapter.run(bot.core))
    try:
        async with asyncio.timeout(within_s):
            await bot.until_state(state)
            yield bot
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled(), "run does not end when it is cancelled"
