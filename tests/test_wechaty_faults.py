"""What goes wrong with a gateway: outages, logins, other clients. A real gateway process; only waits are shorter."""

from __future__ import annotations

import asyncio

import pytest
from wechaty_gateway import Gateway, fresh_gateway
from wechaty_running import running, settings_for

from adapters.base import AdapterError, Reply
from adapters.wechat.wechaty import WechatyAdapter
from adapters.wechat.wechaty.shim import make_puppet


@pytest.fixture
def gateway() -> Gateway:
    return fresh_gateway()


# --- there is no gateway ---


async def test_a_gateway_that_is_absent_at_the_start_is_tried_until_it_comes(gateway: Gateway) -> None:
    gateway.kill()
    async with running(gateway, state="down") as bot:
        await bot.until(lambda: bot.adapter.health().counters["reconnects"] >= 2)
        assert "does not answer" in bot.adapter.health().detail
        gateway.start()
        await bot.until_state("up")
        assert (await bot.heard("回来了吗？")).text == "回来了吗？"
        assert "missed" not in bot.adapter.health().detail  # nothing was missed: it had never been there


async def test_a_wrong_token_is_told_at_once_and_is_not_repeated_anywhere(gateway: Gateway) -> None:
    adapter = WechatyAdapter(settings_for(gateway, token="not-the-token"))
    async with asyncio.timeout(5):
        with pytest.raises(AdapterError) as refused:
            await adapter.run(never)
    assert refused.value.permanent
    assert "QUNDA_WECHATY_TOKEN" in str(refused.value) and "not-the-token" not in str(refused.value)


async def test_without_a_token_nothing_is_tried() -> None:
    with pytest.raises(AdapterError, match="set \\[wechaty\\] token") as refused:
        await WechatyAdapter(settings_for(Gateway(token=""))).run(never)
    assert refused.value.permanent


@pytest.mark.parametrize("endpoint", ["127.0.0.1:", "localhost:http", ":8788", "127.0.0.1:99999"])
async def test_an_endpoint_that_is_none_is_told_for_good(endpoint: str) -> None:
    with pytest.raises(AdapterError, match="must be host:port") as refused:
        await WechatyAdapter(settings_for(Gateway(), endpoint=endpoint)).run(never)
    assert refused.value.permanent


# --- it goes and comes back ---


async def test_after_a_killed_gateway_is_back_the_bot_hears_again_and_says_what_it_may_have_missed(
    gateway: Gateway,
) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("在吗？")
        gateway.kill()
        await bot.until_state("down", "may be missed")
        with pytest.raises(AdapterError) as failed:
            await bot.adapter.send(Reply(message, "在"), "k1")
        assert failed.value.outcome_known and not failed.value.permanent and failed.value.retry_after_s
        gateway.start()
        await bot.until_state("up")
        assert (await bot.heard("又在了？")).text == "又在了？"
        health = bot.adapter.health()
        assert health.detail.startswith("1 interruptions") and "may have been missed" in health.detail
        assert health.counters["reconnects"] >= 1
        await bot.adapter.send(Reply(message, "在"), "k1")
        assert [post["text"] for post in gateway.posts()] == ["在"]


