"""The whole bot on WeCom, wkteam and the Android route: the real app, knowledge and gate against the stand-ins."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import group
import pytest
from android_app import AndroidApp
from test_android import adapter_for as android_for
from test_android import endpoint
from wecom_platform import WecomPlatform
from wecom_running import adapter_for as wecom_for
from wkteam_platform import NOT_A_MEMBER, OTHER_ROOM, ROOM, WkteamPlatform
from wkteam_running import adapter_for as wkteam_for

from adapters.base import Adapter, Message
from adapters.wechat.android import AndroidAdapter
from adapters.wechat.wecom import WecomAdapter
from adapters.wechat.wkteam import WkteamAdapter
from bot.app import App
from bot.cli.wechat_routes import wechat_modes
from bot.store import Store

ASKED, PASSIVE, CHATTER = "Zephyrlink 怎么安装？", "如何修改 Zephyrlink 的端口", "哈哈哈"


class Outcomes:
    """Notes how each message ended, by its text."""

    def __init__(self, adapter: Any) -> None:
        self.by_text: dict[str, str] = {}
        self.changed = asyncio.Condition()
        self._next = getattr(adapter, "record", None)
        adapter.record = self.record

    async def record(self, message: Message, decision: dict[str, Any]) -> None:
        if self._next:
            await self._next(message, decision)
        async with self.changed:
            self.by_text[message.text] = decision["outcome"]
            self.changed.notify_all()

    async def of(self, text: str) -> str:
        async with self.changed:
            await self.changed.wait_for(lambda: text in self.by_text)
        return self.by_text[text]


@asynccontextmanager
async def bot(adapter: Adapter, folder: Path, *overrides: str) -> AsyncIterator[Outcomes]:
    settings = group.make_settings(folder, *overrides)
    if not settings.data.exists():
        shutil.copytree(group.built_data(), settings.data)
    outcomes = Outcomes(adapter)
    app = App(settings, [adapter], modes=wechat_modes(settings))
    running = asyncio.create_task(app.run())
    try:
        async with asyncio.timeout(40):
            while adapter.health().state != "up":  # type: ignore[attr-defined]
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
            yield outcomes
    finally:
        app.stop()
        await running


async def unknown_replies(folder: Path) -> int:
    store = Store.open(group.make_settings(folder).data / "qunda.db")
    try:
        return (await store.replies.counts()).get("unknown", 0)
    finally:
        await store.close()


@pytest.fixture
async def wecom() -> AsyncIterator[tuple[WecomPlatform, WecomAdapter]]:
    async with WecomPlatform() as platform:
        yield platform, wecom_for(platform)


@pytest.fixture
async def wkteam() -> AsyncIterator[tuple[WkteamPlatform, WkteamAdapter]]:
    async with WkteamPlatform() as platform:
        yield platform, wkteam_for(platform, forward=(ROOM, OTHER_ROOM))


@pytest.fixture
async def android() -> AsyncIterator[tuple[AndroidApp, AndroidAdapter]]:
    adapter = android_for()
    async with AndroidApp(endpoint(adapter)) as app:
        yield app, adapter


async def test_wecom_answers_a_mention_in_place_and_says_what_it_does_not_know(
    wecom: tuple[WecomPlatform, WecomAdapter], tmp_path: Path
) -> None:
    platform, adapter = wecom
    async with bot(adapter, tmp_path) as outcomes:
        await platform.say(ASKED)
        assert await outcomes.of(ASKED) == "answered"
        await platform.say("明天会下雨吗？", direct=True)
        assert await outcomes.of("明天会下雨吗？") == "abstained"
    first, second = platform.posts
    assert first.finished and first.how == "respond" and first.chat == "group-1"
    assert first.text.startswith("<@alice> ") and "pip install zephyrlink" in first.text and "> 1. " in first.text
    assert second.finished and second.chat == "alice"


async def test_wecom_does_not_say_again_what_may_stand_there(
    wecom: tuple[WecomPlatform, WecomAdapter], tmp_path: Path
) -> None:
    platform, adapter = wecom
    async with bot(adapter, tmp_path) as outcomes:
        platform.fail_next("aibot_respond_msg", "silent", times=100)
        platform.fail_next("aibot_send_msg", "silent", times=100)
        await platform.say("明天会下雨吗？")
        assert await outcomes.of("明天会下雨吗？") == "failed:send"
    assert len(platform.posts) == 1
    assert await unknown_replies(tmp_path) == 1


async def test_wecom_answers_after_an_outage_what_was_asked_before_it(
    wecom: tuple[WecomPlatform, WecomAdapter], tmp_path: Path
) -> None:
    platform, adapter = wecom
    async with bot(adapter, tmp_path) as outcomes:
        await platform.say(CHATTER)
        await outcomes.of(CHATTER)
        count = len(platform.posts)
        platform.fail_next("aibot_subscribe", -1, times=3)
        await platform.say(ASKED)
        await platform.cut()
        assert await outcomes.of(ASKED) in ("answered", "failed:send")  # unknown where the cut came in between
        assert len(platform.posts) <= count + 1
        await platform.until(lambda: platform.connected)
        await platform.say(PASSIVE)
        assert await outcomes.of(PASSIVE) == "answered"


async def test_wkteam_answers_who_mentions_it_and_who_asks_and_is_silent_about_chatter(
    wkteam: tuple[WkteamPlatform, WkteamAdapter], tmp_path: Path
) -> None:
    platform, adapter = wkteam
    async with bot(adapter, tmp_path) as outcomes:
        await platform.say(ASKED, mention=True, name="小明🎉")
        assert await outcomes.of(ASKED) == "answered"
        await platform.say(PASSIVE, sender="wxid_bob", name="鲍勃")
        assert await outcomes.of(PASSIVE) == "answered"
        chatter = await platform.say(CHATTER, sender="wxid_bob", name="鲍勃")
        assert await outcomes.of(CHATTER) == "silent"
        await platform.repeat(chatter)
        await platform.until(lambda: len([p for p in platform.world.posts if p.chat == OTHER_ROOM]) == 3)
    first, second = [post for post in platform.world.posts if post.chat == ROOM]
    assert first.text.startswith("@小明🎉\u2005") and "pip install zephyrlink" in first.text and "来源：" in first.text
    assert (first.at, second.at) == ("wxid_alice", "wxid_bob")
    assert second.text.startswith("@鲍勃\u2005") and "8080" in second.text
    shown = [post.text for post in platform.world.posts if post.chat == OTHER_ROOM]
    assert shown == [f"[转发] 小明🎉：{ASKED}", f"[转发] 鲍勃：{PASSIVE}", f"[转发] 鲍勃：{CHATTER}"]


@pytest.mark.parametrize(("fault", "unknown"), [("lost", 1), (NOT_A_MEMBER, 0)])
async def test_wkteam_posts_once_when_the_outcome_is_unknown_and_never_what_is_refused(
    wkteam: tuple[WkteamPlatform, WkteamAdapter], tmp_path: Path, fault: Any, unknown: int
) -> None:
    platform, adapter = wkteam
    async with bot(adapter, tmp_path) as outcomes:
        platform.fail_next("/sendText", fault)
        await platform.say(ASKED, mention=True, chat="900@chatroom")
        assert await outcomes.of(ASKED) == "failed:send"
    assert len(platform.world.posts) == len(platform.calls("/sendText")) - (1 - unknown) == unknown
    assert await unknown_replies(tmp_path) == unknown


async def test_the_android_app_gets_answers_and_learns_that_chatter_has_none(
    android: tuple[AndroidApp, AndroidAdapter], tmp_path: Path
) -> None:
    app, adapter = android
    async with bot(adapter, tmp_path) as outcomes:
        await app.see(f"@小助手\u2005{ASKED}")
        assert await outcomes.of(ASKED) == "answered"
        await app.see(CHATTER, person="鲍勃")
        assert await outcomes.of(CHATTER) == "silent"
        answered, silent = await app.poll()
        assert await app.poll() == []
    assert (answered["rsp"]["code"], silent["rsp"]["code"]) == (0, 1)
    [(_, text)] = app.shown
    assert text.startswith("@爱丽丝\u2005") and "pip install zephyrlink" in text and "来源：\n[1] " in text
    assert answered["rsp"]["references"]


async def test_what_was_answered_before_a_restart_is_not_answered_again(
    wecom: tuple[WecomPlatform, WecomAdapter], wkteam: tuple[WkteamPlatform, WkteamAdapter], tmp_path: Path
) -> None:
    """The id of the message is all that the platforms give, so the store has to know it in the next run too."""
    async with bot(wecom[1], tmp_path / "wecom") as outcomes:
        frame = await wecom[0].say(ASKED)
        assert await outcomes.of(ASKED) == "answered"
    async with bot(wecom_for(wecom[0]), tmp_path / "wecom") as outcomes:
        await wecom[0].repeat(frame)
        await wecom[0].say(PASSIVE)
        assert await outcomes.of(PASSIVE) == "answered" and ASKED not in outcomes.by_text
    async with bot(wkteam[1], tmp_path / "wkteam") as outcomes:
        delivery = await wkteam[0].say(ASKED, mention=True, name="小明")
        assert await outcomes.of(ASKED) == "answered"
    async with bot(again := wkteam_for(wkteam[0], forward=(ROOM, OTHER_ROOM)), tmp_path / "wkteam") as outcomes:
        repeated = await wkteam[0].repeat(delivery)
        await wkteam[0].until(lambda: repeated.acked)
        await wkteam[0].say(PASSIVE, mention=True, name="小明")
        assert await outcomes.of(PASSIVE) == "answered" and ASKED not in outcomes.by_text
        assert again.health().counters["repeated"] == 1
    assert len([post for post in wkteam[0].world.posts if post.chat == ROOM]) == 2


Wecom, Wkteam = tuple[WecomPlatform, WecomAdapter], tuple[WkteamPlatform, WkteamAdapter]


async def test_status_tells_how_each_route_is(
    wecom: Wecom, wkteam: Wkteam, android: tuple[AndroidApp, AndroidAdapter], tmp_path: Path
) -> None:
    async with bot(wecom[1], tmp_path / "wecom", "bot.admins=wecom:alice") as outcomes:
        await wecom[0].say("/status")
        assert await outcomes.of("/status") == "command"
    async with bot(wkteam[1], tmp_path / "wkteam", "bot.admins=wkteam:wxid_alice") as outcomes:
        await wkteam[0].say("/status", mention=True, chat="900@chatroom")
        assert await outcomes.of("/status") == "command"
    async with bot(android[1], tmp_path / "android", "bot.admins=android:爱丽丝") as outcomes:
        await android[0].see("@小助手 /status")
        assert await outcomes.of("/status") == "command"
        await android[0].poll()
    [in_wecom], [in_wkteam], [(_, in_app)] = wecom[0].posts, wkteam[0].world.posts, android[0].shown
    for name, text in (("wecom", in_wecom.text), ("wkteam", in_wkteam.text), ("android", in_app)):
        assert name in text and "up" in text, text
    assert "are missed" in in_app
