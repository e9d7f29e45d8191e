"""The check of a written answer: who does it to whom, in the active, in the passive and from the other side."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence
from rag.verify.text import read
from rag.verify.voices import acted


def verdict(claim: str, passage: str) -> str:
    return acted(read(claim).sentences[0], read(passage).sentences)[0]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("北辰航运被南湾港务收购。", "2011年，北辰航运收购了南湾港务。"),
        ("南湾港务收购北辰航运。", "南湾港务于2011年被北辰航运收购。"),
        ("韩松指导顾青。", "韩松早年师从顾青，后来自立门户。"),
        ("顾青是韩松的学生。", "韩松是顾青的学生。"),
        ("红星队战胜海燕队。", "红星队在决赛中负于海燕队。"),
        ("县令向沈括上书。", "沈括曾向县令上书。"),
        ("Pellworth was bought by Isham.", "Pellworth bought Isham in 1988."),
        ("Isham bought Pellworth.", "In 1988 Isham was bought by Pellworth."),
        ("Mora taught Ekdal.", "Mora studied law under Ekdal."),
        ("The clerk notifies the registrar.", "The registrar notifies the clerk in writing."),
        ("Lund beat Skara.", "Lund lost to Skara after extra time."),
    ],
)
def test_roles_that_were_turned_are_found(claim: str, passage: str) -> None:
    assert verdict(claim, passage) == "turned"


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("南湾港务被北辰航运收购。", "2011年，北辰航运收购了南湾港务。"),
        ("顾青指导过韩松。", "韩松早年师从顾青，后来自立门户。"),
        ("海燕队击败红星队。", "红星队在决赛中负于海燕队。"),
        ("Isham was bought by Pellworth in 1988.", "Pellworth bought Isham in 1988."),
        ("Ekdal taught Mora law.", "Mora studied law under Ekdal."),
        ("Skara beat Lund.", "Lund lost to Skara after extra time."),
        ("The registrar notifies the clerk.", "The registrar notifies the clerk in writing."),
        ("The disk store is faster than the memory store.", "The memory store is slower than the disk store."),
    ],
)
def test_the_same_roles_are_left_alone(claim: str, passage: str) -> None:
    assert verdict(claim, passage) != "turned"


@pytest.mark.parametrize(
    ("claim", "passage", "reason"),
    [
        ("Skara beat Lund after extra time.", "Lund lost to Skara after extra time.", ""),
        ("海燕队在决赛中击败红星队。", "红星队在决赛中负于海燕队。", ""),
        ("Lund beat Skara after extra time.", "Lund lost to Skara after extra time.", "swap"),
        ("借款人应提供抵押物。", "借款人应按月还款；出借人应提供抵押物清单。", "swap"),
        ("借款人须按月还款。", "借款人应按月还款；出借人应提供抵押物清单。", ""),
        ("Members of the Diving team.", "Only members of the Diving team can enter the wet room.", ""),
        ("Diving team members.", "Only members of the Diving team can enter the wet room.", ""),
        ("南门停车场由物业公司管理。", "北门停车场由街道办管理，南门停车场由物业公司管理。", ""),
    ],
)
def test_roles_count_in_the_check_itself(claim: str, passage: str, reason: str) -> None:
    assert check_sentence(claim, [passage]).reason == reason
