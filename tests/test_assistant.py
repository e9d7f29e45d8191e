"""What happens to a message in a group, from delivery to the stored outcome: the whole bot on a fake platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import ADMIN, make_settings, open_group
from llm_server import LLMServer

from adapters.base import Abilities, Person
from bot.config import Settings, load


async def test_a_question_the_documents_cover_is_answered_with_a_citation(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？")
    assert done["outcome"] == "answered"
    assert "pip install zephyrlink" in done["answer"]
    assert [c["uri"] for c in done["citations"]] == ["install.md"]
    assert "[1]" in done["replies"][0]
    assert done["probability"] >= done["threshold"]
    assert done["reasons"]


async def test_chatter_gets_silence(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        for text in ("早上好各位", "哈哈哈哈哈", "中午吃什么好", "[捂脸]", "😂😂😂", "lol nice"):
            done = await group.say(text)
            assert (done["outcome"], done["replies"]) == ("silent", []), text


async def test_a_mention_that_nothing_covers_gets_one_honest_line(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("火星上的氧气含量是多少", mentions_bot=True)
        english = await group.say("What is the oxygen level on Mars?", mentions_bot=True)
    assert done["outcome"] == english["outcome"] == "abstained"
    assert "知识库里没有找到" in done["replies"][0]
    assert "does not cover" in english["replies"][0]


async def test_a_greeting_is_greeted_and_thanks_below_an_answer_stay_without_a_reply(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        greeted = await group.say("你好", mentions_bot=True)
        answer = await group.say("Zephyrlink 怎么安装？")
        thanked = await group.say("谢谢", quoted_id=answer["posts"][0].id, quote="…")
    assert greeted["outcome"] == "abstained"
    assert "/help" in greeted["replies"][0] and "没有找到" not in greeted["replies"][0]
    assert (thanked["outcome"], thanked["replies"]) == ("silent", [])


async def test_a_follow_up_says_what_it_was_judged_with(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        first = await group.say("Zephyrlink 怎么安装到 Windows？")
        more = await group.say("那端口呢？")
        stranger = await group.say("那端口呢？", sender="carol")
    assert more["reasons"][-1] == "和上文“Zephyrlink 怎么安装到 Windows？”连起来判断"
    assert not any("上文" in reason for reason in (*first["reasons"], *stranger["reasons"]))


async def test_a_mention_without_a_question_is_told_how_to_ask(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("  ", mentions_bot=True)
    assert "/help" in done["replies"][0]


async def test_a_direct_chat_counts_as_a_mention(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("火星上有什么", kind="direct")
    assert done["outcome"] == "abstained"
    assert done["replies"]


@pytest.mark.parametrize(
    ("mode", "mention", "outcome"),
    [("mention", False, "silent"), ("mention", True, "answered"), ("off", True, "silent")],
)
async def test_the_mode_of_a_group_decides_what_is_read(tmp_path: Path, mode: str, mention: bool, outcome: str) -> None:
    async with open_group(tmp_path, f"group:fake:g1.mode={mode}") as group:
        done = await group.say("Zephyrlink 怎么安装？", mentions_bot=mention)
    assert done["outcome"] == outcome


async def test_a_message_to_somebody_else_or_about_a_persons_words_stays_unanswered(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        other = await group.say("Zephyrlink 怎么安装？", mentions=(Person("fake", "bob", "Bob"),))
        named = await group.say("@Bob Zephyrlink 怎么安装？")
        quoting = await group.say("Zephyrlink 怎么安装？", quote=other["message"])
    assert {other["outcome"], named["outcome"], quoting["outcome"]} == {"silent"}


async def test_quoting_the_bots_answer_addresses_it(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        first = await group.say("Zephyrlink 怎么安装？")
        done = await group.say("火星上呢", quoted_id=first["posts"][0].id, quote="…")
    assert done["outcome"] in ("abstained", "answered")
    assert done["replies"]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u202e\u202d\u2066", "\x00\x01\x07", "🎉" * 50, "长" * 1_000_000, "[图片]", "\u200b"]
)
async def test_odd_texts_end_with_one_outcome_and_no_reply(tmp_path: Path, text: str) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say(text)
    assert (done["outcome"], done["replies"]) == ("silent", [])


async def test_without_knowledge_a_mention_is_told_what_to_do_and_others_stay_unanswered(tmp_path: Path) -> None:
    async with open_group(tmp_path, build=False) as group:
        passive = await group.say("Zephyrlink 怎么安装？")
        mention = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
    assert passive["outcome"] == mention["outcome"] == "failed:retrieve"
    assert passive["replies"] == []
    assert "qunda build" in mention["replies"][0]


async def test_limits_say_so_once_to_who_mentions_and_never_to_the_group(tmp_path: Path) -> None:
    async with open_group(tmp_path, "bot.per_person_per_hour=1") as group:
        first = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        second = await group.say("Zephyrlink 怎么修改端口？", mentions_bot=True)
        third = await group.say("Zephyrlink 怎么修改端口？", mentions_bot=True)
        passive = await group.say("Zephyrlink 怎么修改端口？")
    assert first["outcome"] == "answered"
    assert second["outcome"] == third["outcome"] == passive["outcome"] == "limited"
    assert "分钟后再问" in second["replies"][0]
    assert third["replies"] == passive["replies"] == []


async def test_nobody_gets_lines_without_end_for_what_the_documents_do_not_say(tmp_path: Path) -> None:
    async with open_group(tmp_path, "bot.per_person_per_hour=2") as group:
        told = [await group.say(f"量子纠缠的本征态怎么塌缩第 {n} 次", mentions_bot=True) for n in range(5)]
    assert [done["outcome"] for done in told] == ["abstained", "abstained", "limited", "limited", "limited"]
    assert [len(done["replies"]) for done in told] == [1, 1, 1, 0, 0]
    assert "分钟后再问" in told[2]["replies"][0]


async def test_a_streaming_platform_shows_the_answer_as_it_grows(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        server.script = lambda body: "运行 `pip install zephyrlink` 即可安装 [1]。"
        abilities = Abilities(stream=True, react=True, max_chars=4000)
        async with open_group(
            tmp_path, settings=llm_settings(tmp_path, server.url, "scripted"), abilities=abilities
        ) as group:
            done = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
    assert done["outcome"] == "answered"
    assert len(group.adapter.shown) > 1, "nothing was shown while the model wrote"
    assert group.adapter.signs == [("on", done["message"].id), ("off", done["message"].id)]
    assert len(done["posts"]) == 1


FAULTS = {
    "silent": ("failed:timeout", "没有在时限内"),
    "stalls": ("failed:timeout", "没有在时限内"),
    "dies": ("failed:generate", "暂时不可用"),
    "unauthorized": ("failed:generate", "api_key"),
    "limited": ("failed:generate", "限流"),
    "html": ("failed:generate", "暂时不可用"),
    "empty": ("failed:generate", "暂时不可用"),
    "broken": ("failed:generate", "暂时不可用"),
}


@pytest.mark.parametrize("scenario", FAULTS)
async def test_a_model_that_fails_leaves_a_mention_one_honest_line_and_others_silence(
    tmp_path: Path, scenario: str
) -> None:
    outcome, words = FAULTS[scenario]
    async with (
        LLMServer().run() as server,
        open_group(tmp_path, settings=llm_settings(tmp_path, server.url, scenario)) as group,
    ):
        mention = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        passive = await group.say("Zephyrlink 怎么安装？", sender="carol")
        why = await group.say("/why", sender=ADMIN)
    assert mention["outcome"] == passive["outcome"] == outcome
    assert words in mention["replies"][0]
    assert len(mention["posts"]) == 1
    assert passive["replies"] == []
    assert ("timeout" if outcome == "failed:timeout" else ":") in why["replies"][0]


def llm_settings(folder: Path, url: str, scenario: str) -> Settings:
    """The scripted server as the language model; its model's name is the scenario."""
    make_settings(folder)
    overrides = (
        "gate.quiet_window_s=0",
        "llm.backend=openai",
        f"llm.base_url={url}",
        f"llm.model={scenario}",
        "llm.api_key=k",
        "llm.max_retries=0",
        "llm.timeout_s=2",
        "llm.first_token_timeout_s=0.3",
    )
    return load(folder / "config.ini", data=folder / "data", overrides=overrides, environ={})
