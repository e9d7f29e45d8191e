"""The check of a written answer: what is the same said with a "not" or an "only" stays, what is not goes."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("要转租房屋，得先取得房东书面同意。", "未经房东书面同意，租客不得转租房屋。"),
        ("You may sublet the flat only with the written consent of the landlord.",
         "You may not sublet the flat without the written consent of the landlord."),
        ("会员卡延期后也不会超过30天。", "会员卡可以延期，但最长不超过30天。"),
        ("密码长度至少8位。", "密码长度不得少于8位。"),
        ("The password must have at least 8 characters.", "The password must not be shorter than 8 characters."),
        ("12路公交从5月1日起改在东门停靠。", "12路公交自5月1日起不再停靠西门，改停东门。"),
        ("普通用户无权导出报表。", "只有审计员可以导出报表。普通用户只能查看报表。"),
        ("如果不设置缓存目录，数据重启后会丢失。", "需要设置缓存目录，否则数据重启后会丢失。"),
        ("实习生只需提前2天请假，正式员工要提前5天。", "正式员工须提前5天请假，实习生须提前2天请假。"),
        ("The motor is covered for only two years.", "The motor is covered for two years, the frame for ten."),
        ("只有红卡能转让，蓝卡不能转让。", "红卡可转让一次。蓝卡不予转让。"),
        ("Tyres and chains aren't covered by the warranty.", "Tyres and chains are excluded from the warranty."),
        ("上传流量不收费。", "上传流量免费，下载流量按量计费。"),
        ("Not all shops take cards.", "Some shops do not take cards, and most shops do."),
    ],
)  # fmt: skip
def test_the_same_with_another_no_or_only_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("", "cover")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("租客可以转租房屋，不用书面通知房东。", "租客可以转租房屋，但须书面通知房东。"),
        ("会员卡延期后可以超过30天。", "会员卡可以延期，但延期后不得超过30天。"),
        ("密码长度最多8位。", "密码长度不得少于8位。"),
        ("12路公交从5月1日起停靠西门。", "12路公交自5月1日起不再停靠西门。"),
        ("审计员无权导出报表。", "审计员可以导出报表。普通用户能查看报表。"),
        ("只有红卡能转让。", "红卡可转让一次。蓝卡可转让两次。"),
        ("Only the motor is covered by the warranty.", "The motor is covered by the warranty, and so is the frame."),
        ("Tyres aren't covered by the warranty.", "Tyres are covered by the warranty for a year."),
        ("All shops take cards.", "Some shops take cards."),
    ],
)
def test_another_no_or_only_goes(sentence: str, passage: str) -> None:
    reasons = ("negation", "limit", "universal", "opposite", "bound", "swap")
    assert check_sentence(sentence, [passage]).reason in reasons
