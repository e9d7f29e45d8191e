"""What the tests of the WeCom bot share: an adapter for the stand-in, quick, and how to run and address it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapter_contract import Recorder
from wecom_platform import WecomPlatform

from adapters.base import Message
from adapters.wechat.wecom import Timings, WecomAdapter, WecomSettings

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


async def hear(platform: WecomPlatform, core: Recorder, text: str = "怎么安装？", **options: Any) -> Message:
    """Say something and wait until it has come in."""
    await platform.until(lambda: platform.connected)
    count = len(core.messages)
    await platform.say(text, **options)
    await core.until(lambda: len(core.messages) > count)
    return core.messages[-1]
