"""Numbers with their signs, bounds and places, counts of what is listed, and numbers of the sentence before."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

SIGN = (
    (False, "疫苗须在20度保存。", "疫苗须在零下20度保存。"),
    (False, "The sensor works down to 40 degrees.", "The sensor works down to -40 degrees."),
    (True, "疫苗须在零下20度保存。", "疫苗须在-20度保存。"),
    (True, "The sensor works at minus 40 degrees.", "The sensor works at -40 degrees."),
    (False, "设备可在零下10度运行。", "设备可在10度运行。"),
    (True, "冷库温度保持在-18℃。", "冷库温度保持在零下18摄氏度。"),
    (False, "冷库温度保持在18℃。", "冷库温度保持在零下18摄氏度。"),
    (True, "参数范围为3-5。", "参数范围为3至5。"),
    (True, "- 温度不得高于20度。", "- 温度不得高于20度，湿度不得高于60%。"),
)
BOUND = (
    (False, "志愿者每月服务不得超过6小时。", "志愿者每月服务不少于6小时。"),
    (False, "密码不得多于8位。", "密码不得少于8位。"),
    (False, "A password may have no more than 12 characters.", "A password must have at least 12 characters."),
    (False, "身高1.4米以上的儿童免票。", "身高1.4米以下的儿童免票。"),
    (False, "Orders under $50 ship free.", "Orders over $50 ship free."),
    (False, "单价低于500元的须招标。", "单价高于500元的须招标。"),
    (True, "志愿者每月至少要服务6小时。", "志愿者每月服务不少于6小时。"),
    (True, "密码长度不能低于8位。", "密码长度不得少于8位。"),
    (True, "报销单超过30天才交的，不予受理。", "报销单须在30天内提交，逾期不予受理。"),
    (True, "Orders above $50 ship free.", "Orders over $50 ship free."),
    (False, "年龄在18岁以下的可以报名。", "年龄在18岁以上的可以报名。"),
    (False, "Files over 64 MB are sent in one request.", "Files under 64 MB are sent in one request."),
    (False, "参赛队伍至多5人。", "参赛队伍至少5人，报名截止5月。"),
    (False, "You may stay for at least 90 days.", "You may stay for at most 90 days."),
)
PARALLEL = (
    (False, "室外场地每小时收费150元。", "室外场地每小时收费300元，室内场地每小时收费150元。"),
    (False, "儿童票80元。", "成人票80元，儿童票40元。"),
    (False, "金额在3000元以上的，由部门经理审批。", "金额在3000元以下的由部门经理审批，3000元以上的由总经理审批。"),
    (
        False,
        "The Basic plan includes 50 GB of storage.",
        "The Basic plan includes 10 GB of storage, and the Pro plan includes 50 GB.",
    ),
    (False, "研究生可以借10册。", "本科生可借10册，借期30天；研究生可借20册，借期60天。"),
    (False, "本科生的借期是60天。", "本科生可借10册，借期30天；研究生可借20册，借期60天。"),
    (False, "The API was shut down in May 2023.", "The API was deprecated in May 2023 and shut down in June 2024."),
    (False, "二期工程2018年开工。", "一期工程2015年开工，二期工程2018年规划、2020年开工。"),
    (False, "Python 3.8 is needed for version 2.", "Version 1 needs Python 3.8; version 2 needs Python 3.10."),
    (True, "室内场地每小时收费150元。", "室外场地每小时收费300元，室内场地每小时收费150元。"),
    (True, "研究生可以借20册，期限是60天。", "本科生可借10册，借期30天；研究生可借20册，借期60天。"),
    (
        True,
        "With the Pro plan you get 50 GB of storage.",
        "The Basic plan includes 10 GB of storage, and the Pro plan includes 50 GB.",
    ),
    (True, "金额在3000元以上的，要由总经理审批。", "金额在3000元以下的由部门经理审批，3000元以上的由总经理审批。"),
    (False, "初级班收费1200元。", "初级班收费800元，高级班收费1200元。"),
    (False, "管理端口是8080。", "服务端口是8080，管理端口是9090。"),
    (False, "Silver members earn 3 points per euro.", "Silver members earn 2 points per euro, gold members 3 points."),
    (False, "小张负责5个项目。", "小王负责5个项目，小张负责3个项目。"),
    (False, "长江全长5464公里。", "长江全长6300公里，黄河全长5464公里。"),
    (False, "2021年公司上市。", "公司2018年成立，2021年获得融资，2023年上市。"),
    (True, "公司在2023年上市，成立于2018年。", "公司2018年成立，2021年获得融资，2023年上市。"),
    (True, "管理用的端口是9090。", "服务端口是8080，管理端口是9090。"),
    (True, "黄河长5464公里，比长江短。", "长江全长6300公里，黄河全长5464公里，黄河比长江短。"),
    (
        True,
        "The admin port is 9090, the service itself listens on 8080.",
        "The service listens on port 8080 and the admin interface on port 9090; the admin port is 9090.",
    ),
    (False, "本科生可以借书，期限是60天。", "本科生可借10册，借期30天；研究生可借20册，借期60天。"),
    (
        False,
        "Export to PDF was added in version 2.1.",
        "Version 2.0 added the export to PDF, and version 2.1 added dark mode.",
    ),
    (
        True,
        "Dark mode was added in version 2.1.",
        "Version 2.0 added the export to PDF, and version 2.1 added dark mode.",
    ),
    (False, "导出功能是3.1版加入的。", "3.0版加入了导出功能，3.1版加入了夜间模式。"),
    (False, "第二阶段为期三个月。", "第一阶段为期三个月，第二阶段为期六个月。"),
)
COUNT = (
    (True, "报告分为PDF和Word两种格式。", "报告可导出为PDF或Word格式。"),
    (True, "There are three roles: owner, editor and viewer.", "The roles are owner, editor and viewer."),
    (False, "报告分为PDF和Word三种格式。", "报告可导出为PDF或Word格式。"),
    (False, "There are four roles: owner, editor and viewer.", "The roles are owner, editor and viewer."),
    (False, "报告可导出为PDF和Word两种格式。", "报告可导出为PDF、Word或HTML格式。"),
    (True, "会员分为金卡、银卡和普通卡三类。", "会员卡有金卡、银卡和普通卡。"),
    (False, "会员分为金卡、银卡两类。", "会员卡有金卡、银卡和普通卡。"),
    (True, "The three listed plans are Free, Team and Enterprise.", "The plans are Free, Team and Enterprise."),
    (False, "The two listed plans are Free and Team.", "The plans are Free, Team and Enterprise."),
)
BEFORE = (
    (True, "3.2版之前，日志写到安装目录里。", "3.2版起，日志默认保存在数据目录下。此前的版本将日志写到安装目录里。"),
    (False, "3.2版起，日志写到安装目录里。", "3.2版起，日志默认保存在数据目录下。此前的版本将日志写到安装目录里。"),
    (
        True,
        "文件大于16 MB时，要用分块存储，系统会自动切分。",
        "单个文件的最大大小为16 MB。存储更大的文件时，请使用分块存储，系统会自动切分。",
    ),
    (
        False,
        "Since version 3.2, logs were saved in the old folder.",
        "Since version 3.2, logs are kept in the data folder. Before that, logs were saved in the old folder.",
    ),
)
NAME = ((True, "要启用ZeRO-Offload，须将设备设为cpu。", "启用ZeRO-Offload的方法是将设备设为cpu。"),)


@pytest.mark.parametrize(("faithful", "sentence", "passage"), SIGN)
def test_a_sign_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), BOUND)
def test_a_bound_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), PARALLEL)
def test_a_number_of_another_thing_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), COUNT)
def test_a_count_of_what_is_listed_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), BEFORE)
def test_a_number_of_the_sentence_before_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), NAME)
def test_a_name_that_holds_a_number_word_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful
