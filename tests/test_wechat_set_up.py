"""Setting up WeCom, wkteam and the Android route: config.ini, the adapters made from it, and what doctor says."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
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
WKTEAM: dict[str, object] = {
    **{"account": "account", "password": "password", "callback_url": "https://bot.example.org"},
    "port": 0,
}
ANDROID = ("android.token=0123456789abcdef", "android.port=0")


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
        *section("wkteam", account="a", base_url="http://w", callback_url="http://b"),
        *section("wkteam", groups="1@chatroom", forward="1@chatroom, 2@chatroom"),
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
        (section("wkteam", password="p", base_url="http://w", callback_url="http://b"), "no account"),
        (section("wkteam", account="a", base_url="http://w", callback_url="http://b"), "no password"),
        (section("wkteam", account="a", password="p", callback_url="http://b"), "no base_url"),
        (section("wkteam", account="a", password="p", base_url="http://w"), "no callback_url"),
        (section("wkteam", **{**WKTEAM, "base_url": "1.2.3.4:9899"}), "base_url = 1.2.3.4:9899 is no address"),
        (
            section("wkteam", **WKTEAM, base_url="http://w", callback_secret="a/b?"),
            "callback_secret has signs that no path can carry",
        ),
        (section("android", names="小助手"), "no token"),
    ]
    for overrides, says in cases:
        [found] = findings(*overrides, data=tmp_path)
        assert (found.state, found.detail) == ("error", says) and found.fix
        if "no account" not in says and "no bot_id" not in says and "no token" not in says:
            with pytest.raises(ConfigError, match=re.escape(says.removeprefix("no "))):
                enabled_adapters(settings(*overrides, data=tmp_path))


def test_a_route_that_is_only_switched_off_is_no_fault(tmp_path: Path) -> None:
    assert (
        findings("wkteam.mode=off", "android.mode=mention", "wecom.mode=off", "wechaty.mode=off", data=tmp_path) == []
    )


def test_doctor_says_that_a_screen_shows_no_admins_and_that_an_address_carries_no_signs(tmp_path: Path) -> None:
    for overrides in (["bot.admins=android:爱丽丝"], ["group:android:技术群.admins=android:爱丽丝"]):
        found = {one.subject: one for one in findings(*ANDROID, *overrides, data=tmp_path)}
        assert found["android admins"].state == "warning" and found["android admins"].fix
    subjects = {one.detail for one in findings("android.token=0123456789/+&abcdef", "android.port=0", data=tmp_path)}
    assert "the token has signs that an address cannot carry as they are" in subjects


def test_doctor_sees_ports_that_two_routes_want_and_that_somebody_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = other.getsockname()[1]
        both = {**WKTEAM, "base_url": "http://127.0.0.1:1", "host": "127.0.0.1", "port": used}
        overrides = [*section("wkteam", **both), "android.token=0123456789abcdef", f"android.port={used}"]
        found = {one.subject: one for one in findings(*overrides, data=tmp_path)}
        assert found["android port"].state == "error" and "[wkteam] too" in found["android port"].detail
        assert found["wkteam port"].state == "warning" and "in use" in found["wkteam port"].detail
    found = {one.subject: one for one in findings(*ANDROID, "android.host=203.0.113.9", data=tmp_path)}
    assert found["android port"].state == "error" and "[android] host" in found["android port"].fix


def test_doctor_names_the_extra_where_the_packages_of_wechaty_are_missing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['wechaty_puppet'] = None\n"
        "from pathlib import Path; from bot.config import load; from bot.cli.doctor_wechat import examine_wechat\n"
        "where = ['wechaty.endpoint=127.0.0.1:1', 'wechaty.token=x']\n"
        f"chosen = load(Path({str(PROJECT / 'config.ini')!r}), overrides=where, environ={{}})\n"
        "print([(one.state, one.detail) for one in examine_wechat(chosen)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "pip install 'qunda[cpu,wechat]'" in done.stdout and "('error'" in done.stdout


def test_doctor_shows_the_url_of_the_android_app_and_not_its_token(tmp_path: Path) -> None:
    short, url, risk, *_ = findings("android.token=geheim", data=tmp_path)
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
        unread = {**values, "groups": "1@chatroom", "forward": "1@chatroom, 2@chatroom"}
        cut_off = await examined(tmp_path, *section("wkteam", **unread))
    assert [one.subject for one in found if one.state == "warning"] == ["wkteam", "wkteam forward", "wkteam risk"]
    [forward] = [one for one in cut_off if one.subject == "wkteam forward"]
    assert "nothing comes from 2@chatroom" in forward.detail and "[wkteam] groups" in forward.fix


def test_the_bot_serves_what_is_enabled_on_any_platform_and_doctor_counts_it(tmp_path: Path) -> None:
    chosen = settings("feishu.app_id=cli_x", "feishu.app_secret=s", "android.token=0123456789abcdef", data=tmp_path)
    assert [adapter.name for adapter in enabled_adapters(chosen)] == ["feishu", "android"]
    assert platform_modes(chosen) == {"feishu": "mention", **wechat_modes(chosen)}
    android = settings("android.token=0123456789abcdef", data=tmp_path)
    subjects = {finding.subject for finding in examine(android)}
    assert "android" in subjects and "adapters" not in subjects
    assert "adapters" in {finding.subject for finding in examine(settings(data=tmp_path))}
