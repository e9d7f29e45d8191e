"""Long posting lists are looked up, not added up, and the best passages stay the best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import pruning
from rag.lexical import LexicalIndex, TermCounts, Vocabulary, score_terms
from rag.pruning import Postings, rank_full, rank_pruned, sums_at


def lists(seed: int, passages: int = 3000) -> list[Postings]:
    """Two rare terms that score high, and six common ones that score low."""
    source = np.random.default_rng(seed)
    made = []
    for share, most in ((0.01, 9.0), (0.02, 7.0), *((0.6, 0.4),) * 6):
        rows = np.flatnonzero(source.random(passages) < share).astype(np.int32)
        made.append(Postings((most * source.random(len(rows))).astype(np.float32), rows, 1, most))
    return made


def full(given_lists: list[Postings], passages: int = 3000) -> np.ndarray:
    sums = np.zeros(passages, np.float32)
    for one in given_lists:
        sums[one.rows] += one.data * np.float32(one.times)
    return sums


@pytest.mark.parametrize("seed", range(5))
def test_the_ten_best_are_those_of_the_full_sums(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BUDGET", 120)
    monkeypatch.setattr(pruning, "FINISHED", 64)
    given_lists = lists(seed)
    found, expected = rank_pruned(given_lists, 3000, 10), rank_full(full(given_lists), 10)
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-5)
    assert found.rows.tolist() == expected.rows.tolist()
    some = np.array([5, 0, 2999, 17])
    np.testing.assert_allclose(found.at(some), full(given_lists)[some], rtol=1e-5)


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40), unique=True))
def test_a_row_is_looked_up_where_it_stands_and_nowhere_else(having: list[int], wanted: list[int]) -> None:
    rows = np.array(sorted(having), np.int32)
    one = Postings(np.ones(len(rows), np.float32), rows, 2, 2.0)
    asked = np.array(wanted, np.int64)
    assert sums_at([one], asked).tolist() == [2.0 if row in having else 0.0 for row in wanted]


def test_an_index_prunes_beyond_its_budget_and_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    source = np.random.default_rng(3)
    words = [f"w{n}" for n in range(300)]
    texts = [" ".join(words[int(300 * u**3)] for u in source.random(30)) for _ in range(2000)]
    vocabulary = Vocabulary()
    counts: TermCounts = vocabulary.count(texts)
    index = LexicalIndex(vocabulary.ids, score_terms(counts, vocabulary.ids))
    question = ["w0", "w1", "w2", "w3", "w250", "w290", "w290", "nix"]
    expected = index.search(question, 10)
    monkeypatch.setattr("rag.lexical.BUDGET", 10)
    monkeypatch.setattr(pruning, "BUDGET", 300)
    found = index.search(question, 10)
    assert found.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-5)
    assert len(index.search(["nix"], 10).rows) == 0
