"""What ``qunda doctor`` and ``qunda run`` say about Feishu."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from feishu_platform import Fault, FeishuPlatform

from bot.cli.doctor_feishu import NEEDS, examine_feishu
from bot.cli.findings import Finding
from bot.cli.serve import enabled_adapters, feishu_settings, platform_modes
from bot.config import ConfigError, load

ALL_SCOPES = [need.any_of[0] for need in NEEDS] + ["im:message.group_msg"]


@pytest.fixture
async def platform() -> AsyncIterator[FeishuPlatform]:
    async with FeishuPlatform() as platform:
        platform.world.scopes[:] = ALL_SCOPES
        yield platform


async def examine(platform: FeishuPlatform, *overrides: str) -> dict[str, list[Finding]]:
    world = platform.world
    keys = (f"feishu.app_id={world.app_id}", "feishu.app_secret=secret", f"feishu.domain={platform.domain}")
    settings = load(None, overrides=(*keys, *overrides), environ={})
    found = await asyncio.to_thread(examine_feishu, settings)
    return {finding.subject: [f for f in found if f.subject == finding.subject] for finding in found}


async def test_an_app_in_order_is_named_with_its_groups(platform: FeishuPlatform) -> None:
    found = await examine(platform)
    assert {finding.state for findings in found.values() for finding in findings} == {"ok"}
    assert "群答 (ou_bot)" in found["feishu"][0].detail
    assert "测试群 (feishu:oc_group)" in found["feishu groups"][0].detail


async def test_a_wrong_secret_is_an_error_that_says_where_to_find_it(platform: FeishuPlatform) -> None:
    found = await examine(platform, "feishu.app_secret=wrong")
    (finding,) = found["feishu"]
    assert finding.state == "error" and "Credentials & Basic Info" in finding.detail


async def test_a_platform_out_of_reach_points_to_the_network(platform: FeishuPlatform) -> None:
    (finding,) = (await examine(platform, "feishu.domain=http://127.0.0.1:9"))["feishu"]
    assert finding.state == "error" and "network" in finding.fix


@pytest.mark.parametrize(("code", "fix"), [(11205, "add Bot"), (99991401, "IP Whitelist")])
async def test_what_only_the_console_can_mend_is_told_with_the_place(
    platform: FeishuPlatform, code: int, fix: str
) -> None:
    platform.fail(Fault(code=code, msg="no"), "bot/v3/info")
    (finding,) = (await examine(platform))["feishu"]
    assert finding.state == "error" and fix in finding.fix


async def test_a_bot_that_is_not_in_use_yet_is_a_warning(platform: FeishuPlatform) -> None:
    platform.world.bot_status = 3
    _, finding = (await examine(platform))["feishu"]
    assert finding.state == "warning" and "publish a new version" in finding.fix


@pytest.mark.parametrize("keys", [(), ("feishu.encrypt_key=k",)], ids=["token", "key"])
async def test_a_webhook_that_only_the_token_guards_is_a_warning(
    platform: FeishuPlatform, keys: tuple[str, ...]
) -> None:
    found = await examine(platform, "feishu.transport=webhook", "feishu.verification_token=t", *keys)
    warned = ["encrypt_key" in finding.fix for finding in found["feishu"] if finding.state == "warning"]
    assert warned == ([] if keys else [True])


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.what)
async def test_each_missing_permission_is_named_with_the_reminder_to_publish(
    platform: FeishuPlatform, need: object
) -> None:
    assert need in NEEDS
    missing = next(each for each in NEEDS if each == need)
    platform.world.scopes[:] = [scope for scope in ALL_SCOPES if scope not in missing.any_of]
    findings = (await examine(platform))["feishu permissions"]
    told = next(finding for finding in findings if missing.what in finding.detail)
    assert missing.any_of[0] in told.fix and "publish a new version" in told.fix
    assert told.state == ("error" if missing.needed else "warning")


@pytest.mark.parametrize("mode", ["mention", "passive"])
async def test_that_only_mentions_arrive_is_a_hint_and_for_passive_mode_an_error(
    platform: FeishuPlatform, mode: str
) -> None:
    platform.world.scopes.remove("im:message.group_msg")
    (finding,) = (await examine(platform, f"feishu.mode={mode}"))["feishu messages"]
    assert "only mentions arrive" in finding.detail
    assert finding.state == ("error" if mode == "passive" else "ok")


async def test_one_passive_group_needs_all_messages_too(platform: FeishuPlatform) -> None:
    platform.world.scopes.remove("im:message.group_msg")
    (finding,) = (await examine(platform, "group:feishu:oc_group.mode=passive"))["feishu messages"]
    assert finding.state == "error" and "im:message.group_msg" in finding.fix


async def test_without_a_group_it_says_how_to_add_the_bot(platform: FeishuPlatform) -> None:
    platform.world.chats.clear()
    (finding,) = (await examine(platform))["feishu groups"]
    assert finding.state == "warning" and "Add Bot" in finding.fix


async def test_what_cannot_be_listed_is_a_warning_and_the_rest_is_still_checked(platform: FeishuPlatform) -> None:
    refused = (
        "Access denied. One of the following scopes is required: [im:chat:readonly, im:chat]. 应用尚未开通：[im:chat]"
    )
    platform.fail(Fault(code=99991672), "/scopes")
    platform.fail(Fault(code=99991672, msg=refused), "/chats")
    found = await examine(platform)
    assert "one of im:chat:readonly, im:chat (" in found["feishu groups"][0].detail
    assert found["feishu groups"][0].state == found["feishu permissions"][0].state == "warning"


def test_half_a_set_up_is_an_error_that_names_the_key() -> None:
    with pytest.raises(ConfigError, match="app_secret"):
        enabled_adapters(load(None, overrides=("feishu.app_id=cli_x",), environ={}))
    keys = ("feishu.app_id=cli_x", "feishu.app_secret=s", "feishu.transport=webhook")
    with pytest.raises(ConfigError, match="encrypt_key"):
        enabled_adapters(load(None, overrides=keys, environ={}))
    (finding,) = examine_feishu(load(None, overrides=("feishu.app_id=cli_x",), environ={}))
    assert finding.state == "error"


def test_the_app_id_enables_the_adapter_and_the_secret_may_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.ini"
    file.write_text("[feishu]\napp_id = cli_x\ndomain = lark\nmode = passive\n", "utf-8")
    settings = load(file, environ={"QUNDA_FEISHU_APP_SECRET": "hush"})
    assert [adapter.name for adapter in enabled_adapters(settings)] == ["feishu"]
    assert feishu_settings(settings).app_secret == "hush" and "hush" not in repr(settings)
    assert feishu_settings(settings).domain == "https://open.larksuite.com"
    assert platform_modes(settings)["feishu"] == "passive"
    assert enabled_adapters(load(None, environ={})) == []


@pytest.mark.parametrize("domain", ["http://open.feishu.cn", "https://open.feishu.cn/x", "https://a@b", "feishu.cn"])
def test_a_domain_to_which_secrets_should_not_go_is_refused(domain: str) -> None:
    with pytest.raises(ConfigError, match="domain"):
        load(None, overrides=(f"feishu.domain={domain}",), environ={})


def test_the_permissions_to_paste_cover_every_need_and_each_is_explained_in_both_languages() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "feishu.md").read_text("utf-8")
    blocks = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 1
    scopes = json.loads(blocks[0])["scopes"]
    assert scopes["user"] == [] and len(set(scopes["tenant"])) == len(scopes["tenant"])
    for need in NEEDS:
        assert need.any_of[0] in scopes["tenant"], need.what
    for scope in (*scopes["tenant"], "im:message.group_msg"):
        assert guide.count(f"| `{scope}`") >= 2, scope


async def test_documents_of_feishu_need_permissions_that_only_they_need(platform: FeishuPlatform) -> None:
    assert (await examine(platform))["feishu permissions"][0].state == "ok"
    entries = "knowledge.documents=feishu:wiki/wikAbc123, feishu:docx/doxAbc123"
    found = (await examine(platform, entries))["feishu permissions"]
    assert [finding.detail for finding in found] == [
        "the bot cannot list wikis",
        "the bot cannot read documents",
        "the bot cannot read sheets",
    ]
    assert found[0].fix.startswith("add wiki:wiki:readonly")
    platform.world.scopes += ["wiki:wiki:readonly", "docx:document", "sheets:spreadsheet:readonly"]
    assert (await examine(platform, entries))["feishu permissions"][0].state == "ok"
