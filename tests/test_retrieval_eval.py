"""Measures of a search, against values computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval_eval import Ranks, distinct, matching, ndcg, rank, recall, reciprocal_rank, summarise


def sets(*entries: str) -> list[frozenset[str]]:
    return [frozenset(entry.split()) for entry in entries]


def test_passages_of_one_document_count_once_at_the_best_place() -> None:
    assert distinct(["a", "b", "a", "c", "b"]) == ["a", "b", "c"]


def test_an_entry_is_a_uri_or_a_file_name_wherever_it_lies() -> None:
    uris = ["readme.md", "x/readme.md", "x/install.md", "y/z/install.md", "uninstall.md"]
    assert matching("x/install.md", uris) == {"x/install.md"}
    assert matching("install.md", uris) == {"x/install.md", "y/z/install.md"}
    assert matching("z/install.md", uris) == {"y/z/install.md"}
    assert matching("readme.md", uris) == {"readme.md"}
    assert matching("nix.md", uris) == frozenset()


def test_ranks_count_documents_from_one() -> None:
    assert rank(["a", "b", "c", "d"], sets("c", "a")) == Ranks((1, 3), 2)
    assert rank(["a"], sets("z")) == Ranks((), 1)


def test_a_document_fulfils_one_entry_and_the_narrowest_one() -> None:
    assert rank(["a", "b"], sets("a b", "a")) == Ranks((1, 2), 2)
    assert rank(["a", "b"], sets("a b")) == Ranks((1,), 1)
    assert rank(["a"], sets("a b", "a")) == Ranks((1,), 2)


def test_the_measures_are_those_of_the_textbook() -> None:
    ranks = Ranks((2, 4), 3)  # relevant at places 2 and 4, a third one was not found
    assert recall(ranks, 1) == 0
    assert recall(ranks, 5) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranks) == 0.5
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert ndcg(ranks) == pytest.approx(gain / (1 + 1 / math.log2(3) + 1 / math.log2(4)))
    assert ndcg(ranks) == pytest.approx(0.498189, abs=1e-6)
    assert ndcg(Ranks((11,), 1)) == 0
    assert reciprocal_rank(Ranks((), 2)) == 0


def test_a_summary_is_the_mean_over_questions() -> None:
    summary = summarise([Ranks((1,), 1), Ranks((3,), 1), Ranks((), 1)])
    expected = {"recall@1": 1 / 3, "recall@5": 2 / 3, "mrr": (1 + 1 / 3) / 3, "ndcg": (1 + 0.5) / 3}
    assert summary == {name: pytest.approx(value) for name, value in expected.items()}


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=3), min_size=1),
)
def test_no_measure_leaves_zero_to_one(documents: list[str], relevant: list[set[str]]) -> None:
    ranks = rank(documents, relevant)
    assert list(ranks.found) == sorted(set(ranks.found))
    for value in summarise([ranks]).values():
        assert 0 <= value <= 1 + 1e-9
