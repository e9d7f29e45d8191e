"""Web sources that go wrong: down, endless, huge, slow, forbidden or hostile; each costs its limit and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from site_server import Site, fetch, page, sitemap, texts

from bot.sources import site as site_module
from bot.sources.base import Limits, Shelf, SourceError
from bot.sources.fetcher import Reply
from bot.sources.page import Page


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "sources", "web-site")


async def test_a_page_that_is_down_keeps_its_last_copy_and_what_it_links_to(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page('<p>start</p><a href="/docs/a">a</a>')
    site.pages |= {"/docs/a": page('<p>a</p><a href="/docs/b">b</a>'), "/docs/b": page("<p>b</p>")}
    await fetch(shelf, site.url("/docs/*"))
    site.pages |= {"/docs/a": 500, "/docs/b": page("<p>newer b</p>")}
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert texts(shelf)["docs-a.md"].endswith("a\n\nb\n") and "newer b" in texts(shelf)["docs-b.md"]
    assert fetched.failed_items == [(site.url("/docs/a"), "the site answers HTTP 500")]


async def test_a_site_that_is_down_is_given_up_and_keeps_everything(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page("".join(f'<a href="/docs/{n}">page {n}</a>' for n in range(20)))
    site.pages |= {f"/docs/{n}": page(f"<p>page {n}</p>") for n in range(20)}
    await fetch(shelf, site.url("/docs/*"))
    site.pages |= {f"/docs/{n}": 503 for n in range(20)}
    site.forget()
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert (len(site.asked), len(texts(shelf))) == (7, 21)
    assert "5 failures in a row" in fetched.notes[0]
    site.pages["/docs/"] = 502
    with pytest.raises(SourceError, match="HTTP 502"):
        await fetch(shelf, site.url("/docs/*"))
    assert len(texts(shelf)) == 21


async def test_a_port_where_nobody_listens_is_a_source_that_is_down(site: Site, shelf: Shelf) -> None:
    probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    with pytest.raises(SourceError, match="no connection"):
        await fetch(shelf, f"http://127.0.0.1:{port}/docs/*")
    with pytest.raises(SourceError, match="no connection"):
        await fetch(shelf, f"http://127.0.0.1:{port}/sitemap.xml")


@pytest.mark.parametrize("target", ["/loop", "/again{n}"])
async def test_redirects_for_ever_end(target: str, site: Site, shelf: Shelf) -> None:
    site.pages["/loop"] = site.redirect(target.format(n=0))
    site.pages |= {f"/again{n}": site.redirect(f"/again{n + 1}") for n in range(50)}
    fetched = await fetch(shelf, site.url("/loop"))
    assert "redirects for ever" in fetched.failed_items[0][1]
    assert len(site.asked) <= 8


@pytest.mark.parametrize("target", ["", "ftp://a.io/x", "http://[bad", "javascript:alert(1)", "http://"])
async def test_a_redirect_to_what_is_no_page_is_told(target: str, site: Site, shelf: Shelf) -> None:
    site.pages["/x"] = site.redirect(target)
    [(_, reason)] = (await fetch(shelf, site.url("/x"))).failed_items
    assert "redirects" in reason


async def test_a_page_of_a_gigabyte_is_cut_off_at_the_limit(site: Site, shelf: Shelf) -> None:
    site.pages["/big"] = site.gigabyte
    site.pages["/said"] = lambda _: web.Response(headers={"Content-Length": "1073741824", "Content-Type": "text/html"})
    for path in ("/big", "/said"):
        fetched = await fetch(shelf, site.url(path), Limits(max_file_mb=1, pause_s=0, page_timeout_s=20))
        assert fetched.failed_items[0][1] == "it is larger than 1 MB (max_file_mb in [knowledge])"
    assert site.sent < 32_000_000  # what the buffers of both ends hold, and no more


async def test_a_packed_page_is_unpacked_up_to_the_limit(site: Site, shelf: Shelf) -> None:
    site.pages |= {"/bomb": site.bomb(200_000_000), "/fine": site.bomb(8_000)}
    small = Limits(max_file_mb=1, pause_s=0)
    assert "larger than 1 MB" in (await fetch(shelf, site.url("/bomb"), small)).failed_items[0][1]
    assert (await fetch(shelf, site.url("/fine"), small)).documents == 1
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    site.pages["/damaged"] = lambda _: web.Response(body=b"no gzip at all", headers=headers)
    assert "damaged" in (await fetch(shelf, site.url("/damaged"), small)).failed_items[0][1]


async def test_a_server_that_drips_or_breaks_off_costs_its_time_limit_and_no_more(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page(
        '<p>start</p><a href="/docs/drip">d</a><a href="/docs/cut">c</a><a href="/docs/z">z</a>'
    )
    site.pages |= {"/docs/drip": site.drip, "/docs/cut": site.cut, "/docs/z": page("<p>the end</p>")}
    fetched = await fetch(shelf, site.url("/docs/*"), Limits(pause_s=0, page_timeout_s=0.3))
    assert sorted(texts(shelf)) == ["docs-z.md", "docs.md"]
    reasons = dict(fetched.failed_items)
    assert reasons[site.url("/docs/drip")] == "no answer within 0.3 s"
    assert "broke" in reasons[site.url("/docs/cut")]


async def test_the_time_limit_of_a_source_keeps_what_came_and_what_was_there(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page('<p>start</p><a href="/docs/a">a</a><a href="/docs/b">b</a>')
    site.pages |= {"/docs/a": page("<p>a</p>"), "/docs/b": page("<p>b</p>")}
    await fetch(shelf, site.url("/docs/*"))
    site.pages["/docs/a"] = site.drip
    fetched = await fetch(shelf, site.url("/docs/*"), Limits(pause_s=0, source_timeout_s=0.5))
    assert len(texts(shelf)) == 3 and "time limit of a source" in fetched.notes[0]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("image/png", "image/png"), ("application/zip", "application/zip"), ("application/octet-stream", "octet-stream")],
)
async def test_a_type_that_is_not_read_is_told_before_it_is_read(
    kind: str, reason: str, site: Site, shelf: Shelf
) -> None:
    site.pages["/x"], site.types["/x"] = b"\x89PNG" * 1000, kind
    assert reason in (await fetch(shelf, site.url("/x"))).failed_items[0][1]


async def test_markdown_and_plain_text_stay_as_they_are(site: Site, shelf: Shelf) -> None:
    site.pages |= {"/a.md": b"# A\n\n* text", "/b.txt": "文字".encode("gb18030")}
    site.types |= {"/a.md": "text/markdown", "/b.txt": "text/plain; charset=gbk"}
    await fetch(shelf, site.url("/a.md"))
    assert texts(shelf) == {"a.md": "# A\n\n* text"}
    await fetch(shelf, site.url("/b.txt"))
    assert texts(shelf) == {"b.txt": "文字"}


async def test_an_endless_calendar_is_bounded(site: Site, shelf: Shelf) -> None:
    def month(request: web.Request) -> web.Response:
        n = int(request.path.rpartition("/")[2] or 0)
        body = f'<h1>Month {n}</h1><a href="/calendar/{n + 1}">next</a><a href="/calendar/?month={n}">filter</a>'
        return web.Response(text=page(body), content_type="text/html")

    site.pages |= {f"/calendar/{n or ''}": month for n in range(1000)}
    fetched = await fetch(shelf, site.url("/calendar/*"), Limits(pause_s=0, max_pages=12))
    assert (len(site.asked), fetched.documents) == (13, 12)
    assert fetched.notes == ["stopped at 12 pages (max_source_pages in [knowledge])"]


async def test_a_site_is_read_up_to_its_size_limit(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page("".join(f'<a href="/docs/{n}">page {n}</a>' for n in range(20)))
    site.pages |= {f"/docs/{n}": page(f"<p>page {n} {'x' * 100_000}</p>") for n in range(20)}
    fetched = await fetch(shelf, site.url("/docs/*"), Limits(pause_s=0, max_source_mb=0.5))
    assert fetched.documents == 6 and "0.5 MB" in fetched.notes[0]


async def test_what_robots_txt_disallows_is_not_asked_for(site: Site, shelf: Shelf) -> None:
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /docs/private\nDisallow: /*.cgi$\nCrawl-delay: 0.01\n"
    site.pages["/docs/"] = page(
        '<p>x</p><a href="/docs/private/a">p</a><a href="/docs/b.cgi">c</a><a href="/docs/c">d</a>'
    )
    site.pages |= {"/docs/private/a": page("<p>private</p>"), "/docs/c": page("<p>c</p>")}
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert site.asked == ["/robots.txt", "/docs/", "/docs/c"]
    assert {reason for _, reason in fetched.failed_items} == {"the site's robots.txt does not allow it"}
    site.pages["/robots.txt"] = "User-agent: Qunda\nDisallow: /\n"
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert fetched.documents == 0 and len(texts(shelf)) == 0


async def test_rules_that_cannot_be_read_forbid_everything_for_now(site: Site, shelf: Shelf) -> None:
    site.pages |= {"/docs/": page("<p>x</p>"), "/robots.txt": 404}
    await fetch(shelf, site.url("/docs/*"))
    site.pages["/robots.txt"] = 500
    site.forget()
    with pytest.raises(SourceError, match=r"robots\.txt cannot be read"):
        await fetch(shelf, site.url("/docs/*"))
    assert set(site.asked) == {"/robots.txt"} and len(texts(shelf)) == 1


async def test_a_busy_site_that_says_when_to_come_back_is_asked_once_more(site: Site, shelf: Shelf) -> None:
    answers = [web.Response(status=429, headers={"Retry-After": "0"}), web.Response(status=200)]
    answers[1] = web.Response(text=page("<p>here</p>"), content_type="text/html")
    site.pages["/x"] = lambda _: answers.pop(0)
    assert (await fetch(shelf, site.url("/x"))).documents == 1


async def test_requests_keep_the_pause_that_the_site_asks_for(
    site: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr("bot.sources.fetcher.asyncio.sleep", note)
    site.pages["/robots.txt"] = "User-agent: *\nCrawl-delay: 7\n"
    site.pages |= {"/docs/": page('<p>x</p><a href="/docs/a">a</a>'), "/docs/a": page("<p>a</p>")}
    await fetch(shelf, site.url("/docs/*"))
    assert [round(seconds) for seconds in slept if seconds > 1] == [7]


async def test_no_page_leads_to_a_private_address_that_the_entry_does_not_name(site: Site, shelf: Shelf) -> None:
    async with Site() as secret:
        secret.pages["/admin"] = page("<p>the password</p>")
        port = secret.host.rpartition(":")[2]
        targets = (f"http://127.0.0.1:{port}/admin", f"http://localhost:{port}/admin", f"http://[::1]:{port}/admin")
        more = ("http://169.254.169.254/latest/", "http://10.0.0.1/", f"http://[::ffff:127.0.0.1]:{port}/admin")
        for target in (*targets, *more, f"http://0.0.0.0:{port}/admin", f"http://2130706433:{port}/admin"):
            site.pages["/x"] = site.redirect(target)
            fetched = await fetch(shelf, site.url("/x"))
            reason = fetched.failed_items[0][1]
            assert "private address" in reason or "no address" in reason, target
        assert secret.asked == [] and len(texts(shelf)) == 0


async def test_a_password_of_the_entry_goes_to_its_own_host_alone(site: Site, shelf: Shelf) -> None:
    site.pages["/x"] = page("<p>secret page</p>")
    fetched = await fetch(shelf, site.url("/x").replace("//", "//user:hunter2@"))
    assert site.requests[-1].headers["Authorization"].startswith("Basic ")
    assert fetched.links == {"x.md": site.url("/x")}
    assert "hunter2" not in (shelf.folder.parent / "web-site.json").read_text()


async def test_a_page_that_breaks_the_reader_stops_no_other(
    site: Site, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(reply: Reply) -> Page:
        if reply.url.path.endswith("bad"):
            raise RecursionError("deep")
        return real(reply)

    real = site_module._page_of
    monkeypatch.setattr(site_module, "_page_of", read)
    site.pages["/docs/"] = page('<p>s</p><a href="/docs/bad">b</a><a href="/docs/good">g</a>')
    site.pages |= {"/docs/bad": page("<p>b</p>"), "/docs/good": page("<p>g</p>")}
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert sorted(texts(shelf)) == ["docs-good.md", "docs.md"] and "RecursionError" in fetched.failed_items[0][1]


async def test_an_index_of_sitemaps_packed_or_not_is_read(site: Site, shelf: Shelf) -> None:
    import gzip

    maps = [site.url(path) for path in ("/one.xml", "/two.xml.gz", "/sitemap.xml")]
    index = sitemap(*maps, "http://127.0.0.1:9/other.xml", kind="sitemapindex")
    site.pages["/sitemap.xml"] = index
    site.pages["/one.xml"] = sitemap(site.url("/a"), "https://elsewhere.example/")
    site.pages["/two.xml.gz"] = gzip.compress(sitemap(site.url("/b")).encode())
    site.pages |= {"/a": page('<p>a</p><a href="/c">c</a>'), "/b": page("<p>b</p>"), "/c": page("<p>c</p>")}
    site.types = {"/sitemap.xml": "application/xml", "/one.xml": "text/xml", "/two.xml.gz": "application/gzip"}
    fetched = await fetch(shelf, site.url("/sitemap.xml"))
    assert sorted(texts(shelf)) == ["a.md", "b.md"]
    assert fetched.notes == ["1 addresses of other hosts were left out"] and site.asked.count("/sitemap.xml") == 1
    assert [what for what, _ in fetched.failed_items] == ["http://127.0.0.1:9/other.xml"]
