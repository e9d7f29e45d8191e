"""Writes numbers the same way whatever script they are in: 二〇一九年 and 2019年, 1,200 万 and 12000000, three and 3.

It changes a text only where a number is meant: 一些, 三国 and 十分 stay. It knows no meaning of what is counted.
"""

from __future__ import annotations

import re

from rag.tokens import fold
from rag.verify import clock, english_numbers, shares

_VALUES = {
    character: value
    for value, characters in enumerate(("零〇", "一", "二两", *"三四五六七八九"))
    for character in characters
}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_MEASURES = (
    "年月日号个名位座部种条次届倍岁米公张台人天周小分秒级章节项步行列元块页层例件份批轮场颗枚只艘架辆支队省市县区村所家"
    "间类组群户层段期集首篇本卷册字句词点寸尺里斤吨克度代世度岛站栋栏局胜负平球分票"
)
_SEQUENCE = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_PERCENT = re.compile(r"百分之\s*([零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?|\d+(?:\.\d+)?)")
_ARABIC_BIG = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?([十百千]?)(万亿|万|亿|千(?![克米瓦卡赫帕里])|百(?!分))")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_PERCENT_WORD = re.compile(r"(\d)\s*(?:%|percent\b|per cent\b)", re.IGNORECASE)
_ONE_OF = "年月日号次届天周小分秒岁倍胜"  # what 一 really counts; 一个 and 一种 are articles
_ONE_WAY = (
    ("第二年", "次年"), ("翌年", "次年"), ("第二天", "次日"), ("翌日", "次日"), ("一半", "半"), ("每日", "每天"),
    ("每星期", "每周"), ("每礼拜", "每周"), ("每个月", "每月"), ("annually", "yearly"),
)  # fmt: skip
_NO_NUMBER = re.compile(r"十[分足字]|万[一万分能岁]|千[万秋古]|百[姓科合货]|[一]+")


def normalise(text: str) -> str:
    """The text with widths folded and every number in Arabic digits without separators; percentages end in ``%``."""
    text = clock.spell(english_numbers.digits(fold(text)))
    for words, one in _ONE_WAY:
        text = text.replace(words, one)
    text = shares.spell(text)
    text = _PERCENT.sub(lambda match: f"{_value(match.group(1))}%", text)
    text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    text = _ARABIC_BIG.sub(_big, text)
    text = _SEQUENCE.sub(_apart, text)
    return _PERCENT_WORD.sub(r"\1%", text)


def _big(match: re.Match[str]) -> str:
    number = float(match.group(1)) * _UNITS.get(match.group(2), 1)
    for unit in match.group(3):
        number *= _UNITS[unit]
    return f"{number:.10g}" if number < 1e10 else f"{number:.0f}"


def _apart(match: re.Match[str]) -> str:
    """A spelled number in digits, with a space where a Latin word would run into it: Word两种."""
    value = _spelled(match)
    before = match.string[match.start() - 1 : match.start()] if match.start() else ""
    return f" {value}" if value[:1].isdigit() and before.isascii() and before.isalnum() else value


def _spelled(match: re.Match[str]) -> str:
    run, following, before = match.group(), match.string[match.end() :], match.string[: match.start()]
    body = run.split("点")[0]
    counts = following[:1] in _MEASURES and following[:1] != ""
    if len(run) == 1:
        ordinal = before.endswith("第")
        if run == "一":
            wanted = ordinal or (
                following[:1] in _ONE_OF and following[:1] != "" and not following.startswith(("些", "分为"))
            )
        else:
            wanted = run in _VALUES or run == "十"
            wanted = wanted and (ordinal or counts) and not (run == "十" and re.match("分(?!钟|之)", following))
        return _value(run) if wanted else run
    if _NO_NUMBER.fullmatch(body) or all(unit in "万亿千百" for unit in body):
        return run
    if all(character in _VALUES for character in body) and "点" not in run:  # digits one by one, as in a year
        positional = following[:1] == "年" or len(body) > 3 or any(zero in body for zero in "〇零")
        return "".join(str(_VALUES[character]) for character in body) if positional else run
    return _value(run)


def _value(text: str) -> str:
    """The value of a spelled number, as digits."""
    if text[:1].isdigit():
        return text
    whole, _, fraction = text.partition("点")
    total = section = digit = 0
    for character in whole:
        if character in _VALUES:
            digit = _VALUES[character]
        elif _UNITS[character] < 10**4:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            total = (total + section + digit) * _UNITS[character]
            section = digit = 0
    value = str(total + section + digit)
    return value + "." + "".join(str(_VALUES[character]) for character in fraction) if fraction else value
