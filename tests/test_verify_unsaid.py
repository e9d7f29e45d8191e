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
    assert not check_sentence(sentence, [passage]).supported


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("图书和期刊都可以外借两周。", "馆内图书可以外借两周。期刊也可以外借，但须登记。"),
        ("图书可以外借两周，期刊仅限阅览室阅读。", "馆内图书可以外借两周。期刊仅限在阅览室阅读。"),
        ("超过三千元的单笔报销要附上审批单。", "报销应在次月5日前提交，逾期的计入下月。单笔超过三千元的须附审批单。"),
        (
            "The job runs every night and writes a report to S3.",
            "The job runs every night. Its report is written to S3, not to disk.",
        ),
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


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        # set against another condition
        ("会员可以免费换货。", "商品未拆封且在签收后七日内，会员可免费换货；已拆封的，换货须付运费。"),
        ("保修期内维修免费。", "保修期内非人为损坏的，维修免费；人为损坏的，按材料成本收费。"),
        (
            "The goods are refunded in full.",
            "Goods are refunded in full if returned unopened; otherwise we deduct 20%.",
        ),
        # a threshold, an approval, an option without which it does not hold
        ("员工可以申请无息购房贷款。", "在公司工作满三年的员工可申请无息购房贷款，额度最高20万元。"),
        ("办公室的打印机可以彩色打印。", "经主管批准后方可使用办公室打印机进行彩色打印。"),
        ("升级会保留旧的配置文件。", "只有加上 --keep 参数，升级才会保留旧的配置文件。"),
        (
            "Employees may apply for a loan.",
            "Employees who have worked here for at least three years may apply for a loan.",
        ),
        (
            "Upgrading keeps the old settings file.",
            "The upgrade keeps the old settings file only if `--keep` is given.",
        ),
        ("快递丢失的，按声明价值赔偿。", "快件丢失，已保价的按声明价值赔偿，未保价的最高赔偿运费的五倍。"),
        ("访客可以连接公司的无线网络。", "访客在前台登记并由接待人授权后，可连接公司访客无线网络，有效期一天。"),
        ("修改端口后不用重启服务。", "在热加载模式下修改端口不用重启服务，其他模式下必须重启。"),
        (
            "Claims are paid within five days.",
            "Claims of up to €500 are paid within five days. Larger claims are examined first.",
        ),
        (
            "Members can bring a friend at no cost.",
            "On Sundays, members can bring one friend at no cost. On other days, friends pay.",
        ),
        (
            "Dogs are allowed on the beach.",
            "From October to March dogs are allowed on the beach. In summer they are not.",
        ),
        # word for word, but cut off from it
        ("Uploads are encrypted.", "Uploads are encrypted only when the bucket has a key assigned."),
        (
            "The cleaning fee is refunded.",
            "If the flat is left tidy, the cleaning fee is refunded; otherwise it is kept.",
        ),
        ("主节点宕机后会自动切换。", "副本数不少于2时，主节点宕机后会自动切换；否则需要人工恢复。"),
        # a scope of its own
        (
            "无论什么原因，取消航班都会全额退款。",
            "因承运人原因取消航班的，全额退款；因天气原因取消的，可免费改签一次。",
        ),
        ("持学生证任何时候都可以半价入场。", "持学生证者周一至周四可半价入场，周末及节假日不享受优惠。"),
        (
            "The museum is open daily throughout the year.",
            "The museum is open daily from April to October, in winter at weekends only.",
        ),
    ],
)
def test_a_condition_that_counts_may_not_be_left_out(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("condition", "universal")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        (
            "未拆封的商品，会员七日内可以免费换货。",
            "商品未拆封且在签收后七日内，会员可免费换货；已拆封的，换货须付运费。",
        ),
        ("主管批准以后，才能用办公室打印机彩色打印。", "经主管批准后方可使用办公室打印机进行彩色打印。"),
        ("加 --keep 参数升级可以保留旧配置文件。", "只有加上 --keep 参数，升级才会保留旧的配置文件。"),
        ("周一到周四凭学生证半价入场。", "持学生证者周一至周四可半价入场，周末及节假日不享受优惠。"),
        ("保过价的快件丢失，按声明的价值赔偿。", "快件丢失，已保价的按声明价值赔偿，未保价的最高赔偿运费的五倍。"),
        ("热加载模式下改端口，服务不需要重启。", "在热加载模式下修改端口不用重启服务，其他模式下必须重启。"),
        (
            "Claims up to €500 are paid out within five days.",
            "Claims of up to €500 are paid within five days. Larger claims are examined first.",
        ),
        (
            "From October until March you may take dogs to the beach.",
            "From October to March dogs are allowed on the beach. In summer they are not.",
        ),
        # left out, and nothing else holds without it
        ("完成后会在下载目录生成一个压缩文件。", "导出任务在后台运行，完成后会在下载目录生成一个压缩文件。"),
        ("导出完成后会生成一个压缩文件。", "导出任务在后台运行，完成后会在下载目录生成一个压缩文件。"),
        ("榅桲耐寒，低温下也能开花。", "榅桲性耐寒，即使在7°C以下的低温下也能开花。"),
        (
            "After three years, employees may apply for a loan.",
            "Employees who have worked here for at least three years may apply for a loan.",
        ),
        (
            "With `--keep` the upgrade keeps the old settings file.",
            "The upgrade keeps the old settings file only if `--keep` is given.",
        ),
        ("The report is sent as a PDF.", "When a month ends, the report is sent to all managers as a PDF."),
    ],
)
def test_a_condition_may_be_told_in_other_words_or_left_out_where_it_changes_nothing(
    sentence: str, passage: str
) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("保修期自安装之日起算三年。", "保修期为三年，自签收之日起算。"),
        ("押金在合同终止后10日内退还。", "押金在房屋验收后10日内退还。"),
        (
            "The notice period runs from the day the contract was signed.",
            "The notice period runs from the day the letter was received.",
        ),
        (
            "The deposit is returned within ten days of the end of the contract.",
            "The deposit is returned within ten days of the inspection of the flat.",
        ),
    ],
)
def test_a_period_is_counted_from_the_event_of_the_passage(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == "condition"


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("三年的保修期自签收当天起算。", "保修期为三年，自签收之日起算。"),
        ("押金在验收后10日内退还。", "押金在房屋验收后10日内退还。"),
        (
            "The deposit is returned within ten days after handover.",
            "The deposit is returned within ten days after the flat was handed over.",
        ),
        (
            "The notice period runs from receipt of the letter.",
            "The notice period runs from the day the letter was received.",
        ),
    ],
)
def test_the_event_may_be_told_in_other_words(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("社区医院可以免费测量血压和血糖。", "社区医院每周二上午为居民免费测量血压。"),
        ("健身房在二楼，会员可免费使用毛巾和储物柜。", "健身房位于二楼，会员可免费使用储物柜。"),
        ("该系统支持人脸识别和指纹登录，断网环境下照样运行。", "该系统支持人脸识别和指纹登录。"),
        ("班车早上七点半从东门出发，车上提供免费早餐。", "班车每天早上七点半从东门出发，途经火车站。"),
        ("数据中心位于城北工业园，占地两公顷，由太阳能供电。", "数据中心位于城北工业园，占地两公顷。"),
        (
            "The clinic measures blood pressure and cholesterol free of charge.",
            "The clinic measures blood pressure free of charge.",
        ),
        (
            "Guests may use the sauna and the gym, towels are lent out.",
            "Guests may use the sauna and the gym. Both are in the basement.",
        ),
    ],
)
def test_a_detail_of_its_own_in_what_is_else_a_copy_is_found(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("detail", "cover")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("社区医院免费为居民测量血压和血糖。", "社区医院每周二上午为居民免费测量血压，也测血糖。"),
        ("健身房就在二楼，会员可以免费使用储物柜。", "健身房位于二楼，会员可免费使用储物柜。"),
        ("每周二上午居民可以到社区医院量血压，不用花钱。", "社区医院每周二上午为居民免费测量血压。"),
        ("数据中心建在城北工业园里，占了两公顷的地。", "数据中心位于城北工业园，占地两公顷。"),
        (
            "The clinic takes your blood pressure without charge.",
            "The clinic measures blood pressure without charge on Tuesdays.",
        ),
        (
            "Guests may use the basement sauna and gym.",
            "Guests may use the sauna and the gym. Both are in the basement.",
        ),
        (
            "Files that are too large are refused and not stored.",
            "Files that are too large are refused; they are not saved.",
        ),
    ],
)
def test_other_words_are_no_detail_of_its_own(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason != "detail"
