"""The moderation endpoint: what it objects to is held back, and what happens when it cannot be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from group import ADMIN, make_settings, open_group
from llm_server import LLMServer
from moderation_server import ModerationServer

from adapters.base import Abilities
from bot.cli.doctor_safety import _endpoint
from bot.config import ConfigError, load
from bot.faults import Watch
from bot.safety.lists import Filter
from bot.safety.moderation import Moderator
from bot.safety.screen import Screen
from bot.sections_safety import SafetySettings
from rag.base import Question

INSTALL = "Zephyrlink 怎么安装？"


@pytest.fixture
async def server() -> AsyncIterator[ModerationServer]:
    async with ModerationServer().run() as running:
        yield running


async def asked(
    server: ModerationServer, text: str, moderator: Moderator | None = None, **options: object
) -> bool | None:
    made = moderator or Moderator(SafetySettings(moderation_url=server.url, **options))  # type: ignore[arg-type]
    try:
        return await made.flags(text)
    finally:
        await made.aclose()


async def test_the_endpoint_says_what_it_objects_to(server: ModerationServer) -> None:
    options = {"moderation_api_key": "sk-secret", "moderation_model": "guard"}
    assert await asked(server, "怎么做坏事", **options) is True
    assert await asked(server, "怎么安装", **options) is False
    assert server.requests[0] == {"input": "怎么做坏事", "model": "guard"}
    assert server.keys == ["Bearer sk-secret"] * 2


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("timeout", "raise [safety] moderation_timeout_s"),
        ("401", "QUNDA_SAFETY_MODERATION_API_KEY"),
        ("404", "check moderation_url and moderation_model"),
        ("429", "limits the rate"),
        ("500", "answered 500"),
        ("302", "answered 302"),
        ("broken", "no moderation result"),
        ("other", "no moderation result"),
        ("empty", "no moderation result"),
    ],
)
async def test_a_fault_is_no_verdict_and_is_counted_with_its_fix(
    server: ModerationServer, behaviour: str, message: str
) -> None:
    server.behaviour = behaviour
    section = SafetySettings(moderation_url=server.url, moderation_timeout_s=0.05 if behaviour == "timeout" else 5)
    moderator = Moderator(section)
    assert await asked(server, "怎么做坏事", moderator) is None
    fault = moderator.watch.fault
    assert fault is not None and message in fault.detail
    assert (fault.part, fault.state, fault.missed) == ("moderation", "failing", 1)


async def test_a_long_text_is_read_to_its_end_in_pieces(server: ModerationServer) -> None:
    assert await asked(server, "好。" * 3_999) is False
    assert isinstance(server.requests[-1]["input"], str)
    for at in (7_999, 15_000, 20_000):
        assert await asked(server, "好" * at + server.word + "好" * 500) is True
    assert all(len(piece) <= 8_000 for piece in server.requests[-1]["input"])


async def test_nobody_listening_is_a_fault_too(server: ModerationServer) -> None:
    moderator = Moderator(SafetySettings(moderation_url="http://127.0.0.1:9/v1/moderations"))
    assert await asked(server, "x", moderator) is None
    assert moderator.watch.fault and "cannot be reached" in moderator.watch.fault.detail


async def test_after_a_fault_it_rests_and_then_recovers(server: ModerationServer) -> None:
    now = 0.0
    moderator = Moderator(SafetySettings(moderation_url=server.url), Watch("moderation", lambda: now))
    server.behaviour = "500"
    assert await moderator.flags("x") is None
    server.behaviour = ""
    assert await moderator.flags("x") is None and len(server.requests) == 1  # it was not asked
    now = 400.0
    assert await moderator.flags("x") is False
    assert moderator.watch.fault and (moderator.watch.fault.state, moderator.watch.fault.missed) == ("recovered", 2)
    await moderator.aclose()


def test_the_key_comes_from_the_environment_and_a_wrong_address_is_told() -> None:
    environ = {"QUNDA_SAFETY_MODERATION_API_KEY": "k"}
    assert load(None, environ=environ).safety.moderation_api_key.get_secret_value() == "k"
    with pytest.raises(ConfigError, match="must start with http"):
        load(None, overrides=["safety.moderation_url=api.example.com"], environ={})


async def test_a_question_that_is_flagged_never_reaches_the_model(tmp_path: Path, server: ModerationServer) -> None:
    server.word = "怎么安装"
    async with LLMServer().run() as llm:
        overrides = ("llm.backend=openai", f"llm.base_url={llm.url}", "llm.model=scripted")
        async with open_group(tmp_path, f"safety.moderation_url={server.url}", *overrides) as group:
            said = await group.say(INSTALL, mentions_bot=True)
            assert (said["outcome"], said["replies"]) == ("abstained", ["这个问题我不便回答。"])
            overheard = await group.say(INSTALL)
            assert (overheard["outcome"], overheard["replies"]) == ("abstained", [])
            why = await group.say("/why", sender=ADMIN, mentions_bot=True)
            assert "内容审核接口" in why["replies"][0] and "怎么安装" not in why["replies"][0]
        assert llm.requests == []


async def test_an_answer_that_is_flagged_is_never_shown_not_even_in_part(
    tmp_path: Path, server: ModerationServer
) -> None:
    server.word = "生成配置文件"
    async with LLMServer().run() as llm:
        llm.script = lambda body: "用 pip install zephyrlink 安装 [1]。安装后运行 zephyrlink init 生成配置文件 [1]。"
        overrides = ("llm.backend=openai", f"llm.base_url={llm.url}", "llm.model=scripted")
        streams = Abilities(stream=True, max_chars=4000)
        async with open_group(tmp_path, f"safety.moderation_url={server.url}", *overrides, abilities=streams) as group:
            said = await group.say(INSTALL, mentions_bot=True)
            assert (said["outcome"], said["replies"]) == ("abstained", ["这个问题我不便回答。"])
            assert group.adapter.shown == []
        assert len(llm.requests) == 1


@pytest.mark.parametrize(("policy", "outcome"), [("allow", "answered"), ("withhold", "abstained")])
async def test_when_it_is_down_the_configuration_decides_and_status_tells(
    tmp_path: Path, server: ModerationServer, policy: str, outcome: str
) -> None:
    server.behaviour = "500"
    overrides = (f"safety.moderation_url={server.url}", f"safety.moderation_failure={policy}")
    async with open_group(tmp_path, *overrides) as group:
        said = await group.say(INSTALL, mentions_bot=True)
        assert said["outcome"] == outcome
        status = await group.say("/status", sender=ADMIN, mentions_bot=True)
        assert "内容审核接口" in status["replies"][0] and "500" in status["replies"][0]


async def test_what_is_sent_to_it_holds_no_secrets_and_no_numbers(server: ModerationServer) -> None:
    screen = Screen(Filter(()), Moderator(SafetySettings(moderation_url=server.url)))
    assert await screen.refusal(Question("怎么安装？手机 13812345678，密码：Qw3rty!7")) is None
    assert server.requests == [{"input": "怎么安装？手机 [phone]，密码：••••"}]
    assert screen.moderator is not None
    await screen.moderator.aclose()


async def test_the_doctor_asks_it(tmp_path: Path, server: ModerationServer) -> None:
    settings = make_settings(tmp_path, f"safety.moderation_url={server.url}")
    assert (await _endpoint(settings)).state == "ok"
    server.behaviour = "401"
    finding = await _endpoint(settings)
    assert finding.state == "error" and "QUNDA_SAFETY_MODERATION_API_KEY" in finding.detail
