"""What goes wrong out there: no message fails for it, and the admin is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from group import ADMIN
from site_server import Site, page
from test_web_search import BODY, QUESTION, searching
from yarl import URL

from bot.cli.doctor_web import examine_web
from bot.config import load
from bot.web.engines import Ddgs, Serper, WebSearchError
from bot.web.pages import Domains


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "api_key"), (403, "api_key"), (429, "max_per_day"), (500, "HTTP 500"), (404, "base_url")],
)
async def test_a_search_that_is_refused_abstains_and_the_status_says_why(
    tmp_path: Path, status: int, words: str
) -> None:
    async with searching(tmp_path) as (group, site):
        site.reply = lambda: web.Response(status=status, text="no")
        done = await group.say(QUESTION, mentions_bot=True)
        told = await group.say("/status", sender=ADMIN)
        site.reply = None
        rests = await group.say(QUESTION, mentions_bot=True)
        searches = len(site.bodies)
        group.clock.advance(60)
        works = await group.say(QUESTION, mentions_bot=True)
    assert done["outcome"] == "abstained" and "没有找到" in done["replies"][0]
    assert "网页搜索" in told["replies"][0] and words in told["replies"][0]
    assert rests["outcome"] == "abstained" and searches == 1
    assert works["outcome"] == "answered"


async def test_a_redirect_does_not_take_the_key_elsewhere(tmp_path: Path) -> None:
    async with Site() as other, searching(tmp_path) as (group, site):
        site.reply = lambda: web.Response(status=307, headers={"Location": other.url("/search")})
        done = await group.say(QUESTION, mentions_bot=True)
    assert done["outcome"] == "abstained" and other.requests == []


HUGE = '{"organic": [], "x": "' + "a" * 3_000_000 + '"}'


@pytest.mark.parametrize(
    "text", [HUGE, "<html>", "[]", '{"organic": 3}', '{"organic": [3]}', '{"organic": [{}]}', "{}"], ids=range(7)
)
async def test_replies_that_are_no_list_of_results_abstain(tmp_path: Path, text: str) -> None:
    async with searching(tmp_path) as (group, site):
        site.reply = lambda: web.Response(text=text, content_type="application/json")
        done = await group.say(QUESTION, mentions_bot=True)
    assert done["outcome"] == "abstained"


async def test_a_search_and_pages_that_never_answer_are_given_up(tmp_path: Path) -> None:
    async with Site() as slow, searching(tmp_path, "web.timeout_s=3", also=slow.host) as (group, site):

        async def hang(request: web.Request) -> web.StreamResponse:
            await site.ended.wait()
            return web.Response()

        slow.pages["/slow"] = hang
        site.links = [slow.url("/slow"), site.url("/warranty")]
        one_is_read = await group.say(QUESTION, mentions_bot=True)
        site.pages["/search"] = hang
        done = await group.say("Frobnitz 4000 的颜色有哪些？", mentions_bot=True)
    assert one_is_read["outcome"] == "answered"
    assert done["outcome"] == "abstained"


async def test_pages_that_are_gone_too_large_or_no_text_are_left_out(tmp_path: Path) -> None:
    async with searching(tmp_path, "web.max_results=8") as (group, site):
        site.pages["/large"] = page("<p>" + "很大。" * 2_000_000 + "</p>")
        site.pages["/file"], site.types["/file"] = b"%PDF-1.7 ...", "application/pdf"
        site.pages["/round"] = site.redirect("/round")
        site.pages["/empty"] = page("")
        site.pages["/broken"] = b"\xff\xfe\x00<html"
        bad = ["/large", "/file", "/round", "/empty", "/broken", "/none"]
        site.links = ["no address", "ftp://x/y", *map(site.url, bad), site.url("/warranty")]
        done = await group.say(QUESTION, mentions_bot=True)
    assert done["outcome"] == "answered" and "36 个月" in done["answer"]


async def test_a_list_of_results_that_comes_in_pieces_is_read_to_its_end() -> None:
    async with Site() as site:

        async def slowly(request: web.Request) -> web.StreamResponse:
            reply = web.StreamResponse()
            await reply.prepare(request)
            for piece in ('{"organic": [{"li', 'nk": "https://a.example/"}', "]}"):
                await reply.write(piece.encode())
                await asyncio.sleep(0.02)
            return reply

        site.pages["/search"] = slowly
        assert await Serper(site.url(""), "k", 5).search("x", "zh", 3) == ["https://a.example/"]


async def test_pages_that_cannot_be_searched_abstain(tmp_path: Path) -> None:
    async with searching(tmp_path) as (group, site):
        site.pages["/warranty"], site.types["/warranty"] = b"\x00\x01\x02 binary \x00", "text/plain"
        done = await group.say(QUESTION, mentions_bot=True)
    assert done["outcome"] == "abstained" and "没有找到" in done["replies"][0]


async def test_the_same_question_of_two_groups_at_once_is_searched_once(tmp_path: Path) -> None:
    async with searching(tmp_path) as (group, site):
        both = [group.post(QUESTION, mentions_bot=True, chat=chat) for chat in ("g1", "g2")]
        done = [await group.wait(message) for message in both]
    assert [one["outcome"] for one in done] == ["answered", "answered"] and len(site.bodies) == 1


def test_a_star_of_allowed_domains_means_hosts_below_at_their_own_ports() -> None:
    domains = Domains(("docs.python.org", "*.readthedocs.io"))
    read = ("https://docs.python.org/3/", "https://a.readthedocs.io/x", "http://a.b.readthedocs.io/")
    unread = (
        "https://evil-docs.python.org/",
        "https://docs.python.org.evil.com/",
        "https://docs.python.org@evil.com/",
        "https://docs.python.org:8443/",
        "https://evilreadthedocs.io/",
        "https://a.readthedocs.io:8443/",
        "http://[::1]/",
    )
    assert all(domains.allow(URL(url)) for url in read)
    assert not any(domains.allow(URL(url)) for url in unread)


async def test_an_engine_that_is_not_there_is_told() -> None:
    with pytest.raises(WebSearchError, match="base_url"):
        await Serper("http://127.0.0.1:9", "k", 2).search("x", "zh", 3)


async def test_ddgs_asks_its_engines_and_gives_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real package, with an engine of its own kind whose server is a local one."""
    from ddgs.engines.mojeek import Mojeek

    async with Site() as site:
        rows = "".join(
            f'<li class="r{n}"><h2><a href="{site.url(f"/{n}")}">Title {n}</a></h2><p class="s">words {n}</p></li>'
            for n in range(3)
        )
        site.pages["/search?q=Frobnitz"] = f'<html><body><ul class="results">{rows}</ul></body></html>'

        class Local(Mojeek):
            search_url = site.url("/search")

            def build_payload(self, query: str, *rest: object, **more: object) -> dict[str, str]:
                return {"q": query}

        monkeypatch.setattr("ddgs.ddgs.ENGINES", {"text": {"mojeek": Local}})
        links = await Ddgs(5).search("Frobnitz", "zh", 3)
        assert sorted(links) == [site.url(f"/{n}") for n in range(3)]
        site.pages["/search?q=Frobnitz"] = 500
        with pytest.raises(WebSearchError, match="gave nothing"):
            await Ddgs(5).search("Frobnitz", "zh", 3)


async def test_a_question_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    async with searching(tmp_path, "bot.message_timeout_s=0.5", "web.timeout_s=30") as (group, site):
        asked = asyncio.Event()

        async def hang(request: web.Request) -> web.StreamResponse:
            asked.set()
            await site.ended.wait()
            return web.Response()

        site.pages["/search"] = hang
        done = await group.say(QUESTION, mentions_bot=True)
        assert asked.is_set()
    assert done["outcome"] == "failed:timeout"
    assert BODY not in str(done["replies"])


@pytest.mark.parametrize(
    ("overrides", "state", "words"),
    [
        (("web.search=serper",), "error", "QUNDA_WEB_API_KEY"),
        (("web.search=serper", "web.api_key=k"), "ok", "any domain"),
        (("web.search=ddgs", "web.allowed_domains=*.readthedocs.io"), "ok", "*.readthedocs.io"),
    ],
)
def test_doctor_says_whether_the_web_can_be_searched(overrides: tuple[str, ...], state: str, words: str) -> None:
    findings = list(examine_web(load(None, overrides=overrides, environ={})))
    assert [finding.state for finding in findings] == [state]
    assert words in f"{findings[0].detail} {findings[0].fix}"
    assert list(examine_web(load(None, environ={}))) == []
