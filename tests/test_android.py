"""The endpoint for HuixiangDou's Android app against a stand-in: the adapter contract, and what is special to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from adapter_contract import AdapterContract, Posted, Recorder
from android_app import GROUP, AndroidApp, body_of

from adapters.base import Adapter, AdapterError, Attachment, Citation, Message, Reply
from adapters.wechat.android import AndroidAdapter, AndroidSettings
from adapters.wechat.android.messages import group_of

NAME, TOKEN = "小助手", "geheim"


def adapter_for(**settings: Any) -> AndroidAdapter:
    values = {"token": TOKEN, "host": "127.0.0.1", "port": 0, "names": (NAME,), **settings}
    return AndroidAdapter(AndroidSettings(**values))


def endpoint(adapter: AndroidAdapter) -> Callable[[], str]:
    return lambda: f"http://127.0.0.1:{adapter.port}/?token={TOKEN}"


class TestAndroid(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        self.stack = AsyncExitStack()
        self.bot = adapter_for()
        self.app = await self.stack.enter_async_context(AndroidApp(endpoint(self.bot)))
        return self.bot

    async def close_platform(self) -> None:
        await self.stack.aclose()

    async def connected(self) -> None:
        await until(lambda: self.bot.health().state == "up")

    async def inject(self, text: str, *, mention: bool = False) -> None:
        await self.app.see(f"@{NAME} {text}" if mention else text)

    async def redeliver(self) -> None:
        await self.app.redeliver()

    async def posted(self) -> list[Posted]:
        """What the app has shown; it has to fetch it first."""
        async with running(self.bot):
            await self.app.poll()
        return [Posted(str(n), text) for n, (_, text) in enumerate(self.app.shown)]

    async def unacknowledged(self) -> int | None:
        return self.app.unacknowledged

    async def attachment(self, size: int) -> Attachment | None:
        self.app.images["a"] = b"x" * size
        return Attachment("image", "image", f"{self.app.url}/image/a")


@asynccontextmanager
async def running(
    adapter: AndroidAdapter, core: Recorder | None = None, *, within_s: float = 20
) -> AsyncIterator[None]:
    task = asyncio.create_task(adapter.run(core or Recorder()))
    try:
        async with asyncio.timeout(within_s):
            await until(lambda: adapter.health().state == "up")
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(reached: Callable[[], object]) -> None:
    """For what only the adapter knows; its loop is this one."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@dataclass
