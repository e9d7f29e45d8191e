"""The check of a written answer: of all for some, of two for one, of everybody for a few."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

SOME = "部分门店支持夜间自提，具体以页面为准。"
EXPORT = "Only text columns are indexed for full-text search."
TOUR = "The castle is open daily from 10:00 to 18:00. It is closed on Mondays in winter."
CHARGE = "房租包含水费和网费，电费另行计算。"
MEALS = "Breakfast is included in the price. Lunch is charged separately."
WIDER = [
    ("所有门店都支持夜间自提。", SOME),
    ("门店支持夜间自提。", SOME),
    ("All users in the group receive the newsletter.", "Most users in the group receive the newsletter."),
    ("Teachers in the district work part time.", "Some teachers in the district work part time."),
    ("每个省份都设有分会。", "大多数省份设有分会。"),
    ("所有鸟类都会飞。", "几乎所有鸟类都会飞。"),
    ("Text and numeric columns are indexed for full-text search.", EXPORT),
    ("停车场供业主和访客使用。", "停车场仅限业主使用。"),
    ("健身房对会员和路人开放。", "健身房只对会员开放，入场须刷卡。"),
    ("房租包含水费和电费。", CHARGE),
    ("Breakfast and lunch are included in the price.", MEALS),
    ("The pool is heated in summer and winter.", "The pool is heated in winter. In summer it is not heated."),
    ("Phones and laptops are insured.", "Phones are insured. Laptops are insured only if registered."),
    ("普通成员可以发布公告。", "只有管理员可以发布公告。"),
    ("Members may publish announcements.", "Only moderators may publish announcements."),
    ("The font may be used in commercial projects.", "The font may be used in non-commercial projects."),
    ("会员可以借阅古籍。", "非会员可以借阅古籍。"),
    ("The castle is open daily throughout the year.", TOUR),
    ("所有商品均可在七天内退货。", "所有商品可在七天内退货，定制商品除外。"),
    ("The lease ends after a year unless it is extended.", "The lease is extended after a year unless it ends."),
    ("会员资格到期自动终止，除非本人申请续期。", "会员资格到期自动续期，除非本人申请终止。"),
]  # fmt: skip
AS_WIDE = [
    ("部分门店支持夜间自提。", SOME),
    ("有的门店可以夜间自提。", SOME),
    ("Most users in the group get the newsletter.", "Most users in the group receive the newsletter."),
    ("许多观众提前离场。", "不少观众提前离场。"),
    ("只有文本列会建立索引。", "只有文本列会建立全文索引。"),
    ("Text columns are indexed for full-text search.", EXPORT),
    ("停车场仅限业主使用，访客不能停。", "停车场仅限业主使用。"),
    ("房租包含水费和网费。", CHARGE),
    ("Breakfast and dinner are included in the price.", "Breakfast and dinner are included in the price."),
    ("Breakfast is included in the price and lunch is charged separately.",
     MEALS),
    ("管理员可以发布公告。", "只有管理员可以发布公告。"),
    ("Members may read announcements.", "Only moderators may publish announcements. Members may read them."),
    ("The font may be used in non-commercial projects.", "The font may be used in non-commercial projects."),
    ("The castle is open daily except on winter Mondays.", TOUR),
    ("The castle is open from 10:00 to 18:00.", TOUR),
    ("除定制商品外，所有商品均可在七天内退货。", "所有商品可在七天内退货，定制商品除外。"),
    ("The lease is extended by a year unless it is cancelled.", "Unless cancelled, the lease is extended by a year."),
    ("会员资格到期自动续期，除非本人申请终止。", "除非本人申请终止，会员资格到期自动续期。"),
    ("无论订单金额多少，快递费都是10元。", "快递费为10元，与订单金额无关。"),
    ("张明和李华共同创办了该公司。", "该公司由张明与李华共同创办，张明任董事长，李华未任职。"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "passage"), WIDER)
def test_what_is_told_of_more_goes(sentence: str, passage: str) -> None:
    assert not check_sentence(sentence, [passage]).supported


@pytest.mark.parametrize(("sentence", "passage"), AS_WIDE)
def test_what_is_told_of_as_much_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("", "cover", "number")
