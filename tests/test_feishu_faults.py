"""What the platform does to a bot in a year, against the whole bot. Each question: one outcome, at most one reply."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from feishu_platform import Chat, Entry, Fault, FeishuPlatform, Refusal
from feishu_platform_bot import PATIENCE_S, QUESTIONS, SOAK, Bot, bot_process, open_bot, open_webhook_bot, reply_to

OUTAGE_S, ROUNDS, PAUSE_S = (300.0, 200, 6.0) if SOAK else (3.0, 40, 0.2)
pytestmark = pytest.mark.timeout(2400 if SOAK else 120)


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        yield platform


async def ask(platform: FeishuPlatform, number: int = 0, **options: object) -> Entry:
    return await platform.say(QUESTIONS[number % len(QUESTIONS)], mention=True, **options)  # type: ignore[arg-type]


async def answered(bot: Bot, *entries: Entry) -> None:
    outcomes = await bot.settled(*entries)
    assert {outcome.name for outcome in outcomes} == {"answered"}, outcomes
    assert all(reply_to(bot.platform, entry) for entry in entries)


async def test_a_mention_is_answered_in_its_place_and_other_talk_is_not(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        talk = await platform.say(QUESTIONS[0])
        question = await ask(platform)
        await answered(bot, question)
        assert [outcome.name for outcome in await bot.ended(talk)] == ["silent"]
        shown = reply_to(platform, question)
        assert shown and "pip install zephyrlink" in shown.text
        assert [entry.reactions for entry in (talk, question)] == [{}, {}]
    assert platform.connections == 0


async def test_over_the_webhook_it_is_the_same_bot(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_webhook_bot(tmp_path, platform) as bot:
        first = await ask(platform)
        await answered(bot, first)
        await platform.redeliver(platform.delivery(first), new_event_id=True)
        second = await ask(platform, 1)
        await answered(bot, first, second)
    assert platform.link.opened == 0


# --- deliveries ---


async def test_an_event_that_comes_three_times_is_answered_once(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question = await ask(platform)
        delivery = platform.delivery(question)
        await platform.redeliver(delivery)
        await platform.redeliver(delivery, new_event_id=True)
        await answered(bot, question)
        await platform.redeliver(delivery, new_event_id=True)
        last = await ask(platform, 1)
        await answered(bot, question, last)
        assert bot.adapter.health().counters["repeated"] >= 3


async def test_an_answered_message_that_comes_again_after_hours_and_a_restart_is_known(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question = await ask(platform)
        await answered(bot, question)
    platform.skip(6 * 3600)
    async with open_bot(tmp_path, platform, ahead=timedelta(hours=6)) as bot:
        await platform.redeliver(platform.delivery(question))
        await platform.redeliver(platform.delivery(question), new_event_id=True)
        last = await ask(platform, 1)
        await answered(bot, question, last)
    assert len(platform.shown()) == 2


async def test_a_first_delivery_after_hours_ends_as_expired_without_a_reply(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question = await ask(platform, age_s=5 * 3600)
        assert [outcome.name for outcome in await bot.settled(question)] == ["expired"]
    assert platform.shown() == []


async def test_a_burst_of_300_survives_a_cut_connection(platform: FeishuPlatform, tmp_path: Path) -> None:
    chats = [f"oc_{number}" for number in range(10)]
    platform.world.chats |= {chat: Chat(chat) for chat in chats}
    platform.link.backfill_with_new_ids = True
    async with open_bot(tmp_path, platform) as bot:
        entries = []
        async with platform.held():
            for number in range(300):
                place = {"chat": chats[number % len(chats)], "sender": f"ou_{number}"}
                said = ask(platform, number, **place) if number % 100 < 10 else platform.say(f"闲聊 {number}", **place)
                entries.append(await said)
        await platform.until(lambda: sum(delivery.acked for delivery in platform.link.deliveries) >= 50)
        assert len(platform.unacknowledged) > 0
        await platform.cut()
        questions = [entry for number, entry in enumerate(entries) if number % 100 < 10]
        await bot.settled(*entries)
        await answered(bot, *questions)
        assert platform.link.opened >= 2
    assert len(platform.shown()) == len(questions) == 30


# --- the connection ---


async def test_an_endpoint_that_never_answers_delays_and_loses_nothing(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        platform.fail(Fault(hang=True), "callback/ws/endpoint", times=2)
        await platform.cut()
        question = await ask(platform)
        await answered(bot, question)


@pytest.mark.parametrize("refusal", [Refusal(), Refusal(403, 0, "forbidden")], ids=["514", "403"])
async def test_a_refused_handshake_leaves_no_zombie(platform: FeishuPlatform, tmp_path: Path, refusal: Refusal) -> None:
    async with open_bot(tmp_path, platform) as bot:
        platform.refuse_handshakes(2, refusal)
        await platform.cut()
        question = await ask(platform)
        await answered(bot, question)
        assert platform.connections == 1


async def test_a_half_open_connection_is_noticed(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        await platform.freeze()
        question = await ask(platform)
        await answered(bot, question)


# --- calls ---

REPLY = "/reply"


async def test_a_revoked_token_is_replaced(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        first = await ask(platform)
        await answered(bot, first)
        platform.revoke_tokens()
        second = await ask(platform, 1)
        await answered(bot, first, second)


async def test_a_limit_with_a_reset_header_is_waited_out(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        platform.fail(Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": "2"}), REPLY, times=1)
        question = await ask(platform)
        await answered(bot, question)
        refused, accepted = [call for call in platform.calls(REPLY) if call.path.endswith(REPLY)][:2]
        assert accepted.at - refused.at >= 2.0
        assert accepted.body["uuid"] == refused.body["uuid"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(code=230020),
        Fault(code=11232),
        Fault(status=502, html=True),
        Fault(status=200, html=True),
        Fault(drop=True),
        Fault(after_effect=True),
        Fault(after_effect=True, hang=True),
        Fault(hang=True),
    ],
    ids=["230020", "11232", "502", "html", "dropped", "answer lost", "answer never came", "never answered"],
)
async def test_a_send_in_trouble_is_repeated_under_the_same_key(
    platform: FeishuPlatform, tmp_path: Path, fault: Fault
) -> None:
    async with open_bot(tmp_path, platform) as bot:
        platform.fail(fault, REPLY, times=2)
        first, second = await ask(platform), await ask(platform, 1)
        await answered(bot, first, second)
        uuids = [call.body["uuid"] for call in platform.calls(REPLY)]
        assert len(uuids) >= 4 and len(set(uuids)) == 2
    assert len(platform.shown()) == 2


async def test_a_refused_card_becomes_text(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        trap = platform.fail(
            Fault(code=230099), REPLY, times=100, where=lambda body: body.get("msg_type") == "interactive"
        )
        question = await ask(platform)
        await answered(bot, question)
        assert trap.times < 100
    assert [shown.msg_type for shown in platform.shown()] == ["text"]


async def test_a_question_recalled_before_its_answer_gets_none(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        platform.fail(Fault(code=230011), REPLY, times=100)
        question = await ask(platform)
        await bot.ended(question)
        platform.traps.clear()
        last = await ask(platform, 1)
        await answered(bot, last)
    assert reply_to(platform, question) is None


async def test_an_answer_goes_with_its_question(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        question = await ask(platform)
        await answered(bot, question)
        await platform.recall(question)
        await platform.until(lambda: not platform.shown(), PATIENCE_S)


# --- all at once ---


async def test_an_outage_of_every_call_delays_and_loses_nothing(platform: FeishuPlatform, tmp_path: Path) -> None:
    async with open_bot(tmp_path, platform) as bot:
        first = await ask(platform)
        await answered(bot, first)
        outage = platform.fail(Fault(status=502, html=True), "/", times=10**9)
        second, third = await ask(platform, 1), await ask(platform, 2)
        await asyncio.sleep(OUTAGE_S / 2)
        await platform.cut()
        fourth = await ask(platform)
        await asyncio.sleep(OUTAGE_S / 2)
        assert len(platform.shown()) == 1
        outage.times = 0
        await platform.until(lambda: len(platform.shown()) == 4, PATIENCE_S)
        await answered(bot, first, second, third, fourth)


async def test_whatever_comes_in_any_order_each_question_has_one_reply(
    platform: FeishuPlatform, tmp_path: Path
) -> None:
    chance = random.Random(4)
    chats = [f"oc_{number}" for number in range(4)]
    platform.world.chats |= {chat: Chat(chat) for chat in chats}
    troubles = [Fault(code=230020), Fault(status=502, html=True), Fault(drop=True), Fault(after_effect=True)]
    entries: list[Entry] = []
    async with open_bot(tmp_path, platform) as bot:
        for number in range(ROUNDS):
            entries.append(await ask(platform, number, chat=chance.choice(chats), sender=f"ou_{number}"))
            match chance.randrange(6):
                case 0:
                    await platform.cut()
                case 1:
                    platform.revoke_tokens()
                case 2:
                    platform.fail(chance.choice(troubles), "/im/v1/messages", times=chance.randint(1, 3))
                case 3:
                    old = platform.delivery(chance.choice(entries))
                    await platform.redeliver(old, new_event_id=chance.random() < 0.5)
                case 4:
                    platform.refuse_handshakes()
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
        await answered(bot, *entries)
    assert len(platform.shown()) == len(entries)


# --- kill -9 ---


@pytest.mark.parametrize("posted", [False, True], ids=["before the post", "after the post"])
async def test_killed_between_storing_and_replying_it_replies_once(
    platform: FeishuPlatform, tmp_path: Path, posted: bool
) -> None:
    trap = platform.fail(Fault(after_effect=posted, hang=True), REPLY, times=100)
    async with bot_process(tmp_path, platform):
        first, second = await ask(platform), await ask(platform, 1)
        await platform.until(lambda: platform.calls(REPLY) and not platform.unacknowledged, PATIENCE_S)
    assert len(platform.shown()) == int(posted)
    trap.times = 0
    async with open_bot(tmp_path, platform) as bot:
        third = await ask(platform, 2)
        await answered(bot, first, second, third)
