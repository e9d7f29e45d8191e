"""The whole bot in WeChat groups: the real app, knowledge and gate, the real client and a real gateway."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import group
import pytest
from wechaty_gateway import ANN, BOB, OTHER_ROOM, ROOM, Gateway, fresh_gateway
from wechaty_running import settings_for

from adapters.base import Message
from adapters.wechat.wechaty import WechatyAdapter
from bot.app import App

ASKED = "Zephyrlink 怎么安装？"


class Recording(WechatyAdapter):
    """The adapter, noting how each message ended."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.outcomes: dict[str, str] = {}
        self.changed = asyncio.Condition()

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        async with self.changed:
            self.outcomes[message.text] = decision["outcome"]
            self.changed.notify_all()


@pytest.fixture
def gateway() -> Gateway:
    return fresh_gateway()


@asynccontextmanager
async def bot(gateway: Gateway, folder: Path, *overrides: str) -> AsyncIterator[Recording]:
    settings = group.make_settings(folder, f"bot.admins=wechaty:{ANN}", *overrides)
    if not settings.data.exists():
        shutil.copytree(group.built_data(), settings.data)
    adapter = Recording(settings_for(gateway))
    app = App(settings, [adapter], modes={"wechaty": settings.wechaty.mode})
    running = asyncio.create_task(app.run())
    try:
        async with asyncio.timeout(40):
            while adapter.health().state != "up":
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
            yield adapter
    finally:
        app.stop()
        await running


async def ended(adapter: Recording, text: str) -> str:
    async with adapter.changed:
        await adapter.changed.wait_for(lambda: text in adapter.outcomes)
    return adapter.outcomes[text]


async def test_it_answers_who_mentions_it_and_who_asks_and_is_silent_about_chatter(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with bot(gateway, tmp_path) as adapter:
        gateway.say(ASKED, mention=True)
        assert await ended(adapter, ASKED) == "answered"
        gateway.say("如何修改 Zephyrlink 的端口", sender=BOB)
        assert await ended(adapter, "如何修改 Zephyrlink 的端口") == "answered"
        gateway.say("哈哈哈", sender=BOB)
        assert await ended(adapter, "哈哈哈") == "silent"
        first, second = gateway.posts()
    assert first["text"].startswith("@Ann\u2005") and "pip install zephyrlink" in first["text"]
    assert "来源：\n[1] " in first["text"] and "`" not in first["text"]
    assert (first["mentionIdList"], second["mentionIdList"]) == ([ANN], [BOB])
    assert second["text"].startswith("@Bob\u2005") and "8080" in second["text"]


async def test_a_group_of_its_own_mode_is_answered_only_when_it_mentions_the_bot(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with bot(gateway, tmp_path, f"group:wechaty:{OTHER_ROOM}.mode=mention") as adapter:
        gateway.say("如何修改 Zephyrlink 的端口", room=OTHER_ROOM)
        assert await ended(adapter, "如何修改 Zephyrlink 的端口") == "silent"
        gateway.say(ASKED, room=OTHER_ROOM, mention=True)
        assert await ended(adapter, ASKED) == "answered"
        assert [post["conversationId"] for post in gateway.posts()] == [OTHER_ROOM]


async def test_a_reply_with_an_unknown_outcome_is_not_sent_again(gateway: Gateway, tmp_path: Path) -> None:
    async with bot(gateway, tmp_path) as adapter:
        gateway.ask("fail", kind="unknown")
        gateway.say(ASKED, mention=True)
        assert await ended(adapter, ASKED) == "failed:send"
        assert len(gateway.posts()) == 1


async def test_a_message_delivered_twice_is_answered_once(gateway: Gateway, tmp_path: Path) -> None:
    async with bot(gateway, tmp_path) as adapter:
        gateway.say(ASKED, mention=True, id="twice")
        gateway.ask("again", id="twice")
        assert await ended(adapter, ASKED) == "answered"
        gateway.ask("again", id="twice")
        gateway.say("哈哈哈")
        assert await ended(adapter, "哈哈哈") == "silent"
        assert len(gateway.posts()) == 1


async def test_after_an_outage_it_answers_again_and_status_tells_what_may_be_missing(
    gateway: Gateway, tmp_path: Path
) -> None:
    async with bot(gateway, tmp_path) as adapter:
        gateway.say("哈哈哈")
        assert await ended(adapter, "哈哈哈") == "silent"
        gateway.kill()
        while adapter.health().state != "down":  # noqa: ASYNC110 - the gateway is another process
            await asyncio.sleep(0.01)
        gateway.start()
        while adapter.health().state != "up":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        gateway.say(ASKED, room=ROOM, mention=True)
        assert await ended(adapter, ASKED) == "answered"
        gateway.say("/status", mention=True)
        assert await ended(adapter, "/status") == "command"
        status = gateway.posts()[-1]["text"]
    assert "wechaty" in status and "may have been missed" in status