async def test_a_gateway_that_hangs_is_noticed_and_heard_again_when_it_goes_on(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        await bot.heard("在吗？")
        gateway.freeze()
        await bot.until_state("down", "no answer in time")
        gateway.thaw()
        await bot.until_state("up")
        assert (await bot.heard("好了？")).text == "好了？"
        assert "may have been missed" in bot.adapter.health().detail


async def test_the_session_starts_the_gateways_puppet_and_never_stops_it(gateway: Gateway) -> None:
    before = gateway.ask("seen")
    for _ in range(2):
        async with running(gateway) as bot:
            await bot.heard("在吗？")
    seen = gateway.ask("seen")
    assert seen["stops"] == before["stops"] and seen["starts"] <= 1


# --- another client ---


async def test_a_gateway_that_another_client_has_is_tried_until_the_other_leaves(gateway: Gateway) -> None:
    other = make_puppet(settings_for(gateway))
    await other.start()
    events = other.puppet_stub.event()
    await anext(events)
    async with running(gateway, state="down") as bot:
        await bot.until_state("down", "another client is connected")
        await events.aclose()
        await other.stop()
        await bot.until_state("up")
        assert (await bot.heard("轮到你了？")).text == "轮到你了？"
        assert bot.adapter.health().counters["refused for another client"] >= 1


async def test_a_client_that_stops_the_gateway_to_take_it_over_is_survived(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        other = make_puppet(settings_for(gateway))
        await other.puppet_stub.stop()  # as the stock client does at its start
        await other.stop()
        await bot.until(lambda: bot.adapter.health().counters["reconnects"] >= 1)
        await bot.until_state("up")
        assert (await bot.heard("还在？")).text == "还在？"


# --- the account ---


async def test_logout_and_login_are_seen_shown_and_survived(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("在吗？")
        gateway.ask("logout")
        await bot.until_state("down", "logged out")
        with pytest.raises(AdapterError, match="logged out") as failed:
            await bot.adapter.send(Reply(message, "在"), "k1")
        assert failed.value.outcome_known and not failed.value.permanent
        gateway.ask("login")
        await bot.until_state("up")
        assert bot.adapter.health().counters["logouts"] == 1
        await bot.adapter.send(Reply(message, "在"), "k1")
        assert len(gateway.posts()) == 1


async def test_a_code_to_scan_is_printed_once_as_a_link_and_drawn(gateway: Gateway) -> None:
    code = "http://weixin.qq.com/x/AbC-123"
    async with running(gateway) as bot:
        gateway.ask("logout")
        gateway.ask("scan", qrcode=code)
        gateway.ask("scan", qrcode=code)
        gateway.ask("scan", qrcode=code, status=3)  # scanned, not confirmed: nothing new to show
        await bot.until_state("down", code)
        gateway.ask("login")
        await bot.until_state("up")
    assert len(bot.shown) == 1
    assert code in bot.shown[0] and "https://wechaty.js.org/qrcode/http%3A%2F%2Fweixin" in bot.shown[0]
    assert any(block in bot.shown[0] for block in "█▀▄")


async def test_a_post_that_the_gateway_refuses_is_not_tried_again(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("在吗？")
        gateway.ask("fail", kind="permanent")
        with pytest.raises(AdapterError, match="no member") as refused:
            await bot.adapter.send(Reply(message, "在"), "k1")
        assert refused.value.permanent and refused.value.outcome_known
        assert gateway.posts() == []


async def test_a_gateway_that_swallows_a_post_leaves_its_outcome_unknown(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("在吗？")
        gateway.ask("fail", kind="hang")
        with pytest.raises(AdapterError) as failed:
            await bot.adapter.send(Reply(message, "在"), "k1")
        assert not failed.value.outcome_known
        assert len(gateway.posts()) == 1
        assert bot.adapter.health().state == "up"


async def test_a_gateway_that_gives_no_id_posts_all_the_same_but_cannot_recall(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("在吗？")
        gateway.ask("fail", kind="no id")
        sent = await bot.adapter.send(Reply(message, "在"), "k1")
        assert len(gateway.posts()) == 1 and sent.ids[0]
        with pytest.raises(AdapterError) as refused:
            await bot.adapter.recall(sent)
        assert refused.value.permanent


async def test_a_message_that_the_gateway_no_longer_knows_is_counted_and_the_next_is_heard(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        gateway.ask("again", id="long forgotten")
        assert (await bot.heard("在吗？")).text == "在吗？"
        assert bot.adapter.health().counters["lost: unreadable"] == 1


async def test_a_malformed_message_is_counted_and_the_next_is_heard(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        gateway.say("?", type=16)  # newer than the client
        gateway.say("?", at=9_999_999_999_999_999, id="far future")
        gateway.ask("again", id="")
        gateway.say("在吗？")
        await bot.core.until(lambda: len(bot.core.messages) == 2)
        assert [message.text for message in bot.core.messages] == ["?", "在吗？"]
        assert bot.core.messages[0].sent_at.year < 3000
        counters = bot.adapter.health().counters
        assert (counters["ignored: kind"], counters["malformed"]) == (1, 1)


async def never(event: object) -> bool:
    raise AssertionError(f"nobody said anything: {event}")
