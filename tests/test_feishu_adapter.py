"""The Feishu adapter against the stand-in platform: the contract of every adapter, and what is special to Feishu."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from adapter_contract import AdapterContract, Fault, Posted
from feishu_platform import Fault as PlatformFault
from feishu_platform import FeishuPlatform

from adapters.base import Adapter, Attachment, Message
from adapters.feishu import FeishuAdapter, FeishuSettings, Timings

QUICK = Timings(reconnect_base_s=0.05, watch_every_s=0.05, call_timeout_s=5)


def adapter_for(platform: FeishuPlatform, **settings: object) -> FeishuAdapter:
    world = platform.world
    return FeishuAdapter(
        FeishuSettings(world.app_id, world.app_secret, platform.domain, timings=QUICK, **settings)  # type: ignore[arg-type]
    )


class TestFeishu(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        self.stack = AsyncExitStack()
        self.platform = await self.stack.enter_async_context(FeishuPlatform())
        self.platform.link.redeliver_after_s = (0.2, 0.5)
        self.bot = adapter_for(self.platform)
        return self.bot

    async def close_platform(self) -> None:
        await self.bot.close()
        await self.stack.aclose()

    async def connected(self) -> None:
        await self.platform.until(lambda: self.platform.connections > 0)

    async def inject(self, text: str, *, mention: bool = False) -> None:
        await self.platform.say(text, mention=mention)

    async def redeliver(self) -> None:
        await self.platform.redeliver(None)

    async def posted(self) -> list[Posted]:
        return [Posted(shown.id, shown.text, shown.finished) for shown in self.platform.shown()]

    async def unacknowledged(self) -> int | None:
        return len(self.platform.unacknowledged)

    async def signs(self, message: Message) -> int | None:
        return len(self.platform.world.entries[message.id].reactions)

    async def fail_next(self, kind: Fault) -> str | None:
        faults = {
            "known": PlatformFault(code=230020),
            "unknown": PlatformFault(after_effect=True),
            "permanent": PlatformFault(code=230002),
        }
        self.platform.fail(faults[kind], "/reply", method="POST")
        return kind

    async def attachment(self, size: int) -> Attachment | None:
        self.platform.world.resources["file_1"] = b"x" * size
        entry = await self.platform.send("file", {"file_key": "file_1", "file_name": "a.txt"})
        return Attachment("file", "a.txt", f"{entry.id}/file_1")
