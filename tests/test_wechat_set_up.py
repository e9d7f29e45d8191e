"""Setting up WeCom, wkteam and the Android route: config.ini, the adapters made from it, and what doctor says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from wecom_platform import WecomPlatform
from wkteam_platform import BOT, WkteamPlatform

from adapters.wechat.android import AndroidAdapter
from adapters.wechat.wecom import WecomAdapter
from adapters.wechat.wkteam import WkteamAdapter
from bot.cli.doctor import examine
from bot.cli.doctor_wechat import examine_wechat
from bot.cli.findings import Finding
from bot.cli.serve import enabled_adapters, platform_modes
from bot.cli.wechat_routes import enabled_wechat_adapters, wechat_modes
from bot.config import ConfigError, Settings, load

PROJECT = Path(__file__).parent.parent
WKTEAM = {"account": "account", "password": "password", "callback_url": "https://bot.example.org"}


def settings(*overrides: str, data: Path | None = None, **environ: str) -> Settings:
    return load(PROJECT / "config.ini", data=data, overrides=overrides, environ=environ)


def section(name: str, /, **values: object) -> list[str]:
    return [f"{name}.{key}={value}" for key, value in values.items()]


def findings(*overrides: str, data: Path) -> list[Finding]:
    return list(examine_wechat(settings(*overrides, data=data)))


async def examined(data: Path, *overrides: str) -> list[Finding]:
    """Off this loop, as doctor has one of its own."""
    return await asyncio.to_thread(findings, *overrides, data=data)


def test_each_route_is_enabled_by_its_first_key_and_takes_its_secrets_from_the_environment(tmp_path: Path) -> None:
    overrides = [
        *section("wecom", bot_id="bot-1", name="小助手"),
        *section("wkteam", account="a", base_url="http://w", groups="1@chatroom", forward="1@chatroom, 2@chatroom"),
        "wkteam.group_spacing_s=9",
        "bot.name=阿群",
    ]
    secrets = {"QUNDA_WECOM_SECRET": "s1", "QUNDA_WKTEAM_PASSWORD": "s2", "QUNDA_ANDROID_TOKEN": "s3"}
    chosen = settings(*overrides, data=tmp_path, **secrets)
    wecom, wkteam, android = enabled_wechat_adapters(chosen)
    assert isinstance(wecom, WecomAdapter) and isinstance(wkteam, WkteamAdapter) and isinstance(android, AndroidAdapter)
    assert (wecom.settings.bot_id, wecom.settings.secret, wecom.settings.name) == ("bot-1", "s1", "小助手")
    assert (wkteam.settings.password, wkteam.settings.forward) == ("s2", ("1@chatroom", "2@chatroom"))
    assert (wkteam.settings.names, wkteam.settings.state) == (("阿群",), tmp_path / "wkteam.json")
    assert wkteam.settings.pace.group_spacing_s == 9
    assert (android.settings.token, android.settings.names) == ("s3", ("阿群",))
    assert not any(secret in repr(chosen) for secret in secrets.values())


def test_wecom_answers_mentions_and_the_others_read_along_unless_told_otherwise() -> None:
    assert {name: mode for name, mode in wechat_modes(settings()).items() if name != "wechaty"} == {
        "wecom": "mention",
        "wkteam": "passive",
        "android": "passive",
    }
    assert wechat_modes(settings("wkteam.mode=off"))["wkteam"] == "off"


def test_a_misspelt_key_and_an_impossible_port_are_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'callback_url'"):
        settings("wkteam.calback_url=x")
    with pytest.raises(ConfigError, match="port"):
        settings("android.port=70000")


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    cases = [
        (section("wecom", bot_id="bot-1"), "no secret"),
        (section("wecom", secret="s"), "no bot_id"),
        (section("wkteam", account="a"), "no password"),
        (section("wkteam", account="a", password="p", base_url="http://w"), "no callback_url"),
    ]
    for overrides, says in cases:
        [found] = findings(*overrides, data=tmp_path)
        assert (found.state, found.detail) == ("error", says) and found.fix


def test_doctor_shows_the_url_of_the_android_app_and_not_its_token(tmp_path: Path) -> None:
    short, url, risk = findings("android.token=geheim", data=tmp_path)
    assert (short.state, url.state, risk.state) == ("warning", "ok", "warning")
    assert ":8096/?token=" in url.detail and "geheim" not in url.detail


async def test_doctor_reaches_wecom_without_throwing_out_the_bot_that_runs(tmp_path: Path) -> None:
    async with WecomPlatform() as platform:
        overrides = section("wecom", bot_id="bot-1", secret="secret-1", url=platform.ws_url)
        [found] = await examined(tmp_path, *overrides)
        assert (found.state, platform.world.subscriptions) == ("ok", 0)
        await platform.go_away()
        [found] = await examined(tmp_path, *overrides)
    assert found.state == "error" and "cannot be reached" in found.detail and found.fix


async def wrong_password(platform: WkteamPlatform) -> None:
    platform.world.passwords["account"] = "another"


async def nothing(platform: WkteamPlatform) -> None:
    pass


async def two_accounts(platform: WkteamPlatform) -> None:
    platform.world.online["wxid_other"] = "wid-9"


@pytest.mark.parametrize(
    ("before", "state", "says"),
    [
        (nothing, "ok", f"{BOT} is logged in"),
        (WkteamPlatform.log_out, "warning", "is not logged in"),
        (WkteamPlatform.go_away, "error", "no connection to wkteam"),
        (wrong_password, "error", "账号或密码错误"),
        (two_accounts, "error", "set [wkteam] wcid"),
    ],
)
async def test_doctor_sees_how_wkteam_is(
    tmp_path: Path, before: Callable[[WkteamPlatform], Coroutine[Any, Any, None]], state: str, says: str
) -> None:
    async with WkteamPlatform() as platform:
        await before(platform)
        found, risk = await examined(tmp_path, *section("wkteam", **WKTEAM, base_url=platform.url))
    assert found.state == state and says in found.detail
    assert bool(found.fix) == (state != "ok")
    assert risk.state == "warning" and not platform.world.callback_url


async def test_doctor_warns_of_addresses_and_groups_that_cannot_work(tmp_path: Path) -> None:
    async with WkteamPlatform() as platform:
        values = {**WKTEAM, "base_url": platform.url, "callback_url": "http://127.0.0.1:8095", "forward": "1@chatroom"}
        found = await examined(tmp_path, *section("wkteam", **values))
    assert [one.subject for one in found if one.state == "warning"] == ["wkteam", "wkteam forward", "wkteam risk"]


def test_the_bot_serves_what_is_enabled_on_any_platform_and_doctor_counts_it(tmp_path: Path) -> None:
    chosen = settings("feishu.app_id=cli_x", "feishu.app_secret=s", "android.token=0123456789abcdef", data=tmp_path)
    assert [adapter.name for adapter in enabled_adapters(chosen)] == ["feishu", "android"]
    assert platform_modes(chosen) == {"feishu": "mention", **wechat_modes(chosen)}
    android = settings("android.token=0123456789abcdef", data=tmp_path)
    subjects = {finding.subject for finding in examine(android)}
    assert "android" in subjects and "adapters" not in subjects
    assert "adapters" in {finding.subject for finding in examine(settings(data=tmp_path))}
