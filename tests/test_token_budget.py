"""Token budgets: what models take is counted, by whom and where, and quotes serve once a budget is used up."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import ADMIN, make_settings, open_group
from hypothesis import given
from hypothesis import strategies as st
from llm_server import LLMServer

from bot.budget import estimated_tokens
from bot.config import Settings
from bot.store import Spent

ASKED = "Zephyrlink 怎么安装？"
WRITTEN = "运行 `pip install zephyrlink` 即可安装 [1]。"
A_DAY = 24 * 3600.0


def settings_of(folder: Path, server: LLMServer, *overrides: str, model: str = "scripted") -> Settings:
    server.script = lambda body: WRITTEN
    chosen = ("llm.backend=openai", f"llm.base_url={server.url}", f"llm.model={model}")
    return make_settings(folder, *chosen, *overrides)


async def test_a_group_over_its_budget_is_answered_by_quotes_until_the_next_day(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        settings = settings_of(tmp_path, server, "llm.tokens_per_group_per_day=150")
        async with open_group(tmp_path, settings=settings) as group:
            written = await group.say(ASKED, mentions_bot=True)
            quoted = await group.say("怎么改端口？", mentions_bot=True)
            elsewhere = await group.say(ASKED, mentions_bot=True, chat="g2")
            calls = len(server.requests)
            status = await group.say("/status", sender=ADMIN)
            why = await group.say("/why", sender=ADMIN, quote=quoted["message"])
            group.clock.advance(A_DAY)
            tomorrow = await group.say(ASKED, mentions_bot=True)
    assert "即可安装" in written["answer"] and "即可安装" in elsewhere["answer"]
    assert quoted["outcome"] == "answered" and "port = 8080" in quoted["answer"]
    assert calls == 2
    assert "150 / 150" in status["replies"][0] and "300" in status["replies"][0]
    assert "预算用完" in why["replies"][0]
    assert "即可安装" in tomorrow["answer"]


async def test_a_restart_remembers_what_was_spent_by_whom(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        settings = settings_of(tmp_path, server, "llm.tokens_per_person_per_day=100")
        async with open_group(tmp_path, settings=settings) as group:
            await group.say(ASKED, mentions_bot=True)
            at = group.clock.now()
        async with open_group(tmp_path, settings=settings, sent_before=at) as group:
            again = await group.say(ASKED, mentions_bot=True)
            other = await group.say(ASKED, mentions_bot=True, sender="carol")
            stored = await group.store.spending.of(f"{at:%Y-%m-%d}")
    assert "即可安装" not in again["answer"] and "即可安装" in other["answer"]
    assert stored == [
        Spent("fake:g1", "fake:alice", 120, 30, calls=1, estimated=0),
        Spent("fake:g1", "fake:carol", 120, 30, calls=1, estimated=0),
    ]


async def test_a_group_may_have_a_budget_of_its_own_and_all_together_one(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        changes = ("llm.tokens_per_day=300", "group:fake:g2.tokens_per_group_per_day=100")
        async with open_group(tmp_path, settings=settings_of(tmp_path, server, *changes)) as group:
            small = [(await group.say(ASKED, mentions_bot=True, chat="g2"))["answer"] for _ in range(2)]
            large = [(await group.say(ASKED, mentions_bot=True))["answer"] for _ in range(2)]
    assert ["即可安装" in text for text in (*small, *large)] == [True, False, True, False]


async def test_where_a_server_tells_no_usage_it_is_estimated_and_not_asked_for_again(tmp_path: Path) -> None:
    async with (
        LLMServer().run() as server,
        open_group(tmp_path, settings=settings_of(tmp_path, server, model="no-usage")) as group,
    ):
        done = [await group.say(ASKED, mentions_bot=True) for _ in range(2)]
        stored = await group.store.spending.of(f"{group.clock.now():%Y-%m-%d}")
    assert [one["outcome"] for one in done] == ["answered", "answered"]
    assert ["stream_options" in body for body in server.requests] == [True, False, False]
    assert stored[0].calls == stored[0].estimated == 2
    asked = sum(len(message["content"]) for message in server.requests[-1]["messages"])
    assert asked / 4 < stored[0].prompt / 2 < asked


async def test_rewrites_are_counted_and_a_used_up_budget_asks_for_none(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        settings = settings_of(tmp_path, server, "llm.tokens_per_group_per_day=300")
        async with open_group(tmp_path, settings=settings) as group:
            await group.say("Zephyrlink 的端口怎么改？", mentions_bot=True)
            follow = await group.say("那日志级别呢？", mentions_bot=True)
            calls = len(server.requests)
            more = await group.say("那安装呢？", mentions_bot=True)
            stored = await group.store.spending.of(f"{group.clock.now():%Y-%m-%d}")
    assert calls > 2 and stored[0].calls == calls == len(server.requests)
    assert follow["outcome"] in ("answered", "abstained") and more["outcome"] in ("answered", "abstained")


async def test_an_answer_that_breaks_off_is_counted_by_estimate(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        settings = settings_of(tmp_path, server, "llm.max_retries=0", model="dies")
        async with open_group(tmp_path, settings=settings) as group:
            done = await group.say(ASKED, mentions_bot=True)
            stored = await group.store.spending.of(f"{group.clock.now():%Y-%m-%d}")
    assert done["outcome"] == "failed:generate"
    assert (stored[0].calls, stored[0].estimated) == (1, 1) and stored[0].completion > 0


@given(st.text(max_size=400), st.text(max_size=400))
def test_an_estimate_grows_with_the_text(one: str, other: str) -> None:
    assert estimated_tokens(one) <= estimated_tokens(one + other) <= len(one + other) + 1


@pytest.mark.parametrize(("text", "about"), [("知识库怎么重新加载", 6), ("How do I reload the knowledge base?", 10)])
def test_an_estimate_is_near_what_tokenizers_make(text: str, about: int) -> None:
    assert abs(estimated_tokens(text) - about) <= 1