class Clock:
    """Time that tests move."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Scene:
    """A bot that listens, an app that posts to it, and a clock."""

    bot: AndroidAdapter
    app: AndroidApp
    core: Recorder
    clock: Clock

    async def hear(self, text: str = "怎么安装？", **options: Any) -> Message:
        """Have the app hand something in."""
        count = len(self.core.messages)
        await self.app.see(text, **options)
        await self.core.until(lambda: len(self.core.messages) > count)
        return self.core.messages[-1]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock, core = Clock(), Recorder()
    bot = AndroidAdapter(AndroidSettings(TOKEN, "127.0.0.1", 0, (NAME,)), clock=clock)
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        yield Scene(bot, app, core, clock)


async def test_a_text_is_delivered_with_its_group_and_person(scene: Scene) -> None:
    message = await scene.hear(f"@{NAME}\u2005怎么安装？", group=f"{GROUP}(128)")
    assert (message.conversation.group, message.conversation.kind) == (f"android:{GROUP}", "group")
    assert (message.sender.id, message.sender.name) == ("爱丽丝", "爱丽丝")
    assert (message.text, message.mentions_bot) == ("怎么安装？", True)


@pytest.mark.parametrize(
    ("shown", "group"),
    [("群(12)", "群"), ("群 （3）", "群"), ("v1(2)群", "v1(2)群"), ("(12)", "(12)"), ("群", "群")],
)
def test_a_group_stays_the_same_when_members_come_and_go(shown: str, group: str) -> None:
    assert group_of(shown) == group


async def test_an_answer_is_handed_out_once_and_to_its_group_only(scene: Scene) -> None:
    message = await scene.hear(group=f"{GROUP}(128)")
    citation = Citation(1, "安装指南", "docs/install.md", "…")
    await scene.bot.send(Reply(message, "运行 **make demo** [1]。", (citation,), mention=True), "k1")
    assert await scene.app.poll("别的群") == []
    entries = await scene.app.poll(f"{GROUP}(129)")
    assert entries == [
        {
            "req": body_of("怎么安装？", "爱丽丝", f"{GROUP}(128)", "text"),
            "rsp": {
                "code": 0,
                "state": "success",
                "text": "@爱丽丝\u2005运行 make demo [1]。\n\n来源：\n[1] 安装指南",
                "references": ["安装指南"],
            },
        }
    ]
    assert await scene.app.poll() == []
    assert scene.bot.health().counters["fetched"] == 1


async def test_what_was_not_answered_is_reported_with_a_code_and_not_shown(scene: Scene) -> None:
    silent, failed, answered = [await scene.hear(text) for text in ("早", "怎么装？", "怎么卸载？")]
    await scene.bot.record(silent, {"outcome": "silent"})
    await scene.bot.record(failed, {"outcome": "failed:retrieve"})
    await scene.bot.send(Reply(answered, "答案"), "k1")
    await scene.bot.record(answered, {"outcome": "abstained"})
    entries = await scene.app.poll()
    assert [(entry["rsp"]["code"], entry["rsp"]["state"]) for entry in entries] == [
        (1, "silent"),
        (9, "failed:retrieve"),
        (0, "success"),
    ]
    assert [entry["req"]["query"]["content"] for entry in entries] == ["早", "怎么装？", "怎么卸载？"]
    assert scene.app.shown == [(GROUP, "答案")]


async def test_silence_is_not_reported_where_it_is_not_wanted() -> None:
    bot, core = adapter_for(report_silence=False), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        message = await Scene(bot, app, core, Clock()).hear()
        await bot.record(message, {"outcome": "silent"})
        assert await app.poll() == []


async def test_an_answer_that_nobody_fetched_in_time_is_dropped_and_counted(scene: Scene) -> None:
    message = await scene.hear()
    await scene.bot.send(Reply(message, "alt"), "k1")
    scene.clock.now += 601
    await scene.bot.send(Reply(message, "neu"), "k2")
    assert [entry["rsp"]["text"] for entry in await scene.app.poll()] == ["neu"]
    assert scene.bot.health().counters["never fetched"] == 1


async def test_answers_wait_while_the_phone_is_away_and_through_a_restart_of_the_adapter() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app:
        async with running(bot, core):
            message = await Scene(bot, app, core, Clock()).hear()
        await bot.send(Reply(message, "答案"), "k1")
        with pytest.raises(aiohttp.ClientConnectionError):
            await app.poll()
        async with running(bot, core):
            await app.poll()
    assert app.shown == [(GROUP, "答案")]


async def test_a_box_that_nobody_empties_keeps_the_latest_answers(scene: Scene) -> None:
    message = await scene.hear()
    for n in range(120):
        await scene.bot.send(Reply(message, f"答案 {n}"), f"k{n}")
    texts = [entry["rsp"]["text"] for entry in await scene.app.poll()]
    assert texts == [f"答案 {n}" for n in range(20, 120)]


async def test_the_same_words_at_once_are_one_message_and_later_another(scene: Scene) -> None:
    first = await scene.hear()
    again = await scene.app.see("怎么安装？")
    await scene.app.until(lambda: again.status == 200)
    other = await scene.hear("怎么安装？", person="鲍勃")
    scene.clock.now += 61
    later = await scene.hear()
    assert len({first.id, other.id, later.id}) == 3
    assert {message.id for message in scene.core.messages} == {first.id, other.id, later.id}


async def test_our_own_words_are_not_heard(scene: Scene) -> None:
    own = await scene.app.see("答案", person=NAME)
    await scene.app.until(lambda: own.status)
    await scene.hear()
    assert [message.text for message in scene.core.messages] == ["怎么安装？"]
    assert scene.bot.health().counters["ignored: own message"] == 1


async def test_strangers_are_turned_away_counted_and_stop_nothing(scene: Scene) -> None:
    url, body = scene.app.endpoint().partition("?")[0], body_of("陌生人", "x", GROUP, "text")
    tries: list[tuple[str, dict[str, str]]] = [
        (url, {}),
        (f"{url}?token=", {}),
        (f"{url}?token=wrong", {}),
        (url, {"Authorization": "Bearer wrong"}),
        (f"{url}?token=%ed%a0%80", {}),
    ]
    async with aiohttp.ClientSession() as session:
        for address, headers in tries:
            async with session.post(address, json=body, headers=headers) as answer:
                assert answer.status == 401
        async with session.post(url, json=body, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 200
    await scene.hear()
    assert [message.text for message in scene.core.messages] == ["陌生人", "怎么安装？"]
    assert scene.bot.health().counters["strangers"] == 5


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"groupname": GROUP, "username": "x"},
        {"groupname": "", "username": "x", "query": {"type": "text", "content": "y"}},
        {"groupname": GROUP, "username": "x", "query": {"type": "text", "content": 5}},
        {"groupname": GROUP, "username": "x", "query": {"type": "dance", "content": "y"}},
        {"groupname": "长" * 300, "username": "x", "query": {"type": "text", "content": "y"}},
        {"groupname": GROUP, "username": "x", "query": "text"},
    ],
)
async def test_a_malformed_post_is_refused_and_stops_nothing(scene: Scene, body: dict[str, Any]) -> None:
    async with aiohttp.ClientSession() as session, session.post(scene.app.endpoint(), json=body) as answer:
        assert answer.status == 400
    await scene.hear()
    assert scene.bot.health().counters["malformed"] == 1


async def test_what_could_not_be_stored_is_refused() -> None:
    bot, core = adapter_for(), Recorder(broken=1)
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        post = await app.see("怎么安装？")
        await app.until(lambda: post.status)
        assert post.status == 503
        await app.redeliver()
        await core.until(lambda: bool(core.messages))


async def test_an_empty_token_lets_nobody_in_and_a_port_in_use_is_named(scene: Scene) -> None:
    bot = adapter_for(token="")
    async with running(bot), aiohttp.ClientSession() as session:
        answer = await session.post(f"http://127.0.0.1:{bot.port}/?token=", json={})
        assert answer.status == 401
    with pytest.raises(AdapterError, match=r"set \[android\] port"):
        await adapter_for(port=scene.bot.port).run(Recorder())


async def test_the_status_says_when_the_app_was_there_and_what_it_cannot_see(scene: Scene) -> None:
    assert "no app yet" in scene.bot.health().detail
    await scene.app.poll()
    assert "polled last at" in scene.bot.health().detail and "are missed" in scene.bot.health().detail
