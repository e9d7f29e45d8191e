"""The contract of every adapter, through the real client and a real gateway; and what is special to Wechaty."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from adapter_contract import AdapterContract, Fault, Posted
from wechaty_gateway import ROOM, fresh_gateway
from wechaty_running import settings_for

from adapters.base import Adapter, Attachment
from adapters.wechat.wechaty import WechatyAdapter


class TestWechaty(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        self.gateway = fresh_gateway()
        self.bot = WechatyAdapter(settings_for(self.gateway))
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
