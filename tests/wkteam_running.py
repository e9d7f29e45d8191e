"""What the tests of wkteam share: an adapter for the stand-in, quick and unpaced, and how to run and address it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapter_contract import Recorder
from running import until
from wkteam_platform import BOT, NICK, ROOM, WkteamPlatform

from adapters.base import Message
from adapters.wechat.pacing import Pace
from adapters.wechat.wkteam import Timings, WkteamAdapter, WkteamSettings
from adapters.wechat.wkteam.messages import Own

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ME = Own(BOT, (NICK,))
QUICK = Timings(
    call_timeout_s=0.3,
    check_timeout_s=0.3,
    check_every_s=0.1,
    retry_base_s=0.02,
    retry_cap_s=0.05,
    scan_every_s=0.02,
    scan_for_s=5,
)
AT_ONCE = Pace(0, 0, 0)


def adapter_for(platform: WkteamPlatform, **settings: Any) -> WkteamAdapter:
    values: dict[str, Any] = {
        "base_url": platform.url,
        "account": "account",
        "password": "password",
        "callback_url": "",
        "host": "127.0.0.1",
        "port": 0,
        "names": (NICK,),
        "pace": AT_ONCE,
        "timings": QUICK,
    }
    return WkteamAdapter(WkteamSettings(**{**values, **settings}))


async def up(adapter: WkteamAdapter) -> None:
    await until(lambda: adapter.health().state == "up")


async def hear(
    platform: WkteamPlatform, adapter: WkteamAdapter, core: Recorder, text: str = "怎么安装？", **options: Any
) -> Message:
    """Say something and wait until it has come in."""
    await up(adapter)
    count = len(core.messages)
    await platform.say(text, **options)
    await core.until(lambda: len(core.messages) > count)
    return core.messages[-1]


def payload(kind: str, **data: Any) -> dict[str, Any]:
    whole = {"fromGroup": ROOM, "fromUser": "wxid_a", "content": "hi", "self": False, "msgId": 1, "newMsgId": 2}
    return {"messageType": kind, "wcId": BOT, "data": {**whole, **data}}


def quoting(author: str, kind: int, content: str) -> str:
    refer = f"<type>{kind}</type><svrid>77</svrid><chatusr>{author}</chatusr><displayname>小明</displayname>"
    said = f"<refermsg>{refer}<content>{content}</content></refermsg>"
    return f"<?xml version='1.0'?><msg><appmsg><title>t</title>{said}</appmsg></msg>"
