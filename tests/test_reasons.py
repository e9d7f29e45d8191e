"""Explanations: what speaks for a decision comes first, in whole words, and says nothing that explains nothing."""

from __future__ import annotations

import pytest
from test_gate import decide, trained

from rag.base import GateDecision, Reason
from rag.gate import LabelledExample, RelevanceGate, describe, explain
from rag.gate.wording import EMOJI, PICTURE


@pytest.fixture(scope="module")
def gate() -> RelevanceGate:
    return trained()


def decision(answer: bool, *reasons: Reason) -> GateDecision:
    return GateDecision(answer, 0.9 if answer else 0.1, 0.5, reasons)


def test_what_speaks_for_the_decision_stands_first() -> None:
    reasons = (Reason("wording", 5.0, detail="怎么"), Reason("no_known_name", -2.0), Reason("form", 1.0))
    assert explain(decision(False, *reasons), "zh", 4)[0] == "知识库不认得其中任何专有名词"
    assert explain(decision(True, *reasons), "zh", 4) == [
        "措辞像该回答的消息（“怎么”）",
        "像在提问",
        "知识库不认得其中任何专有名词",
    ]
    assert len(explain(decision(True, *reasons), "en", 2)) == 2


def test_what_decides_alone_stands_before_what_weighs_more() -> None:
    reasons = (Reason("no_known_name", -8.0), Reason("greeting", -3.0, 1.0, "谢谢"))
    assert explain(decision(False, *reasons), "zh", 4) == ["只是打招呼，像“谢谢”", "知识库不认得其中任何专有名词"]


def test_an_example_that_is_hardly_alike_or_named_already_is_left_out() -> None:
    far = Reason("like_bad", -0.3, 0.3, "房租又涨了")
    twice = Reason("like_bad", -1.0, 1.0, "你好")
    assert explain(decision(False, far, twice, Reason("greeting", -3.0, 1.0, "你好")), "zh", 4) == [
        "只是打招呼，像“你好”"
    ]


@pytest.mark.parametrize("text", ["", "😀", "[图片]"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_explanation_is_empty_or_shows_private_characters(gate: RelevanceGate, text: str, language: str) -> None:
    for line in explain(decide(gate, text), language, 9):  # type: ignore[arg-type]
        assert line and "“”" not in line and "‹›" not in line
        assert PICTURE not in line and EMOJI not in line


def test_pictures_and_emoji_are_named() -> None:
    reason = Reason("wording", -1.0, detail=f"{EMOJI}{PICTURE}")
    assert describe(reason, "zh") == "措辞像闲聊（“[表情][图片]”）"
    assert describe(reason, "en") == "worded like chatter (‹[emoji][picture]›)"


@pytest.mark.parametrize(
    "text", ["how to install mmdeploy", "anybody up for football tonight", "lol that is hilarious"]
)
def test_a_latin_word_is_shown_whole(gate: RelevanceGate, text: str) -> None:
    shown = next(reason.detail for reason in decide(gate, text).reasons if reason.name == "wording")
    assert all(word in text.split() for word in shown.split()), shown


def test_wording_that_no_example_has_is_explained_by_no_piece_of_it(gate: RelevanceGate) -> None:
    reason = next(one for one in decide(gate, "ξξξξψψψψ").reasons if one.name == "wording")
    assert reason.detail == ""
    assert describe(reason, "en") in ("worded like chatter", "worded like messages worth an answer")


def test_a_question_that_only_shares_question_words_with_a_greeting_is_none(gate: RelevanceGate) -> None:
    more = gate.with_examples([LabelledExample("管理员呢", False, source="file")])
    assert "greeting" not in [reason.name for reason in decide(more, "怎么成为管理员？", mentioned=True).reasons]
    assert "greeting" in [reason.name for reason in decide(more, "管理员呢？", mentioned=True).reasons]


def test_the_note_is_a_sentence_that_counts_both_kinds(gate: RelevanceGate) -> None:
    assert gate.note("en").startswith("There are few examples yet (4 good, 6 bad; 40 of each are needed)")
    assert gate.note("en").endswith(".") and gate.note("zh").endswith("。")
    labels = [
        LabelledExample(f"{kind} {n}", kind == "good", source="file") for n in range(50) for kind in ("good", "x")
    ]
    assert trained(labels).note("en") == "The threshold follows from 110 examples (54 good, 56 bad)."
