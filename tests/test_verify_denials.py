"""The check of a written answer: what its passage denies in other words, or in another place, goes."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

REFUSING = "If a file already exists, the tool refuses to overwrite it."
RIDE = "12岁以下儿童须由成人陪同乘坐电梯，不得单独乘梯。"
DENIED = [
    ("The tool overwrites files that already exist.", REFUSING),
    ("儿童可以独自乘坐电梯。", RIDE),
    ("水表损坏由住户自己修。", "水表属供水公司财产，损坏请报修，住户不得自行拆修。"),
    ("系统会把重复的记录合并。", "导入时遇到重复记录，系统会跳过，不作合并。"),
    ("断网时客户端会丢失草稿。", "断网时草稿保存在本地，不会丢失。"),
    ("The drug may be taken together with alcohol.", "Do not take the drug together with alcohol."),
    ("Backups are also made on weekends.", "Backups are made only on weekdays at 02:00."),
    ("保险也赔地震造成的损失。", "地震造成的损失不在赔偿范围内。"),
    ("The installer replaces existing configuration files.",
     "The installer leaves existing configuration files untouched."),
    ("解约之后定金会退。", "客户单方解约的，定金不予退还。"),
    ("The guard keeps visitors company and lets them touch the paintings.",
     "The guard keeps visitors company but prevents them from touching the paintings."),
]  # fmt: skip
NOT_DENIED = [
    ("The tool doesn't overwrite files that already exist.", REFUSING),
    ("12岁以下的儿童要有大人陪着才能坐电梯。", RIDE),
    ("系统会跳过重复的记录。", "导入时遇到重复记录，系统会跳过，不作合并。"),
    ("断网时草稿保存在本地。", "断网时草稿保存在本地，不会丢失。"),
    ("The drug may be taken together with food.", "The drug may be taken together with food, but not with alcohol."),
    ("周末不做备份。", "备份只在工作日凌晨2点进行。"),
    ("Deposits are not refunded.", "Deposits are non-refundable."),
    ("周一不开馆。", "每周一闭馆。"),
    ("会议室不预约就用不了。", "会议室须提前预约方可使用。"),
    ("员工必须先打卡才能进入车间。", "员工未打卡不得进入车间。"),
    ("不是所有的分店都卖咖啡。", "部分分店出售咖啡。"),
    ("Voice input is not available yet.", "Voice input is planned for the next version."),
    ("Only the engine is covered for five years.", "The engine is covered for five years, all other parts for two."),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "passage"), DENIED)
def test_what_is_denied_in_other_words_goes(sentence: str, passage: str) -> None:
    assert not check_sentence(sentence, [passage]).supported


@pytest.mark.parametrize(("sentence", "passage"), NOT_DENIED)
def test_what_is_not_denied_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("", "cover", "number")
