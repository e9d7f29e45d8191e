"""What all WeChat routes share: plain text, mentions, pacing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeClock, make_message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AdapterError, Citation, Reply
from adapters.wechat.mentions import END, addressed, mentions_any, shown_name, without_mentions
from adapters.wechat.outages import Outages
from adapters.wechat.pacing import Pace, Pacer
from adapters.wechat.plain import plain, rendered, sources, visible

# --- plain text ---


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("运行 **make demo** 即可", "运行 make demo 即可"),
        ("## 安装 ##\n\n步骤", "安装\n\n步骤"),
        ("用 `pip install **x**` 安装", "用 pip install **x** 安装"),
        ("* 一\n+ 二\n- 三\n1. 四", "- 一\n- 二\n- 三\n1. 四"),
        ("> 引用\n> > 两层", "引用\n两层"),
        ('见 [文档](https://e.x/a "标题")', "见 文档 (https://e.x/a)"),
        ("[https://e.x](https://e.x)", "https://e.x"),
        ("![图](https://e.x/a.png) <https://e.x>", "图 https://e.x/a.png https://e.x"),
        ("*斜* _体_ ~~删~~ __粗__", "斜 体 删 粗"),
        ("2 * 3 * 4 和 snake_case_name 和 a_b", "2 * 3 * 4 和 snake_case_name 和 a_b"),
        ("```python\n# 注释 **x**\nprint(1)\n```", "# 注释 **x**\nprint(1)"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("上\n\n---\n\n下", "上\n\n下"),
        (r"\*不是斜体\*", "*不是斜体*"),
        ("答案 [1][2]。", "答案 [1][2]。"),
    ],
)
def test_markdown_loses_its_marks_and_nothing_else(markdown: str, shown: str) -> None:
    assert plain(markdown) == shown


@given(st.text())
def test_any_text_becomes_plain_text_without_control_characters(text: str) -> None:
    shown = plain(text)
    assert visible(shown) == shown and "\x00" not in shown and "\u202e" not in shown


@given(st.text(alphabet=st.characters(whitelist_categories=("Lo", "Nd")), max_size=50))
def test_words_without_marks_stay_as_they_are(text: str) -> None:
    assert plain(text) == text


def test_sources_are_short_and_addresses_of_files_are_left_out() -> None:
    citations = (
        Citation(1, "安装\n指南", "docs/install.md", "…"),
        Citation(3, "很长" * 50, "https://e.x/a", "…"),
        Citation(4, "", "notes.txt", "…"),
    )
    lines = sources(citations, chinese=True).split("\n")
    assert lines[:2] == ["来源：", "[1] 安装 指南"]
    assert lines[2].endswith("… https://e.x/a") and len(lines[2]) < 90
    assert lines[3] == "[4] notes.txt"


def test_sources_speak_the_language_of_the_answer_and_follow_text_only() -> None:
    citation = (Citation(1, "Guide", "https://e.x", "…"),)
    message = make_message()
    assert rendered(Reply(message, "Run it [1].", citation)) == "Run it [1].\n\nSources:\n[1] Guide https://e.x"
    assert "来源" in rendered(Reply(message, "运行它 [1]。", citation))
    assert rendered(Reply(message, "\u202e \x00", citation)) == ""


# --- mentions ---


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("🐼 阿\n强", "🐼 阿 强"),
        ("a@b", "a b"),
        ("\u202eevil\u2005x", "evil x"),
        ("名" * 99, "名" * 32),
    ],
)
def test_names_are_made_safe_for_one_line(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text())
def test_no_name_breaks_the_line_or_fakes_a_second_mention(name: str) -> None:
    said = addressed(name, "好")
    assert said.count("@") <= 1 and "\n" not in said and said.endswith("好")


def test_a_name_that_shows_nothing_mentions_nobody() -> None:
    assert addressed("\u202e \n", "好") == "好"


@pytest.mark.parametrize(
    "text", [f"@群答{END}在吗", "@群答 在吗", "在吗@群答", "@群答，在吗", "hi @群答\n在吗", "@群答"]
)
def test_a_mention_is_found_in_the_text(text: str) -> None:
    assert mentions_any(text, ["群答"])


@pytest.mark.parametrize("text", ["群答在吗", "@群答二号 在吗", "a@群答 在吗", "@ 群答", "", "@GroupX 在吗"])
def test_what_is_no_mention_is_not_taken_for_one(text: str) -> None:
    assert not mentions_any(text, ["群答", "", "Group"])


def test_names_with_signs_emoji_and_gaps_are_found_as_they_are_written() -> None:
    name = "群答 (v2) 🤖\nbot"
    assert without_mentions(f"@群答 (v2) 🤖 bot{END}在吗", [name]) == "在吗"
    assert without_mentions("@Bob\u2005你看 @群答 (v2) 🤖 bot", [name]) == "@Bob 你看"


@given(
    st.text(min_size=1).filter(lambda name: name == name.strip() and "@" not in name), st.text(alphabet="怎么安装 ab\n")
)
def test_an_own_mention_in_front_never_changes_the_rest(name: str, text: str) -> None:
    assert without_mentions(f"@{name}{END}{text}", [name]) == text.strip(" \n")


# --- pacing ---


def pacer(clock: FakeClock, **pace: float) -> Pacer:
    values = {"delay_s": 1.0, "group_spacing_s": 4.0, "account_spacing_s": 0.5, **pace}
    return Pacer(Pace(**values), clock, jitter=lambda: 1.0)


async def test_the_first_post_waits_as_long_as_a_person_takes() -> None:
    clock = FakeClock()
    await pacer(clock).wait("a")
    assert clock.sleeps == [1.0]


async def test_posts_of_one_group_keep_their_distance_and_other_groups_a_smaller_one() -> None:
    clock = FakeClock()
    pace = pacer(clock)
    for chat in ("a", "a", "b"):
        await pace.wait(chat)
    assert clock.sleeps == [1.0, 4.0, 1.0]
    at = clock.monotonic()
    clock.advance(60)
    await pace.wait("a")
    assert clock.monotonic() - at == 61.0


async def test_no_two_posts_of_the_account_go_out_together() -> None:
    clock = FakeClock()
    pace = pacer(clock, delay_s=0.0)
    times = []
    for chat in "abcd":
        await pace.wait(chat)
        times.append(clock.monotonic())
    assert times == [0.0, 0.5, 1.0, 1.5]


async def test_a_post_whose_turn_is_far_off_is_refused_unsent_and_says_when_to_come_back() -> None:
    clock = StandingClock()
    pace = pacer(clock, max_wait_s=8.0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(pace.wait("a")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(AdapterError) as refused:
            await pace.wait("a")
        assert refused.value.outcome_known and not refused.value.permanent
        assert refused.value.retry_after_s == pytest.approx(1.0)
        for task in tasks:
            task.cancel()


class StandingClock(FakeClock):
    """Time stands still for who waits."""

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.Event().wait()


# --- outages ---


def test_an_outage_that_shows_late_began_at_the_last_sign_of_life() -> None:
    """What was said between the two may be missed as well, so the status must not begin at the discovery."""
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    outages = Outages("may have been missed", lambda: now)
    outages.up()
    now += timedelta(seconds=30)
    outages.seen()
    now += timedelta(seconds=40)
    outages.down("no sign of life", unseen=True)
    assert "down since 2026-01-01 12:00:30 UTC" in outages.health({}).detail
    now += timedelta(seconds=20)
    outages.up()
    assert "down for 60 s until 2026-01-01 12:01:30 UTC" in outages.health({}).detail
    now += timedelta(seconds=5)
    outages.down("closed")
    assert "down since 2026-01-01 12:01:35 UTC" in outages.health({}).detail
