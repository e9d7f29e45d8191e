"""The check whether what was found answers: it tells the two apart, in any base, and odd input breaks nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.support import supported
from rag.answerable import FEATURES, FILE, LOOKED_AT, UNTOLD, Model, answerable, default_model, features
from rag.base import Evidence, GateDecision, Hit, Passage, Question, RagError, Reason
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

DATA = Path(__file__).parent / "data" / "answers"
DEMO = Path(__file__).parent.parent / "bot" / "demo" / "knowledge"
Search = Callable[[str], Evidence]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    root = tmp_path_factory.mktemp("answerable")
    build([DEMO], root, LexicalEmbedder())
    retriever = HybridRetriever([open_current(root, "default")], LexicalEmbedder())
    return lambda text: retriever.search(text, LOOKED_AT)


def test_questions_of_another_kind_of_base_are_told_apart(search: Search) -> None:
    lines = [json.loads(line) for line in (DATA / "demo.jsonl").read_text("utf-8").splitlines()]
    level = default_model().levels["mention"]
    given_up = {True: 0, False: 0}
    for line in lines:
        given_up[line["answer"] is not None] += answerable(search(line["question"])) < level
    asked = sum(line["answer"] is not None for line in lines)
    assert given_up[False] >= 0.9 * (len(lines) - asked)
    assert given_up[True] <= 0.34 * asked


def test_a_model_that_abstains_by_itself_is_let_through_first() -> None:
    levels = default_model().levels
    assert 0 < levels["model"] < levels["overheard"] < levels["mention"] < 1


def test_a_reranker_that_is_sure_moves_the_chance(search: Search) -> None:
    evidence = search("怎么撤回机器人的回答？")
    chances = [answerable(replace(evidence, rerank=np.array([score], np.float32))) for score in (0.001, 0.5, 0.999)]
    assert chances == sorted(chances) and chances[1] == pytest.approx(answerable(evidence))


def test_a_search_without_words_leaves_out_what_it_does_not_know(search: Search) -> None:
    evidence = search("怎么撤回机器人的回答？")
    values = features(replace(evidence, bm25=np.zeros(0, np.float32)))
    assert values is not None
    unknown = {name for name, value in zip(FEATURES, values, strict=True) if math.isnan(value)}
    assert unknown == {"bm25", "margin", "depth"}
    assert 0 < default_model().probability(values) < 1


@pytest.mark.parametrize("text", ["", "？？？", "😀", "的了吗", "x" * 10_000, "怎么" * 5_000, "https://example.org/"])
def test_odd_questions_break_nothing_and_are_not_answered(text: str, search: Search) -> None:
    assert answerable(search(text)) < default_model().levels["mention"]


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_gives_a_probability(question: str, passage: str) -> None:
    hit = Hit(Passage("p", passage, "t", "t.md"), 1.0, {"bm25": 1.0})
    assert 0 <= answerable(Evidence(question, (hit,), np.array([3.0], np.float32))) <= 1


def test_a_passage_that_is_about_what_is_named_answers_likelier_than_one_about_a_namesake() -> None:
    def chance(text: str) -> tuple[float, float]:
        hit = Hit(Passage("p", text, "7", "7.txt"), 1.0, {"bm25": 1.0})
        evidence = Evidence("青山站位于哪里？", (hit,), np.array([9.0], np.float32))
        return answerable(evidence), dict(zip(FEATURES, features(evidence) or (), strict=True))["named"]

    (right, named), (wrong, unnamed) = chance("青山站，位于青山镇。"), chance("东青山站，位于青山镇。")
    assert right > wrong and (named, unnamed) == (1.0, 0.0)


def test_a_page_about_the_thing_with_nothing_of_what_is_asked_of_it_is_none_about_it() -> None:
    question = "Frobnitz 3000 的保修期是多久？"

    def named(text: str) -> float:
        evidence = Evidence(question, (Hit(Passage("a", text, "Frobnitz 3000", "a.md"), 1.0),))
        return dict(zip(FEATURES, features(evidence) or (), strict=True))["named"]

    assert named("Frobnitz 3000 的保修期是 36 个月。") == 1.0
    assert named("Frobnitz 3000 很轻，只有两公斤。") == 0.0


def test_a_passage_below_headings_may_be_about_what_stands_elsewhere() -> None:
    hit = Hit(Passage("p", "位于青山镇。", "7", "7.txt", headings=("位置",)), 1.0, {"bm25": 1.0})
    values = features(Evidence("青山站在哪里？", (hit,), np.array([9.0], np.float32)))
    assert dict(zip(FEATURES, values or (), strict=True))["named"] == UNTOLD


def test_coefficients_of_another_version_are_refused() -> None:
    data = json.loads(FILE.read_text("utf-8"))
    del data["features"]["margin"]
    with pytest.raises(RagError, match="install the package again"):
        Model.from_dict(data)


SILENT = GateDecision(False, 0.1, 0.5)


def test_a_mention_that_the_passages_answer_is_answered_whatever_the_gate_doubts(search: Search) -> None:
    text = "How do I become an admin?"
    judgement = supported(Question(text, "en", mentioned=True), search(text), SILENT, 0.5)
    assert judgement.decision.answer and judgement.supported
    assert judgement.decision.probability >= judgement.decision.threshold == 0.5
    assert judgement.decision.reasons[0].name == "answerable"
    assert len(judgement.evidence.hits) == LOOKED_AT


@pytest.mark.parametrize("name", ["greeting", "feedback"])
def test_what_people_said_of_a_message_stands(name: str, search: Search) -> None:
    text = "How do I become an admin?"
    decision = replace(SILENT, reasons=(Reason(name, -3.0),))
    assert not supported(Question(text, "en", mentioned=True), search(text), decision, 0.5).decision.answer


def test_what_was_overheard_needs_the_gate_and_the_passages(search: Search) -> None:
    text, unknown = "How do I become an admin?", "How do I deploy it on the moon with a rocket?"
    assert not supported(Question(text, "en"), search(text), SILENT, 0.5).supported
    yes = GateDecision(True, 0.9, 0.5)
    assert supported(Question(text, "en"), search(text), yes, 0.5).supported
    judgement = supported(Question(unknown, "en"), search(unknown), yes, 0.5)
    assert judgement.decision.answer and not judgement.supported
