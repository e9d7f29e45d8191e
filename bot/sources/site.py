"""Fetches web pages: one, those of a sitemap, or all below an address. What is down keeps its last copy."""

from __future__ import annotations

import asyncio
from collections import deque

from loguru import logger
from yarl import URL

from bot.sources.base import Fetched, Limits, Note, Shelf, SourceError
from bot.sources.entries import WebEntry
from bot.sources.fetcher import Fetcher, FetchError, Reply
from bot.sources.holdings import Holdings, Item, conditions
from bot.sources.page import Page, decode_page, read_page
from bot.sources.robots import Robots
from bot.sources.sitemap import MAX_BYTES as SITEMAP_BYTES
from bot.sources.sitemap import read_sitemap
from rag.formats.registry import is_read

MAX_DOWN = 5  # failures in a row after which a site counts as down
MAX_SITEMAPS = 50
MAX_LINKS = 2_000  # that are followed of one page
OFFICE = "application/vnd.openxmlformats-officedocument"
KINDS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
    f"{OFFICE}.wordprocessingml.document": ".docx",
    f"{OFFICE}.presentationml.presentation": ".pptx",
    f"{OFFICE}.spreadsheetml.sheet": ".xlsx",
}


async def fetch_site(entry: WebEntry, shelf: Shelf, limits: Limits, note: Note) -> Fetched:
    """Fetch what is new or has changed.

    Raises:
        SourceError: the site cannot be read as a whole; the last copy stays as it was.
    """
    async with Fetcher(URL(entry.url), limits) as fetcher:
        crawl = Crawl(entry, fetcher, shelf, limits, note)
        try:
            async with asyncio.timeout(limits.source_timeout_s):
                await crawl.run()
        except TimeoutError:
            crawl.stop(f"stopped after {limits.source_timeout_s:g} s, the time limit of a source")
    return crawl.finish()


