"""Rate limits: sliding windows of an hour, per person and per group."""

from __future__ import annotations

from fakes import FakeClock, make_message
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import WINDOW_S, Limits


def limits_of(clock: FakeClock, person: int, group: int, max_tracked: int = 10_000) -> Limits:
    return Limits(clock, lambda _: {"person": person, "group": group}, max_tracked)


def test_a_person_over_the_limit_is_refused_and_told_once() -> None:
    clock = FakeClock()
    limits = limits_of(clock, 2, 0)
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
    limits = limits_of(clock, 1, 0)
    assert limits.allow(make_message()) is None
    clock.advance(WINDOW_S - 1)
    assert limits.allow(make_message())
    clock.advance(1)
    assert limits.allow(make_message()) is None
    hit = limits.allow(make_message())
    assert hit and hit.first


def test_a_group_has_a_limit_of_its_own_and_a_refusal_does_not_count() -> None:
    limits = limits_of(FakeClock(), 3, 2)
    assert limits.allow(make_message(sender="a")) is None
    assert limits.allow(make_message(sender="b")) is None
    hit = limits.allow(make_message(sender="c"))
    assert hit and hit.scope == "group"
    assert limits.allow(make_message(sender="c", chat="g2")) is None
    assert limits.allow(make_message(sender="c", chat="g2")) is None


def test_zero_switches_a_limit_off() -> None:
    limits = limits_of(FakeClock(), 0, 0)
    assert all(limits.allow(make_message()) is None for _ in range(1000))


def test_only_the_latest_people_are_kept() -> None:
    limits = limits_of(FakeClock(), 1, 0, max_tracked=10)
    for n in range(1000):
        limits.allow(make_message(sender=f"p{n}"))
    assert len(limits._windows) == 10
    assert limits.allow(make_message(sender="p999"))


@given(st.lists(st.tuples(st.floats(0, 2000), st.sampled_from("abc"), st.sampled_from("gh")), max_size=60))
def test_in_no_hour_is_more_allowed_than_the_limits_say(steps: list[tuple[float, str, str]]) -> None:
    clock = FakeClock()
    limits = limits_of(clock, 3, 5)
    allowed: list[tuple[float, str, str]] = []
    for pause, sender, chat in steps:
        clock.advance(pause)
        if limits.allow(make_message(sender=sender, chat=chat)) is None:
            allowed.append((clock.monotonic(), sender, chat))
    for end, *_ in allowed:
        hour = [item for item in allowed if end - WINDOW_S < item[0] <= end]
        assert all(sum(item[1] == person for item in hour) <= 3 for person in "abc")
        assert all(sum(item[2] == chat for item in hour) <= 5 for chat in "gh")


def test_a_group_with_a_lower_limit_refuses_by_its_own() -> None:
    limits = Limits(FakeClock(), lambda group: {"person": 0, "group": 1 if group == "fake:small" else 3})
    for n in range(3):
        assert limits.allow(make_message(sender=f"p{n}", chat="large")) is None
    assert limits.allow(make_message(chat="small")) is None
    hit = limits.allow(make_message(chat="small"))
    assert hit and (hit.scope, hit.limit) == ("group", 1)
    assert (limits.used("fake:small"), limits.used("fake:large")) == ((1, 1), (3, 3))


def test_what_was_answered_before_a_restart_counts_until_its_hour_is_over() -> None:
    clock = FakeClock()
    limits = limits_of(clock, 2, 0)
    message = make_message()
    limits.recall([(message.sender.key, message.conversation.group, ago_s) for ago_s in (3000.0, 60.0)])
    hit = limits.allow(message)
    assert hit and hit.retry_after_s == 600
    clock.advance(601)
    assert limits.allow(message) is None
