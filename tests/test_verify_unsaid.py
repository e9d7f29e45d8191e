"""The check of a written answer: reasons, exceptions, conditions and details that the passage does not have so."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("泳池周三不开放，原因是救生员人手紧张。", "泳池每周三闭馆，因为要换水消毒。其余日子照常开放。"),
        ("由于赞助商撤资，音乐节改在九月举行。", "音乐节原定八月，后改在九月举行。门票继续有效。"),
        ("为了防止黄牛倒票，每人限购两张门票。", "门票在官网出售，每人限购两张，售出后不退。"),
        ("The pool is closed on Wednesdays because lifeguards are scarce.", "The pool is closed on Wednesdays."),
        ("The log is kept for a week so that auditors can inspect it.", "The log is kept for a week, then deleted."),
    ],
)
def test_a_reason_or_purpose_that_the_passage_lacks_is_found(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("detail", "cover")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("泳池周三闭馆，原因是要换水消毒。", "泳池每周三闭馆，因为要换水消毒。其余日子照常开放。"),
        ("因为场地被淹，音乐节改在九月举行。", "八月场地被水淹了，音乐节改在九月举行。"),
        (
            "The pool is closed on Wednesdays because the water is changed.",
            "The pool is closed on Wednesdays: the water is changed then.",
        ),
    ],
)
def test_a_reason_of_the_passage_may_be_given(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("图书和期刊可以外借两周。", "馆内图书可以外借两周。期刊仅限在阅览室阅读。"),
        ("套餐价包含早餐和泊车。", "套餐价每晚500元，包含早餐。泊车须另行付费。"),
        (
            "Books and magazines may be borrowed for two weeks.",
            "Books may be borrowed for two weeks. Magazines stay here only.",
        ),
        (
            "The plan includes backups and phone support.",
            "The plan includes backups. Phone support is sold separately.",
        ),
    ],
)
def test_what_a_later_sentence_sets_apart_is_not_told_of_as_the_rest(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == "condition"


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("图书和期刊都可以外借两周。", "馆内图书可以外借两周。期刊也可以外借，但须登记。"),
        ("图书可以外借两周，期刊仅限阅览室阅读。", "馆内图书可以外借两周。期刊仅限在阅览室阅读。"),
        ("导出命令会生成压缩文件。", "执行导出会生成压缩文件。只有管理员可以使用这个命令。"),
        (
            "Books may be borrowed for two weeks, magazines stay here.",
            "Books may be borrowed for two weeks. Magazines stay here only.",
        ),
        ("Books and magazines may be borrowed.", "Books may be borrowed. Magazines may be borrowed too, but only one."),
    ],
)
def test_an_exception_told_as_one_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""
