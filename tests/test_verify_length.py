"""The check of a written answer costs no more than the lengths of what it reads call for."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from rag.verify import check_sentence
from rag.verify.text import MAX_CLAUSES, MAX_TOKENS, read


def _chinese(clauses: int, verb: str = "借") -> str:
    return "，".join(f"{n}号组的成员可以在周末{verb}{n + 3}本书" for n in range(clauses)) + "。"


def _english(clauses: int, verb: str = "borrow") -> str:
    return ", ".join(f"group {n} may {verb} {n + 3} books on day {n % 7}" for n in range(clauses)) + "."


def _calls(claim: str, passage: str) -> int:
    """How many functions are called to judge a claim: its cost, on any machine."""
    profile = cProfile.Profile()
    profile.enable()
    check_sentence(claim, [passage])
    profile.disable()
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("text", [_chinese(200), _english(200), "a," * 3000, "字" * 5000, "x " * 5000 + "."])
def test_what_goes_on_without_end_is_read_as_several_sentences_and_nothing_of_it_is_lost(text: str) -> None:
    spans = read(text).sentences
    assert len(spans) > 1
    assert all(len(span.tokens) <= MAX_TOKENS and len(span.clauses) <= MAX_CLAUSES for span in spans)
    starts = [token.start for span in spans for token in span.tokens]
    assert starts == sorted(starts)
    letters = sum(character.isalnum() for character in read(text).norm)
    assert sum(sum(map(str.isalnum, token.raw)) for span in spans for token in span.tokens) == letters


def test_a_passage_of_many_sentences_costs_what_its_length_calls_for() -> None:
    check_sentence("Members borrow books.", ["Members may borrow books for two weeks."])  # reads the lists of words
    cost = [
        _calls(
            "Members may borrow books for 14 days.",
            "Members may borrow books for 14 days. "
            + " ".join(f"Room {n} of branch {n} is not open to members on day {n}." for n in range(size)),
        )
        for size in (100, 400)
    ]
    assert cost[1] < 6 * cost[0]


@pytest.mark.parametrize("made", [_chinese, _english])
def test_a_claim_of_many_clauses_costs_its_length_beside_a_passage(made) -> None:  # type: ignore[no-untyped-def]
    check_sentence(made(3), [made(4)])
    cost = [_calls(made(size)[1:], made(60, "看" if made is _chinese else "take")) for size in (60, 240)]
    assert cost[1] < 8 * cost[0]
