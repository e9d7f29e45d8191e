"""The Feishu adapter against the stand-in platform: the contract of every adapter, and what is special to Feishu."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_contract import AdapterContract, Fault, Posted, Recorder
from feishu_platform import Fault as PlatformFault
from feishu_platform import FeishuPlatform

from adapters.base import Adapter, AdapterError, Attachment, Message, Pressed, Reacted, Recalled, Reply
from adapters.feishu import FeishuAdapter, FeishuSettings, Timings
from adapters.feishu.sdk import load_sdk

QUICK = Timings(reconnect_base_s=0.05, watch_every_s=0.05, call_timeout_s=5)


def adapter_for(platform: FeishuPlatform, **settings: object) -> FeishuAdapter:
    world = platform.world
    return FeishuAdapter(
        FeishuSettings(world.app_id, world.app_secret, platform.domain, timings=QUICK, **settings)  # type: ignore[arg-type]
    )


class TestFeishu(AdapterContract):
    async def make_adapter(self, folder: Path) -> Adapter:
        await asyncio.to_thread(load_sdk)  # seconds, which no test should have to wait for
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


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    await asyncio.to_thread(load_sdk)
    async with FeishuPlatform() as platform:
        yield platform


@asynccontextmanager
async def heard_by(platform: FeishuPlatform, **settings: object) -> AsyncIterator[tuple[FeishuAdapter, Recorder]]:
    """An adapter that runs and hands what it hears to a recorder."""
    bot, core = adapter_for(platform, **settings), Recorder()
    task = asyncio.create_task(bot.run(core))
    try:
        await platform.until(lambda: platform.connections > 0)
        async with asyncio.timeout(10):
            yield bot, core
    finally:
        task.cancel()
        await asyncio.wait([task])
        await bot.close()


async def test_only_a_mention_by_id_counts_and_names_are_learnt_from_mentions(platform: FeishuPlatform) -> None:
    async with heard_by(platform) as (_, core):
        await platform.say("@_all 大家好")
        await platform.say("你怎么看", at=("ou_bob",))
        await platform.say("怎么安装？", mention=True, at=("ou_bob",))
        await core.until(lambda: len(core.messages) == 3)
    everybody, bob, both = core.messages
    assert [m.mentions_bot for m in core.messages] == [False, False, True]
    assert everybody.text == "@所有人 大家好" and everybody.mentions == ()
    assert [p.id for p in bob.mentions] == [p.id for p in both.mentions] == ["ou_bob"]
    assert "@Bob" in both.text and "@_user" not in both.text


async def test_its_own_and_other_bots_messages_are_counted_and_dropped(platform: FeishuPlatform) -> None:
    async with heard_by(platform) as (bot, core):
        await platform.say("构建失败", sender="ou_ci", sender_type="app")
        await platform.say("我说的", sender="ou_bot", sender_type="app")
        await platform.send("sticker", {"file_key": "k"})
        await platform.say("怎么安装？")
        await core.until(lambda: bool(core.messages))
        await platform.until(lambda: not platform.unacknowledged)
        counters = bot.health().counters
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert counters["ignored: another bot"] == counters["ignored: own message"] == counters["ignored: sticker"] == 1
    assert counters["messages"] == 1


async def test_a_name_is_there_from_the_second_message_on(platform: FeishuPlatform) -> None:
    async with heard_by(platform) as (_, core):
        await platform.say("first", sender="ou_alice")
        await platform.until(lambda: bool(platform.calls("/members")))
        while not core.messages or not core.messages[-1].sender.name:
            heard = len(core.messages)
            await platform.say("again", sender="ou_alice")
            await core.until(lambda heard=heard: len(core.messages) > heard)  # type: ignore[misc]
    assert core.messages[0].sender.name == "" and core.messages[-1].sender.name == "爱丽丝"


async def test_a_quote_of_what_was_heard_or_said_has_its_text_at_once(platform: FeishuPlatform) -> None:
    async with heard_by(platform) as (bot, core):
        first = await platform.say("启动时报错 E42", sender="ou_bob")
        await platform.say("这个怎么办？", mention=True, parent=first.id)
        await core.until(lambda: len(core.messages) == 2)
        sent = await bot.send(Reply(core.messages[1], "重启试试。"), "k1")
        await platform.say("试过了", parent=sent.ids[0])
        await core.until(lambda: len(core.messages) == 3)
    quotes = [message.quote for message in core.messages]
    assert quotes[0] is None
    assert quotes[1] and quotes[1].text == "启动时报错 E42" and quotes[1].author and quotes[1].author.id == "ou_bob"
    assert quotes[2] and quotes[2].text == "重启试试。" and quotes[2].author and quotes[2].author.is_bot


async def test_recalls_reactions_and_buttons_arrive_as_signals(platform: FeishuPlatform) -> None:
    async with heard_by(platform) as (bot, core):
        question = await platform.say("怎么安装？", mention=True)
        await core.until(lambda: bool(core.messages))
        sent = await bot.send(Reply(core.messages[0], "运行 make demo。", confidence=0.9), "k1")
        await platform.react(sent.ids[0], "THUMBSUP", by="ou_bob")
        await platform.press(sent.ids[0], {"action": "bad"}, by="ou_bob")
        await platform.recall(question)
        await core.until(lambda: len(core.events) == 4)
    reacted, pressed, recalled = core.events[1:]
    assert isinstance(reacted, Reacted) and (reacted.emoji, reacted.by.id) == ("THUMBSUP", "ou_bob")
    assert isinstance(pressed, Pressed) and (pressed.action, pressed.message_id) == ("bad", sent.ids[0])
    assert isinstance(recalled, Recalled) and (recalled.message_id, recalled.by) == (question.id, None)


async def test_a_file_that_looks_like_a_refusal_is_a_file(platform: FeishuPlatform) -> None:
    bot = adapter_for(platform)
    platform.world.resources["error.json"] = b'{"code": 99991663, "msg": "written by a member"}'
    entry = await platform.send("file", {"file_key": "error.json", "file_name": "error.json"})
    fetched = await bot.fetch(Attachment("file", "error.json", f"{entry.id}/error.json"), 1_000)
    assert fetched == platform.world.resources["error.json"]
    await bot.close()


async def test_two_bots_in_one_process_keep_apart(platform: FeishuPlatform) -> None:
    async with FeishuPlatform() as other, heard_by(platform) as (_, first), heard_by(other) as (_, second):
        for number in range(20):
            await platform.say(f"first {number}")
            await other.say(f"second {number}")
        for each in (platform, other):
            await each.until(lambda each=each: not each.unacknowledged)  # type: ignore[misc]
            assert each.link.opened == 1
    assert [message.text for message in first.messages] == [f"first {number}" for number in range(20)]
    assert [message.text for message in second.messages] == [f"second {number}" for number in range(20)]


async def test_wrong_credentials_end_the_run_for_good_and_say_what_to_do(platform: FeishuPlatform) -> None:
    platform.world.app_secret = "changed"
    bot = adapter_for(platform)
    bot_settings = replace(bot.settings, app_secret="wrong")
    bot = FeishuAdapter(bot_settings)
    with pytest.raises(AdapterError, match="app_secret") as caught:
        await bot.run(Recorder())
    assert caught.value.permanent
    assert platform.connections == 0


async def test_a_platform_that_is_away_at_the_start_is_worth_another_run(platform: FeishuPlatform) -> None:
    platform.fail(PlatformFault(status=502, html=True), "bot/v3/info")
    bot = adapter_for(platform)
    with pytest.raises(AdapterError) as caught:
        await bot.run(Recorder())
    assert not caught.value.permanent
