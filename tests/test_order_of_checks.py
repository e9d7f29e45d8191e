"""What comes before what: nothing is spent, fetched or sent out for a message that gets no answer anyhow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeClock, make_message
from group import ADMIN, ScriptedAdapter, open_group
from llm_server import LLMServer
from moderation_server import ModerationServer
from site_server import page
from test_web_search import BODY, QUESTION, searching

from adapters.base import Attachment, Message, Quote
from bot.limits import Limits
from bot.outcome import Outcome
from bot.safety.lists import Filter, read_list
from bot.safety.screen import Screen
from bot.web.search import sent_out
from rag.base import Answer, Source
from rag.prompts import NO_ANSWER

INSTALL = "Zephyrlink 怎么安装？"


def test_whether_a_person_is_over_the_limit_can_be_asked_without_counting_or_telling() -> None:
    limits = Limits(FakeClock(), lambda _: {"person": 1, "group": 0})
    assert not limits.full(make_message()) and not limits.full(make_message())
    assert limits.allow(make_message()) is None and limits.full(make_message())
    hit = limits.allow(make_message())
    assert hit and hit.first
    assert not limits.full(make_message(sender="bob"))


async def test_a_person_over_the_limit_causes_no_model_call_no_search_and_no_reading_of_pictures(
    tmp_path: Path,
) -> None:
    async with LLMServer().run() as server:
        server.script = lambda body: "用 pip install zephyrlink 安装 [1]。"
        model = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted")
        async with searching(tmp_path, "bot.per_person_per_hour=1", *model) as (group, site):
            assert (await group.say(INSTALL, mentions_bot=True))["outcome"] == "answered"
            calls = len(server.requests)
            again = await group.say(INSTALL, mentions_bot=True)
            follow_up = await group.say("那 Windows 上呢？", mentions_bot=True)
            unknown = await group.say(QUESTION, mentions_bot=True)
            picture = await group.say("", mentions_bot=True, attachments=(Attachment("image", "", "error"),))
            assert (len(server.requests), site.asked, group.adapter.fetched) == (calls, [], [])
            server.script = lambda body: NO_ANSWER
            other = await group.say(QUESTION, mentions_bot=True, sender="bob")
    assert (again["outcome"], picture["outcome"], picture["replies"]) == ("limited", "limited", [])
    assert follow_up["outcome"] in ("limited", "abstained") and unknown["outcome"] in ("limited", "abstained")
    assert site.bodies and other["outcome"] != "limited"


async def test_outside_the_hours_no_quote_is_fetched_but_for_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str] = []

    async def quoted(self: ScriptedAdapter, message: Message) -> Quote | None:
        assert message.quote is not None
        asked_for.append(message.quote.id)
        return replace(message.quote, text=INSTALL)

    monkeypatch.setattr(ScriptedAdapter, "quoted", quoted, raising=False)
    hours = ("bot.hours=03:00-03:01", "bot.off_hours=silent", "bot.timezone=UTC")
    async with open_group(tmp_path, *hours) as group:
        silent = await group.say("怎么弄", mentions_bot=True, quote="", quoted_id="q1")
        assert (silent["outcome"], asked_for) == ("silent", [])
        await group.say("/why", sender=ADMIN, quote="", quoted_id="q2")
        assert asked_for == ["q2"]


async def test_what_the_moderation_endpoint_refuses_is_neither_searched_for_nor_rewritten(tmp_path: Path) -> None:
    moderation = ModerationServer()
    moderation.word = "Frobnitz"
    async with moderation.run(), LLMServer().run() as server:
        model = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted")
        async with searching(tmp_path, f"safety.moderation_url={moderation.url}", *model) as (group, site):
            done = await group.say(QUESTION, mentions_bot=True)
            assert (site.asked, server.requests) == ([], [])
    assert done["outcome"] == "abstained"


async def test_no_secret_and_no_number_of_a_member_goes_to_a_search_engine(tmp_path: Path) -> None:
    secrets = "我的手机 13812345678，邮箱 a.b@example.org，密码：Hunter22!x"
    async with searching(tmp_path) as (group, site):
        await group.say(f"{QUESTION} {secrets}", mentions_bot=True)
        query = site.bodies[0]["q"]
    assert query.startswith("Frobnitz 3000 的保修期")
    assert not any(word in query for word in ("13812345678", "a.b@example.org", "Hunter22!x", "[phone]", "••••"))
    assert sent_out("+86 138 1234 5678") == ""


async def test_word_lists_hold_for_titles_and_addresses_of_pages_and_for_what_why_tells_of_them(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("赌博\ncasino", "utf-8")
    titled, plain = page(BODY.replace("Frobnitz 3000 保修<", "赌博 Frobnitz<"), "x"), page(BODY, "Frobnitz 3000")
    pages = {"/a": titled, "/casino": plain, "/%E8%B5%8C%E5%8D%9A": plain}
    for path, text in pages.items():
        folder = tmp_path / str(len(path))
        folder.mkdir()
        async with searching(folder, f"safety.word_lists={tmp_path / 'words.txt'}") as (group, site):
            site.pages = {**site.pages, path: text}
            site.links = [site.url(path)]
            done = await group.say(QUESTION, mentions_bot=True)
            why = await group.say("/why", sender=ADMIN)
        assert path in site.asked
        assert (done["outcome"], done["replies"]) == ("abstained", ["这个问题我不便回答。"])
        assert not any(word in str(done["reasons"]) + why["replies"][0] for word in ("赌博", "casino", "%E8"))


def test_a_screen_masks_titles_too_and_tells_no_reason_that_its_lists_object_to(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("赌博", "utf-8")
    screen = Screen(Filter([read_list(tmp_path / "words.txt")]))
    source = Source(1, "app_secret = 3f9a1c5e7b2d4860a9c8e1f05b7d2346", "a.md", "words")
    assert screen.masked(Answer("words [1]", (source,))).citations[0].title == "app_secret = ••••"
    done = Outcome("abstained", reasons=("像例子“赌博怎么玩”", "https://a.b/%E8%B5%8C%E5%8D%9A", "像在提问"))
    assert screen.cleared(done).reasons == ("像在提问",)


async def test_with_the_budget_used_up_pages_of_the_web_are_quoted_by_the_level_of_quotes(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        server.script = lambda body: "用 pip install zephyrlink 安装 [1]。"
        model = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted", "llm.tokens_per_day=1")
        async with searching(tmp_path, *model) as (group, site):
            await group.say(INSTALL, mentions_bot=True)
            calls = len(server.requests)
            site.pages["/warranty"] = page("<p>Frobnitz 3000 很轻，只有两公斤。</p>", "Frobnitz 3000")
            off_topic = await group.say(QUESTION, mentions_bot=True)
            site.pages["/warranty"] = page(BODY, "Frobnitz 3000")
            answering = await group.say("Frobnitz 3000 的保修期有几个月？", mentions_bot=True)
            assert (len(server.requests), len(site.bodies)) == (calls, 2)
    assert off_topic["outcome"] == "abstained" and "两公斤" not in str(off_topic["replies"])
    assert answering["outcome"] == "answered" and "36 个月" in answering["replies"][0]
