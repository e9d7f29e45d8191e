"""How many answers a person and a group may have in an hour, by config.ini and after a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.clock import Clock
from bot.config import Settings
from bot.limits import WINDOW_S, Limits, Scope
from bot.store import Store


def hourly_limits(settings: Settings) -> Callable[[str], Mapping[Scope, int]]:
    """The limits of a group: its own keys beat those of ``[bot]``."""

    def limits(group: str) -> Mapping[Scope, int]:
        own, bot = settings.group(group), settings.bot
        person = bot.per_person_per_hour if own.per_person_per_hour is None else own.per_person_per_hour
        everybody = bot.per_group_per_hour if own.per_group_per_hour is None else own.per_group_per_hour
        return {"person": person, "group": everybody}

    return limits


def no_limits(group: str) -> Mapping[Scope, int]:
    """No limit for any group."""
    return {"person": 0, "group": 0}


async def recall_answers(store: Store, limits: Limits, clock: Clock) -> None:
    """Count what was answered within the last hour: a restart hands out no fresh quota."""
    now = clock.now()
    answers = await store.messages.answers(now - timedelta(seconds=WINDOW_S))
    limits.recall([(person, group, (now - at).total_seconds()) for person, group, at in answers])