class Crawl:
    """One fetch of one site: what waits to be fetched, what came, what is taken over."""

    def __init__(self, entry: WebEntry, fetcher: Fetcher, shelf: Shelf, limits: Limits, note: Note) -> None:
        self._entry, self._fetcher, self._shelf, self._limits, self._note = entry, fetcher, shelf, limits, note
        self._robots = Robots(fetcher)
        self._held = Holdings(shelf)
        self._start = URL(entry.url).with_user(None)
        self._scope = self._start.with_query(None)
        self._queue: deque[str] = deque()
        self._seen: set[str] = set()
        self._notes: list[str] = []
        self._failed: list[tuple[str, str]] = []
        self._down = 0
        self._visited = 0
        self._whole = True  # whether everything was looked at, so that what was not found is gone

    async def run(self) -> None:
        """Fetch until nothing waits any more, or a limit is reached."""
        try:
            if self._entry.scope == "sitemap":
                await self._read_sitemaps([str(self._start)], required=True)
            else:
                self._push(str(self._start))
                if self._entry.scope == "below":
                    await self._read_named_sitemaps()
        except FetchError as error:
            raise SourceError(str(error)) from error
        while self._queue and not self._at_limit():
            self._visited += 1
            await self._visit(self._queue[0])
            self._queue.popleft()  # not before: where the time ends meanwhile, it has not been looked at
            self._note(len(self._held.items), len(self._held.items) + len(self._queue))

    def stop(self, why: str) -> None:
        """End it early: what was not looked at keeps its last copy."""
        self._whole = False
        self._notes.append(why)

    def finish(self) -> Fetched:
        """Store the state, remove what is gone, and say what is there.

        Raises:
            SourceError: nothing answered.
        """
        held = self._held
        if self._failed and self._down >= self._visited:
            raise SourceError(f"{self._failed[0][0]}: {self._failed[0][1]}")
        reached = self._seen.difference(self._queue)
        for key in held.old:
            unseen = not self._whole and key not in reached and len(held.items) < self._limits.max_pages
            if unseen and (item := held.known(key)) is not None:
                held.items.setdefault(key, item)
        links = held.close()
        detail = f"{len(links)} pages, {held.changed} new or changed"
        return Fetched(self._shelf.folder, links, len(links), detail, self._notes, self._failed)

    def _at_limit(self) -> bool:
        limits = self._limits
        if self._down >= MAX_DOWN:
            self.stop(f"given up after {MAX_DOWN} failures in a row; pages not reached keep their last copy")
        elif len(self._held.items) >= limits.max_pages or self._visited >= 4 * limits.max_pages:
            self.stop(f"stopped at {limits.max_pages} pages (max_source_pages in [knowledge])")
        elif self._fetcher.received > limits.source_bytes:
            self.stop(f"stopped at {limits.max_source_mb:g} MB (max_source_mb in [knowledge])")
        else:
            return False
        return True

    # --- finding addresses ---

    async def _read_named_sitemaps(self) -> None:
        """Those that robots.txt names help where menus are made by scripts; one that is broken does no harm."""
        named = await self._robots.sitemaps(self._start)
        await self._read_sitemaps([link for link in named if self._same_host(link)], required=False)

    async def _read_sitemaps(self, waiting: list[str], *, required: bool) -> None:
        read: set[str] = set()
        foreign = 0
        while waiting and len(read) < MAX_SITEMAPS:
            address = waiting.pop(0)
            read.add(address)
            try:
                url = URL(address)
                reply = await self._fetcher.get(url, max_bytes=SITEMAP_BYTES, check=self._robots.check)
                found = await asyncio.to_thread(read_sitemap, reply.body)
            except (FetchError, ValueError) as error:
                if required and len(read) == 1:
                    raise error if isinstance(error, FetchError) else FetchError("refused", str(error)) from error
                self._failed.append((address, str(error)))
                self._whole = False
                continue
            own = [link for link in found.pages if self._same_host(link)]
            foreign += len(found.pages) - len(own)
            for link in own:
                self._push(link)
            waiting += [link for link in found.sitemaps if self._same_host(link) and link not in {*read, *waiting}]
        if waiting:
            self.stop(f"more than {MAX_SITEMAPS} sitemaps; the rest was not read")
        if foreign:
            self._notes.append(f"{foreign} addresses of other hosts were left out")

    def _push(self, link: str) -> None:
        url = _url(link)
        if url is None or url.scheme not in ("http", "https") or not url.host:
            return
        key = str(url.with_fragment(None))
        if key in self._seen or (self._entry.scope == "below" and self._seen and not self._below(url)):
            return
        self._seen.add(key)
        self._queue.append(key)

    def _below(self, url: URL | None) -> bool:
        """Within the scope. Addresses with a query are left out: calendars and filters make endless ones."""
        scope = self._scope
        if url is None or url.origin() != scope.origin():
            return False
        return url.raw_path.startswith(scope.raw_path) and not url.query_string

    def _same_host(self, link: str) -> bool:
        url = _url(link)
        return url is not None and url.host == self._scope.host

    # --- pages ---

    async def _visit(self, key: str) -> None:
        old = await asyncio.to_thread(self._held.known, key)
        try:
            reply = await self._fetcher.get(
                URL(key),
                max_bytes=self._limits.file_bytes,
                conditions=conditions(old),
                check=self._robots.check,
                wanted=lambda kind: not kind or is_read(KINDS.get(kind, "")),
            )
        except FetchError as error:
            self._missed(key, old, error)
            return
        self._down = 0
        if reply.status == 304 and old is not None:
            self._take(key, old)
        else:
            await self._read(key, reply)

    def _missed(self, key: str, old: Item | None, error: FetchError) -> None:
        if error.kind != "gone" or self._entry.scope != "below":
            self._failed.append((key, str(error)))
        if error.kind != "down":
            self._down = 0
            return
        self._down += 1
        self._whole = False  # its links may lead to pages that are found nowhere else
        if old is not None:
            self._take(key, old)

    def _take(self, key: str, item: Item) -> None:
        self._held.take(key, item)
        for link in item["links"]:
            self._push(link)

    async def _read(self, key: str, reply: Reply) -> None:
        url = reply.url.with_user(None).with_fragment(None)
        if self._entry.scope == "below" and not self._stays(key, url):
            return
        suffix, shown, data = KINDS.get(reply.content_type, ".html"), str(url), reply.body
        links: list[str] = []
        if suffix == ".html":
            try:
                page = await asyncio.to_thread(_page_of, reply)
            except Exception as error:  # the boundary round one page
                logger.exception("{} could not be read", key)
                self._failed.append((key, f"it cannot be read ({type(error).__name__}); the log has more"))
                return
            shown, suffix, data = _canonical(page, url), ".md", page.markdown.encode("utf-8", "replace")
            wanted = self._entry.scope == "below"
            links = [link for link in page.links if wanted and self._below(_url(link))][:MAX_LINKS]
        elif suffix in (".md", ".txt"):
            data = decode_page(data, reply.charset).encode("utf-8", "replace")
        for link in links:
            self._push(link)
        if data.strip():
            self._held.put(key, data, suffix, shown, links, reply)
        else:
            self._failed.append((key, "it has no text; a page that scripts write cannot be read"))

    def _stays(self, key: str, url: URL) -> bool:
        """Whether a page is still below the entry after its redirects; the first one may move the scheme and www."""
        first = key == str(self._start)
        if first and _bare(url) == _bare(self._start):
            self._scope = self._scope.with_scheme(url.scheme).with_host(url.host or "").with_port(url.explicit_port)
        return first or self._below(url.with_query(None))


def _page_of(reply: Reply) -> Page:
    return read_page(decode_page(reply.body, reply.charset), reply.url)


def _canonical(page: Page, url: URL) -> str:
    """What the page calls its own address, where that is on its site."""
    canonical = _url(page.canonical)
    return str(canonical if canonical is not None and canonical.host == url.host else url)


def _url(link: str) -> URL | None:
    try:
        return URL(link) if link else None
    except ValueError:
        return None


def _bare(url: URL) -> str:
    return (url.host or "").removeprefix("www.")
