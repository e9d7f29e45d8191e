"""Setting the Wechaty route up: config.ini, the adapter made from it, doctor, the shim, and tests without Node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from wechaty_gateway import Gateway, fresh_gateway, need_gateway
from wechaty_running import running

from adapters.wechat.wechaty import WechatyAdapter
from bot.cli.doctor_wechat import examine_wechat
from bot.cli.findings import Finding
from bot.cli.wechat_routes import enabled_wechat_adapters, wechat_modes
from bot.config import ConfigError, Settings, load

PROJECT = Path(__file__).parent.parent


def settings(*overrides: str, **environ: str) -> Settings:
    return load(PROJECT / "config.ini", overrides=overrides, environ=environ)


@pytest.fixture
def gateway() -> Gateway:
    return fresh_gateway()


def test_the_route_is_off_until_it_has_an_endpoint() -> None:
    assert [adapter.name for adapter in enabled_wechat_adapters(settings())] == []
    assert list(examine_wechat(settings())) == []


def test_the_section_becomes_the_adapters_settings() -> None:
    chosen = settings(
        "wechaty.endpoint=127.0.0.1:8788",
        "wechaty.rooms=群答用户群, 2@chatroom",
        "wechaty.direct_messages=true",
        "wechaty.group_spacing_s=9",
        "wechaty.mode=mention",
        QUNDA_WECHATY_TOKEN="secret",
    )
    [adapter] = enabled_wechat_adapters(chosen)
    assert isinstance(adapter, WechatyAdapter)
    wechaty = adapter.settings
    assert (wechaty.endpoint, wechaty.token, wechaty.direct) == ("127.0.0.1:8788", "secret", True)
    assert (wechaty.rooms, wechaty.pace.group_spacing_s) == (("群答用户群", "2@chatroom"), 9.0)
    assert wechat_modes(chosen)["wechaty"] == "mention"
    assert "secret" not in repr(chosen.wechaty)


def test_a_pace_that_would_outlast_a_post_is_refused() -> None:
    with pytest.raises(ConfigError, match="delay_s"):
        settings("wechaty.delay_s=60")


def findings(*overrides: str) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine_wechat(settings(*overrides))}


def test_doctor_sees_a_gateway_and_names_the_risk(gateway: Gateway) -> None:
    found = findings(f"wechaty.endpoint={gateway.endpoint}", f"wechaty.token={gateway.token}")
    assert found["wechaty"].state == "ok" and gateway.endpoint in found["wechaty"].detail
    assert found["wechaty risk"].state == "warning"


@pytest.mark.parametrize(
    ("endpoint", "token", "says"),
    [
        ("", "x", "no endpoint"),
        ("{gateway}", "", "set [wechaty] token"),
        ("{gateway}", "not-the-token", "refuses the token"),
        ("127.0.0.1:1", "x", "does not answer"),
        ("nonsense:", "x", "must be host:port"),
    ],
)
def test_doctor_says_what_is_wrong_and_how_to_mend_it(gateway: Gateway, endpoint: str, token: str, says: str) -> None:
    endpoint = endpoint.format(gateway=gateway.endpoint)
    found = findings(f"wechaty.endpoint={endpoint}", f"wechaty.token={token}")["wechaty"]
    assert found.state == "error" and says in found.detail and found.fix
    assert "not-the-token" not in found.detail


def test_doctor_and_run_say_that_a_gateway_with_tls_needs_it_here_too() -> None:
    gateway = Gateway(tls=True)
    gateway.start()
    try:
        where = (f"wechaty.endpoint={gateway.endpoint}", f"wechaty.token={gateway.token}")
        assert "tls = true" in findings(*where)["wechaty"].detail
        untrusted = findings(*where, "wechaty.tls=true")["wechaty"]
        assert untrusted.state == "error" and "certificate" in untrusted.detail.lower()
    finally:
        gateway.kill()


def test_the_shim_leaves_nothing_behind_in_the_working_folder(tmp_path: Path) -> None:
    code = "from adapters.wechat.wechaty.shim import load_wechaty; load_wechaty(); print('loaded')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("loaded", "")
    assert list(tmp_path.iterdir()) == []


def test_without_node_tests_are_skipped_at_home_and_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="need Node"):
        need_gateway()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="need Node"):
        need_gateway()


async def test_a_gateway_with_its_usual_certificate_is_reached_over_tls(tmp_path: Path) -> None:
    gateway = Gateway(tls=True)
    gateway.start()
    try:
        async with running(gateway, tls=True, ca_file=str(gateway.write_ca(tmp_path)), tls_name="insecure") as bot:
            assert (await bot.heard("怎么安装？")).text == "怎么安装？"
    finally:
        gateway.kill()
