"""Amounts told in other ways: times of day, lengths, shares, multiples, dates, how often, number words and units."""

from __future__ import annotations

import pytest

from rag.verify import check_sentence

CLOCK = (
    (True, "食堂早上七点半开门，晚上八点关门。", "食堂开门时间为7:30，关门时间为20:00。"),
    (True, "培训在周三下午三点开始。", "培训时间：周三15:00开始，地点二楼会议室。"),
    (True, "机房晚上十点一刻自动关灯。", "机房每日22:15自动关灯。"),
    (True, "例会上午9点开始，11点半结束。", "例会时间为9:00-11:30，请准时参加。"),
    (True, "The store opens at half past eight and closes at 6 p.m.", "The store opens at 8:30 and closes at 18:00."),
    (True, "The gate shuts at midnight.", "The gate shuts at 0:00 and opens again at 5:00."),
    (True, "The talk starts at a quarter to three in the afternoon.", "The talk starts at 14:45 in room B."),
    (True, "快递柜要到14:00才开放。", "快递柜下午两点开放。"),
    (True, "The office is open from 9 a.m. to 5 p.m.", "The office is open from 9:00 to 17:00."),
    (False, "培训在周三上午三点开始。", "培训时间：周三15:00开始，地点二楼会议室。"),
    (False, "机房晚上十点半自动关灯。", "机房每日22:15自动关灯。"),
    (False, "The store closes at 8 p.m.", "The store opens at 8:30 and closes at 18:00."),
    (False, "The gate shuts at noon.", "The gate shuts at 0:00 and opens again at 5:00."),
    (False, "食堂早上八点开门。", "食堂开门时间为7:30，关门时间为20:00。"),
    (False, "培训在下午举行。", "培训时间：周三9:30，在二楼会议室举行。"),
    (True, "培训于周三下午在二楼会议室举行。", "培训时间：周三15:30，在二楼会议室举行。"),
    (True, "游泳馆中午十二点到下午两点闭馆清洁。", "游泳馆开放时间：9:00-12:00、14:00-21:00，12:00-14:00闭馆清洁。"),
    (True, "夜班从晚上十一点上到第二天早上七点。", "夜班时间为23:00至次日7:00。"),
    (True, "The help desk answers calls until ten at night.", "The help desk answers calls until 22:00."),
    (
        True,
        "Orders placed before two in the afternoon are shipped the same day.",
        "Orders placed before 14:00 are shipped the same day.",
    ),
    (False, "夜班从晚上十点上到第二天早上七点。", "夜班时间为23:00至次日7:00。"),
    (
        False,
        "Orders placed before 4 p.m. are shipped the same day.",
        "Orders placed before 14:00 are shipped the same day.",
    ),
    (True, "早班车6点20分发车。", "早班车发车时间：6:20；晚班车发车时间：18:40。"),
    (False, "早班车18:40发车。", "早班车发车时间：6:20；晚班车发车时间：18:40。"),
    (True, "会议定在上午十点。", "会议时间：10:00，地点：三楼。"),
    (True, "Quiet hours run from 10 p.m. to 6 a.m.", "Quiet hours: 22:00–06:00."),
)
DURATION = (
    (True, "合同有效期为两年。", "合同有效期为24个月，自签署之日起算。"),
    (True, "质保期为半年。", "本产品质保期为6个月。"),
    (True, "考试持续一个半小时。", "考试时长90分钟，考试持续期间不得离场。"),
    (True, "会议室每次最多可用半小时。", "会议室每次最多可用30分钟。"),
    (True, "The lease runs for two years.", "The lease runs for 24 months."),
    (True, "The exam lasts an hour and a half.", "The exam lasts 90 minutes."),
    (True, "The cache is kept for half an hour.", "The cache is kept for 30 minutes."),
    (True, "You have a fortnight to object.", "You have 14 days to object."),
    (True, "令牌的有效期是一刻钟。", "令牌的有效期为15分钟。"),
    (True, "导出的链接会在48小时后失效。", "导出的链接将在两天后失效。"),
    (False, "质保期为半年。", "本产品质保期为3个月。"),
    (False, "合同有效期为三年。", "合同有效期为24个月，自签署之日起算。"),
    (False, "迟到者按旷工一天处理。", "迟到超过三次者按旷工半天处理。"),
    (False, "The cache is kept for an hour.", "The cache is kept for 30 minutes."),
    (False, "会议室每次最多可用一小时。", "会议室每次最多可用30分钟。"),
    (False, "The lock is released within a second.", "The lock is released within a minute."),
    (False, "The lease runs for half a year.", "The lease runs for 24 months."),
    (True, "学徒期一共是十八个月。", "学徒期为一年半。"),
    (True, "申请须提前两周提交。", "申请须提前14天提交。"),
    (True, "录像只保存一周。", "录像仅保存7天，之后自动覆盖。"),
    (True, "Passwords have to be changed every three months.", "Passwords have to be changed every quarter."),
    (True, "Your trial ends after a month.", "Your trial ends after one month."),
    (False, "录像只保存一个月。", "录像仅保存7天，之后自动覆盖。"),
    (False, "申请须提前三周提交。", "申请须提前14天提交。"),
    (False, "Your trial ends after half a year.", "Your trial ends after one month."),
    (True, "手术后须禁食半天。", "手术后须禁食12小时。"),
    (False, "手术后须禁食12小时。", "手术后须禁食12天。"),
    (True, "设备要先预热1.5小时。", "设备须先预热90分钟。"),
    (True, "The battery lasts two and a half hours.", "The battery lasts 150 minutes."),
    (True, "The meeting takes three quarters of an hour.", "The meeting takes 45 minutes."),
)
SHARE = (
    (True, "滞纳金按每日万分之五收取。", "滞纳金按每日0.05%收取。"),
    (True, "手续费是交易额的千分之三。", "手续费为交易额的0.3%。"),
    (True, "补贴为学费的三成。", "补贴标准为学费的30%。"),
    (True, "A quarter of the deposit is refunded.", "25% of the deposit is refunded."),
    (True, "Half of the seats are reserved for members.", "50% of the seats are reserved for members."),
    (True, "会员打八折。", "会员可享受20%的折扣优惠，即打8折。"),
    (True, "四分之三的名额留给本地学生。", "75%的名额留给本地学生。"),
    (True, "缓存最多使用空闲显存的80%。", "缓存使用空闲显存的比例默认最多为0.8。"),
    (False, "手续费是交易额的千分之五。", "手续费为交易额的0.3%。"),
    (False, "补贴为学费的五成。", "补贴标准为学费的30%。"),
    (False, "A third of the deposit is refunded.", "25% of the deposit is refunded."),
    (False, "Half of the seats are reserved for members.", "25% of the seats are reserved for members."),
    (False, "手续费是交易额的3%。", "手续费为交易额的千分之三。"),
    (True, "超过一半的学生选了这门课。", "超过50%的学生选了这门课。"),
    (True, "三分之一的座位可以预约。", "1/3的座位可以预约。"),
    (True, "Three quarters of the members voted.", "75% of the members voted."),
    (True, "学生票打五折。", "学生票半价。"),
    (True, "Members get 20% off.", "Members get a 20% discount."),
    (False, "Members get half off.", "Members get a 20% discount."),
    (False, "学生票打八折。", "学生票打五折。"),
    (False, "超过三成的学生选了这门课。", "超过50%的学生选了这门课。"),
)
MULTIPLE = (
    (True, "丢失图书须按原价的两倍赔偿。", "丢失图书须按原价双倍赔偿。"),
    (True, "The new index is twice as fast.", "The new index is two times as fast as before."),
    (True, "Night shifts are paid double.", "Night shifts are paid twice the normal rate."),
    (False, "丢失图书须按原价的三倍赔偿。", "丢失图书须按原价双倍赔偿。"),
    (False, "丢失图书须按原价双倍赔偿。", "丢失图书须按原价的三倍赔偿。"),
    (False, "Lost books are charged at twice the price.", "Lost books are charged at three times the price."),
    (True, "周末加班发双倍工资。", "周末加班按工资的两倍发放。"),
    (True, "The fee doubles after one month.", "After one month the fee is twice as high; the fee doubles."),
    (False, "节假日加班发双倍工资。", "周末加班按工资的两倍发放，节假日加班按工资的三倍发放。"),
)
DATE = (
    (True, "报名须在三月底前完成。", "报名须在3月31日前完成。"),
    (True, "Unused leave must be taken by the end of March.", "Unused leave must be taken by 31 March."),
    (True, "The licence expires on 2025-06-30.", "The licence expires on June 30, 2025."),
    (True, "系统将于9月1号停机维护。", "系统将于2024年9月1日停机维护。"),
    (True, "The office moves on the 5th of May.", "The office moves on May 5."),
    (False, "报名须在三月底前完成。", "报名须在3月15日前完成。"),
    (False, "The licence expires on 2025-07-30.", "The licence expires on June 30, 2025."),
    (False, "Unused leave must be taken by the end of April.", "Unused leave must be taken by 31 March."),
    (True, "活动从5月1日持续到5月3日。", "活动时间：2025年5月1日至3日。"),
    (True, "The release came out on 3 March 2024.", "The release came out on 2024-03-03."),
    (True, "会议定于三月八号召开。", "会议定于2024-03-08召开。"),
    (False, "会议定于三月九号召开。", "会议定于2024-03-08召开。"),
    (False, "The release came out on 5 March 2024.", "The beta came out on 5 March 2024, the release on 3 April 2024."),
)
PER = (
    (True, "物业费每个季度收一次。", "物业费按季度收取，一次缴清。"),
    (True, "设备一年校准一次。", "设备每年校准一次。"),
    (True, "工资每月发放。", "工资按月发放，每月10日到账。"),
    (True, "Backups are made every day.", "Backups are made daily."),
    (True, "The fee is charged once a month.", "The fee is charged monthly."),
    (True, "安全检查一年做四次。", "安全检查每季度做一次。"),
    (True, "补偿金每月支付。", "补偿金逐月支付。"),
    (False, "设备每半年校准一次。", "设备每年校准一次。"),
    (False, "安全检查一年做两次。", "安全检查每季度做一次。"),
    (False, "Backups are made every hour.", "Backups are made daily."),
    (False, "The limit is 100 requests per second.", "The limit is 100 requests per minute."),
    (False, "补贴标准为每人200元。", "补贴标准为每户200元。"),
    (False, "停车费每小时收5元。", "停车费每天收5元。"),
    (False, "Each extra call costs $0.20.", "Extra calls cost $0.20 per 100."),
    (False, "短信每条收费5元。", "短信每百条收费5元。"),
    (False, "The plan costs $9 per user.", "The plan costs $9 per team."),
    (True, "每个人每年可以体检一次。", "员工每人每年可体检一次。"),
    (True, "The report is sent out once a week.", "The report is sent out weekly."),
    (True, "Twice a year the filters are replaced.", "The filters are replaced every six months."),
    (True, "滤芯每隔一天要清洗一次。", "滤芯每两天要清洗一次。"),
    (False, "The report is sent out once a month.", "The report is sent out weekly."),
    (False, "每台设备收费300元。", "每间教室收费300元。"),
    (False, "年费为每月120元。", "年费为每年120元。"),
    (False, "The API allows 60 calls per hour.", "The API allows 60 calls per minute and 1000 calls per hour."),
    (True, "The sensor sends a value every half hour.", "The sensor sends a value every 30 minutes."),
    (False, "The sensor sends a value every half hour.", "The sensor sends a value every 15 minutes."),
)
WORDS = (
    (True, "The shelf holds forty-five boxes.", "The shelf holds 45 boxes."),
    (True, "The server handles two thousand requests.", "The server handles 2,000 requests."),
    (True, "A fourteen-year-old may join the course.", "A 14-year-old may join the course."),
    (True, "The four-hour window starts at once.", "The window of 4 hours starts at once."),
    (True, "The certificate is needed from day four.", "The certificate is needed from the fourth day."),
    (True, "The fund holds 1.5 million euros.", "The fund holds 1,500,000 euros."),
    (False, "The shelf holds fifty-four boxes.", "The shelf holds 45 boxes."),
    (False, "The certificate is needed from the third day.", "The certificate is needed from the fourth day."),
    (True, "Twenty-four participants signed up.", "24 participants signed up."),
    (True, "About a hundred people came.", "About 100 people came."),
    (True, "A dozen servers were replaced.", "12 servers were replaced."),
    (True, "The eighty-page manual is online.", "The manual has 80 pages and is online."),
    (False, "Thirty-four participants signed up.", "24 participants signed up."),
    (False, "Two dozen servers were replaced.", "12 servers were replaced."),
)
UNIT = (
    (False, "审核需要3天。", "审核需要3个工作日。"),
    (False, "Refunds arrive within 5 days.", "Refunds arrive within 5 business days."),
    (False, "审核需要3个工作日。", "审核需要3天，节假日照常。"),
    (True, "Refunds arrive within five working days.", "Refunds arrive within 5 business days."),
    (False, "The upload limit is 20 GB.", "The upload limit is 20 MB."),
    (False, "连接超时为30分钟。", "连接超时为30秒。"),
    (False, "试用期为三个季度。", "试用期为三个月。"),
    (
        True,
        "The request is dropped after 30 seconds.",
        "The request is dropped after the timeout (in milliseconds, 30000).",
    ),
    (True, "附件不能超过20兆。", "附件不得超过20MB。"),
    (True, "The delay is 1.5 s.", "The delay is 1500 ms."),
    (True, "管道长1.2公里。", "管道长1200米。"),
    (False, "管道长1200公里。", "管道长1200米。"),
    (False, "The delay is 1500 s.", "The delay is 1500 ms."),
    (False, "退款在5天内到账。", "退款在5个工作日内到账。"),
)
BARE = (
    (True, "请假一天以上须经主管批准。", "请假超过一天的须经主管批准。"),
    (True, "药品一天服用三次，连续服用7天。", "药品每日服用三次，连续服用7天。"),
    (
        True,
        "A reply usually takes a day, and the case is closed after 30 days.",
        "A reply usually takes one day; the case is closed after 30 days.",
    ),
)


@pytest.mark.parametrize(("faithful", "sentence", "passage"), CLOCK)
def test_a_time_of_day_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), DURATION)
def test_a_length_of_time_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), SHARE)
def test_a_share_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), MULTIPLE)
def test_a_multiple_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), DATE)
def test_a_date_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), PER)
def test_how_often_and_for_whom_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), WORDS)
def test_a_number_in_words_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), UNIT)
def test_a_unit_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful


@pytest.mark.parametrize(("faithful", "sentence", "passage"), BARE)
def test_one_thing_is_judged_by_what_it_says(faithful: bool, sentence: str, passage: str) -> None:
    assert check_sentence(sentence, [passage]).supported is faithful
