"""The Chinese thesaurus of the citation check: what it holds, what it lets pass, and that it hides no falsehood."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from rag.verify import check_sentence
from rag.verify.kinds import KINDS
from rag.verify.opposites import OPPOSITE_CHARACTERS, compiled
from rag.verify.synonyms import WORDS, read_groups, senses, thesaurus

_NEGATED = re.compile("[不无没未非]|停止|取消|放弃|失败|出错|异常|终止")


def groups() -> Iterator[tuple[str, ...]]:
    for path in sorted(WORDS.glob("zh_*.txt")):
        yield from read_groups(path.read_text("utf-8"))


def test_the_thesaurus_has_thousands_of_groups_of_distinct_words() -> None:
    found = list(groups())
    assert len(found) > 2500
    assert [group for group in found if len(group) < 2 or len(set(group)) < len(group)] == []


def test_no_group_has_two_words_of_opposite_meaning() -> None:
    opposed = []
    for group in groups():
        for yes, no in compiled().values():
            signs = set()
            for word in group:
                if bool(yes.search(word)) != bool(no.search(word)) and not (_NEGATED.search(word)):
                    signs.add(bool(yes.search(word)))
            if len(signs) > 1:
                opposed.append(group)
        for one in group:
            for other in group:
                changed = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
                if len(one) == len(other) and len(changed) == 1 and frozenset(changed[0]) in OPPOSITE_CHARACTERS:
                    opposed.append((one, other))
    assert opposed == []


def test_no_group_has_two_members_of_one_kind() -> None:
    assert [group for group in groups() for kind in KINDS if len(set(group) & set(kind)) > 1] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("周一", "周二"), ("管理员", "用户"), ("买家", "卖家"), ("房东", "租客"), ("加急", "延后"), ("收购", "出售"),
        ("上传", "下载"), ("医生", "护士"), ("登录", "登出"), ("增加", "减少"), ("必须", "可以"), ("提前", "推迟"),
        ("本科生", "研究生"), ("午餐", "晚餐"), ("父亲", "母亲"), ("订金", "定金"), ("暂停", "终止"), ("免费", "打折"),
    ],
)  # fmt: skip
def test_words_for_two_things_share_no_group(one: str, other: str) -> None:
    words = thesaurus().groups
    assert not words.get(one, frozenset()) & words.get(other, frozenset())


def test_the_longest_word_is_found_and_the_words_inside_it() -> None:
    text = "未经许可不得进入"
    found = {text[sense.start : sense.end] for sense in senses(text)}
    assert {"未经许可", "许可", "不得", "进入"} <= found
    assert "经" not in found


def test_a_word_of_two_parts_is_found_around_what_stands_between() -> None:
    text = "运费由买家承担。"
    found = {text[sense.start : sense.end] for sense in senses(text) if not sense.short}
    assert {"由", "承担"} & {text[s.start : s.end] for s in senses(text)} == {"由", "承担"}
    assert "买家" in found


@pytest.mark.parametrize(
    ("passage", "faithful", "false"),
    [
        (
            "访客证当日有效，离开时须交还前台。访客须在一楼登记。",
            "来访者的临时证件当天管用，走的时候要还给前台。",
            "来访者的临时证件当天管用，走的时候可以带回家留作纪念。",
        ),
        (
            "租赁期满后，承租方未损坏房屋设施的，出租方应全额退还押金。",
            "租期到了以后，租客没弄坏房子里的设施的话，房东就要把押金全部退回来。",
            "租期到了以后，房东就要把押金连同银行存款利息全部打到租客账上。",
        ),
        (
            "未经管理员许可，任何人不得更改服务器的配置。",
            "没有管理员的允许，谁都不准修改服务器的设置。",
            "管理员许可，任何人均可更改服务器的配置。",
        ),
        (
            "如遇停电，考试顺延至次日同一时间举行。",
            "要是碰上断电，考试就推迟到第二天的同一时间进行。",
            "要是碰上断电，考试就提前到前一天的同一时间进行。",
        ),
        (
            "显存不足时程序会抛出异常并终止运行。",
            "GPU 内存不够时，程序会报错并停止运行。",
            "GPU 内存不够时，程序会自动改用处理器继续算下去。",
        ),
        (
            "费用由申请人一次性支付，逾期未付的，申请自动取消。",
            "申请者要一口气付清费用，过期没付的话申请会自动作废。",
            "申请者可以分十二期慢慢付清费用，中途搬家也不受影响。",
        ),
        (
            "货物破损的，买家可在签收后两天内申请换货，运费由卖家承担。",
            "东西坏了的话，顾客收到货后两天内能申请调换，邮费由商家出。",
            "东西坏了的话，顾客收到货后两天内能申请调换，邮费由买家承担。",
        ),
    ],
)  # fmt: skip
def test_a_paraphrase_in_other_words_passes_and_a_falsehood_in_the_same_words_does_not(
    passage: str, faithful: str, false: str
) -> None:
    assert check_sentence(faithful, [passage]).supported
    assert not check_sentence(false, [passage]).supported


@pytest.mark.parametrize(
    "false",
    [
        "员工不可以在工位使用自带的电热水壶。",
        "员工在工位不可以用自己带的电水壶。",
        "员工可以在工位使用公司的微波炉。",
    ],
)
def test_synonyms_hide_no_opposite_and_no_negation(false: str) -> None:
    assert not check_sentence(false, ["员工可以在工位使用自带的电水壶，但须在离开时拔掉插头。"]).supported


@pytest.mark.parametrize(
    ("claim", "added"),
    [
        ("停车场夜间关闭，原因是附近居民多次投诉灯光刺眼。", "居民多次投诉灯光刺眼"),
        ("停车场夜间关闭，并由退役军人牵着警犬巡逻。", "退役军人牵着警犬"),
    ],
)
def test_what_a_claim_adds_of_its_own_in_one_piece_is_found(claim: str, added: str) -> None:
    support = check_sentence(claim, ["停车场于夜间关闭，次日早晨重新开放，期间车辆不得进出。"])
    assert support.reason == "cover"
    assert added in support.detail or support.detail == ""


def test_a_paraphrase_may_have_words_of_its_own_here_and_there() -> None:
    passage = "停车场于夜间关闭，次日早晨重新开放，期间车辆不得进出。"
    assert check_sentence("停车场晚上会关门，第二天早上再开，这段时间里车不能出入。", [passage]).supported


@pytest.mark.parametrize(
    ("claim", "passage", "named"),
    [
        ("说明书只有中文版。", "使用手册仅提供汉语版本。", True),
        ("说明书只有英文版。", "使用手册仅提供汉语版本。", False),
        ("The backup runs on Friday in version 3.2.", "备份在 3.2 版中于星期五进行。", True),
        ("The backup runs on Friday in version 3.2.", "备份在 3.2 版中于星期四进行。", False),
        ("公司 2019 年在美国设立分部。", "The company opened a branch in the United States in 2019.", True),
        ("公司 2019 年在法国设立分部。", "Contact us: the company opened a branch abroad in 2019.", False),
        ("旗子是红色的。", "旗帜为深红，边上有流苏。", True),
        ("旗子是红色的。", "旗帜为深蓝，红军曾用过。", False),
        ("要启用 Zero-Copy，需在配置里打开它。", "在配置中打开即可启用 Zero-Copy。", True),
    ],
)
def test_a_place_language_colour_or_day_may_stand_there_under_another_name(
    claim: str, passage: str, named: bool
) -> None:
    assert (check_sentence(claim, [passage]).reason != "name") is named
