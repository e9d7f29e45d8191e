"""Vector search: every index keeps the contract."""

from __future__ import annotations

import logging
import sys
import types
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from index_contract import IndexContract, vectors

from rag.base import FloatArray, ModelError
from rag.index import FaissIndex, NumpyIndex, VectorIndex, best, open_index
from rag.index_gpu import CandidateIndex, FaissGpuIndex, build_ivf, check_room, has_card
from rag.index_quantised import QuantisedIndex
from rag.neural.index import TorchIndex

GIB = 1 << 30


class TestNumpy(IndexContract):
    def make(self, data: FloatArray) -> VectorIndex:
        return NumpyIndex(data)


class TestFaiss(IndexContract):
    def make(self, data: FloatArray) -> VectorIndex:
        return FaissIndex(data)


class TestInvertedFile(IndexContract):
    """What goes to a card beyond two million rows, built and searched on the CPU."""

    recall = 0.95

    def make(self, data: FloatArray) -> VectorIndex:
        return CandidateIndex(data, build_ivf(data)) if len(data) else NumpyIndex(data)


class TestTorch(IndexContract):
    device = "cpu"

    def make(self, data: FloatArray) -> VectorIndex:
        return TorchIndex(data, self.device)


@pytest.mark.gpu
class TestTorchOnGPU(TestTorch):
    device = "cuda"

    @pytest.fixture(autouse=True)
    def card(self) -> None:
        if not torch.cuda.is_available():
            pytest.skip("there is no CUDA device")


@pytest.mark.gpu
class TestFaissOnGPU(IndexContract):
    exact_rows = 1_000_000

    @pytest.fixture(autouse=True)
    def card(self) -> None:
        if not has_card():
            pytest.skip("this faiss has no GPU build, or there is no card")

    def make(self, data: FloatArray) -> VectorIndex:
        return FaissGpuIndex(data, self.exact_rows)


class TestInvertedFileOnGPU(TestFaissOnGPU):
    exact_rows = 300
    recall = 0.95


class Broken:
    """What faiss raises where the card has no memory left."""

    def search(self, queries: FloatArray, k: int) -> Any:
        raise RuntimeError("StandardGpuResources: alloc fail type FlatData: out of memory")


def clustered(n: int, clusters: int = 60) -> FloatArray:
    centres = vectors(clusters, seed=5)
    rows = centres[np.random.default_rng(6).integers(0, clusters, n)] + 0.5 * vectors(n, seed=7)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_an_inverted_file_visits_few_lists_of_clustered_rows_and_many_of_shapeless_ones() -> None:
    data = clustered(6_000)
    grouped, shapeless = build_ivf(data), build_ivf(vectors(6_000))
    assert grouped.nlist == shapeless.nlist == int(4 * 6_000**0.5)
    assert grouped.nprobe * 8 <= shapeless.nprobe
    index, exact = CandidateIndex(data, grouped), NumpyIndex(data)
    queries = clustered(100)
    found = sum(len(set(index.search(q, 10)[0]) & set(exact.search(q, 10)[0])) for q in queries)
    assert found >= 950


def test_a_search_that_fails_on_the_card_is_done_without_it(caplog: pytest.LogCaptureFixture) -> None:
    data = vectors(100)
    with caplog.at_level(logging.WARNING):
        rows, _ = CandidateIndex(data, Broken()).search(data[7], 5)
    assert rows.tolist() == NumpyIndex(data).search(data[7], 5)[0].tolist()
    assert "out of memory" in caplog.text


def test_rows_may_take_their_share_of_a_card_and_no_more() -> None:
    check_room((2_000_000, 1024), free=20 * GIB, total=24 * GIB)
    check_room((2_000_000, 1024), free=0, total=0)
    with pytest.raises(ModelError, match=r"need 7\.6 GB of the card and may take 6\.0 GB"):
        check_room((4_000_000, 1024), free=20 * GIB, total=24 * GIB)
    with pytest.raises(ModelError, match=r"may take 1\.0 GB .* free the card"):
        check_room((2_000_000, 1024), free=2 * GIB, total=24 * GIB)


def test_torch_keeps_to_its_share() -> None:
    with pytest.raises(ModelError, match="free the card"):
        TorchIndex(vectors(10), "cpu", memory=(GIB, 24 * GIB))


def card_of_torch(monkeypatch: pytest.MonkeyPatch, *, room: bool) -> None:
    """Make ``open_index`` believe in a card; its index computes on the CPU, or finds no room."""
    memory = (24 * GIB, 24 * GIB) if room else (0, 24 * GIB)
    monkeypatch.setattr("rag.index._has_gpu", lambda: True)
    monkeypatch.setattr("rag.neural.index.TorchIndex", lambda data: TorchIndex(data, "cpu", memory))


def test_torch_serves_where_there_is_a_card_and_faiss_goes_on_where_it_is_full(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = vectors(50)
    with monkeypatch.context() as patched:
        card_of_torch(patched, room=True)
        assert type(open_index(data)).__name__ == "TorchIndex"
        assert not caplog.records
        card_of_torch(patched, room=False)
        with caplog.at_level(logging.WARNING):
            index = open_index(data)
    assert isinstance(index, FaissIndex)
    assert "free the card" in caplog.text
    assert index.search(data[3], 1)[0].tolist() == [3]


def test_a_gpu_build_whose_card_takes_nothing_leaves_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import faiss

    def full() -> None:
        raise RuntimeError("StandardGpuResources: alloc fail: out of memory")

    monkeypatch.setattr(faiss, "StandardGpuResources", full, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1, raising=False)
    with caplog.at_level(logging.WARNING):
        index = open_index(vectors(50))
    assert isinstance(index, FaissIndex)
    assert "did not take 50 vectors" in caplog.text and "out of memory" in caplog.text


def test_a_faiss_that_does_not_load_leaves_numpy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class NoLibraries(types.ModuleType):
        def find_spec(self, name: str, path: Any, target: Any = None) -> None:
            if name == "faiss":
                raise RuntimeError("faiss-gpu installed but nvidia-cuda-runtime-cu12 is missing")

    monkeypatch.setattr("rag.index.find_spec", lambda _: True)
    monkeypatch.delitem(sys.modules, "faiss", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibraries("finder"), *sys.meta_path])
    with caplog.at_level(logging.WARNING):
        assert isinstance(open_index(vectors(2)), NumpyIndex)
    assert "nvidia-cuda-runtime-cu12 is missing" in caplog.text


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
