"""The check of a written answer: what passages say of one thing is not said of another one that they tell apart."""

from __future__ import annotations

import pytest

from rag.verify.belongings import misattributed
from rag.verify.text import read

FERRY = "The morning ferry takes cars and has a restaurant. The evening ferry is for foot passengers."
SHELVES = "成人阅览室可以自带电脑，并提供打印服务；儿童阅览室设有玩具区，须由家长陪同。"
CREW = (
    "- Cook: plans meals, buys groceries\n- Pilot: keeps the logbook, checks the weather\n- Deckhand: scrubs the deck"
)
PLANS = "| 方案 | 容量 | 客服 |\n|---|---|---|\n| 青松 | 20GB | 邮件工单 |\n| 银杏 | 80GB | 专属顾问 |"
DUTIES = "值班长：签发许可证，主持交接班\n巡检员：抄录仪表，清理滤网"


def attributed(claim: str, passage: str) -> str:
    sentences = tuple(read(passage).sentences)
    return next((words for part in read(claim).sentences if (words := misattributed(part, sentences))), "")


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The evening ferry takes cars.", FERRY),
        ("Cars can be taken on the evening ferry, which has a restaurant.", FERRY),
        ("Both the morning and the evening ferry have a restaurant.", FERRY),
        ("儿童阅览室提供打印服务。", SHELVES),
        ("成人阅览室须由家长陪同。", SHELVES),
        ("成人阅览室和儿童阅览室都提供打印服务。", SHELVES),
        ("The cook checks the weather.", CREW),
        ("The deckhand keeps the logbook.", CREW),
        ("青松方案配有专属顾问。", PLANS),
        ("银杏方案的客服是邮件工单。", PLANS),
        ("巡检员签发许可证。", DUTIES),
        ("抄录仪表由值班长负责。", DUTIES),
        ("Leases run for a year. Guests may use the sauna.", "Guests may use the pool. Members may use the sauna."),
    ],
)
def test_what_belongs_to_another_thing_is_found(claim: str, passage: str) -> None:
    assert attributed(claim, passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The morning ferry takes cars, and the evening ferry is for foot passengers.", FERRY),
        ("Cars are taken by the morning ferry; it has a restaurant.", FERRY),
        ("The evening ferry doesn't take cars.", FERRY),
        ("Unlike the evening ferry, the morning ferry has a restaurant.", FERRY),
        ("成人阅览室提供打印服务，儿童阅览室则有玩具区。", SHELVES),
        ("家长要陪孩子进儿童阅览室。", SHELVES),
        ("The pilot checks the weather and keeps the logbook.", CREW),
        ("银杏方案容量为80GB，有专属顾问。", PLANS),
        ("值班长主持交接班。", DUTIES),
        (
            "Boys and girls may join.",
            "The boys' team trains on Monday. The girls' team trains on Friday. All may join.",
        ),
        ("东门和西门都有保安。", "东门朝向大街。西门朝向河岸。每个门都有保安。"),
        (
            "The second form works the same way.",
            "The first form takes a list. The second form does the same with a set.",
        ),
    ],
)
def test_what_is_said_of_a_thing_or_of_all_is_left_alone(claim: str, passage: str) -> None:
    assert not attributed(claim, passage)
