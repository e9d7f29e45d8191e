"""What sites allow programs to read: their robots.txt (RFC 9309), asked once a fetch."""

from __future__ import annotations

from typing import Any

from yarl import URL

from bot.sources.fetcher import AGENT, MAX_WAIT_S, Fetcher, FetchError

MAX_BYTES = 500_000
NO_RULES = ""


class Robots:
    """The rules of every site that a fetch comes to."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._rules: dict[URL, Any] = {}

    async def check(self, url: URL) -> None:
        """Refuse an address that its site does not want read.

        Raises:
            FetchError: ``refused``, or ``down`` where the rules cannot be read: then nothing may be.
        """
        rules = await self._of(url)
        if not rules.can_fetch(str(url), AGENT):
            raise FetchError("refused", "the site's robots.txt does not allow it")

    async def sitemaps(self, url: URL) -> list[str]:
        """The sitemaps that a site names."""
        return list((await self._of(url)).sitemaps)

    async def _of(self, url: URL) -> Any:
        origin = url.origin()
        if origin not in self._rules:
            from protego import Protego

            rules = self._rules[origin] = Protego.parse(await self._text(origin))
            delay = rules.crawl_delay(AGENT)
            if delay:
                self._fetcher.delays_s[origin.host or ""] = min(float(delay), MAX_WAIT_S)
        return self._rules[origin]

    async def _text(self, origin: URL) -> str:
        try:
            reply = await self._fetcher.get(origin.with_path("/robots.txt"), max_bytes=MAX_BYTES)
        except FetchError as error:
            if error.kind == "down":
                raise FetchError("down", f"its robots.txt cannot be read: {error}") from error
            return NO_RULES
        return reply.body.decode("utf-8", "replace")
