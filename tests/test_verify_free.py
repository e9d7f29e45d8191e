"""The check of a written answer: what follows from a passage stays, and what only looks as if it did goes."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("The tower is more than 90 metres high.", "The tower is 96 metres high and was finished in spring."),
        ("这座石塔高九十多米，春天完工。", "这座石塔高96米，春天完工。"),
        ("£150 of the deposit is due when you book.",
         "The deposit is £300. Half of it is due when you book, the rest on arrival."),
        ("他在南京当了学徒，七年后去了苏州。", "1921年，他在南京当学徒。1928年去了苏州。"),
        ("The admin page listens and answers on port 9443.",
         "The admin page listens on 10.1.0.4:9443 and answers there."),
        ("水箱的阈值默认是0.8。", "水箱默认占用80%的阈值，可以调低。"),
    ],
)  # fmt: skip
def test_a_number_that_follows_from_another_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("The tower is more than 70 metres high.", "The tower is 96 metres high and was finished in spring."),
        ("这座石塔高八十多米，春天完工。", "这座石塔高96米，春天完工。"),
        ("这座塔高约92米。", "这座塔高约96米，春天完工。"),
        ("£100 of the deposit is due when you book.",
         "The deposit is £300. Half of it is due when you book, the rest on arrival."),
        ("他在南京当了学徒，九年后去了苏州。", "1921年，他在南京当学徒。1928年去了苏州。"),
        ("The admin page listens and answers on port 9444.",
         "The admin page listens on 10.1.0.4:9443 and answers there."),
        ("水箱的阈值默认是0.7。", "水箱默认占用80%的阈值，可以调低。"),
    ],
)  # fmt: skip
def test_a_number_that_follows_from_none_goes(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == "number"


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("A parcel of 12 kg is sent by freight.", "Parcels over 10 kg are sent by freight."),
        ("A video of 90 MB won't be accepted.", "Videos are accepted if they are no larger than 60 MB."),
        ("一个账号不能绑定五台设备。", "每个账号最多绑定3台设备。"),
        ("金额600元的订单免运费。", "金额超过500元的订单免运费。"),
    ],
)
def test_a_case_of_a_rule_stays(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("A parcel of 8 kg is sent by freight.", "Parcels over 10 kg are sent by freight."),
        ("A video of 90 MB is accepted.", "Videos are accepted if they are no larger than 60 MB."),
        ("A video of 40 MB isn't accepted.", "Videos are accepted if they are no larger than 60 MB."),
        ("一个账号可以绑定五台设备。", "每个账号最多绑定3台设备。"),
        ("金额300元的订单免运费。", "金额超过500元的订单免运费。"),
    ],
)
def test_a_case_on_the_other_side_of_a_rule_goes(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason in ("number", "negation", "opposite", "bound")


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("把 --workers 设成 0，下载就完全不并行。", "--workers 参数决定同时下载几个文件。设成 0 时下载不并行。"),
        ("没有红标的零件不能自己更换。", "有红标的零件可以自己更换，其他零件不能自己更换。"),
        ("5至7号馆以外的场馆，盘点那天开放不受影响。", "5号馆至7号馆将于3月2日盘点。其他场馆开放不受影响。"),
        ("Turning the cache off cuts the memory that the proxy needs, at the price of a slower start.",
         "Run it with CACHE=OFF, which cuts the memory that the proxy needs but makes for a slower start."),
    ],
)  # fmt: skip
def test_what_a_passage_is_about_and_the_rest_may_be_named(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason == ""


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("把 --workers 设成 0，上传就会自动压缩。", "--workers 参数决定同时下载几个文件。设成 0 时下载不并行。"),
        ("没有红标的零件可以自己更换。", "有红标的零件可以自己更换，没有红标的零件不能自己更换。"),
        ("Redis 负责保存会话。", "网关用 Redis 做限流。Postgres 负责保存会话。"),
        ("展品由研究所借出的馆藏挑出，由档案馆陈列。", "展品由研究所挑出，由博物馆陈列。档案馆另有展品。"),
    ],
)
def test_another_thing_in_its_place_goes(sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).reason != ""
