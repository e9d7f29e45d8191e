"""Search engines: a question goes out, addresses of pages come back. Knows no page and no knowledge base.

Errors::

    WebSearchError      the engine gave nothing; the message says why and what to do
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from rag.base import Language, ModelError

MAX_QUERY_CHARS = 300
MAX_REPLY_BYTES = 2_000_000
_REGIONS: dict[Language, tuple[str, str]] = {"zh": ("cn", "zh-cn"), "en": ("us", "en")}


class WebSearchError(ModelError):
    """A search that brought nothing, and why."""


class Engine(Protocol):
    """One search engine."""

    async def search(self, query: str, language: Language, count: int) -> Sequence[str]:
        """The addresses of the best ``count`` pages or so.

        Raises:
            WebSearchError: it gave none.
        """
        ...


class Serper:
    """Google's results by serper.dev, or a server that speaks as it does."""

    def __init__(self, base_url: str, api_key: str, timeout_s: float) -> None:
        self._url = base_url.rstrip("/") + "/search"
        self._key = api_key
        self._timeout_s = timeout_s

    async def search(self, query: str, language: Language, count: int) -> Sequence[str]:
        """See `Engine.search`."""
        from aiohttp import ClientError, ClientSession, ClientTimeout

        country, speech = _REGIONS[language]
        body = {"q": query[:MAX_QUERY_CHARS], "gl": country, "hl": speech, "num": count}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=self._timeout_s)) as session,
                session.post(self._url, json=body, headers={"X-API-KEY": self._key}) as reply,
            ):
                _check_status(reply.status)
                data = await reply.content.read(MAX_REPLY_BYTES)  # of what has come, so again until all has
                while more := await reply.content.read(MAX_REPLY_BYTES - len(data)):
                    data += more
        except TimeoutError as error:
            raise WebSearchError(f"the web search did not answer within {self._timeout_s:g} s") from error
        except (ClientError, OSError, ValueError) as error:
            raise WebSearchError(f"the web search cannot be reached ({error}): check [web] base_url") from error
        return _links(data)


def _check_status(status: int) -> None:
    if status in (401, 403):
        raise WebSearchError(f"the web search refused the key ({status}): check [web] api_key or QUNDA_WEB_API_KEY")
    if status == 429:
        raise WebSearchError("the web search limits the rate (429): check its quota or lower [web] max_per_day")
    if status >= 400:
        raise WebSearchError(f"the web search answered HTTP {status}: check [web] base_url, or its quota")


def _links(data: bytes) -> list[str]:
    import json

    try:
        rows = json.loads(data)["organic"]
        return [row["link"] for row in rows if isinstance(row.get("link"), str)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WebSearchError("the web search sent something that is no list of results") from error


class Ddgs:
    """The engines that the package ddgs asks; needs no key."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def search(self, query: str, language: Language, count: int) -> Sequence[str]:
        """See `Engine.search`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.to_thread(self._search, query[:MAX_QUERY_CHARS], language, count)
        except TimeoutError as error:
            raise WebSearchError(f"the web search did not answer within {self._timeout_s:g} s") from error

    def _search(self, query: str, language: Language, count: int) -> list[str]:
        try:
            from ddgs import DDGS
            from ddgs.exceptions import DDGSException
        except ImportError as error:
            raise WebSearchError("[web] search = ddgs needs the package ddgs: pip install 'qunda[web]'") from error
        region = "-".join((_REGIONS[language][0], language))
        try:
            rows: list[dict[str, Any]] = DDGS(timeout=max(1, int(self._timeout_s))).text(
                query, region=region, max_results=count
            )
        except (DDGSException, OSError, ValueError) as error:
            raise WebSearchError(f"the web search gave nothing ({str(error)[:200]})") from error
        return [row["href"] for row in rows if isinstance(row.get("href"), str)]
