"""Vector search: every index keeps the contract."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from index_contract import IndexContract, vectors

from rag.base import FloatArray
from rag.index import FaissIndex, NumpyIndex, VectorIndex, best, open_index
from rag.index_clustered import ClusteredIndex


class TestNumpy(IndexContract):
    def make(self, data: FloatArray) -> VectorIndex:
        return NumpyIndex(data)


class TestFaiss(IndexContract):
    def make(self, data: FloatArray) -> VectorIndex:
        return FaissIndex(data)


class TestTorch(IndexContract):
    device = "cpu"

    def make(self, data: FloatArray) -> VectorIndex:
        from rag.neural.index import TorchIndex

        return TorchIndex(data, self.device)


@pytest.mark.gpu
class TestTorchOnGPU(TestTorch):
    device = "cuda"

    @pytest.fixture(autouse=True)
    def card(self) -> None:
        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA device")


def test_without_faiss_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.find_spec", lambda _: None)
    assert isinstance(open_index(vectors(2)), NumpyIndex)


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 45))
def test_the_best_come_first_and_ties_keep_their_order(values: list[int], k: int) -> None:
    expected = sorted(range(len(values)), key=lambda row: (-values[row], row))[:k]
    assert best(np.array(values, np.float32), k).tolist() == expected


class TestClustered(IndexContract):
    """With every cluster read, it has to find what an exact index finds."""

    def make(self, data: FloatArray) -> VectorIndex:
        return ClusteredIndex(data, clusters=8, probed=8)


def test_reading_few_clusters_finds_nearly_all_of_what_lies_in_clusters() -> None:
    source = np.random.default_rng(1)
    centres = vectors(50, seed=2)
    rows = centres[source.integers(0, 50, 5000)] + 0.05 * source.standard_normal((5000, 64)).astype(np.float32)
    data = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    index = ClusteredIndex(data, clusters=50, probed=5)
    found = [len({*index.search(row, 10)[0].tolist()} & {*best(data @ row, 10).tolist()}) for row in data[:100]]
    assert np.mean(found) >= 9.5


def test_many_rows_are_searched_in_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index_clustered.FROM_ROWS", 100)
    assert isinstance(open_index(vectors(100)), ClusteredIndex)
    assert isinstance(open_index(vectors(99)), FaissIndex)
