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
from rag.index_quantised import QuantisedIndex


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


class TestQuantised(IndexContract):
    """With enough candidates it has to find what an exact index finds."""

    def make(self, data: FloatArray) -> VectorIndex:
        return QuantisedIndex(data, wider=60)


def test_coarse_codes_find_nearly_all_of_the_ten_best_also_where_nothing_is_clustered() -> None:
    data = vectors(5000, dim=256)
    index = QuantisedIndex(data)
    asked = vectors(50, seed=1, dim=256)
    found = [len({*index.search(row, 10)[0].tolist()} & {*best(data @ row, 10).tolist()}) for row in asked]
    assert np.mean(found) >= 9.5


def test_many_rows_are_quantised_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index_quantised.FROM_ROWS", 100)
    assert isinstance(open_index(vectors(100)), QuantisedIndex)
    assert isinstance(open_index(vectors(99)), FaissIndex)
    assert isinstance(open_index(vectors(100, dim=63)), FaissIndex)
