"""Rate limits: sliding windows of an hour, per person and per group."""

from __future__ import annotations

from fakes import FakeClock, make_message
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import WINDOW_S, Limits


def test_a_person_over_the_limit_is_refused_and_told_once() -> None:
    clock = FakeClock()
    limits = Limits(clock, per_person_per_hour=2, per_group_per_hour=0)
    assert limits.allow(make_message()) is None
    clock.advance(600)
    assert limits.allow(make_message()) is None
    hit = limits.allow(make_message())
    assert hit and (hit.scope, hit.limit, hit.retry_after_s, hit.first) == ("person", 2, 3000, True)
    again = limits.allow(make_message())
    assert again and not again.first
    assert limits.allow(make_message(sender="bob")) is None


def test_the_window_slides() -> None:
    clock = FakeClock()
    limits = Limits(clock, per_person_per_hour=1, per_group_per_hour=0)
    assert limits.allow(make_message()) is None
    clock.advance(WINDOW_S - 1)
    assert limits.allow(make_message())
    clock.advance(1)
    assert limits.allow(make_message()) is None
    hit = limits.allow(make_message())
    assert hit and hit.first


def test_a_group_has_a_limit_of_its_own_and_a_refusal_does_not_count() -> None:
    limits = Limits(FakeClock(), per_person_per_hour=3, per_group_per_hour=2)
    assert limits.allow(make_message(sender="a")) is None
    assert limits.allow(make_message(sender="b")) is None
    hit = limits.allow(make_message(sender="c"))
    assert hit and hit.scope == "group"
    assert limits.allow(make_message(sender="c", chat="g2")) is None
    assert limits.allow(make_message(sender="c", chat="g2")) is None


def test_zero_switches_a_limit_off() -> None:
    limits = Limits(FakeClock(), per_person_per_hour=0, per_group_per_hour=0)
    assert all(limits.allow(make_message()) is None for _ in range(1000))


def test_only_the_latest_people_are_kept() -> None:
    limits = Limits(FakeClock(), per_person_per_hour=1, per_group_per_hour=0, max_tracked=10)
    for n in range(1000):
        limits.allow(make_message(sender=f"p{n}"))
    assert len(limits._windows) == 10
    assert limits.allow(make_message(sender="p999"))


@given(st.lists(st.tuples(st.floats(0, 2000), st.sampled_from("abc"), st.sampled_from("gh")), max_size=60))
def test_in_no_hour_is_more_allowed_than_the_limits_say(steps: list[tuple[float, str, str]]) -> None:
    clock = FakeClock()
    limits = Limits(clock, per_person_per_hour=3, per_group_per_hour=5)
    allowed: list[tuple[float, str, str]] = []
    for pause, sender, chat in steps:
        clock.advance(pause)
        if limits.allow(make_message(sender=sender, chat=chat)) is None:
            allowed.append((clock.monotonic(), sender, chat))
    for end, *_ in allowed:
        hour = [item for item in allowed if end - WINDOW_S < item[0] <= end]
        assert all(sum(item[1] == person for item in hour) <= 3 for person in "abc")
        assert all(sum(item[2] == chat for item in hour) <= 5 for chat in "gh")
