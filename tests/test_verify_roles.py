"""The check of a written answer: who does what to whom, what belongs to which thing, and how much it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.verify import check_sentence

BY_HAND = Path(__file__).parent / "data" / "citation_cases_by_hand.jsonl"


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("旧调度器从 3.0 起取代新调度器。", "从 3.0 起，新调度器（默认开启）已取代旧调度器。", "swap"),
        ("从 3.0 起，新调度器取代了旧的那个调度器。", "从 3.0 起，新调度器（默认开启）已取代旧调度器。", ""),
        ("旧调度器从 3.0 起被新调度器取代。", "从 3.0 起，新调度器（默认开启）已取代旧调度器。", ""),
        ("The old scheduler replaced the new one in 3.0.", "In 3.0 the new scheduler replaced the old one.", "swap"),
        ("Module A is required by module B.", "Module B requires module A.", ""),
        ("等级由严重改为一般。", "该漏洞的等级已由一般提升为严重。", "swap"),
        ("等级已由一般改为严重。", "该漏洞的等级已由一般提升为严重。", ""),
        ("The level changed from high to low.", "The level was changed from low to high.", "swap"),
    ],
)
def test_two_sides_that_have_changed_places_are_found(sentence: str, passage: str, reason: str) -> None:
    assert check_sentence(sentence, [passage]).reason == reason


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("缓存被清空是因为服务重启了。", "如果缓存被清空，服务会重启。", "swap"),
        ("服务重启是因为缓存被清空。", "如果缓存被清空，服务会重启。", ""),
        ("The cache is cleared because the server restarted.", "If the cache is cleared, the server restarts.", "swap"),
        ("The server restarts because the cache is cleared.", "If the cache is cleared, the server restarts.", ""),
    ],
)
def test_cause_and_effect_are_told_apart(sentence: str, passage: str, reason: str) -> None:
    assert check_sentence(sentence, [passage]).reason == reason


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("编辑可以关闭工单。", "编辑可以转发工单，主管可以关闭自己的工单。", "swap"),
        ("主管可以关闭自己的工单。", "编辑可以转发工单，主管可以关闭自己的工单。", ""),
        ("编辑可以转发，主管可以关闭工单。", "编辑可以转发工单，主管可以关闭自己的工单。", ""),
        ("甲型是左开式的，乙型是右开式的。", "甲型为右开式，乙型为左开式。", "swap"),
        ("公司次年推出了手机。", "公司2005年推出相机，次年推出手机。", ""),
    ],
)
def test_what_is_said_of_another_thing_is_found(sentence: str, passage: str, reason: str) -> None:
    assert check_sentence(sentence, [passage]).reason == reason


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("日志默认保存两周。", "日志默认保留 14 天。", ""),
        ("日志默认保存三周。", "日志默认保留 14 天。", "number"),
        ("缓存保留 48 小时。", "缓存保留 2 天。", ""),
        ("默认超时时间是 3000 秒。", "超时时间的单位是毫秒，默认值为 3000。", "number"),
        ("默认超时时间是 3000 毫秒。", "超时时间的单位是毫秒，默认值为 3000。", ""),
        ("Each file may have up to 1 GB.", "Each file may have up to 1024 MB.", ""),
        ("The backup runs at 2 a.m.", "The backup runs at 2 in the night.", ""),
    ],
)
def test_the_same_quantity_may_have_another_unit_and_a_number_may_not(sentence: str, passage: str, reason: str) -> None:
    assert check_sentence(sentence, [passage]).reason == reason


def test_one_country_for_another_is_a_swap_whatever_stands_beside_it() -> None:
    passage = "会议最初由法国总统提出。第二届会议在西班牙首都举行。"
    assert check_sentence("会议最初由西班牙首相提出。", [passage]).reason == "swap"


def test_each_clause_of_a_summary_may_rest_on_its_own_sentence() -> None:
    passage = "技术大会由协会主办，每两年举行一次。其间另有讲座。2019年6月3日，首届技术大会在杭州开幕。"
    assert check_sentence("技术大会两年办一次，首届于2019年6月在杭州开幕。", [passage]).supported
    assert not check_sentence("技术大会三年办一次，首届于2019年6月在杭州开幕。", [passage]).supported


def test_most_cases_by_hand_about_technical_matters_are_judged_rightly() -> None:
    right = []
    for line in BY_HAND.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "passage" in row:
            passages = [row["passage"], *row.get("others", ())]
            support = check_sentence(row["sentence"], [passages[mark - 1] for mark in row["marks"]])
            right.append(support.supported is row["supported"])
    assert len(right) == 24
    assert sum(right) >= 22
