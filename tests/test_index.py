"""Vector search: both indexes find the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.base import FloatArray
from rag.index import FaissIndex, NumpyIndex, best, open_index


def vectors(n: int, seed: int = 0, dim: int = 64) -> FloatArray:
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture(params=[NumpyIndex, FaissIndex])
def kind(request: pytest.FixtureRequest) -> type[NumpyIndex | FaissIndex]:
    if request.param is FaissIndex:
        pytest.importorskip("faiss")
    return request.param  # type: ignore[no-any-return]


def test_a_row_finds_itself_first_with_cosine_one(kind: type[NumpyIndex | FaissIndex]) -> None:
    data = vectors(500)
    rows, scores = kind(data).search(data[123], 5)
    assert rows[0] == 123
    assert scores[0] == pytest.approx(1, abs=1e-5)
    assert (np.diff(scores) <= 0).all()


def test_the_best_rows_are_the_exact_ones(kind: type[NumpyIndex | FaissIndex]) -> None:
    data = vectors(3000)
    index = kind(data)
    for query in vectors(20, seed=1):
        rows, scores = index.search(query, 10)
        exact = np.argsort(-(data @ query))[:10]
        assert rows.tolist() == exact.tolist()
        np.testing.assert_allclose(scores, (data @ query)[exact], atol=1e-6)


def test_cosines_come_in_the_order_asked_for(kind: type[NumpyIndex | FaissIndex]) -> None:
    data = vectors(50)
    np.testing.assert_allclose(kind(data).cosines(data[0], np.array([7, 0])), data[[7, 0]] @ data[0], atol=1e-6)


def test_few_or_no_rows_and_zero_vectors_are_fine(kind: type[NumpyIndex | FaissIndex]) -> None:
    rows, scores = kind(vectors(3)).search(np.zeros(64, np.float32), 10)
    assert sorted(rows.tolist()) == [0, 1, 2]
    assert not scores.any()
    for index in (kind(vectors(3)), kind(np.zeros((0, 64), np.float32))):
        assert index.search(np.ones(64, np.float32), 0)[0].shape == (0,)
    assert kind(np.zeros((0, 64), np.float32)).search(np.ones(64, np.float32), 4)[0].shape == (0,)
    assert len(kind(np.zeros((2, 64), np.float32)).search(np.ones(64, np.float32), 4)[0]) == 2


def test_without_faiss_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.find_spec", lambda _: None)
    assert isinstance(open_index(vectors(2)), NumpyIndex)


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 45))
def test_the_best_come_first_and_ties_keep_their_order(values: list[int], k: int) -> None:
    expected = sorted(range(len(values)), key=lambda row: (-values[row], row))[:k]
    assert best(np.array(values, np.float32), k).tolist() == expected
