"""What becomes of a message outside a group's work hours. Knows no adapter."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from adapters.base import Message
from bot.config import Settings
from bot.hours import Hours
from bot.sections import OffHours

MAX_TRACKED = 10_000


@dataclass(frozen=True, slots=True)
class Rest:
    """The bot rests until ``until``, in the zone of the hours; ``tell``: the sender is told so, once."""

    until: datetime
    tell: bool


@dataclass(slots=True)
class RestTimes:
    """The work hours of all groups, and who was told of which time of rest: the latest `MAX_TRACKED`."""

    settings: Settings
    _hours: dict[str, Hours] = field(default_factory=dict)
    _told: OrderedDict[tuple[str, str], datetime] = field(default_factory=OrderedDict)

    def of(self, message: Message, addressed: bool) -> Rest | None:
        """Whether the message is left alone since it came outside the hours; None where it is handled."""
        group = message.conversation.group
        hours = self.hours(group)
        if hours.open_at(message.sent_at):
            return None
        off_hours = self.off_hours(group)
        if addressed and off_hours == "answer":
            return None
        until = hours.opens_after(message.sent_at)
        return Rest(until, addressed and off_hours == "notice" and self._first(group, message.sender.key, until))

    def off_hours(self, group: str) -> OffHours:
        """What a mention gets outside the hours of a group."""
        return self.settings.group(group).off_hours or self.settings.bot.off_hours

    def hours(self, group: str) -> Hours:
        """The hours of a group: its own keys beat those of ``[bot]``."""
        if group not in self._hours:
            own, bot = self.settings.group(group), self.settings.bot
            days, zone = own.days or bot.days, own.timezone or bot.timezone
            self._hours[group] = Hours.of(own.hours or bot.hours, days, zone)
        return self._hours[group]

    def _first(self, group: str, person: str, until: datetime) -> bool:
        key = (group, person)
        first = self._told.get(key) != until
        self._told[key] = until
        self._told.move_to_end(key)
        while len(self._told) > MAX_TRACKED:
            self._told.popitem(last=False)
        return first
