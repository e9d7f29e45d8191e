"""Numbers that follow from two of the passage: how far apart they are, how many times, from when till when."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

FLOORS = "北塔楼52层，南塔楼47层。"
CALLS = "免费版每分钟最多调用60次，专业版每分钟最多调用600次。"
WATER = "1号楼将于5月18日8:00至16:00停水。"
PLANS = "The basic plan costs $20 a month, the team plan $35 a month."


@pytest.mark.parametrize(
    ("sentence", "wrong", "passage"),
    [
        ("北塔楼比南塔楼多出5层。", "北塔楼比南塔楼多出6层。", FLOORS),
        ("专业版每分钟的调用上限是免费版的10倍。", "专业版每分钟的调用上限是免费版的5倍。", CALLS),
        ("1号楼5月18日停水八个小时。", "1号楼5月18日停水六个小时。", WATER),
        (
            "The team plan costs $15 more a month than the basic plan.",
            "The team plan costs $25 more a month than the basic plan.",
            PLANS,
        ),
    ],
)
def test_what_two_numbers_come_to_may_be_said_and_nothing_else(sentence: str, wrong: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported
    assert check_sentence(wrong, [passage]).reason == "number"


def test_a_number_is_not_worked_out_where_the_claim_does_not_say_so() -> None:
    assert not check_sentence("南塔楼有5层。", [FLOORS]).supported
    assert not check_sentence("The team plan costs $15 a month.", [PLANS]).supported
