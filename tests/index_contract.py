"""What every vector index keeps, whichever library it searches with. Subclasses name theirs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.base import FloatArray
from rag.index import VectorIndex


def vectors(n: int, seed: int = 0, dim: int = 64) -> FloatArray:
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class IndexContract:
    """Exact rows and cosines, ties by row, and no fault with few or no rows. ``recall`` < 1: rows may be missed."""

    recall = 1.0

    def make(self, data: FloatArray) -> VectorIndex:
        raise NotImplementedError

    def test_a_row_finds_itself_first_with_cosine_one(self) -> None:
        data = vectors(500)
        rows, scores = self.make(data).search(data[123], 5)
        assert rows[0] == 123
        assert scores[0] == pytest.approx(1, abs=1e-5)
        assert (np.diff(scores) <= 0).all()

    def test_the_best_rows_are_the_exact_ones(self) -> None:
        data = vectors(3000)
        index = self.make(data)
        assert len(index) == 3000
        found = 0
        for query in vectors(20, seed=1):
            rows, scores = index.search(query, 10)
            exact = np.argsort(-(data @ query))[:10]
            found += len(set(rows) & set(exact))
            if self.recall == 1:
                assert rows.tolist() == exact.tolist()
            assert (np.diff(scores) <= 0).all()
            np.testing.assert_allclose(scores, (data @ query)[rows], atol=1e-6)
        assert found >= self.recall * 200

    def test_equal_rows_come_in_their_order(self) -> None:
        data = np.repeat(vectors(400), 5, axis=0)
        rows, scores = self.make(data).search(data[700], 5)
        assert rows.tolist() == [700, 701, 702, 703, 704]
        assert len(set(scores.tolist())) == 1

    def test_more_may_be_asked_for_than_there_is(self) -> None:
        data = vectors(1500)
        rows, _ = self.make(data).search(data[3], 1400)
        assert len(set(rows.tolist())) == 1400 and rows[0] == 3

    def test_searches_from_many_threads_find_what_one_finds(self) -> None:
        data = vectors(3000)
        index = self.make(data)
        alone = [index.search(query, 10)[0].tolist() for query in data[:200]]
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(lambda query: index.search(query, 10)[0].tolist(), data[:200]))
        assert together == alone

    def test_cosines_come_in_the_order_asked_for(self) -> None:
        data = vectors(50)
        np.testing.assert_allclose(
            self.make(data).cosines(data[0], np.array([7, 0])), data[[7, 0]] @ data[0], atol=1e-6
        )

    def test_rows_and_scores_have_the_types_of_the_protocol(self) -> None:
        rows, scores = self.make(vectors(20)).search(vectors(1)[0], 3)
        assert (rows.dtype, scores.dtype) == (np.int64, np.float32)

    def test_few_or_no_rows_and_zero_vectors_are_fine(self) -> None:
        rows, scores = self.make(vectors(3)).search(np.zeros(64, np.float32), 10)
        assert sorted(rows.tolist()) == [0, 1, 2]
        assert not scores.any()
        empty = np.zeros((0, 64), np.float32)
        for index in (self.make(vectors(3)), self.make(empty)):
            assert index.search(np.ones(64, np.float32), 0)[0].shape == (0,)
        assert self.make(empty).search(np.ones(64, np.float32), 4)[0].shape == (0,)
        assert len(self.make(np.zeros((2, 64), np.float32)).search(np.ones(64, np.float32), 4)[0]) == 2
