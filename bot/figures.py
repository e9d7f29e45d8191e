"""What /status tells of a group's limits: work hours, answers of the hour. Knows no platform."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock
from bot.limits import Limits
from bot.rest import RestTimes
from bot.texts import Language, say


@dataclass(frozen=True, slots=True)
class Figures:
    """Reads what others count."""

    clock: Clock
    limits: Limits
    rest: RestTimes

    async def lines(self, group: str, language: Language) -> list[str]:
        """A line for each limit that is set for the group."""
        return [*self._hours(group, language), *self._answers(group, language)]

    def _hours(self, group: str, language: Language) -> list[str]:
        hours, now = self.rest.hours(group), self.clock.now()
        if hours.open_at(now):
            return []
        until = f"{hours.opens_after(now):%m-%d %H:%M}"
        return [say(f"status_off_{self.rest.off_hours(group)}", language, until=until)]

    def _answers(self, group: str, language: Language) -> list[str]:
        used, limit = self.limits.used(group)
        return [say("status_answers", language, used=used, limit=limit)] if limit else []
