"""What /status tells of a group's limits: work hours, answers of the hour, tokens, waiting times. Knows no platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from statistics import median

from bot.budget import Budget
from bot.clock import Clock
from bot.limits import Limits
from bot.rest import RestTimes
from bot.store import Store
from bot.texts import Language, say


@dataclass(frozen=True, slots=True)
class Figures:
    """Reads what others count."""

    store: Store
    clock: Clock
    limits: Limits
    rest: RestTimes
    budget: Budget

    async def lines(self, group: str, language: Language) -> list[str]:
        """A line for each limit that is set for the group."""
        told = [*self._hours(group, language), *self._answers(group, language), *self._tokens(group, language)]
        return [*told, *await self._first_words(language)]

    def _hours(self, group: str, language: Language) -> list[str]:
        hours, now = self.rest.hours(group), self.clock.now()
        if hours.open_at(now):
            return []
        until = f"{hours.opens_after(now):%m-%d %H:%M}"
        return [say(f"status_off_{self.rest.off_hours(group)}", language, until=until)]

    def _answers(self, group: str, language: Language) -> list[str]:
        used, limit = self.limits.used(group)
        return [say("status_answers", language, used=used, limit=limit)] if limit else []

    def _tokens(self, group: str, language: Language) -> list[str]:
        used, limit, all_used, all_limit = self.budget.today(group)
        if not all_used and not limit and not all_limit:
            return []
        figures = {"used": _of(used, limit), "all_used": _of(all_used, all_limit)}
        return [say("status_tokens", language, **figures)]

    async def _first_words(self, language: Language) -> list[str]:
        seconds = sorted(await self.store.messages.first_words(self.clock.now() - timedelta(hours=24)))
        if not seconds:
            return []
        p95 = seconds[ceil(0.95 * len(seconds)) - 1]
        return [say("status_first", language, median=f"{median(seconds):.1f}", p95=f"{p95:.1f}")]


def _of(used: int, limit: int) -> str:
    return f"{used:,} / {limit:,}" if limit else f"{used:,}"
