"""The check of a written answer: a right is no duty, a prohibition no right, and a plan is not done."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

DARK = "Dark mode is available on phones. Support for tablets is planned for a later release."
STRONGER = [
    ("导师必须与研究生每周面谈两次。", "导师可与研究生每周面谈两次。"),
    ("客户必须在线更换会员套餐。", "客户可以在线更换会员套餐，费用不变。"),
    ("Tenants must store bicycles in the cellar.", "Tenants may store bicycles in the cellar."),
    ("Reviewers have to attach a log file to the report.", "Reviewers can attach a log file to the report."),
    ("工人进入车间可自愿佩戴安全帽。", "工人进入车间必须佩戴安全帽。"),
    ("Wearing a badge in the laboratory is optional.", "Everyone in the laboratory must wear a badge."),
    ("Participants don't have to sign the waiver.", "Participants are required to sign the waiver before the race."),
    ("教师外出讲学不需要学院批准。", "教师外出讲学须经学院批准。"),
    ("No permission from the librarian is needed to copy manuscripts.",
     "Manuscripts may be copied only with the permission of the librarian."),
    ("月票可以借给家人使用。", "月票不可借用，仅限本人乘车。"),
    ("套票可以退换。", "套票一经售出，不可退票或换票。"),
    ("Guests under 16 can use the sauna.", "Guests under 16 are not admitted to the sauna."),
    ("宠物可以进入展厅参观。", "展厅参观须知：宠物谢绝入内，展厅内请勿拍照。"),
    ("地铁9号线已在2027年开通。", "地铁9号线计划于2027年开通。"),
    ("新图书馆已经对外开放。", "新图书馆预计明年对外开放，目前内部装修。"),
    ("Dark mode is available on tablets.", DARK),
    ("The tram line was extended to the harbour.", "It is proposed to extend the tram line to the harbour."),
    ("旧合同到期后会被销毁。", "旧合同到期后归档，存放五年。"),
    ("Two workers were killed in the explosion at the mill.", "Two workers were injured in the explosion at the mill."),
    ("The old API was removed in March 2023.", "The old API was deprecated in March 2023."),
    ("该鸟通常在树洞里筑巢。", "该鸟很少在树洞里筑巢。"),
    ("快递保证在两天内送达。", "快递通常在两天内送达。"),
    ("The server always restarts after an update.", "The server may restart after an update."),
]  # fmt: skip
AS_STRONG = [
    ("要使用会议室，必须提前一天预约。", "会议室可提前一天预约使用，未预约不得使用。"),
    ("申请必须在3月底前提交。", "申请可在3月底前提交，逾期不予受理。"),
    ("To reset the device, you must hold the button.", "The device can only be reset by holding the button."),
    ("工人进入车间必须佩戴安全帽。", "工人进入车间须佩戴安全帽。"),
    ("Tenants may store bicycles in the cellar.", "Tenants may store bicycles in the cellar, but must lock them."),
    ("教师外出讲学无需学院批准。", "教师外出讲学无须学院批准，但须报备。"),
    ("套票不能退换。", "套票一经售出，不可退票或换票。"),
    ("Guests over 16 can use the sauna.", "Guests over 16 may use the sauna. Guests under 16 are not admitted."),
    ("员工可以在手机上绑定动态口令。", "员工不得自行修改配置。首次连接前，员工可在手机上绑定动态口令。"),
    ("地铁9号线将在2027年开通。", "地铁9号线计划于2027年开通。"),
    ("地铁9号线已于2017年开通。", "地铁9号线原计划2016年开通，后于2017年开通。"),
    ("Support for tablets is planned.", DARK),
    ("Dark mode is available on phones.", DARK),
    ("旧合同不会被销毁，而是归档。", "旧合同到期后归档，不予销毁。"),
    ("该鸟很少在树洞里筑巢。", "该鸟甚少在树洞里筑巢。"),
    ("快递一般两天送到。", "快递通常在两天内送达。"),
    ("The server may restart after an update.", "The server may restart after an update."),
    ("会员可以带一位朋友入场，但须先登记。", "非会员不得入场，会员可以带一位朋友入场，须登记。"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "passage"), STRONGER)
def test_what_is_put_more_strongly_goes(sentence: str, passage: str) -> None:
    assert not check_sentence(sentence, [passage]).supported


@pytest.mark.parametrize(("sentence", "passage"), AS_STRONG)
def test_what_is_put_as_strongly_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("", "cover", "number")
