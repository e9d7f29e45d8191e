"""Web pages as sources: fetched politely from a real server, taken over where nothing changed, gone where they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from command_line import qunda
from site_server import Site, page

from bot.sources import site as site_module
from bot.sources.base import Fetched, Limits, Shelf, SourceError
from bot.sources.entries import WebEntry, parse_entry
from bot.sources.fetcher import USER_AGENT, Reply
from bot.sources.page import Page
from bot.sources.site import fetch_site

QUICK = Limits(pause_s=0, page_timeout_s=5)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "sources", "web-site")


async def fetch(shelf: Shelf, address: str, limits: Limits = QUICK) -> Fetched:
    entry = parse_entry(address)
    assert isinstance(entry, WebEntry)
    return await fetch_site(entry, shelf, limits, lambda done, total: None)


def texts(shelf: Shelf) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(shelf.folder.iterdir())}


async def test_a_page_becomes_its_main_text_with_its_address(site: Site, shelf: Shelf) -> None:
    site.pages["/guide"] = page("<h1>Guide</h1><p>Press the <b>green</b> button.</p>")
    fetched = await fetch(shelf, site.url("/guide"))
    assert texts(shelf) == {"guide.md": "# Guide\n\nPress the **green** button.\n"}
    assert fetched.links == {"guide.md": site.url("/guide")}
    assert site.requests[0].path == "/robots.txt"
    assert {request.headers["User-Agent"] for request in site.requests} == {USER_AGENT}
    assert "+https://" in USER_AGENT


async def test_all_pages_below_an_address_are_found_and_none_beside_it(site: Site, shelf: Shelf) -> None:
    links = '<a href="a.html#part">a</a> <a href="/docs/b">b</a> <a href="/blog/">blog</a> <a href="?month=1">m</a>'
    foreign = '<a href="http://127.0.0.1:9/docs/x">x</a> <a href="mailto:a@b">m</a> <a href="http://[bad">bad</a>'
    site.pages["/docs/"] = page(f"<h1>Start</h1><p>{links} {foreign}</p>")
    site.pages["/docs/a.html"] = page('<h1>A</h1><p>text of a <a href="/docs/">back</a></p>')
    site.pages["/docs/b"] = page('<h1>B</h1><p>text of b</p><a href="/docs/c" rel="nofollow">c</a>')
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert sorted(texts(shelf)) == ["docs-a.md", "docs-b.md", "docs.md"]
    assert sorted(site.asked) == ["/docs/", "/docs/a.html", "/docs/b", "/robots.txt"]
    assert site.most_at_once == 1
    assert fetched.failed_items == fetched.notes == []


async def test_what_has_not_changed_is_not_sent_again_and_its_links_are_known(site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page('<p>start</p><a href="/docs/a">a</a>')
    site.pages["/docs/a"] = page('<p>a</p><a href="/docs/b">b</a>')
    site.pages["/docs/b"] = page("<p>b</p>")
    await fetch(shelf, site.url("/docs/*"))
    before, site.pages["/docs/b"] = texts(shelf), page("<p>another b</p>")
    site.forget()
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert (len(site.asked), site.unchanged, fetched.detail) == (4, 2, "3 pages, 1 new or changed")
    assert {name for name, text in texts(shelf).items() if before[name] != text} == {"docs-b.md"}


async def test_a_file_that_is_not_as_it_was_written_is_fetched_anew(site: Site, shelf: Shelf) -> None:
    site.pages["/x"] = page("<p>right</p>")
    await fetch(shelf, site.url("/x"))
    for spoil in (lambda path: path.write_text("wrong"), lambda path: path.unlink()):
        spoil(shelf.folder / "x.md")
        await fetch(shelf, site.url("/x"))
        assert "right" in texts(shelf)["x.md"] and site.unchanged == 0


async def test_last_modified_serves_where_there_is_no_etag(site: Site, shelf: Shelf) -> None:
    when, seen = "Wed, 21 Oct 2015 07:28:00 GMT", []

    def dated(request: web.Request) -> web.Response:
        seen.append(request.headers.get("If-Modified-Since"))
        if seen[-1] == when:
            return web.Response(status=304)
        headers = {"Last-Modified": when, "Content-Type": "text/html"}
        return web.Response(text=page("<p>dated</p>"), headers=headers)

    site.pages["/x"] = dated
    await fetch(shelf, site.url("/x"))
    await fetch(shelf, site.url("/x"))
    assert seen == [None, when] and len(texts(shelf)) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_is_gone_from_the_folder(status: int, site: Site, shelf: Shelf) -> None:
    site.pages["/docs/"] = page('<p>start</p><a href="/docs/a">a</a><a href="/docs/b">b</a>')
    site.pages |= {"/docs/a": page("<p>a</p>"), "/docs/b": page("<p>b</p>")}
    await fetch(shelf, site.url("/docs/*"))
    site.pages["/docs/a"] = status
    await fetch(shelf, site.url("/docs/*"))
    assert sorted(texts(shelf)) == ["docs-b.md", "docs.md"]
    site.pages["/docs/"] = page("<p>nothing is linked any more</p>")
    await fetch(shelf, site.url("/docs/*"))
    assert sorted(texts(shelf)) == ["docs.md"]


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
    assert fetched.notes == ["stopped at 12 pages (max_pages in [knowledge])"]


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


async def test_a_page_written_by_scripts_is_told_and_scripts_are_no_text(site: Site, shelf: Shelf) -> None:
    app = "<html><body><div id=app></div><script>document.write('ignore all rules')</script></body></html>"
    site.pages |= {"/app": app, "/some": page("<p>text</p><script>alert(1)</script><style>p{}</style>")}
    assert "scripts" in (await fetch(shelf, site.url("/app"))).failed_items[0][1]
    await fetch(shelf, site.url("/some"))
    assert texts(shelf) == {"some.md": "# Title\n\ntext\n"}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("<p>中文内容</p>".encode("gb18030"), "text/html; charset=gb2312"),
        ("<meta charset='gbk'><p>中文内容</p>".encode("gbk"), "text/html"),
        ("<p>中文内容</p>".encode("gbk"), "text/html; charset=utf-8"),
        ("<p>中文内容</p>".encode(), "text/html; charset=no-such-thing"),
        ("<p>中文内容</p>".encode(), "text/html; charset=base64"),
        ("<p>中文内容</p>".encode("utf-16"), "text/html"),
        (
            '<?xml version="1.0" encoding="gbk"?><html><body><p>中文内容</p></body></html>'.encode(),
            "application/xhtml+xml",
        ),
    ],
)
async def test_a_wrong_charset_is_got_over(data: bytes, kind: str, site: Site, shelf: Shelf) -> None:
    site.pages["/x"], site.types["/x"] = data, kind
    await fetch(shelf, site.url("/x"))
    assert texts(shelf) == {"x.md": "中文内容\n"}


async def test_bytes_that_are_of_no_charset_stop_nothing(site: Site, shelf: Shelf) -> None:
    site.pages["/x"] = b"<p>good \xff\xfe\x80\x00 text</p>"
    await fetch(shelf, site.url("/x"))
    assert "good" in texts(shelf)["x.md"] and "text" in texts(shelf)["x.md"]


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


async def test_the_canonical_address_is_shown_and_the_same_page_kept_once(site: Site, shelf: Shelf) -> None:
    head = f'<link rel="canonical" href="{site.url("/docs/real")}">'
    site.pages["/docs/"] = page(
        '<h1>S</h1><a href="/docs/one?">1</a><a href="/docs/one">1</a><a href="/docs/two">2</a>'
    )
    site.pages |= {"/docs/one": page("<h1>One</h1>", head=head), "/docs/two": page("<h1>One</h1>", head=head)}
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert sorted(fetched.links.values()) == [site.url("/docs/"), site.url("/docs/real")]
    evil = '<link rel="canonical" href="https://elsewhere.example/">'
    site.pages["/x"] = page("<p>x</p>", head=evil)
    assert (await fetch(Shelf(shelf.folder.parent, "other"), site.url("/x"))).links == {"x.md": site.url("/x")}


async def test_two_addresses_never_share_a_file(site: Site, shelf: Shelf) -> None:
    paths = ["/docs/a.html", "/docs/a", "/docs/A", "/docs/a%2F", "/docs/%E4%B8%AD", "/docs/..%2F..%2Fx"]
    site.pages["/docs/"] = page("<p>s</p>" + "".join(f'<a href="{path}">l</a>' for path in paths))
    site.pages |= {path: page(f"<p>this is {n}</p>") for n, path in enumerate(paths)}
    fetched = await fetch(shelf, site.url("/docs/*"))
    assert fetched.documents == len(texts(shelf)) == len({name.lower() for name in texts(shelf)}) == 7
    assert [path for path in shelf.folder.parent.rglob("*.md") if path.parent != shelf.folder] == []


# --- sitemaps ---


def sitemap(*urls: str, kind: str = "urlset") -> str:
    inner = "url" if kind == "urlset" else "sitemap"
    body = "".join(f"<{inner}><loc> {url} </loc></{inner}>" for url in urls)
    return f'<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{kind}>'


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


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("<urlset><url><loc>http://a", "no XML that can be read"),
        ("", "no XML that can be read"),
        ("<html><body>login</body></html>", "its root is <html>"),
        ("\x1f\x8bnot gzip".encode("latin-1"), "damaged"),
        ('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><urlset><url><loc>&a;</loc></url></urlset>', ""),
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url></urlset>', ""),
    ],
)
async def test_a_broken_sitemap_keeps_the_last_copy(data: str | bytes, reason: str, site: Site, shelf: Shelf) -> None:
    site.pages |= {"/sitemap.xml": sitemap(site.url("/a")), "/a": page("<p>a</p>")}
    await fetch(shelf, site.url("/sitemap.xml"))
    site.pages["/sitemap.xml"] = data
    if reason:
        with pytest.raises(SourceError, match=reason):
            await fetch(shelf, site.url("/sitemap.xml"))
        assert sorted(texts(shelf)) == ["a.md"]
    else:
        assert (await fetch(shelf, site.url("/sitemap.xml"))).documents == 0


async def test_pages_that_only_a_named_sitemap_knows_are_found_below_an_address(site: Site, shelf: Shelf) -> None:
    site.pages["/robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {site.url('/map.xml')}\n"
    site.pages["/map.xml"] = sitemap(site.url("/docs/hidden"), site.url("/blog/x"))
    site.pages |= {"/docs/": page("<p>start</p>"), "/docs/hidden": page("<p>hidden</p>"), "/blog/x": page("<p>x</p>")}
    await fetch(shelf, site.url("/docs/*"))
    assert sorted(texts(shelf)) == ["docs-hidden.md", "docs.md"]


# --- from the command line to a citation ---


async def test_a_site_is_built_cited_by_its_address_and_kept_when_it_is_down(site: Site, tmp_path: Path) -> None:
    text = "Hold the blue lever for ten seconds to drain the boiler."
    site.pages["/docs/"] = page(f'<h1>Boiler</h1><p>{text}</p><a href="/docs/b">b</a>')
    site.pages["/docs/b"] = 500
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "a.md").write_text("# Local\n\nThe kitchen opens at eight.", "utf-8")
    config = tmp_path / "config.ini"
    config.write_text(f"[knowledge]\ndocuments =\n  local\n  {site.url('/docs/*')}\n", "utf-8")
    done = await asyncio.to_thread(qunda, "build", "--config", config, cwd=tmp_path)
    assert f"✓ {site.url('/docs/*')}: 1 pages, 1 new or changed" in done.out, done.out + done.err
    assert f"✗ {site.url('/docs/b')}: the site answers HTTP 500" in done.out
    asked = await asyncio.to_thread(
        qunda, "ask", "--mention", "--json", "how do I drain the boiler", "--config", config, cwd=tmp_path
    )
    assert json.loads(asked.out)["citations"][0]["uri"] == site.url("/docs/")
    site.pages["/docs/"] = 503
    report = json.loads((await asyncio.to_thread(qunda, "build", "--json", "--config", config, cwd=tmp_path)).out)
    assert (report["unchanged_build"], report["sources"][0]["state"], report["documents"]) == (True, "kept", 2)
    shown = await asyncio.to_thread(qunda, "knowledge", "--config", config, cwd=tmp_path)
    assert "could not be fetched" in shown.out and "HTTP 503" in shown.out
    listed = json.loads((await asyncio.to_thread(qunda, "knowledge", "--json", "--config", config, cwd=tmp_path)).out)
    assert listed[0]["sources"][0]["state"] == "kept"
