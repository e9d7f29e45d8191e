"""The login behind wkteam: scanning, logout, restarts, wrong credentials and outages."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_contract import Recorder
from running import running, until
from wkteam_platform import BOT, TOO_OFTEN, WkteamPlatform
from wkteam_running import QUICK, adapter_for, hear, up

from adapters.base import AdapterError, Reply
from adapters.wechat.wkteam import Timings


@pytest.fixture
async def platform() -> AsyncIterator[WkteamPlatform]:
    async with WkteamPlatform() as running:
        yield running


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


@pytest.mark.parametrize("path", ["/member/login", "/setHttpCallbackUrl"])
async def test_a_refusal_at_the_start_that_may_pass_is_tried_again(platform: WkteamPlatform, path: str) -> None:
    platform.fail_next(path, TOO_OFTEN, times=2)
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, adapter, core)
    assert len(platform.calls(path)) == 3


async def test_an_account_whose_login_is_answered_with_401_is_told_for_good(platform: WkteamPlatform) -> None:
    platform.fail_next("/member/login", "unauthorized")
    async with running(adapter_for(platform)) as task:
        await asyncio.wait([task], timeout=10)
        error = task.exception()
    assert isinstance(error, AdapterError) and error.permanent and "[wkteam] account and password" in str(error)


def test_the_usual_timings_look_at_the_login_within_an_outage_of_ten_seconds() -> None:
    usual = Timings()
    assert usual.check_every_s < 10 and usual.check_timeout_s + usual.retry_cap_s < 10


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


async def test_the_notice_of_a_logout_is_followed_up_at_once(platform: WkteamPlatform) -> None:
    """The next look would come in an hour: only the notice can be why."""
    adapter = adapter_for(platform, timings=replace(QUICK, check_every_s=3_600))
    async with running(adapter):
        await up(adapter)
        await platform.log_out()
        await platform.post({"messageType": "30000", "wcId": BOT, "data": {}})
        await until(lambda: "scan the code" in adapter.health().detail)


async def test_a_service_that_forgot_the_callback_over_an_outage_is_told_it_again(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform)
    async with running(adapter, core):
        await hear(platform, adapter, core)
        await platform.go_away()
        await until(lambda: adapter.health().state == "down")
        platform.world.callback_url = ""
        await platform.come_back()
        await hear(platform, adapter, core, "之后")
    assert len(platform.calls("/setHttpCallbackUrl")) == 2


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
