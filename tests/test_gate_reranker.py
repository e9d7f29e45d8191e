"""A reranker's scores join the gate's features: learnt, explained, kept, and without effect where there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from test_gate import EMBEDDER, SEARCH
from test_gate_learning import items

from rag.base import Evidence, FloatArray, GateDecision, Hit, ModelError, Passage, Question
from rag.gate import LabelledExample, RelevanceGate, default_examples, describe, explain, gate_key, load_gate, save_gate
from rag.gate import train_gate as train
from rag.gate.model import RERANK_SLOPE, Rows, fit_model
from rag.gate.reranks import FEWEST, SHIPPED, Reranks, rerank_columns, to_score
from rag.reranking import KeptScores, reranked
from rag.scores import rescored

Score = Callable[[Evidence], float]
OWN = [LabelledExample(item.text, item.answer, source="file") for item in items()]
GOOD = {example.text for example in OWN if example.good}
TEXT, VAGUE = "知识库的权重是什么", "我这边的知识库"


def noise(text: str) -> float:
    return crc32(text.encode()) / 2**32


def knowing(evidence: Evidence) -> float:
    """A reranker that mostly knows."""
    return (0.5 if evidence.text in GOOD else 0.05) + 0.3 * noise(evidence.text)


def scores_of(score: Score) -> Callable[[Evidence], FloatArray]:
    return lambda evidence: score(evidence) * np.array([1.0, 0.8, 0.6, 0.4], np.float32)


def trained(score: Score | None, own: Sequence[LabelledExample] = OWN) -> RelevanceGate:
    rerank = scores_of(score) if score else None
    examples = [*default_examples(), *own]
    return train(examples, SEARCH, EMBEDDER, unwanted_per_1000=20, expected_share=0.1, rerank=rerank)


@pytest.fixture(scope="module")
def gate() -> RelevanceGate:
    return trained(knowing)


@pytest.fixture(scope="module")
def plain() -> RelevanceGate:
    return trained(None)


def decide(gate: RelevanceGate, text: str, *scores: float) -> GateDecision:
    evidence = replace(SEARCH(text), rerank=np.array(scores, np.float32))
    return gate.decide(Question(text), evidence)


def slope(gate: RelevanceGate) -> float:
    assert gate.learnt is not None
    return float(gate.learnt.model.reranks.sum())


def test_a_message_whose_passages_the_reranker_likes_is_likelier_to_be_answered(gate: RelevanceGate) -> None:
    low, high = (decide(gate, VAGUE, best, best / 2).probability for best in (0.05, 0.75))
    assert high > 2 * low


def test_without_a_reranker_there_is_no_column_and_scores_have_no_effect(plain: RelevanceGate) -> None:
    assert plain.learnt is not None
    assert plain.learnt.reranks is None and plain.learnt.model.reranks.shape == (0,)
    assert decide(plain, TEXT, 0.9, 0.8) == decide(plain, TEXT)


def test_a_message_that_the_reranker_failed_on_is_judged_without_it(gate: RelevanceGate) -> None:
    low, missing, high = (decide(gate, TEXT, *scores) for scores in ((0.05,), (), (0.75,)))
    assert low.probability < missing.probability < high.probability
    assert "reranker" not in {reason.name for reason in missing.reasons}


def test_scores_missing_in_training_are_no_obstacle() -> None:
    some = trained(lambda evidence: knowing(evidence) if noise(evidence.text) > 0.3 else np.nan)
    assert 0.3 < slope(some) < 10
    assert decide(some, TEXT, np.nan) == decide(some, TEXT)


def test_a_training_that_the_reranker_failed_all_through_does_without_it(plain: RelevanceGate) -> None:
    examples = [*default_examples(), *OWN]
    nothing = np.zeros(0, np.float32)
    gate = train(examples, SEARCH, EMBEDDER, unwanted_per_1000=20, expected_share=0.1, rerank=lambda evidence: nothing)
    assert decide(gate, TEXT, 0.9) == decide(plain, TEXT)


@pytest.mark.parametrize(
    ("scores", "zh", "en"),
    [
        ((0.75, 0.7, 0.6), "重排模型认为找到的内容能回答它", "the reranker holds that what was found answers it"),
        ((0.001, 0.001), "重排模型认为找到的内容答不了它", "the reranker holds that nothing found answers it"),
    ],
)
def test_it_is_named_in_both_languages_when_it_carries_the_decision(
    gate: RelevanceGate, scores: tuple[float, ...], zh: str, en: str
) -> None:
    decision = decide(gate, VAGUE, *scores)
    (reason,) = (reason for reason in decision.reasons if reason.name == "reranker")
    assert (describe(reason, "zh"), describe(reason, "en")) == (zh, en)
    assert any(zh in line for line in explain(decision, "zh", 9))


@pytest.mark.parametrize(
    ("labels", "truth", "least", "most"), [(6, 0, 0.3, 0.6), (2000, 0, -0.1, 0.1), (2000, 2, 1.8, 2.2)]
)
def test_few_labels_leave_it_near_the_documented_slope_and_many_overrule_it(
    labels: int, truth: float, least: float, most: float
) -> None:
    rng = np.random.default_rng(0)
    best = rng.normal(size=(labels, 1)).astype(np.float32)
    good = rng.random(labels) < 1 / (1 + np.exp(-truth * best[:, 0]))
    none, nothing = np.zeros((labels, 0), np.float32), tuple(np.zeros(0, np.uint64) for _ in range(labels))
    rows = Rows(nothing, np.zeros((labels, 1), np.float32), none, best, none.sum(1), good, np.ones(labels))
    assert least < float(fit_model(rows).reranks[0]) < most
    assert RERANK_SLOPE == 0.5


def test_a_gate_is_kept_with_it_and_known_by_it(gate: RelevanceGate, tmp_path: Path) -> None:
    save_gate(gate, tmp_path / "gate")
    read = load_gate(tmp_path / "gate", EMBEDDER)
    for scores in ((), (0.1,), (0.7, 0.6, 0.5)):
        assert decide(read, TEXT, *scores).probability == decide(gate, TEXT, *scores).probability
    keys = {gate_key(["default/1"], OWN, EMBEDDER, reranker) for reranker in ("", "a@1, best 8", "b@1, best 8")}
    assert len(keys) == 3


def test_a_search_that_finds_nothing_counts_as_the_lowest_score(gate: RelevanceGate) -> None:
    nothing, low = rerank_columns(Evidence("x")), np.array([[-6.0]], np.float32)
    scale = Reranks(np.zeros(1, np.float32), np.ones(1, np.float32))
    assert scale.columns(nothing[None]).tolist() == scale.columns(low).tolist() == [[-3]]


@pytest.mark.parametrize("constant", [0.0, 0.4, 1.0])
def test_a_reranker_that_always_says_the_same_adds_nothing(constant: float) -> None:
    raw = np.stack([rerank_columns(replace(SEARCH(TEXT), rerank=np.array([constant], np.float32)))] * FEWEST)
    scale = Reranks.fit(raw)
    assert scale is not None
    assert np.abs(scale.columns(raw)).max() < 1e-5
    assert Reranks.fit(raw[1:]) is None


class Reranker:
    """Likes long passages; fails while told to."""

    id = "long@1"

    def __init__(self) -> None:
        self.failing = False
        self.questions: list[str] = []

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        self.questions.append(question)
        if self.failing:
            raise ModelError("it is gone")
        return rescored(hits, [len(hit.passage.text) / 1000 for hit in hits])


def test_an_example_is_scored_once_and_one_more_costs_one_call(tmp_path: Path) -> None:
    reranker = Reranker()

    def learn(own: Sequence[LabelledExample]) -> RelevanceGate:
        kept = KeptScores.of(tmp_path, reranker)

        def rerank(evidence: Evidence) -> FloatArray:
            return kept.scores(evidence, lambda found: reranked(reranker, found.text, found))

        examples = [*default_examples(), *own]
        gate = train(examples, SEARCH, EMBEDDER, unwanted_per_1000=20, expected_share=0.1, rerank=rerank)
        kept.save()
        return gate

    first = learn(OWN[:20])
    found = [example for example in OWN[:20] if SEARCH(example.text).hits]
    assert 0 < len(reranker.questions) <= len(found) + SHIPPED
    assert {example.text for example in found} <= set(reranker.questions)
    reranker.questions.clear()
    again = learn(OWN[:20])
    assert not reranker.questions and decide(again, TEXT, 0.2) == decide(first, TEXT, 0.2)
    learn([*OWN[:20], LabelledExample("config.ini 是干什么的", True, source="group")])
    assert reranker.questions == ["config.ini 是干什么的"]


def test_of_shipped_examples_some_are_scored_and_of_own_ones_all() -> None:
    chosen = to_score([*default_examples(), *OWN])
    assert chosen[: len(default_examples())].sum() == SHIPPED and chosen[len(default_examples()) :].all()
    assert to_score([]).shape == (0,)


@pytest.mark.parametrize("content", ["[", "[1]", '{"a": [null]}', '{"a": 1}'])
def test_damaged_scores_are_made_anew(content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "scores.json"
    path.write_text(content, "utf-8")
    kept, reranker = KeptScores(path), Reranker()
    assert len(kept.scores(SEARCH("config.ini"), lambda found: reranked(reranker, "q", found)))
    assert "damaged" in caplog.text
    kept.save()
    assert KeptScores(path).known(SEARCH("config.ini"))


def test_scores_that_cannot_be_written_are_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    kept, reranker = KeptScores(tmp_path / "file" / "scores.json"), Reranker()
    kept.scores(SEARCH("config.ini"), lambda found: reranked(reranker, "q", found))
    kept.save()
    assert "cannot be kept" in caplog.text


def test_what_failed_is_asked_again(tmp_path: Path) -> None:
    reranker, evidence = Reranker(), SEARCH("config.ini")
    kept = KeptScores.of(tmp_path, reranker)
    reranker.failing = True
    assert not len(kept.scores(evidence, lambda found: reranked(reranker, "q", found)))
    reranker.failing = False
    assert len(kept.scores(evidence, lambda found: reranked(reranker, "q", found)))


def test_a_reranker_that_fails_leaves_the_evidence_as_it_was() -> None:
    reranker = Reranker()
    evidence = Evidence("q", tuple(Hit(Passage(str(n), "x" * n, "d", "d.md"), 1.0) for n in range(1, 4)))
    reranker.failing = True
    assert reranked(reranker, "q", evidence) is evidence
    reranker.failing = False
    ranked = reranked(reranker, "q", evidence)
    assert [hit.passage.id for hit in ranked.hits] == ["3", "2", "1"]
    assert ranked.rerank.tolist() == pytest.approx([0.003, 0.002, 0.001])
