"""wkteam against the stand-in: the contract of every adapter, and what is special to it."""

from __future__ import annotations

import asyncio
import io
import json
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from adapter_contract import AdapterContract, Fault, Posted, Recorder
from wkteam_platform import BOT, NICK, NOT_A_MEMBER, ROOM, TOO_OFTEN, Delivery, WkteamPlatform

from adapters.base import Adapter, AdapterError, Attachment, Message, Reply
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.pacing import Pace
from adapters.wechat.wkteam import Timings, WkteamAdapter, WkteamSettings
from adapters.wechat.wkteam.messages import Own, read_callback

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ME = Own(BOT, (NICK,))
QUICK = Timings(
    call_timeout_s=0.3, check_every_s=0.1, retry_base_s=0.02, retry_cap_s=0.05, scan_every_s=0.02, scan_for_s=5
)
AT_ONCE = Pace(0, 0, 0)
OTHER, THIRD = "200@chatroom", "300@chatroom"


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


class TestWkteam(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        self.stack = AsyncExitStack()
        self.platform = await self.stack.enter_async_context(WkteamPlatform())
        self.bot = adapter_for(self.platform, state=folder / "wkteam.json")
        return self.bot

    async def close_platform(self) -> None:
        await self.stack.aclose()

    async def connected(self) -> None:
        await until(lambda: self.bot.health().state == "up" and self.bot.counters["logins"] > self.logins)
        self.logins = self.bot.counters["logins"]

    logins = 0

    async def inject(self, text: str, *, mention: bool = False) -> None:
        await self.platform.say(text, mention=mention)

    async def redeliver(self) -> None:
        await self.platform.until(lambda: all(delivery.status for delivery in self.platform.deliveries))
        await self.platform.redeliver()

    async def posted(self) -> list[Posted]:
        return [Posted(post.id, post.text) for post in self.platform.world.posts]

    async def unacknowledged(self) -> int | None:
        return self.platform.unacknowledged

    async def fail_next(self, kind: Fault) -> str | None:
        faults: dict[str, Any] = {"known": TOO_OFTEN, "unknown": "lost", "permanent": NOT_A_MEMBER}
        self.platform.fail_next("/sendText", faults[kind])
        return kind

    async def attachment(self, size: int) -> Attachment | None:
        self.platform.world.images["7"] = b"x" * size
        async with running(self.bot):
            await up(self.bot)
        return Attachment("image", "image", json.dumps({"msgId": "7", "content": "<msg/>"}))


@pytest.fixture
async def platform() -> AsyncIterator[WkteamPlatform]:
    async with WkteamPlatform() as running:
        yield running


@asynccontextmanager
async def running(adapter: WkteamAdapter, core: Recorder | None = None) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(adapter.run(core or Recorder()))
    try:
        async with asyncio.timeout(20):
            yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(reached: Callable[[], object]) -> None:
    """For what only the adapter knows; its loop is this one."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


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


# --- what comes in ---


def test_a_quote_carries_what_it_answers_and_knows_the_bot() -> None:
    quote = payload("80014", title="那 Windows 呢？", content=quoting(BOT, 1, "运行 make demo"))
    message = read_callback(quote, ME, NOW)
    assert isinstance(message, Message) and message.quote is not None and message.quote.author is not None
    assert (message.text, message.quote.id, message.quote.text) == ("那 Windows 呢？", "77", "运行 make demo")
    assert message.quote.author.is_bot and message.quote.author.name == "小明"


def test_a_quoted_link_is_its_title_and_a_quoted_image_has_no_words() -> None:
    inner = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;安装指南&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;"
    for kind, content, text in ((49, inner, "安装指南"), (3, "&lt;msg&gt;&lt;img/&gt;&lt;/msg&gt;", ""), (3, "x", "")):
        message = read_callback(payload("80014", title="?", content=quoting("wxid_b", kind, content)), ME, NOW)
        assert isinstance(message, Message) and message.quote is not None and message.quote.text == text


def test_images_and_links_are_attachments() -> None:
    image = read_callback(payload("80002", content="<msg><img/></msg>"), ME, NOW)
    page = (
        "<msg><appmsg><title>指南</title><des>怎么装</des><url>https://example.org/a?b=1&amp;c=2</url></appmsg></msg>"
    )
    link = read_callback(payload("80007", content=page), ME, NOW)
    assert isinstance(image, Message) and [a.kind for a in image.attachments] == ["image"] and image.text == ""
    assert isinstance(link, Message) and link.text == "指南\n怎么装"
    assert [(a.kind, a.name, a.ref) for a in link.attachments] == [("link", "指南", "https://example.org/a?b=1&c=2")]


@pytest.mark.parametrize(
    ("text", "atlist", "mentioned", "left"),
    [
        (f"@{NICK}\u2005怎么安装", [BOT], True, "怎么安装"),
        (f"@{NICK} 怎么安装", [], True, "怎么安装"),
        ("@群里的别名\u2005怎么安装", [BOT], True, "怎么安装"),
        ("@张三\u2005怎么安装", ["wxid_z"], False, "@张三 怎么安装"),
        ("@所有人\u2005开会", ["notify@all"], False, "@所有人 开会"),
        (f"me@{NICK}.com", [], False, f"me@{NICK}.com"),
    ],
)
def test_mentions_are_seen_in_the_list_or_in_the_text(text: str, atlist: list[str], mentioned: bool, left: str) -> None:
    message = read_callback(payload("80001", content=text, atlist=atlist), ME, NOW)
    assert isinstance(message, Message)
    assert (message.mentions_bot, message.text) == (mentioned, left)
    assert [person.id for person in message.mentions] == [wxid for wxid in atlist if wxid.startswith("wxid_z")]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (payload("80001", self=True), "own message"),
        (payload("80001", fromUser=BOT), "own message"),
        (payload("80099"), "message type"),
        ({"messageType": "00000", "data": {}}, "test"),
        ({"messageType": "30000"}, "offline notice"),
        ({**payload("80001"), "wcId": "wxid_another"}, "another account"),
    ],
)
def test_what_is_not_for_the_bot_is_ignored_by_name(changed: dict[str, Any], reason: str) -> None:
    assert read_callback(changed, ME, NOW) == Ignored(reason)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"messageType": "80001"},
        {"messageType": "80001", "data": []},
        payload("80001", content=None),
        payload("80001", newMsgId=None),
        payload("80001", fromUser=""),
        payload("80001", fromGroup=None),
        payload("80014", content="<msg>"),
        payload("80007", content="no xml"),
        payload("80007", content="<!DOCTYPE a [<!ENTITY b 'c'>]><msg>&b;</msg>"),
        payload("80001", atlist=5),
    ],
)
def test_a_callback_of_another_shape_is_malformed(broken: dict[str, Any]) -> None:
    assert read_callback(broken, ME, NOW) == MALFORMED


async def test_groups_limit_what_is_read_and_direct_messages_are_read_on_request(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, groups=(ROOM,))
    async with running(adapter, core):
        await up(adapter)
        await platform.say("别处", chat=OTHER)
        await platform.callback("60001", {"content": "私聊"})
        await hear(platform, adapter, core)
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert adapter.health().counters["ignored: another group"] == 1
    assert adapter.health().counters["ignored: direct message"] == 1
    core, adapter = Recorder(), adapter_for(platform, direct=True)
    async with running(adapter, core):
        await up(adapter)
        await platform.callback("60001", {"content": "私聊"})
        await core.until(lambda: bool(core.messages))
    assert (core.messages[0].conversation.kind, core.messages[0].conversation.chat) == ("direct", "wxid_alice")


async def test_a_callback_repeated_has_one_id_and_is_acknowledged(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await up(adapter)
        first = await platform.say("怎么安装？")
        again = await platform.repeat(first)
        await platform.until(lambda: first.status and again.status)
    assert (first.status, again.status) == (200, 200)
    assert len({message.id for message in core.messages}) == 1
    assert adapter.health().counters["messages"] == 1 and adapter.health().counters["repeated"] == 1


async def test_strangers_and_malformed_posts_are_turned_away_counted_and_stop_nothing(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core), aiohttp.ClientSession() as session:
        await up(adapter)
        ours = platform.world.callback_url
        origin = ours.partition("/wkteam/")[0]
        statuses = []
        for url in (
            origin,
            f"{origin}/wkteam/",
            f"{origin}/wkteam/wrong",
            f"{ours}x",
            f"{ours}/x",
            f"{origin}/callback",
        ):
            async with session.post(url, json=payload("80001", content="陌生人")) as answer:
                statuses.append(answer.status)
        assert statuses == [404] * 6
        for body in (b"", b"not json", b"[]", b"{}", b"\xff", b"[" * 100_000, io.BytesIO(b"x" * 2_000_000)):
            async with session.post(ours, data=body) as answer:
                statuses.append(answer.status)
        async with session.get(ours) as answer:
            statuses.append(answer.status)
        assert statuses[6:] == [400] * 8
        await hear(platform, adapter, core)
    counters = adapter.health().counters
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert (counters["strangers"], counters["malformed"]) == (6, 8)


async def test_what_could_not_be_stored_is_answered_so_that_it_comes_again(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(broken=1), adapter_for(platform)
    async with running(adapter, core):
        await up(adapter)
        delivery = await platform.say("怎么安装？")
        await platform.until(lambda: delivery.status)
        assert delivery.status == 503
        await platform.redeliver()
        await platform.until(lambda: delivery.acked)
    assert [message.text for message in core.messages] == ["怎么安装？"]


# --- what goes out ---


async def test_a_reply_mentions_the_asker_by_the_name_of_the_notification(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core, name="小明🎉\n的 名字")
        await adapter.send(Reply(message, "运行 **make demo**。", mention=True), "k1")
    post = platform.world.posts[0]
    assert (post.text, post.at) == ("@小明🎉 的 名字\u2005运行 make demo。", "wxid_alice")
    assert not platform.calls("/getChatRoomMember")


async def test_a_name_that_is_not_known_is_looked_up_once(platform: WkteamPlatform) -> None:
    platform.world.members = {"wxid_alice": "爱丽丝"}
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        await adapter.send(Reply(message, "一", mention=True), "k1")
        await adapter.send(Reply(message, "二", mention=True), "k2")
    assert [post.text for post in platform.world.posts] == ["@爱丽丝\u2005一", "@爱丽丝\u2005二"]
    assert len(platform.calls("/getChatRoomMember")) == 1


async def test_a_name_that_cannot_be_found_mentions_nobody(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        platform.fail_next("/getChatRoomMember", TOO_OFTEN)
        await adapter.send(Reply(message, "答案", mention=True), "k1")
    assert [(post.text, post.at) for post in platform.world.posts] == [("答案", "")]


async def test_posts_are_paced_for_each_group(platform: WkteamPlatform) -> None:
    class Clock:
        def __init__(self) -> None:
            self.now = 0.0
            self.slept: list[float] = []

        def monotonic(self) -> float:
            return self.now

        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            self.now += seconds

    core, clock = Recorder(), Clock()
    settings = adapter_for(platform, pace=Pace(0, 4, 1, 8)).settings
    adapter = WkteamAdapter(settings, clock=clock)
    async with running(adapter, core):
        here = await hear(platform, adapter, core)
        there = await hear(platform, adapter, core, chat=OTHER)
        for message in (here, there, here):
            await adapter.send(Reply(message, "答案"), message.id)
    assert clock.slept == [1, 3]


@pytest.mark.parametrize("fault", ["silent", "lost", "garbage"])
async def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(platform: WkteamPlatform, fault: Any) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        platform.fail_next("/sendText", fault)
        with pytest.raises(AdapterError) as failed:
            await adapter.send(Reply(message, "答案"), "k1")
    assert not failed.value.outcome_known and not failed.value.permanent


async def test_a_server_that_is_not_there_leaves_nothing_unknown(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        message = await hear(platform, adapter, core)
        await platform.go_away()
        with pytest.raises(AdapterError) as failed:
            await adapter.send(Reply(message, "答案"), "k1")
        assert failed.value.outcome_known and not failed.value.permanent
        await platform.come_back()


# --- login ---


async def test_the_callback_address_is_secret_and_registered(platform: WkteamPlatform) -> None:
    adapter = adapter_for(platform, callback_url="https://bot.example.org/", secret="geheim")
    async with running(adapter):
        await up(adapter)
    assert platform.world.callback_url == "https://bot.example.org/wkteam/geheim"
    first, second = adapter_for(platform), adapter_for(platform)
    urls = []
    for each in (first, second):
        async with running(each):
            await up(each)
            urls.append(platform.world.callback_url.rpartition("/")[2])
    assert urls[0] != urls[1] and all(len(url) > 30 for url in urls)


async def test_wrong_credentials_are_an_error_at_once_that_names_the_keys(platform: WkteamPlatform) -> None:
    async with running(adapter_for(platform, password="wrong")) as task:
        await asyncio.wait([task], timeout=10)
        error = task.exception()
    assert isinstance(error, AdapterError) and error.permanent
    assert "[wkteam] account and password" in str(error)
    assert len(platform.calls("/member/login")) == 1


async def test_a_logged_out_account_asks_for_a_scan_and_goes_on_after_it(platform: WkteamPlatform) -> None:
    platform.world.online.clear()
    core, adapter = Recorder(), adapter_for(platform, names=())
    async with running(adapter, core):
        await until(lambda: "scan the code" in adapter.health().detail)
        health = adapter.health()
        assert health.state == "down" and "/qr/wid-2.png" in health.detail
        await platform.scan()
        message = await hear(platform, adapter, core, mention=True)
        await adapter.send(Reply(message, "答案"), "k1")
    assert (message.mentions_bot, message.text) == (True, "怎么安装？")
    assert [post.text for post in platform.world.posts] == ["答案"]


async def test_a_code_that_nobody_scans_is_followed_by_a_new_one(platform: WkteamPlatform) -> None:
    platform.world.online.clear()
    timings = Timings(call_timeout_s=1, scan_every_s=0.02, scan_for_s=0.1, retry_base_s=0.01, retry_cap_s=0.01)
    async with running(adapter_for(platform, timings=timings)):
        await platform.until(lambda: len(platform.calls("/iPadLogin")) >= 2)
    assert platform.calls("/iPadLogin")[0] == {"wcId": "", "proxy": 0}


async def test_logout_is_noticed_and_shown_and_login_brings_it_back(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, adapter, core)
        await platform.log_out()
        await platform.post({"messageType": "30000", "wcId": BOT, "data": {}})
        await until(lambda: "scan the code" in adapter.health().detail)
        await platform.scan()
        await hear(platform, adapter, core, "又来了")
        health = adapter.health()
    assert (health.state, health.counters["outages"]) == ("up", 1)
    assert "may have been missed" in health.detail
    assert platform.calls("/iPadLogin")[0]["wcId"] == BOT


async def test_another_account_than_configured_is_refused(platform: WkteamPlatform) -> None:
    platform.world.online.clear()
    async with running(adapter_for(platform, wcid=BOT)) as task:
        await platform.scan(wcid="wxid_private")
        await asyncio.wait([task], timeout=10)
        error = task.exception()
    assert isinstance(error, AdapterError) and error.permanent and "[wkteam] wcid" in str(error)


async def test_several_accounts_need_to_be_told_apart(platform: WkteamPlatform) -> None:
    platform.world.online["wxid_other"] = "wid-9"
    async with running(adapter_for(platform)) as task:
        await asyncio.wait([task], timeout=10)
        error = task.exception()
    assert isinstance(error, AdapterError) and error.permanent and "set [wkteam] wcid" in str(error)
    async with running(adapter := adapter_for(platform, wcid=BOT)):
        await up(adapter)
    assert adapter.api.wid == "wid-1"


async def test_the_login_outlives_a_restart_and_only_its_owner_may_read_it(
    platform: WkteamPlatform, tmp_path: Path
) -> None:
    state = tmp_path / "state" / "wkteam.json"
    for _ in range(2):
        async with running(adapter := adapter_for(platform, state=state)):
            await up(adapter)
    assert len(platform.calls("/member/login")) == 1
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    platform.world.tokens.clear()  # the kept token does not hold any more
    state_before = state.read_text("utf-8")
    async with running(adapter := adapter_for(platform, state=state)):
        await up(adapter)
    assert len(platform.calls("/member/login")) == 2 and state.read_text("utf-8") != state_before
    state.write_text("{broken", "utf-8")
    async with running(adapter := adapter_for(platform, state=state)):
        await up(adapter)


@pytest.mark.parametrize("outage", ["gone", "silent", "unauthorized"])
async def test_it_answers_again_after_an_outage_and_says_what_may_be_missing(
    platform: WkteamPlatform, outage: str
) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, adapter, core)
        if outage == "gone":
            await platform.go_away()
        elif outage == "silent":
            platform.fail_next("/queryLoginWx", "silent", times=2)
        else:
            platform.world.tokens.clear()
        await until(lambda: adapter.health().state == "down")
        assert "down since" in adapter.health().detail
        if outage == "gone":
            await platform.come_back()
        message = await hear(platform, adapter, core, "之后")
        await adapter.send(Reply(message, "答案"), "k1")
        health = adapter.health()
    assert [post.text for post in platform.world.posts] == ["答案"]
    assert health.counters["outages"] == 1 and "may have been missed" in health.detail


async def test_a_server_that_is_absent_at_the_start_is_found_when_it_comes(platform: WkteamPlatform) -> None:
    await platform.go_away()
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await until(lambda: "no connection to wkteam" in adapter.health().detail)
        await platform.come_back()
        await hear(platform, adapter, core)
    assert adapter.health().counters["outages"] == 0


async def test_a_port_in_use_is_named_with_its_setting(platform: WkteamPlatform) -> None:
    with pytest.raises(AdapterError, match=r"set \[wkteam\] port"):
        await adapter_for(platform, port=platform.port).run(Recorder())


# --- forwarding ---


def forwarded(platform: WkteamPlatform) -> list[tuple[str, str]]:
    return [(post.chat, post.text) for post in platform.world.posts]


async def test_what_is_said_in_one_group_is_shown_in_the_others_once(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER, THIRD))
    async with running(adapter, core):
        await up(adapter)
        first = await platform.say("怎么安装？", name="小明")
        await platform.repeat(first)
        await platform.say("别的群", chat="900@chatroom", name="小红")
        await platform.say("在吗", chat=OTHER, name="小红")
        await platform.until(lambda: len(platform.world.posts) == 4 and all(d.status for d in platform.deliveries))
        await until(lambda: adapter.health().counters["forwarded"] == 4)
    assert forwarded(platform) == [
        (OTHER, "[转发] 小明：怎么安装？"),
        (THIRD, "[转发] 小明：怎么安装？"),
        (ROOM, "[转发] 小红：在吗"),
        (THIRD, "[转发] 小红：在吗"),
    ]


async def test_our_own_words_commands_and_what_others_forwarded_are_not_forwarded(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER))
    async with running(adapter, core):
        await up(adapter)
        await platform.say("[转发] 小明：怎么安装？", self=True)
        await platform.say("[转发] 小明：怎么安装？", name="另一个机器人")
        await platform.say("/status", name="小明")
        await platform.say("广告", name="小明")
        await platform.say("广告", name="小明", chat=OTHER)  # the same person says the same everywhere
        last = await platform.say("结束", name="小明")
        await platform.until(lambda: last.acked and len(platform.world.posts) == 2)
    assert forwarded(platform) == [(OTHER, "[转发] 小明：广告"), (OTHER, "[转发] 小明：结束")]


async def test_quotes_links_and_images_are_forwarded_so_that_they_can_be_understood(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER))
    page = "<msg><appmsg><title>指南</title><url>https://example.org/a</url></appmsg></msg>"
    async with running(adapter, core):
        await up(adapter)
        await platform.callback("80014", {"title": "那 Windows 呢", "content": quoting("wxid_b", 1, "运行 make demo")})
        await platform.callback("80007", {"content": page})
        await platform.callback("80002", {"content": "<msg/>"})
        await platform.until(lambda: len(platform.world.posts) == 3)
    assert [text for _, text in forwarded(platform)] == [
        "[转发] 群友：「运行 make demo」\n那 Windows 呢",
        "[转发] 群友：指南\nhttps://example.org/a",
        "[转发] 群友：[图片]",
    ]


async def test_what_cannot_be_forwarded_is_counted_and_the_next_goes_on(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER))
    platform.fail_next("/sendText", "lost")
    platform.fail_next("/sendText", NOT_A_MEMBER)
    async with running(adapter, core):
        await up(adapter)
        for text in ("一", "二", "三"):
            await platform.say(text, name="小明")
        await platform.until(lambda: any("三" in post.text for post in platform.world.posts))
    assert adapter.health().counters["not forwarded"] == 2


def test_deliveries_count_as_acknowledged_by_success_only() -> None:
    assert [Delivery({}, status).acked for status in (0, 200, 404, 503, -1)] == [False, True, False, False, False]
