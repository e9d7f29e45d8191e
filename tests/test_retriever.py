"""Hybrid retrieval: finds what was asked, over one base or several, and never stumbles over odd text."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.base import Evidence, KnowledgeError
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import Version, open_current
from rag.protocols import Retriever
from rag.retriever import DENSE_WEIGHT, NEURAL_DENSE_WEIGHT, HybridRetriever, default_dense_weight
from rag.scores import spread

EMBEDDER = LexicalEmbedder()
TEXTS = {
    "install.md": "# 安装\n\n先创建虚拟环境，再安装依赖。",
    "train.md": "# Training\n\nRun `tools/train_model.py --work-dir out` to start.",
    "deploy.md": "# 部署\n\n用容器部署服务，端口在 config.ini 里设置。",
    "faq.md": "# 常见问题\n\n显存不足时减小批次大小。",
}
OTHER = {
    "billing.md": "# 账单\n\n每月一日出账单，安装费用另计。",
    "train.md": "# Trains\n\nThe station closes at night.",
}


def make(root: Path, base: str, texts: dict[str, str], embedder: LexicalEmbedder = EMBEDDER) -> Version:
    (root / base).mkdir(parents=True)
    for name, text in texts.items():
        (root / base / name).write_text(text, "utf-8")
    build([root / base], root / "knowledge", embedder, base=base)
    return open_current(root / "knowledge", base)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Version, Version]:
    root = tmp_path_factory.mktemp("retriever")
    return make(root, "default", TEXTS), make(root, "billing", OTHER)


@pytest.fixture(scope="module")
def retriever(versions: tuple[Version, Version]) -> HybridRetriever:
    return HybridRetriever([versions[0]], EMBEDDER)


@pytest.mark.parametrize(
    ("question", "uri"),
    [
        ("怎么安装依赖", "install.md"),
        ("train_model.py 怎么用", "train.md"),
        ("work-dir", "train.md"),
        ("config.ini 端口", "deploy.md"),
        ("显存不够怎么办", "faq.md"),
        ("ＴＲＡＩＮＩＮＧ", "train.md"),
    ],
)
def test_a_question_finds_its_document(retriever: HybridRetriever, question: str, uri: str) -> None:
    assert retriever.search(question, 3).hits[0].passage.uri == uri


def test_evidence_is_complete_and_in_order(retriever: HybridRetriever) -> None:
    evidence = retriever.search("安装依赖 config.ini 没有的词", 3)
    assert isinstance(retriever, Retriever)
    assert 0 < len(evidence.hits) <= 3
    scores = [hit.score for hit in evidence.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1.0001 for score in scores)
    assert set(evidence.hits[0].scores) == {"bm25", "dense"}
    for raw in (evidence.bm25, evidence.dense):
        assert raw.dtype == np.float32
        assert 0 < len(raw) <= 3
        assert (np.diff(raw) <= 0).all()
    assert evidence.vector is not None
    assert evidence.vector.shape == (EMBEDDER.dim,)
    known = {term.text: term for term in evidence.terms}
    assert known["config.ini"].df == 1
    assert known["config.ini"].kind == "identifier"
    assert known["没有"].df == 0


def test_a_weight_of_zero_turns_a_retriever_off(versions: tuple[Version, Version]) -> None:
    bm25 = HybridRetriever([versions[0]], EMBEDDER, bm25_weight=1, dense_weight=0).search("安装依赖", 3)
    assert set(bm25.hits[0].scores) == {"bm25"}
    assert len(bm25.dense)  # the gate still sees it
    dense = HybridRetriever([versions[0]], EMBEDDER, bm25_weight=0, dense_weight=1).search("安装依赖", 3)
    assert set(dense.hits[0].scores) == {"dense"}
    assert not len(dense.bm25)
    assert dense.terms
    lean = HybridRetriever([versions[0]], EMBEDDER, dense_weight=0, with_dense_evidence=False).search("安装依赖", 3)
    assert lean.vector is None
    assert lean.hits == bm25.hits
    assert HybridRetriever([versions[0]], EMBEDDER, bm25_weight=0, dense_weight=0).search("安装", 3).hits == ()


class Neural(LexicalEmbedder):
    """One that is taken for a neural model."""

    def __init__(self) -> None:
        super().__init__()
        self.id = "neural"


def test_the_weight_of_vectors_suits_the_embedder_unless_one_is_given(tmp_path: Path) -> None:
    assert (default_dense_weight(EMBEDDER), default_dense_weight(Neural())) == (DENSE_WEIGHT, NEURAL_DENSE_WEIGHT)
    for embedder, weight in ((EMBEDDER, DENSE_WEIGHT), (Neural(), NEURAL_DENSE_WEIGHT)):
        version = make(tmp_path / embedder.id, "default", TEXTS, embedder)
        auto, given, other = (
            HybridRetriever([version], embedder, dense_weight=chosen).search("部署服务时怎么安装依赖", 4).hits
            for chosen in (None, weight, weight + 1)
        )
        assert auto == given
        assert [hit.score for hit in auto] != [hit.score for hit in other]


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20), st.floats(0.125, 1), st.floats(0, 1))
def test_cosines_of_a_model_that_crowds_them_count_the_same(cosines: list[float], factor: float, offset: float) -> None:
    plain = np.sort(np.round(np.array(cosines, np.float64), 3))[::-1]
    expected = spread(plain, plain[:8])
    assert expected.min() >= 0 and expected.max() == 1
    np.testing.assert_allclose(spread(plain * factor + offset, plain[:8] * factor + offset), expected, atol=1e-6)


def test_several_bases_are_searched_as_one(versions: tuple[Version, Version], tmp_path: Path) -> None:
    both = HybridRetriever(versions, EMBEDDER)
    assert len(both) == len(versions[0]) + len(versions[1])
    assert {hit.passage.id for hit in both.search("安装", 6).hits[:2]} == {
        "default/install.md#0",
        "billing/billing.md#0",
    }
    union = make(tmp_path, "union", {f"a{name}": text for name, text in TEXTS.items()} | OTHER)
    alone = HybridRetriever([union], EMBEDDER)
    for question in ("安装费用", "train station", "config.ini"):
        np.testing.assert_allclose(both.search(question, 5).bm25, alone.search(question, 5).bm25, rtol=1e-5)


def test_a_base_that_is_not_listed_is_never_seen(versions: tuple[Version, Version]) -> None:
    hits = HybridRetriever([versions[0]], EMBEDDER).search("账单 billing station", 10).hits
    assert {hit.passage.id.partition("/")[0] for hit in hits} <= {"default"}


def test_versions_of_different_embedders_are_refused(versions: tuple[Version, Version]) -> None:
    with pytest.raises(KnowledgeError, match=r"lexical-v1-1024.*lexical-v1-64.*qunda build"):
        HybridRetriever(versions, LexicalEmbedder(64))


def test_no_versions_find_nothing() -> None:
    evidence = HybridRetriever([], EMBEDDER).search("安装", 3)
    assert evidence.hits == ()
    assert evidence.terms[0].df == 0


ODD = [
    "",
    " ",
    "😀🎉",
    "\u202e\u200f",
    "\x00\x07\x1b[31m",
    "。。。",
    "a" * 1_000_000,
    "安" * 1_000_000,
    "\ud800",
    "_" * 5000,
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_is_searched_without_a_crash(retriever: HybridRetriever, text: str) -> None:
    evidence = retriever.search(text, 5)
    assert isinstance(evidence, Evidence)
    assert evidence.text == text
    assert all(np.isfinite(hit.score) for hit in evidence.hits)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300), st.integers(1, 20))
def test_any_text_gives_at_most_top_k_hits_best_first(retriever: HybridRetriever, text: str, top_k: int) -> None:
    evidence = retriever.search(text, top_k)
    assert len(evidence.hits) <= top_k
    assert len({hit.passage.id for hit in evidence.hits}) == len(evidence.hits)
    scores = [hit.score for hit in evidence.hits]
    assert scores == sorted(scores, reverse=True)


def test_what_was_measured_is_not_looked_for_again(
    versions: tuple[Version, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever, looked = HybridRetriever(versions, EMBEDDER), list[str]()
    fresh = retriever.search("安装依赖", 4)
    look = retriever._look

    def counted(text: str, *rest: Any, **more: Any) -> Any:
        looked.append(text)
        return look(text, *rest, **more)

    monkeypatch.setattr(retriever, "_look", counted)
    measured = retriever.measure("安装依赖", 4)
    found = retriever.search("安装依赖", 4, vector=measured.vector)
    assert looked == ["安装依赖"]
    assert [(hit.passage.id, hit.score) for hit in found.hits] == [(hit.passage.id, hit.score) for hit in fresh.hits]
    other = "how to delete everything"
    assert retriever.search(other, 4).text == other and retriever.search("安装依赖", 3).hits
    assert looked == ["安装依赖", other, "安装依赖"]


def test_threads_may_share_a_retriever(versions: tuple[Version, Version]) -> None:
    shared = HybridRetriever(versions, EMBEDDER)
    expected = [hit.passage.id for hit in shared.search("安装依赖", 4).hits]
    found: list[list[str]] = []

    def ask() -> None:
        found.extend([[hit.passage.id for hit in shared.search("安装依赖", 4).hits] for _ in range(20)])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 80
