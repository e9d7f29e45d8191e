"""Fetches the pages that a search found: only allowed ones, within bounds, their main text alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loguru import logger
from yarl import URL

from bot.sources.base import Limits
from bot.sources.fetcher import Fetcher, FetchError
from bot.sources.page import decode_page, read_page
from bot.sources.robots import Robots
from rag.webpages import WebPage

NOWHERE = URL("https://qunda.invalid")
MAX_MB = 3.0
_READ = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")


class Domains:
    """The domains that may be read: none named means any of the internet.

    A host that is named in full may be of the own network, as an intranet's wiki is; nothing else may.
    """

    def __init__(self, names: Sequence[str]) -> None:
        hosts = [name for name in names if not name.startswith("*.")]
        self._hosts = frozenset(hosts)
        self._below = tuple(name[1:] for name in names if name.startswith("*."))
        self.named = frozenset(pair for host in hosts for pair in _ports(host))

    def allow(self, url: URL) -> bool:
        """Whether a page may be read."""
        if url.scheme not in ("http", "https") or not url.host:
            return False
        host = url.host.lower()
        whole = host if url.is_default_port() else f"{host}:{url.port}"
        if not (self._hosts or self._below) or whole in self._hosts:
            return True
        return url.is_default_port() and host.endswith(self._below or ("\0",))


def _ports(host: str) -> tuple[tuple[str, int], ...]:
    name, _, port = host.partition(":")
    return ((name, int(port)),) if port.isdigit() else ((name, 80), (name, 443))


async def fetch_pages(links: Sequence[str], domains: Domains, most: int, timeout_s: float) -> list[WebPage]:
    """The pages that could be read, in the order of ``links``; what failed is logged."""
    wanted = [url for link in dict.fromkeys(links) if (url := _url(link)) is not None and domains.allow(url)][:most]
    limits = Limits(max_file_mb=MAX_MB, page_timeout_s=timeout_s, pause_s=0.0)
    found: list[WebPage | None] = [None] * len(wanted)
    async with Fetcher(NOWHERE, limits, named=domains.named) as fetcher:
        robots = Robots(fetcher)

        async def check(url: URL) -> None:
            if not domains.allow(url):
                raise FetchError("refused", "it is of a domain that [web] allowed_domains does not name")
            await robots.check(url)

        async def fetch(place: int, url: URL) -> None:
            try:
                reply = await fetcher.get(
                    url, max_bytes=limits.file_bytes, check=check, wanted=lambda kind: kind in _READ
                )
                text = decode_page(reply.body, reply.charset)
                if reply.content_type in _READ[:2]:
                    page = await asyncio.to_thread(read_page, text, reply.url)
                    found[place] = WebPage(page.title or str(reply.url), str(reply.url), page.markdown)
                else:
                    found[place] = WebPage(reply.url.name or str(reply.url), str(reply.url), text)
            except FetchError as error:
                logger.info("{} was not read: {}", url, error)
            except Exception:  # the boundary round one page of the web
                logger.exception("{} could not be read", url)

        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as tasks:
                for place, url in enumerate(wanted):
                    tasks.create_task(fetch(place, url))
        except TimeoutError:
            logger.info("pages of the web took longer than {} s; the rest is left out", timeout_s)
    return [page for page in found if page is not None and page.markdown.strip()]


def _url(link: str) -> URL | None:
    try:
        return URL(link).with_fragment(None).with_user(None)
    except ValueError:
        return None
