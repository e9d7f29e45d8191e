"""Work hours: when the bot takes part in a group's talk. Knows no message and no configuration.

A span over midnight belongs to the day on which it begins. Times are those of the wall in the zone, also across a
change to or from daylight saving time.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HAN_DAYS = "一二三四五六日"
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至到]\s*(\d{1,2}):(\d{2})")
_RANGE = re.compile(r"\s*[-–—~至到]\s*")
_WEEK = 7
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans as (first minute, minute past the last) of a day, on ``days`` (Monday is 0); no spans: all day."""

    spans: tuple[tuple[int, int], ...]
    days: frozenset[int]
    zone: ZoneInfo

    @classmethod
    def of(cls, spans: str, days: str, zone: str) -> Hours:
        """Read the three values as config.ini has them.

        Raises:
            ValueError: one of them cannot be read; the message says what to write.
        """
        return cls(parse_spans(spans), parse_days(days), parse_zone(zone))

    def open_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) is within the hours."""
        local = moment.astimezone(self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        for first, last in self.spans or ((0, _DAY_MINUTES),):
            if first < last and day in self.days and first <= minute < last:
                return True
            begun, carried = day in self.days and minute >= first, (day - 1) % _WEEK in self.days and minute < last
            if first > last and (begun or carried):
                return True
        return False

    def opens_after(self, moment: datetime) -> datetime:
        """The next beginning of a span behind ``moment``, in the zone."""
        local = moment.astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        starts = (
            self._at(midnight + timedelta(days=ahead, minutes=first))
            for ahead in range(_WEEK + 1)
            if (local.weekday() + ahead) % _WEEK in self.days
            for first, _ in self.spans or ((0, 0),)
        )
        return min(start for start in starts if start > moment)

    def _at(self, wall: datetime) -> datetime:
        """A time of the wall, moved on where the clocks skip it."""
        return wall.replace(tzinfo=self.zone).astimezone(UTC).astimezone(self.zone)


def parse_spans(text: str) -> tuple[tuple[int, int], ...]:
    """``09:00-12:00, 13:30-18:00``; nothing for all day.

    Raises:
        ValueError: it is not of that form.
    """
    return tuple(_span(part.strip()) for part in re.split(r"[,，;；]", text) if part.strip())


def _span(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text.replace("：", ":"))
    if match is None:
        raise ValueError(f"{text!r} is no span of hours; write for example 09:00-18:00, or 22:00-06:00")
    (h1, m1), (h2, m2) = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
    first, last = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or first >= _DAY_MINUTES or last > _DAY_MINUTES:
        raise ValueError(f"{text!r} has a time that no clock shows; they run from 00:00 to 24:00")
    if first == last:
        raise ValueError(f"{text!r} is empty; all day is 00:00-24:00, or no hours at all")
    return first, last


def parse_days(text: str) -> frozenset[int]:
    """``mon-fri, sun``, ``周一至周五``, ``1-5``; nothing for every day.

    Raises:
        ValueError: a day has no such name.
    """
    found: set[int] = set()
    for part in re.split(r"[,，;；、]", text):
        if not part.strip():
            continue
        ends = [_day(name) for name in _RANGE.split(part.strip(), maxsplit=1)]
        length = (ends[-1] - ends[0]) % _WEEK
        found |= {(ends[0] + ahead) % _WEEK for ahead in range(length + 1)}
    return frozenset(found or range(_WEEK))


def _day(name: str) -> int:
    short = name.strip().lower()
    for prefix in ("星期", "礼拜", "周"):
        short = short.removeprefix(prefix)
    for number, day in enumerate(_DAYS):
        if len(short) >= 3 and day.startswith(short):
            return number
    if short in ("天", *_HAN_DAYS):
        return 6 if short == "天" else _HAN_DAYS.index(short)
    if short in ("1", "2", "3", "4", "5", "6", "7"):
        return int(short) - 1
    raise ValueError(f"{name!r} is no day of the week; write for example mon-fri, sat")


def parse_zone(name: str) -> ZoneInfo:
    """A zone of the IANA database.

    Raises:
        ValueError: there is none of that name; the message gives the nearest.
    """
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = available_timezones()
        near = difflib.get_close_matches(name.strip(), zones, n=1, cutoff=0.6)
        city = next((zone for zone in sorted(zones) if zone.rpartition("/")[2].lower() == name.strip().lower()), "")
        hint = f"; did you mean {city or near[0]}?" if city or near else ""
        raise ValueError(f"there is no time zone {name!r}{hint or '; write for example Asia/Shanghai'}") from None
