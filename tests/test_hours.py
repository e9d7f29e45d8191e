"""Work hours: what the spans, days and zones of config.ini mean, and what becomes of messages outside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from group import open_group
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, load
from bot.hours import Hours, parse_days, parse_spans

SHANGHAI = "Asia/Shanghai"
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
zones = st.sampled_from([SHANGHAI, "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
times = st.tuples(st.integers(0, 23), st.integers(0, 59))
A_WEEK = timedelta(days=7)
NIGHT = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)  # 22:30 on a Wednesday in Shanghai


@given(moments, zones, times, times, st.sets(st.integers(0, 6), min_size=1))
def test_a_span_over_midnight_is_its_two_halves(
    moment: datetime, zone: str, start: tuple[int, int], end: tuple[int, int], days: set[int]
) -> None:
    first, last = (h * 60 + m for h, m in (start, end))
    if first <= last or not last:
        return
    zoned = Hours.of("", "", zone).zone
    whole = Hours(((first, last),), frozenset(days), zoned)
    evening = Hours(((first, 24 * 60),), frozenset(days), zoned)
    morning = Hours(((0, last),), frozenset((day + 1) % 7 for day in days), zoned)
    assert whole.open_at(moment) == (evening.open_at(moment) or morning.open_at(moment))


@given(moments, zones, times, times, st.sets(st.integers(0, 6), min_size=1))
def test_it_opens_within_a_week_and_nothing_is_open_before(
    moment: datetime, zone: str, start: tuple[int, int], end: tuple[int, int], days: set[int]
) -> None:
    if start == end:
        return
    first, last = (h * 60 + m for h, m in (start, end))
    hours = Hours(((first, last),), frozenset(days), Hours.of("", "", zone).zone)
    opens = hours.opens_after(moment)
    assert moment < opens <= moment + A_WEEK + timedelta(hours=1)  # an hour more where the clocks change
    if not hours.open_at(moment):
        between = moment + (opens - moment) / 2
        assert not hours.open_at(between) or between.utcoffset() != opens.utcoffset()


def test_days_and_spans_are_read_in_both_languages() -> None:
    assert parse_days("mon-fri") == parse_days("周一至周五") == parse_days("1-5") == frozenset(range(5))
    assert parse_days("sat, Sunday") == parse_days("星期六、周日") == {5, 6}
    assert parse_days("fri-mon") == {4, 5, 6, 0}
    assert parse_days("") == frozenset(range(7))
    assert parse_spans("09:00-12:00，13:30–18:00") == ((540, 720), (810, 1080))
    assert parse_spans("22：00至6:00") == ((1320, 360),)


def test_the_clocks_of_the_zone_count_when_they_change() -> None:
    berlin = Hours.of("02:30-03:30", "", "Europe/Berlin")
    before = datetime(2026, 3, 29, 0, 15, tzinfo=UTC)  # 01:15; at 02:00 the clocks go on to 03:00
    assert berlin.opens_after(before).astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert berlin.open_at(datetime(2026, 3, 29, 1, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("bot.hours=9 to 5", "09:00-18:00"),
        ("bot.hours=09:00-25:00", "24:00"),
        ("bot.hours=09:00-09:00", "00:00-24:00"),
        ("bot.days=mon-fry", "mon-fri"),
        ("bot.timezone=Shanghai", "did you mean Asia/Shanghai"),
        ("bot.timezone=Asia/Shangai", "did you mean Asia/Shanghai"),
        ("bot.off_hours=notise", "did you mean 'notice'"),
        ("group:fake:g1.hours=0900", "09:00-18:00"),
        ("group:fake:g1.timezone=Nowhere", "for example Asia/Shanghai"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_fix(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(None, overrides=[override], environ={})


async def test_outside_the_hours_talk_is_left_alone_and_mentions_are_answered(tmp_path: Path) -> None:
    async with open_group(tmp_path, "bot.hours=09:00-18:00", sent_before=NIGHT) as group:
        heard = await group.say("Zephyrlink 怎么安装？")
        mentioned = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        why = await group.say("/why", sender="root", quote=heard["message"])
        group.clock.advance(12 * 3600)
        morning = await group.say("Zephyrlink 怎么安装？")
    assert (heard["outcome"], heard["replies"]) == ("silent", [])
    assert heard["reasons"] == ["不在工作时间内（11-26 09:00 恢复）"]
    assert "工作时间" in why["replies"][0]
    assert mentioned["outcome"] == morning["outcome"] == "answered"


async def test_a_notice_comes_once_a_person_and_night_and_the_hours_of_a_group_beat_the_others(tmp_path: Path) -> None:
    changes = ("bot.hours=09:00-18:00", "bot.off_hours=notice", "group:fake:g2.hours=22:00-06:00")
    async with open_group(tmp_path, *changes, sent_before=NIGHT) as group:
        first = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        again = await group.say("怎么改端口？", mentions_bot=True)
        other = await group.say("how do I install zephyrlink?", mentions_bot=True, sender="carol")
        elsewhere = await group.say("Zephyrlink 怎么安装？", chat="g2")
        group.clock.advance(24 * 3600)
        next_night = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
    assert (first["outcome"], first["replies"]) == ("limited", ["现在是休息时间，11-26 09:00 起再回答问题。"])
    assert (again["outcome"], again["replies"]) == ("silent", [])
    assert "11-26 09:00" in other["replies"][0] and "off duty" in other["replies"][0]
    assert elsewhere["outcome"] == "answered"
    assert "11-27 09:00" in next_night["replies"][0]


async def test_silent_means_silent_and_commands_work_at_all_hours(tmp_path: Path) -> None:
    async with open_group(tmp_path, "bot.days=sat-sun", "bot.off_hours=silent", sent_before=NIGHT) as group:
        asked = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        status = await group.say("/status", sender="root")
    assert (asked["outcome"], asked["replies"]) == ("silent", [])
    assert "休息" in status["replies"][0] and "11-28 00:00" in status["replies"][0]


async def test_a_restart_hands_out_no_fresh_quota_and_a_group_may_have_its_own(tmp_path: Path) -> None:
    changes = ("bot.per_group_per_hour=1", "group:fake:g2.per_group_per_hour=2")
    async with open_group(tmp_path, *changes) as group:
        answered = await group.say("Zephyrlink 怎么安装？")
        at = group.clock.now()
    async with open_group(tmp_path, *changes, sent_before=at) as group:
        refused = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        elsewhere = [(await group.say("Zephyrlink 怎么安装？", chat="g2"))["outcome"] for _ in range(3)]
        status = await group.say("/status", sender="root")
    assert (answered["outcome"], refused["outcome"]) == ("answered", "limited")
    assert elsewhere == ["answered", "answered", "limited"]
    assert "1 / 1 次" in status["replies"][0]
