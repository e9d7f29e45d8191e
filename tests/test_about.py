"""Whether a question names what a passage is about: whole names only, and those that tell something."""

from __future__ import annotations

import math

import pytest

from rag.about import begun, names_it
from rag.base import Passage


def passage(text: str, *headings: str, source: str = "7", position: int = 0) -> Passage:
    return Passage("p", text, source, "p.txt", headings=headings, position=position)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("青山站位于哪里？", "青山站（）是一座车站，位于青山镇。"),
        ("《石桥》的作者是谁？", "《石桥》是周远的小说。"),
        ("How long is Stone Bridge?", "Stone Bridge (built 1402) is a bridge."),
        ("ＲＴＸ４是什么？", "RTX4是一种型号。"),
    ],
)
def test_a_question_names_what_a_text_opens_with(question: str, text: str) -> None:
    assert names_it(question, passage(text))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("北青山站位于哪里？", "南青山站是一座车站。"),
        ("青山站位于哪里？", "青山东站是一座车站，邻近青山站。"),
        ("Where does Line 80 end?", "Line 8 is a bus line."),
        ("7 号线在哪里？", "7，是一个数字。"),
        ("", "青山站是一座车站。"),
        ("青山站？", ""),
    ],
)
def test_a_part_of_a_name_or_a_bare_number_is_no_name(question: str, text: str) -> None:
    assert not names_it(question, passage(text))


def test_titles_and_headings_are_names_and_the_middle_of_a_document_opens_with_none() -> None:
    assert names_it("闸门的门槛怎么调？", passage("概率高于它就回答。", "闸门"))
    assert names_it("备份指南在哪里？", passage("先停机。", source="备份指南"))
    assert not names_it("青山站在哪？", passage("青山站很大。"))  # nothing tells where the name ends
    assert not names_it("青山站在哪？", passage("青山站，很大。", position=2))


def test_the_beginning_of_a_question_is_looked_for_in_the_beginning_of_a_passage() -> None:
    text = passage("青山镇石桥由匠人周远设计。")
    assert begun("青山镇石桥有多长？", text) == pytest.approx(math.log1p(5))
    assert begun("请问青山镇石桥有多长？", text) == pytest.approx(math.log1p(5))
    assert begun("石桥有多长？", passage("它很长。")) == 0
    assert begun("How do I become an admin?", passage("Do I need it?")) == 0
    assert begun("x" * 10_000, text) == begun("", text) == 0
