"""The check of a written answer: what comes first, what is the cause, what is kept apart, and when it was."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence
from rag.verify.apart import joined_with_limited, taken_in
from rag.verify.causes import invented_cause
from rag.verify.moments import misdated
from rag.verify.order import reordered
from rag.verify.text import read

WAX = "先用温水擦净车漆，再涂蜡，最后抛光。贴膜前应拆下雨刷。"
BOAT = "Check the bilge before you start the engine. After mooring, switch the pump off."
STEPS = "1. Fill the tank with water.\n2. Close the lid.\n3. Press the red button.\n4. Wait for the signal."


def found(fault: object, claim: str, passage: str) -> str:
    sentences = read(passage).sentences
    return next((words for part in read(claim).sentences if (words := fault(part, sentences))), "")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("先涂蜡，再用温水擦净车漆。", WAX),
        ("涂蜡之后再擦净车漆。", WAX),
        ("拆下雨刷之前应先贴膜。", WAX),
        ("Start the engine before you check the bilge.", BOAT),
        ("Before mooring, switch the pump off.", BOAT),
        ("Once the engine is started, check the bilge.", BOAT),
        ("Close the lid before you fill the tank with water.", STEPS),
        ("Press the red button first and then close the lid.", STEPS),
        ("先交定金，然后看样品。", "客户可到展厅看样品，随后交定金。"),
    ],
)
def test_an_order_that_was_turned_is_found(claim: str, passage: str) -> None:
    assert found(reordered, claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("涂蜡之前要先擦净车漆。", WAX),
        ("擦净车漆后再涂蜡，最后抛光。", WAX),
        ("雨刷要在贴膜之前拆下。", WAX),
        ("Only after the bilge has been checked, start the engine.", BOAT),
        ("Switch the pump off once you have moored.", BOAT),
        ("Fill the tank, then close the lid.", STEPS),
        ("Press the red button after closing the lid.", STEPS),
        ("先交定金，然后看样品。", "看样品须先交定金。"),
        ("The deposit is returned after the inspection.", "An inspection is needed for the deposit to be returned."),
        ("三天后发货。", "发货需要三天。"),
    ],
)
def test_the_same_order_in_other_words_is_left_alone(claim: str, passage: str) -> None:
    assert not found(reordered, claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("由于游客减少，缆车三月停运。", "缆车三月停运。当月游客减少了一半。"),
        ("缆车停运是因为钢缆老化。", "因支架锈蚀，缆车三月停运。钢缆去年已更换。"),
        ("The market moved because rents had doubled.", "The market moved to the quay. Rents doubled that year."),
        ("The dam was emptied due to a leak.", "The dam was emptied because algae had spread. A leak was found later."),
    ],
)
def test_a_cause_that_is_none_is_found(claim: str, passage: str) -> None:
    assert found(invented_cause, claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("缆车停运是因为支架锈蚀了。", "因支架锈蚀，缆车三月停运。"),
        ("因为支架生锈，缆车在三月停运。", "支架锈蚀导致缆车三月停运。"),
        ("因为要检修，缆车停运。", "检修时缆车会停运。"),
        ("The dam was emptied because of algae.", "Algae had spread, so the dam was emptied."),
        ("Because the belt is worn, the motor stops.", "If the belt is worn, the motor stops."),
    ],
)
def test_a_cause_in_other_words_is_left_alone(claim: str, passage: str) -> None:
    assert not found(invented_cause, claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage", "wrong"),
    [
        ("租金包含家具和网络。", "租金包含家具与物业费。网络另行收费。", True),
        ("租金包含家具，网络要另外付费。", "租金包含家具与物业费。网络另行收费。", False),
        (
            "The kit comes with brushes, paint and canvas.",
            "The kit has brushes and paint. Canvas is sold separately.",
            True,
        ),
        ("Canvas isn't part of the kit.", "The kit has brushes and paint. Canvas is sold separately.", False),
        ("Canvas is sold separately.", "The kit has brushes and paint. Canvas is sold separately.", False),
    ],
)
def test_what_is_kept_apart_is_not_taken_in(claim: str, passage: str, wrong: bool) -> None:
    assert bool(found(taken_in, claim, passage)) is wrong


PAY = "Invoices can be paid by card within a month. Payment in crypto is planned for next year."
LANES = "泳池全天向公众开放练习。浴室仅供校队使用。"


@pytest.mark.parametrize(
    ("claim", "passage", "wrong"),
    [
        ("Invoices can be paid by card or crypto within a month.", PAY, True),
        ("Invoices can be paid by card within a month, and crypto is planned.", PAY, False),
        ("Invoices can be paid by card within a month.", PAY, False),
        ("泳池和浴室全天向公众开放练习。", LANES, True),
        ("泳池全天向公众开放，浴室仅供校队使用。", LANES, False),
        ("Cards and cheques are accepted.", "Cards are accepted. Cheques are accepted, not cash.", False),
    ],
)
def test_what_is_limited_is_not_told_together_with_what_is_not(claim: str, passage: str, wrong: bool) -> None:
    assert bool(found(joined_with_limited, claim, passage)) is wrong


@pytest.mark.parametrize(
    ("claim", "passage", "wrong"),
    [
        ("灯塔1907年点亮。", "灯塔1903年动工，1907年落成，1911年点亮。", True),
        ("灯塔1911年点亮。", "灯塔1903年动工，1907年落成，1911年点亮。", False),
        ("1907年灯塔落成。", "灯塔1903年动工，1907年落成，1911年点亮。", False),
        ("The mine was sold in 1954.", "The mine opened in 1931 and closed in 1954. It was sold in 1960.", True),
        ("The mine closed in 1954.", "The mine opened in 1931 and closed in 1954. It was sold in 1960.", False),
        ("The mine was shut in 1954.", "The mine opened in 1931 and closed in 1954. It was sold in 1960.", False),
    ],
)
def test_the_date_of_another_event_is_found(claim: str, passage: str, wrong: bool) -> None:
    assert bool(found(misdated, claim, passage)) is wrong


def test_relations_count_in_the_check_itself() -> None:
    assert check_sentence("Start the engine before you check the bilge.", [BOAT]).reason == "swap"
    assert check_sentence("The bilge is checked before you start the engine.", [BOAT]).supported
