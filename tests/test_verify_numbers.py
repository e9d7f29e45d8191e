"""Sentences with numbers as models write them, faithful ones and false ones mixed."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

MIXED = (
    (
        True,
        "员工每年有5天年假，请假须提前3天申请。",
        "员工每年享有5天年假。请假须提前3天在系统中申请，每月最多请假2次。",
    ),
    (
        True,
        "会议室按小时收费，每小时50元，押金200元。",
        "会议室使用按小时收费，每小时50元；另收押金200元，退场后一周内退还。",
    ),
    (
        True,
        "夏季作息从5月1日起执行，下午上班时间改为两点半。",
        "夏季作息自5月1日起执行，下午上班时间由14:00改为14:30。",
    ),
    (True, "停车首小时免费，之后每半小时2元。", "停车首小时免费，之后每30分钟收费2元，每天最高30元。"),
    (
        True,
        "项目第一阶段持续三个月，第二阶段持续半年。",
        "项目分两个阶段：第一阶段3个月，第二阶段6个月，两个阶段均须提交报告。第一阶段持续至6月。",
    ),
    (
        True,
        "The backup runs every night at 2 a.m. and is kept for a month.",
        "The backup runs every night at 2:00 and is kept for 30 days.",
    ),
    (
        True,
        "Each member may borrow up to five books for three weeks.",
        "Members may borrow up to five books for a period of 21 days.",
    ),
    (
        True,
        "A session is closed when nothing happens for a quarter of an hour.",
        "A session is closed when nothing happens for 15 minutes.",
    ),
    (True, "Half the budget goes to training.", "50% of the budget goes to training."),
    (
        True,
        "The second edition sold twice as many copies as the first one.",
        "The second edition sold double the number of copies of the first one.",
    ),
    (True, "The meeting on 4 June starts at 9.", "The meeting on 4 June starts at 9:00."),
    (True, "活动将于周六上午九点至十一点举行。", "活动时间：周六9:00-11:00。活动将在社区中心举行。"),
    (True, "报名截止到6月30日，比赛在7月的第一个周末。", "报名截止时间为6月30日，比赛时间为7月的第一个周末。"),
    (True, "一天之内登录失败5次，账号会被锁定24小时。", "24小时内登录失败5次，账号将被锁定24小时。"),
    (True, "水温保持在零下5度到10度之间。", "水温应保持在-5℃至10℃之间。"),
    (True, "Prices rose by 5%, from $20 to $21.", "The price went up from $20 to $21, a rise of 5%."),
    (True, "每周三下午机房维护，时间是两点到四点。", "机房每周三14:00-16:00维护。"),
    (True, "该药每8小时服用一次，每次2片。", "用法：每8小时服用1次，每次2片。"),
    (True, "用户每分钟最多可调用60次，一天最多1万次。", "每个用户每分钟最多可调用60次，每天最多可调用10000次。"),
    (True, "Students pay half price, which is 6 euros.", "Students pay half price (6 euros)."),
    (True, "工龄满10年的员工有10天年假，不满10年的有5天。", "工龄不满10年的员工年假5天，工龄满10年的员工年假10天。"),
    (True, "The driver supports versions 2.1 through 3.4.", "The driver supports versions 2.1 to 3.4."),
    (True, "The kit contains 3 cables and two adapters.", "The kit contains three cables, two adapters and a manual."),
    (True, "这台机器的内存是64GB，硬盘2TB。", "服务器配置：内存64GB，硬盘2TB，这台机器的系统为Linux。"),
    (True, "中午12点前下单，当天发货。", "每天12:00前下单的订单当天发货。"),
    (True, "超过两周未取的包裹会被退回。", "包裹超过14天未取的，将被退回寄件人。"),
    (
        True,
        "Replies usually arrive within one to two working days.",
        "Replies usually arrive within 1–2 business days.",
    ),
    (
        True,
        "The library closes two hours earlier on Fridays, at 4 p.m.",
        "On Fridays the library closes two hours earlier, at 16:00.",
    ),
    (True, "第三季度的收入增长了两成。", "第三季度收入增长20%。"),
    (True, "该课程共16周，每周两次课，每次90分钟。", "课程为期16周，每周上课2次，每次1.5小时。该课程共4学分。"),
    (False, "员工每月有5天年假。", "员工每年享有5天年假。请假须提前3天在系统中申请，每月最多请假2次。"),
    (False, "夏季作息从5月1日起执行，下午上班时间改为两点。", "夏季作息自5月1日起执行，下午上班时间由14:00改为14:30。"),
    (False, "停车首小时免费，之后每小时2元。", "停车首小时免费，之后每30分钟收费2元，每天最高30元。"),
    (
        False,
        "项目第一阶段持续半年，第二阶段持续三个月。",
        "项目分两个阶段：第一阶段3个月，第二阶段6个月，两个阶段均须提交报告。第一阶段持续至6月。",
    ),
    (False, "The backup runs every night at 2 p.m.", "The backup runs every night at 2:00 and is kept for 30 days."),
    (
        False,
        "Members may borrow up to five books for a month.",
        "Members may borrow up to five books for a period of 21 days.",
    ),
    (
        False,
        "The library closes at 4 p.m. from Monday to Thursday.",
        "The library closes at 18:00 from Monday to Thursday. On Fridays it closes two hours earlier, at 16:00.",
    ),
    (False, "工龄满10年的员工有5天年假。", "工龄不满10年的员工年假5天，工龄满10年的员工年假10天。"),
    (False, "该药每6小时服用一次，每次2片。", "用法：每8小时服用1次，每次2片。"),
    (False, "用户每天最多可调用60次。", "每个用户每分钟最多可调用60次，每天最多可调用10000次。"),
    (False, "Replies usually arrive within one to two hours.", "Replies usually arrive within 1–2 business days."),
    (False, "Half the members voted against it.", "A third of the members voted against it."),
    (False, "第三季度的收入增长了两倍。", "第三季度收入增长20%。"),
    (False, "服务器的硬盘是2GB。", "服务器配置：内存64GB，硬盘2TB，这台机器的系统为Linux。"),
    (False, "押金会在一个月内退还。", "会议室使用按小时收费，每小时50元；另收押金200元，退场后一周内退还押金。"),
    (False, "Each gigabyte costs $0.10.", "Storage costs $0.10 per 100 gigabytes."),
    (False, "The price went down from $21 to $20.", "The price went up from $20 to $21, a rise of 5%."),
    (False, "版本2.0修复了登录错误，版本2.1新增了导出功能。", "版本2.0新增了导出功能，版本2.1修复了登录错误。"),
    (False, "电池在零上20度时无法充电。", "电池在零下20度时无法充电。"),
    (False, "报名费为每队100元。", "报名费为每人100元，每队不超过8人。"),
    (False, "甲方应在收到发票后15天内付款。", "甲方应在收到发票后15个工作日内付款。"),
    (False, "晚上十点以前可以施工。", "早上10点以前不得施工，18:00以后不得施工。"),
)


@pytest.mark.parametrize(("faithful", "sentence", "passage"), MIXED)
def test_a_sentence_with_numbers_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful
