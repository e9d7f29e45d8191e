"""From a question without an answer in the knowledge base to passages of the web that answer it, or to nothing.

Nothing that goes wrong out there fails a message: it is logged, counted, and the bot abstains as it would have.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from loguru import logger

from bot.clock import Clock
from bot.config import Settings
from bot.faults import Watch
from bot.web.engines import Ddgs, Engine, Serper, WebSearchError
from bot.web.pages import Domains, fetch_pages
from rag.answerable import answerable, default_model
from rag.base import Evidence, Language, Question
from rag.gate import standalone_text
from rag.personal import without_personal
from rag.secrets import MASK, mask
from rag.webpages import search_pages

KEPT_S = 600.0
REST_S = 30.0  # after a fault: neither a refused key nor a limited rate gets better by asking on
MAX_KEPT = 200
_MARKS = re.compile(rf"{MASK}|\[(?:email|phone|card|id|id number)\]")
CANDIDATES = 3  # addresses asked for, for each page that is read: many are of other domains


@dataclass(frozen=True, slots=True)
class Found:
    """What the web has to say: ``evidence`` where it supports an answer, and the addresses that were read."""

    evidence: Evidence | None
    support: float = 0.0
    pages: tuple[str, ...] = ()


@dataclass(slots=True)
class WebSearch:
    """Looks a question up, at most ``max_per_day`` times; the same one again within ten minutes costs nothing."""

    settings: Settings
    engine: Engine
    clock: Clock
    watch: Watch = field(default_factory=lambda: Watch("web"))
    _kept: OrderedDict[str, tuple[float, Found]] = field(default_factory=OrderedDict)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _rests_until: float = float("-inf")
    _day: str = ""
    _today: int = 0

    def may(self, group: str, mentioned: bool) -> bool:
        """Whether the web may be asked for a message of a group."""
        return self.settings.group(group).web is not False and (mentioned or self.settings.web.passive)

    async def find(self, question: Question) -> Found | None:
        """What the web has; None where it could not be asked. Never raises."""
        text = " ".join(standalone_text(question).split())
        async with self._locks.setdefault(text, asyncio.Lock()):  # who asks the same meanwhile waits for this answer
            found = await self._find(text, question.language)
        quotes = question.quote_only or self.settings.llm.backend == "extractive"  # as the engine has it for its own
        if found is None or found.support >= default_model().levels["mention" if quotes else "model"]:
            return found
        return replace(found, evidence=None)

    async def _find(self, text: str, language: Language) -> Found | None:
        now, kept = self.clock.monotonic(), self._kept.get(text)
        if kept is not None and now - kept[0] < KEPT_S:
            return kept[1]
        asked = sent_out(text)
        if not asked or now < self._rests_until or not self._take_turn():
            return None
        try:
            links = await self._links(asked, language)
        except WebSearchError as error:
            self.watch.failed(error)
            self._rests_until = now + REST_S
            return None
        self.watch.worked()
        found = await self._read(links, text)
        self._kept[text] = (now, found)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    def _take_turn(self) -> bool:
        day = f"{self.clock.now().astimezone(ZoneInfo(self.settings.bot.timezone)):%Y-%m-%d}"
        if day != self._day:
            self._day, self._today = day, 0
        if self._today == self.settings.web.max_per_day:
            logger.info("the web was asked {} times today, which is [web] max_per_day", self._today)
            return False
        self._today += 1
        return True

    async def _links(self, text: str, language: Language) -> Sequence[str]:
        web = self.settings.web
        sites = [name.removeprefix("*.") for name in web.allowed_domains if ":" not in name][:8]
        within = " OR ".join(f"site:{site}" for site in sites)
        query = f"{text} ({within})" if len(sites) > 1 else f"{text} {within}".strip()
        return await self.engine.search(query, language, CANDIDATES * web.max_results)

    async def _read(self, links: Sequence[str], text: str) -> Found:
        web = self.settings.web
        pages = await fetch_pages(links, Domains(web.allowed_domains), web.max_results, web.timeout_s)
        if not pages:
            return Found(None)
        try:
            evidence = await asyncio.to_thread(search_pages, pages, text)
        except Exception:  # the boundary round what pages of the web may hold
            logger.exception("pages of the web could not be searched")
            return Found(None)
        return Found(evidence, answerable(evidence), tuple(page.url for page in pages))


def sent_out(text: str) -> str:
    """A question as a search engine may read it: without secrets, and without numbers and addresses of members."""
    return " ".join(_MARKS.sub(" ", mask(without_personal(text)).text).split())


def open_web(settings: Settings, clock: Clock) -> WebSearch | None:
    """The search that ``[web]`` names; None where it is off."""
    web = settings.web
    if web.search == "off":
        return None
    if web.search == "ddgs":
        return WebSearch(settings, Ddgs(web.timeout_s), clock)
    return WebSearch(settings, Serper(web.base_url, web.api_key.get_secret_value(), web.timeout_s), clock)
