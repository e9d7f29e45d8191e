"""A web site on loopback whose pages a test sets and breaks; it remembers what it was asked, and how."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import web

from bot.sources.base import Fetched, Limits, Shelf
from bot.sources.entries import WebEntry, parse_entry
from bot.sources.site import fetch_site

Answer = web.StreamResponse | Awaitable[web.StreamResponse]
Handler = Callable[[web.Request], Answer]


QUICK = Limits(pause_s=0, page_timeout_s=5)


async def fetch(shelf: Shelf, address: str, limits: Limits = QUICK) -> Fetched:
    """Fetch an entry into a shelf."""
    entry = parse_entry(address)
    assert isinstance(entry, WebEntry)
    return await fetch_site(entry, shelf, limits, lambda done, total: None)


def texts(shelf: Shelf) -> dict[str, str]:
    """What the shelf holds, by file."""
    return {path.name: path.read_text("utf-8") for path in sorted(shelf.folder.iterdir())}


def page(body: str, title: str = "Title", head: str = "") -> str:
    """An HTML page around its main part."""
    nav = '<nav><a href="/docs/">Home</a></nav>'
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body>{nav}<main>{body}</main></body></html>"
    )


def sitemap(*urls: str, kind: str = "urlset") -> str:
    """A sitemap, or with another kind an index of some."""
    inner = "url" if kind == "urlset" else "sitemap"
    body = "".join(f"<{inner}><loc> {url} </loc></{inner}>" for url in urls)
    return f'<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</{kind}>'


class Site:
    """``async with Site() as site:``; ``site.pages["/x"]`` is HTML (with an ETag), bytes, a status, or a handler."""

    def __init__(self) -> None:
        self.pages: dict[str, str | bytes | int | Handler] = {}
        self.types: dict[str, str] = {}
        self.asked: list[str] = []
        self.requests: list[web.Request] = []
        self.unchanged = 0
        self.at_once = 0
        self.most_at_once = 0
        self.sent = 0
        self.ended = asyncio.Event()
        self._runner: web.AppRunner
        self.host = ""

    async def __aenter__(self) -> Site:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        await self._runner.cleanup()

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def forget(self) -> None:
        """Count from here on."""
        self.asked.clear()
        self.unchanged = 0

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._content(request)
        finally:
            self.at_once -= 1

    async def _content(self, request: web.Request) -> web.StreamResponse:
        content = self.pages.get(request.path_qs, 404)
        if callable(content):
            answer = content(request)
            return answer if isinstance(answer, web.StreamResponse) else await answer
        if isinstance(content, int):
            return web.Response(status=content, text="nothing here")
        data = content.encode() if isinstance(content, str) else content
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            return web.Response(status=304)
        kind = self.types.get(request.path_qs) or ("text/html" if isinstance(content, str) else "text/html; charset=")
        return web.Response(body=data, headers={"Content-Type": kind, "ETag": etag})

    # --- what goes wrong ---

    def redirect(self, target: str, status: int = 302) -> Handler:
        return lambda _: web.Response(status=status, headers={"Location": target})

    async def gigabyte(self, request: web.Request) -> web.StreamResponse:
        """As much as the reader takes, up to 1 GB; no length is announced."""
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        for _ in range(16_384):
            await response.write(b"<p>more</p>" * 5_958)
            self.sent += 65_538
        return response

    def bomb(self, size: int) -> Handler:
        packed = gzip.compress(b"<p>a</p>" * (size // 8))
        headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
        return lambda _: web.Response(body=packed, headers=headers)

    async def drip(self, request: web.Request) -> web.StreamResponse:
        """A first piece, and then nothing more for as long as the test runs."""
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(b"<html>")
        await self.ended.wait()
        return response

    async def cut(self, request: web.Request) -> web.StreamResponse:
        """A connection that breaks in the middle of the page."""
        response = web.StreamResponse(headers={"Content-Type": "text/html", "Content-Length": "100000"})
        await response.prepare(request)
        await response.write(b"<html><p>half")
        assert request.transport is not None
        request.transport.abort()
        return response
