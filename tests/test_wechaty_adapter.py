"""The contract of every adapter, through the real client and a real gateway; and what is special to Wechaty."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from adapter_contract import AdapterContract, Fault, Posted
from wechaty_gateway import ROOM, Gateway

from adapters.base import Adapter, Attachment
from adapters.wechat.pacing import Pace
from adapters.wechat.wechaty import Timings, WechatyAdapter, WechatySettings

QUICK = Timings(
    call_timeout_s=2.0,
    connect_timeout_s=2.0,
    start_timeout_s=5.0,
    probe_every_s=0.2,
    probe_timeout_s=0.5,
    reconnect_base_s=0.02,
    reconnect_cap_s=0.2,
    store_retry_s=0.02,
)
AT_ONCE = Pace(delay_s=0, group_spacing_s=0, account_spacing_s=0)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    gateway.start()
    yield gateway
    gateway.kill()


class TestWechaty(AdapterContract):
    gateway: ClassVar[Gateway]

    @pytest.fixture(autouse=True)
    def _use_gateway(self, gateway: Gateway) -> None:
        type(self).gateway = gateway
        gateway.ask("reset")

    async def make_adapter(self, folder: Path) -> Adapter:
        settings = WechatySettings(self.gateway.endpoint, self.gateway.token, pace=AT_ONCE, timings=QUICK)
        self.bot = WechatyAdapter(settings)
        return self.bot

    async def connected(self) -> None:
        while self.bot.health().state != "up":  # noqa: ASYNC110 - the gateway is another process
            await asyncio.sleep(0.005)

    async def inject(self, text: str, *, mention: bool = False) -> None:
        self.last = self.gateway.say(text, mention=mention)

    async def redeliver(self) -> None:
        await self.connected()
        self.gateway.ask("again", id=self.last)

    async def posted(self) -> list[Posted]:
        return [Posted(post["id"], post["text"]) for post in self.gateway.posts()]

    async def fail_next(self, kind: Fault) -> str | None:
        self.gateway.ask("fail", kind=kind)
        return kind

    async def attachment(self, size: int) -> Attachment | None:
        content = base64.b64encode(b"x" * size).decode()
        message_id = self.gateway.say("", type=6, file=content, room=ROOM)
        return Attachment("image", "image.png", f"6/{message_id}")
