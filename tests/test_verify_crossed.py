"""The check of a written answer: two parts that have been told with each other's counterpart."""

from __future__ import annotations

import pytest

from rag.verify.crossed import crossed
from rag.verify.text import read

LAMPS = "If the pressure drops, the valve opens. If the filter clogs, the siren sounds."
FINES = "迟到半小时以上的，扣发当日补贴；无故缺席的，取消年度评优资格。"
POETS = "林溪擅长写边塞诗，而山水诗的代表则是她的友人许蘅。"


def found(claim: str, passage: str) -> str:
    sentences = read(passage).sentences
    return next((words for part in read(claim).sentences if (words := crossed(part, sentences))), "")


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("If the pressure drops, the siren sounds.", LAMPS),
        ("When the filter clogs, the valve opens.", LAMPS),
        ("迟到半小时以上的，取消年度评优资格。", FINES),
        ("无故缺席的人，会被扣发当日补贴。", FINES),
        ("林溪是山水诗的代表，许蘅擅长写边塞诗。", POETS),
    ],
)
def test_parts_that_have_been_crossed_are_found(claim: str, passage: str) -> None:
    assert found(claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("If the filter clogs, the siren sounds.", LAMPS),
        ("When the pressure drops, a valve opens, and when the filter clogs, the siren sounds.", LAMPS),
        ("无故缺席的，会取消评优资格。", FINES),
        ("迟到半小时以上，当日补贴就扣发了。", FINES),
        ("许蘅是山水诗的代表，林溪擅长写边塞诗。", POETS),
        (
            "If it rains, the match moves indoors.",
            "If it rains or snows, the match moves indoors. If it is hot, it is off.",
        ),
    ],
)
def test_parts_that_belong_together_are_left_alone(claim: str, passage: str) -> None:
    assert not found(claim, passage)
