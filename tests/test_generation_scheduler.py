"""Who joins and what is read: pure decisions, checked without a model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.neural.engine.scheduler import Copy, Scheduler


def read_all(scheduler: Scheduler[str]) -> list[tuple[str, int, int]]:
    """(owner, start, length) of everything that is read until nothing is left to read."""
    found = []
    while (plan := scheduler.plan()).segments:
        found += [(part.owner, part.start, len(part.tokens)) for part in plan.segments]
    return found


def test_a_long_prompt_is_read_in_chunks_and_decodes_after_the_last() -> None:
    scheduler: Scheduler[str] = Scheduler(2, 10)
    scheduler.add("a", range(25))
    assert scheduler.plan().segments[0].last is False
    assert scheduler.decoding() == []
    assert read_all(scheduler) == [("a", 10, 10), ("a", 20, 5)]
    assert [owner for _, owner in scheduler.decoding()] == ["a"]


def test_short_prompts_share_a_chunk_in_the_order_in_which_they_came() -> None:
    scheduler: Scheduler[str] = Scheduler(4, 10)
    for name, first in (("a", 0), ("b", 100), ("c", 200)):
        scheduler.add(name, range(first, first + 4))
    assert [(part.owner, len(part.tokens)) for part in scheduler.plan().segments] == [("a", 4), ("b", 4), ("c", 2)]


def test_who_finds_no_free_slot_waits_until_one_leaves() -> None:
    scheduler: Scheduler[str] = Scheduler(1, 10)
    scheduler.add("a", range(3))
    scheduler.add("b", range(50, 53))
    assert read_all(scheduler) == [("a", 0, 3)]
    scheduler.remove("a")
    assert read_all(scheduler) == [("b", 0, 3)]


def test_a_shared_beginning_is_copied_from_a_busy_slot_and_taken_over_from_a_free_one() -> None:
    scheduler: Scheduler[str] = Scheduler(2, 100)
    system = list(range(40))
    scheduler.add("a", [*system, 200])
    scheduler.plan()
    scheduler.add("b", [*system, 201, 202])
    plan = scheduler.plan()
    assert (plan.copies, plan.segments[0].start) == ([Copy(0, 1, 40)], 40)
    scheduler.remove("b")
    scheduler.add("c", [*system, 201, 203])
    plan = scheduler.plan()
    assert (plan.copies, plan.segments[0].slot, plan.segments[0].start) == ([], 1, 41)


def test_who_shares_what_is_just_being_read_waits_for_it() -> None:
    scheduler: Scheduler[str] = Scheduler(2, 100)
    system = list(range(40))
    scheduler.add("a", [*system, 200])
    scheduler.add("b", [*system, 201])
    assert [part.owner for part in scheduler.plan().segments] == ["a"]
    plan = scheduler.plan()
    assert (plan.segments[0].owner, plan.segments[0].start) == ("b", 40)


def test_the_same_prompt_again_reads_its_last_token_only() -> None:
    scheduler: Scheduler[str] = Scheduler(1, 100)
    scheduler.add("a", range(30))
    scheduler.plan()
    scheduler.remove("a", [7, 8, 9])
    scheduler.add("b", range(30))
    assert read_all(scheduler) == [("b", 29, 1)]


def test_an_earlier_answer_is_not_read_again_in_the_next_turn() -> None:
    scheduler: Scheduler[str] = Scheduler(1, 100)
    scheduler.add("a", range(30))
    scheduler.plan()
    scheduler.remove("a", [91, 92, 93])
    scheduler.add("b", [*range(30), 91, 92, 93, 94])
    assert read_all(scheduler) == [("b", 32, 2)]


def test_what_was_read_in_vain_is_not_reused() -> None:
    scheduler: Scheduler[str] = Scheduler(1, 100)
    scheduler.add("a", range(30))
    scheduler.plan()
    scheduler.remove("a")
    scheduler.forget(0)
    scheduler.add("b", range(30))
    assert read_all(scheduler) == [("b", 0, 30)]


def test_a_request_cancelled_half_read_leaves_what_was_read() -> None:
    scheduler: Scheduler[str] = Scheduler(1, 20)
    scheduler.add("a", range(50))
    scheduler.plan()
    scheduler.remove("a")
    assert not scheduler.busy
    scheduler.add("b", range(50))
    assert read_all(scheduler) == [("b", 20, 20), ("b", 40, 10)]


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=60), min_size=1, max_size=12),
    st.integers(1, 4),
    st.integers(1, 40),
)
def test_every_prompt_is_covered_once_and_in_order_and_no_chunk_is_too_long(
    prompts: list[list[int]], slots: int, chunk: int
) -> None:
    scheduler: Scheduler[int] = Scheduler(slots, chunk)
    held: dict[int, list[int]] = {index: [] for index in range(slots)}
    for number, tokens in enumerate(prompts):
        scheduler.add(number, tokens)
    done: list[int] = []
    while scheduler.busy:
        plan = scheduler.plan()
        assert sum(len(part.tokens) for part in plan.segments) <= chunk
        for copy in plan.copies:
            held[copy.target] = held[copy.source][: copy.length]
        for part in plan.segments:
            assert len(held[part.slot]) >= part.start
            held[part.slot] = [*held[part.slot][: part.start], *map(int, part.tokens)]
            if part.last:
                assert held[part.slot] == prompts[part.owner]
        for slot, owner in scheduler.decoding():
            done.append(owner)
            scheduler.remove(owner, [1, 2])
            held[slot].append(1)
    assert sorted(done) == list(range(len(prompts)))
