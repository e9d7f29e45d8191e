"""The gate learns, is measured and reviewed honestly, and length is no merit."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from test_gate import EMBEDDER, SEARCH, decide, trained

from rag.base import Evidence, Term
from rag.gate import LabelledExample, RelevanceGate, default_examples, review
from rag.gate.calibration import Calibration, best_f1_score, upper_quantile
from rag.gate.columns import COLUMNS, KNOWLEDGE, TermRow, columns
from rag.gate.curve import learning_curve
from rag.gate.evaluation import (
    EvalItem,
    cross_validate,
    deal_blocks,
    decision_numbers,
    expected_calibration_error,
    measure,
    measure_items,
    roc_auc,
    summarise,
)
from rag.gate.model import log_count_ratios
from rag.gate.plot import draw
from rag.gate.prior import Prior, default_prior
from rag.gate.wording import canonical, hashes, ngrams

SUBJECTS = (
    "qunda",
    "config.ini",
    "docker",
    "app_secret",
    "faiss",
    "bm25s",
    "dense_weight",
    "知识库",
    "飞书",
    "向量检索",
)
ASKED = ("怎么安装{}", "{} 报错了怎么办", "请问 {} 怎么配置", "{} 支持 windows 吗", "{} 的权重在哪里设置")
CHAT = ("今天{}真不错", "{}吃了吗", "谁一起去{}", "哈哈哈{}笑死", "{}又涨价了")
THINGS = ("天气", "火锅", "电影", "球赛", "奶茶", "机票", "西瓜", "咖啡", "地铁", "周末")


def items() -> list[EvalItem]:
    good = [EvalItem(ask.format(s), True, n) for s in SUBJECTS for n, ask in enumerate(ASKED)]
    bad = [EvalItem(chat.format(t), False, n) for t in THINGS for n, chat in enumerate(CHAT)]
    return [item for pair in zip(good, bad, strict=True) for item in pair]


@pytest.fixture(scope="module")
def gate() -> RelevanceGate:
    return trained([LabelledExample(item.text, item.answer, source="file") for item in items()], dial=20)


def test_enough_labels_calibrate_the_gate_itself(gate: RelevanceGate) -> None:
    assert gate.calibrated
    assert str(gate.examples_used) in gate.note("zh")


LONG = (
    "周末我们几个人约好了一起去爬山，早上六点就起床，结果路上堵车堵了两个小时，到了山脚下才发现忘记带水。"
    "后来在半山腰遇到一个卖西瓜的老爷爷，买了两个西瓜，坐在树荫下面吃完了才继续走。回来的路上又下起了大雨。"
)


@pytest.mark.parametrize("times", [1, 4, 16])
def test_a_long_message_off_the_subject_stays_silent(gate: RelevanceGate, times: int) -> None:
    assert not decide(gate, LONG * times).answer


def test_much_chatter_joined_is_still_chatter(gate: RelevanceGate) -> None:
    bad = [example.text for example in default_examples() if not example.good]
    for start in range(0, 200, 20):
        assert not decide(gate, "。".join(bad[start : start + 20])).answer


@pytest.mark.parametrize(
    "written",
    [
        "請問 config.ini 怎麼配置",
        "请问 ｃｏｎｆｉｇ．ｉｎｉ 怎么配置",
        "请问 CONFIG.INI 怎么配置",
        "请问 config.ini 怎么配置😂😂[捂脸]",
        "请问 config.ini 怎么配制",
        "请问   config.ini   怎么配置",
    ],
)
def test_another_way_of_writing_does_not_flip_a_clear_case(gate: RelevanceGate, written: str) -> None:
    assert decide(gate, "请问 config.ini 怎么配置").answer
    assert decide(gate, written).answer


@pytest.mark.parametrize("written", ["誰一起去火鍋", "谁一起去火锅😂", "谁一起去火祸", "谁一起去ＫＴＶ"])
def test_another_way_of_writing_does_not_wake_the_bot(gate: RelevanceGate, written: str) -> None:
    assert not decide(gate, written).answer


def test_one_message_gets_two_verdicts_in_two_groups(gate: RelevanceGate) -> None:
    text = "周末的活动几点开始"
    here = gate.with_examples([LabelledExample(text, True, source="group")])
    there = gate.with_examples([LabelledExample(text, False, source="group")])
    assert decide(here, text).answer
    assert not decide(there, text).answer


def test_of_two_opposite_judgements_the_later_counts(gate: RelevanceGate) -> None:
    text = "周末的活动几点开始"
    changed = [LabelledExample(text, label, source="group") for label in (True, False)]
    assert not decide(gate.with_examples(changed), text).answer
    assert decide(gate.with_examples(changed[::-1]), text).answer


@given(copies=st.integers(1, 30))
def test_no_knowledge_column_rises_with_mere_repetition(copies: int) -> None:
    terms = [Term(f"词{i}"[:2], "han", 0, 9.0) for i in range(copies)]
    found = columns("词" * copies, Evidence("", terms=tuple(terms)))[: len(KNOWLEDGE)]
    assert (found <= 0).all()


def test_an_ngram_of_one_class_alone_weighs_more_than_one_of_both() -> None:
    always_good, always_bad, either = [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0]
    rows = csr_matrix(np.array([always_good, always_bad, either], np.float32).T)
    good, bad, both = log_count_ratios(rows, np.array([True, True, False, False]), np.ones(4)).tolist()
    assert good == pytest.approx(bad)
    assert good > 1 > both > 0
    assert log_count_ratios(rows[:, :0], np.ones(4, bool), np.ones(4)).shape == (0,)


@pytest.mark.parametrize("good", [True, False])
def test_examples_of_one_class_alone_can_be_learnt_from(good: bool) -> None:
    gate = trained([LabelledExample(item.text, good, source="file") for item in items() if item.answer is good])
    assert 0 < decide(gate, "怎么安装 qunda").probability < 1


def test_the_prior_survives_being_written(tmp_path: object) -> None:
    prior = default_prior()
    again = Prior.from_dict(prior.as_dict())
    rows = np.random.default_rng(0).normal(size=(5, len(COLUMNS))).astype(np.float32)
    assert np.allclose(again.logit(rows), prior.logit(rows))
    assert again.calibration.threshold(20) == pytest.approx(prior.calibration.threshold(20), abs=1e-3)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=200), st.floats(0.0001, 1), st.floats(0.0001, 1))
def test_the_quantile_falls_as_the_rate_rises(scores: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    ordered = np.sort(np.array(scores))
    assert upper_quantile(ordered, low) >= upper_quantile(ordered, high) - 1e-9


def test_a_dial_is_kept_on_scores_of_the_same_kind() -> None:
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(2, 1, 400), rng.normal(-2, 1, 900)])
    good = np.arange(1300) < 400
    calibration = Calibration.fit(scores, good)
    fresh = rng.normal(-2, 1, 100_000)
    rate = 900 * float((fresh >= calibration.threshold(20)).mean())
    assert 13 < rate < 30
    assert calibration.log_odds(0.0, 0.5) > calibration.log_odds(0.0, 0.1)


def test_probabilities_are_stated_for_the_expected_share() -> None:
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.normal(1, 1, 500), rng.normal(-1, 1, 500)])
    calibration = Calibration.fit(scores, np.arange(1000) < 500)
    fresh = np.concatenate([rng.normal(1, 1, 2000), rng.normal(-1, 1, 18000)])
    stated = 1 / (1 + np.exp(-np.array([calibration.log_odds(float(s), 0.1) for s in fresh])))
    assert expected_calibration_error(stated, np.arange(20000) < 2000) < 0.02


def test_area_under_the_curve_counts_ties_half() -> None:
    good = np.array([True, False, True, False])
    assert roc_auc(np.array([1.0, 1.0, 1.0, 1.0]), good) == 0.5
    assert roc_auc(np.array([2.0, 1.0, 3.0, 0.0]), good) == 1.0


def test_the_best_f1_lies_between_the_classes() -> None:
    scores, good = np.arange(100.0), np.arange(100) >= 70
    assert 66 <= best_f1_score(scores, good) <= 74


def test_blocks_stay_whole() -> None:
    blocks = [n // 7 for n in range(70)]
    folds = deal_blocks(blocks, 5, 3)
    assert all(len(set(folds[np.array(blocks) == block])) == 1 for block in set(blocks))
    assert sorted(np.bincount(folds)) == [14] * 5


@pytest.mark.parametrize("k", [2, 5])
def test_cross_validation_predicts_every_message_once(k: int) -> None:
    found = items()
    predictions = cross_validate(found, k, 0, SEARCH, EMBEDDER)
    summary = summarise(predictions, 20.0)
    assert summary["n"] == len(found)
    assert summary["positives"] == 50
    assert summary["roc_auc"] > 0.9
    assert set(summary["best_f1"]) == {"threshold", "f1", "precision", "recall", "unwanted_per_1000"}
    assert summary["dial"]["asked"] == 20.0
    again = cross_validate(found, k, 0, SEARCH, EMBEDDER)
    assert np.array_equal(again.log_odds, predictions.log_odds)


def test_measuring_gives_what_deciding_gives(gate: RelevanceGate) -> None:
    found = items()[:20]
    summary = measure(gate, found, SEARCH)
    answered = np.array([decide(gate, item.text).answer for item in found])
    numbers = decision_numbers(answered, np.array([item.answer for item in found]))
    assert {key: summary["dial"][key] for key in numbers} == numbers


def test_the_learning_curve_and_the_plot_are_drawn() -> None:
    found = items()
    measured = measure_items(found, SEARCH, EMBEDDER)
    blocks = [item.block for item in found]
    curve = learning_curve(measured, blocks, EMBEDDER, sizes=(20, 40, 5000), draws=2)
    assert [point.labels for point in curve] == [20, 40]
    assert all(0.5 < point.f1 <= 1 for point in curve)
    svg = draw(cross_validate(found, 5, 0, SEARCH, EMBEDDER), curve, "a < b")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "NaN" not in svg


def test_review_finds_duplicates_contradictions_and_wrong_labels() -> None:
    examples = [LabelledExample(item.text, item.answer, source="group") for item in items()]
    wrong = LabelledExample("请问 config.ini 报错了怎么配置", False, source="group")
    twice = [
        LabelledExample("今天天气真不错", False, source="group"),
        LabelledExample("今天天气真不错!", True, source="group"),
    ]
    found = review([*examples, wrong, *twice], SEARCH, EMBEDDER)
    kinds = {finding.kind for finding in found}
    assert kinds == {"contradiction", "duplicate", "label"}
    assert any(finding.first == wrong for finding in found if finding.kind == "label")
    assert {finding.first.text for finding in found if finding.kind == "contradiction"} >= {"今天天气真不错"}


def test_writing_is_brought_into_one_form() -> None:
    assert canonical("請問　ＡＢＣ😂[圖片]") == canonical("请问 abc😀[图片]")
    assert canonical("哈" * 30) == canonical("哈" * 9)


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_every_ngram_has_its_hash(text: str) -> None:
    form = canonical(text)
    assert len(ngrams(form)) == len(hashes(form))
    for piece, number in zip(ngrams(form), hashes(form).tolist(), strict=True):
        assert ngrams(form).count(piece) == hashes(form).tolist().count(number)
    assert len(TermRow.of(()).texts) == 0
