"""Replies that grow in Feishu: always closed, never doubled, and falling back step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from feishu_platform import Fault, FeishuPlatform
from test_feishu_send import message_of

from adapters.base import AdapterError, Message, Reply
from adapters.feishu import FeishuAdapter, FeishuSettings, Timings

QUICK = Timings(call_timeout_s=0.5)


@dataclass
class Paces:
    """A clock whose time passes only when told; nobody here waits for long."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Desk:
    platform: FeishuPlatform
    bot: FeishuAdapter
    clock: Paces
    message: Message

    def shown(self) -> list[tuple[str, bool, str]]:
        """Kind, whether it is finished, and the text of each message of the bot."""
        return [(s.msg_type, s.finished, text_in(s.content)) for s in self.platform.shown()]

    async def grow(self, stream: Any, *texts: str) -> None:
        for text in texts:
            self.clock.time += 1.5
            await stream.update(text)


def text_in(content: dict[str, Any]) -> str:
    return str(content["body"]["elements"][0]["content"] if "body" in content else content["text"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with FeishuPlatform() as platform:
        world, clock = platform.world, Paces()
        settings = FeishuSettings(world.app_id, world.app_secret, platform.domain, timings=QUICK)
        bot = FeishuAdapter(settings, clock=clock)
        yield Desk(platform, bot, clock, message_of(await platform.say("怎么安装？")))
        await bot.close()


async def test_a_reply_grows_in_one_card_and_ends_with_sources_and_buttons(desk: Desk) -> None:
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        assert desk.shown() == [("interactive", False, "…")]
        await desk.grow(stream, "运行", "运行 make")
        sent = await stream.finish(Reply(desk.message, "运行 make demo。", confidence=0.9))
    assert desk.shown() == [("interactive", True, "运行 make demo。")]
    (card,) = desk.platform.world.cards.values()
    assert card.contents == ["运行", "运行 make"]
    assert card.sequences == sorted(set(card.sequences)) and not card.streaming
    assert card.element("votes") is not None
    assert [shown.id for shown in desk.platform.shown()] == list(sent.ids)


async def test_updates_keep_within_ten_a_second(desk: Desk) -> None:
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        began = desk.clock.time
        for n in range(100):
            desk.clock.time += 0.01
            await stream.update("x" * (n + 1))
        await stream.finish(Reply(desk.message, "done"))
    assert len(desk.platform.calls("/content", "PUT")) <= 10 * (desk.clock.time - began)


async def test_an_update_that_fails_spoils_nothing(desk: Desk) -> None:
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        desk.platform.fail(Fault(after_effect=True), "/content")
        with pytest.raises(AdapterError):
            await desk.grow(stream, "运行")
        await desk.grow(stream, "运行 make")
        await stream.finish(Reply(desk.message, "运行 make demo。"))
    assert desk.shown() == [("interactive", True, "运行 make demo。")]


async def test_what_was_not_finished_is_closed_and_withdrawn_also_when_cancelled(desk: Desk) -> None:
    grown = asyncio.Event()

    async def write() -> None:
        async with desk.bot.open_stream(desk.message, "k1") as stream:
            await desk.grow(stream, "运行")
            grown.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(write())
    await grown.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.shown() == []
    assert not any(card.streaming for card in desk.platform.world.cards.values())


async def test_a_card_whose_post_was_lost_on_the_way_back_is_opened_again_and_not_doubled(desk: Desk) -> None:
    desk.platform.fail(Fault(after_effect=True), "/reply")
    with pytest.raises(AdapterError) as caught:
        async with desk.bot.open_stream(desk.message, "k1"):
            pass
    assert not caught.value.outcome_known
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        await desk.grow(stream, "运行")
        await stream.finish(Reply(desk.message, "运行 make demo。"))
    assert desk.shown() == [("interactive", True, "运行 make demo。")]
    assert len(desk.platform.world.cards) == 1


async def test_a_last_update_that_was_lost_on_the_way_back_is_made_again(desk: Desk) -> None:
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        desk.platform.fail(Fault(after_effect=True), "/cardkit/v1/cards/", method="PUT")
        reply = Reply(desk.message, "运行 make demo。")
        with pytest.raises(AdapterError) as caught:
            await stream.finish(reply)
        assert not caught.value.outcome_known
        await stream.finish(reply)
    assert desk.shown() == [("interactive", True, "运行 make demo。")]


@pytest.mark.parametrize("fault", [Fault(code=99991672), Fault(status=502, html=True), Fault(code=300080)])
async def test_without_cardkit_a_card_is_posted_and_replaced(desk: Desk, fault: Fault) -> None:
    desk.platform.fail(fault, "/cardkit/v1/cards", times=99)
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        assert desk.shown() == [("interactive", True, "…")]
        await desk.grow(stream, "运行")
        assert desk.shown() == [("interactive", True, "运行 …")]
        await stream.finish(Reply(desk.message, "运行 make demo。"))
    assert desk.shown() == [("interactive", True, "运行 make demo。")]
    assert desk.bot.health().counters["card without streaming"] == 1


async def test_where_cards_are_refused_the_reply_comes_as_text_at_the_end(desk: Desk) -> None:
    refused = Fault(code=230099)
    desk.platform.fail(refused, "/reply", times=99, where=lambda body: body["msg_type"] == "interactive")
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        await desk.grow(stream, "运行")
        assert desk.shown() == []
        sent = await stream.finish(Reply(desk.message, "运行 **make demo**。"))
    assert desk.shown() == [("text", True, "运行 make demo。")]
    assert await desk.bot.send(Reply(desk.message, "运行 **make demo**。"), "k1") == sent


async def test_a_final_card_that_is_refused_is_a_known_failure_and_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(AdapterError) as caught:
        async with desk.bot.open_stream(desk.message, "k1") as stream:
            desk.platform.fail(Fault(code=300080), "/cardkit/v1/cards/", method="PUT")
            await stream.finish(Reply(desk.message, "运行 make demo。"))
    assert caught.value.outcome_known and caught.value.permanent
    assert desk.shown() == []


async def test_a_card_that_does_not_close_at_first_counts_as_finished(desk: Desk) -> None:
    desk.platform.fail(Fault(status=502, html=True), "/settings", times=99)
    async with desk.bot.open_stream(desk.message, "k1") as stream:
        await stream.finish(Reply(desk.message, "运行 make demo。"))
    assert desk.shown() == [("interactive", True, "运行 make demo。")]


async def test_a_stream_in_a_thread_stays_there(desk: Desk) -> None:
    message = message_of(await desk.platform.say("怎么安装？", parent=desk.message.id, thread="omt_1"))
    async with desk.bot.open_stream(message, "k1") as stream:
        await stream.finish(Reply(message, "运行 make demo。"))
    assert [shown.thread for shown in desk.platform.shown()] == ["omt_1"]


async def test_a_final_text_that_is_too_long_is_refused(desk: Desk) -> None:
    with pytest.raises(AdapterError) as caught:
        async with desk.bot.open_stream(desk.message, "k1") as stream:
            await stream.finish(Reply(desk.message, "长" * 4_001))
    assert caught.value.permanent and desk.shown() == []
