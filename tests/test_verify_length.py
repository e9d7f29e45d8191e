"""The check of a written answer costs no more than the lengths of what it reads call for."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from rag.verify import check_sentence, exceptions
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


def test_each_sentence_of_a_long_passage_is_looked_at_once_for_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    class Counting:
        def search(self, text: str) -> bool:
            looked_at.append(text)
            return True

    monkeypatch.setattr(exceptions, "_SET_APART", Counting())
    rooms = " ".join(f"Room {n} of branch {n} is not open to members on day {n}." for n in range(100))
    sentences = read(f"Books may be taken home by members for 14 days. {rooms}").sentences
    exceptions.told_of_an_exception(read("Members may take books home for 14 days.").sentences[0], sentences)
    assert 0 < len(looked_at) <= len(sentences)


def test_a_claim_of_many_clauses_beside_a_passage_of_as_many_costs_little_more_than_its_length() -> None:
    check_sentence(_chinese(3), [_chinese(4)])  # reads the lists of words
    cost = [_calls(_chinese(size)[1:], _chinese(size, "看")) for size in (30, 240)]
    assert cost[1] < 16 * cost[0]
