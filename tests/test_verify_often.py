"""How often and for whom: a frequency or a circle of people that the passage does not tell is no small slip."""

from __future__ import annotations

import pytest

from rag.base import Passage
from rag.verify import verify


@pytest.mark.parametrize(
    ("passage", "claim"),
    [
        ("数据库备份每天执行一次。", "数据库备份每天执行一次"),
        ("每日备份一次。", "每天备份一次"),
        ("Backups run daily at night.", "Backups run daily at night"),
        ("Only owners can delete a channel.", "Only owners can delete a channel"),
        ("Every member can post.", "All members can post"),
    ],
)
def test_what_is_told_as_it_is_stays(passage: str, claim: str) -> None:
    assert verify(f"{claim} [1].", [Passage("p", passage, "t", "t.md")]).text != ""


@pytest.mark.parametrize(
    ("passage", "claim"),
    [
        ("数据库备份每天执行一次。", "数据库备份每周执行一次"),
        ("备份每天凌晨 2 点执行。", "备份每月凌晨 2 点执行"),
        ("Backups run daily at night.", "Backups run weekly at night"),
        ("Only owners can delete a channel.", "Any member can delete a channel"),
        ("Only owners can delete a channel.", "Anyone can delete a channel"),
        ("只有群主可以删除频道。", "任何成员都可以删除频道"),
    ],
)
def test_another_frequency_or_circle_of_people_goes(passage: str, claim: str) -> None:
    assert verify(f"{claim} [1].", [Passage("p", passage, "t", "t.md")]).text == ""
