"""Reads the amounts of a text by what they are worth: 半年 is 6 个月, 三成 30%, twice is double, a fortnight 14 days.

Each kind has a module or a table that knows its ways of writing. It compares nothing and knows no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.verify import clock
from rag.verify.shares import number, shares

CLOCK, VAGUE, DATE, MONTH_END = "clock", "vague", "date", "month end"
SECONDS, MONTHS, WORKDAYS, PER = "seconds", "months", "workdays", "per "  # "per " goes before a kind, or who it is for
_YEAR = "january february march april may june july august september october november december"
_MONTH_NAMES = tuple(_YEAR.split())
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" for name in _MONTH_NAMES)


@dataclass(frozen=True, slots=True)
class Amount:
    """What stands from ``start`` to ``end``: its kind, and how much of that kind's smallest unit.

    ``year`` is a date's, 0 where it has none; ``weak`` that the words may well mean something else; ``apart`` is a word
    for the part of the day that goes with it from further away.
    """

    start: int
    end: int
    kind: str
    value: float
    year: int = 0
    weak: bool = False
    apart: tuple[int, int] | None = None

    def equals(self, other: Amount) -> bool:
        """Whether it is as much of the same."""
        return (
            self.kind == other.kind
            and abs(self.value - other.value) <= 0.001 * abs(other.value)
            and (self.year == other.year or not self.year or self.kind != DATE)
        )


_UNITS = (
    # (kind, how many of the smallest, in Chinese, in English)
    (SECONDS, 0.001, "毫秒", r"ms|milliseconds?|msecs?"),
    (SECONDS, 1, "秒钟?", r"s|secs?|seconds?"),
    (SECONDS, 60, "分钟", r"mins?|minutes?"),
    (SECONDS, 900, "刻钟", r"quarters? of an hour"),
    (SECONDS, 3600, "小时|钟头", r"h|hrs?|hours?"),
    (
        SECONDS,
        86400,
        "天|昼夜|自然日|日历日|日(?=[内后期游]|之内|以内|的)|(?<=期1)日|(?<=过1)日|(?<=满1)日",
        r"days?|calendar days?",
    ),
    (SECONDS, 7 * 86400, "周(?![年一二三四五六日末])|星期(?![一二三四五六日天])|礼拜", r"weeks?"),
    (SECONDS, 14 * 86400, "(?!)", r"fortnights?"),
    (MONTHS, 1, "月", r"months?"),
    (MONTHS, 3, "季度|季(?=[度内])", r"quarters?(?! (?:past|to|of)\b)"),
    (MONTHS, 12, "年(?![级代度份底初末前月生龄号\\d]|[一二三四五六七八九十]+月)|周年", r"years?"),
    (MONTHS, 120, "(?!)", r"decades?"),
    (WORKDAYS, 1, "工作日|交易日", r"(?:working|business|work|week)[ -]?days?"),
)
_HAN_UNIT = "|".join(f"(?P<h{i}>{han})" for i, (_, _, han, _) in enumerate(_UNITS) if han != "(?!)")
_WORD_UNIT = "|".join(f"(?P<w{i}>{word})" for i, (_, _, _, word) in enumerate(_UNITS))
_HAN_LENGTH = re.compile(
    r"(?<![\d.第每/])(?P<n>\d+(?:\.\d+)?|[一两半])(?P<of> ?个)?(?P<half>半)?(?:整|多)? ?"
    rf"(?:{_HAN_UNIT})(?P<more>半(?![年天月日小个]))?"
)
_HALF_MORE = r"(?P<more> and a half)?"
_WORD_LENGTH = re.compile(
    r"(?<![\w.,])(?:(?P<n>\d+(?:\.\d+)?)(?P<frac> and a half| 1/2)?|(?P<one>half an?|half|one and a half|one|an?))"
    r"[ -]?(?:full |whole |calendar )?"
    rf"(?:{_WORD_UNIT})\b{_HALF_MORE}",
    re.IGNORECASE,
)
# Before "a day" where it is a length of time; elsewhere it says how often.
_LASTING = re.compile(
    r"\b(?:within|for|after|in|by|about|around|under|over|of|than|least|most|lasts?|takes?|took|up to|only|just|is|was"
    r"|until|nearly|almost|exactly|approximately|wait|waits?|half)\s$",
    re.IGNORECASE,
)
_UNIT_NAMED = re.compile(  # (in milliseconds), 单位:秒
    r"\bin (?:(?P<w0>milliseconds|ms)|(?P<w1>seconds)|(?P<w2>minutes)|(?P<w4>hours)|(?P<w5>days))\b(?! of)"
    r"|(?:单位(?:为|是)?:? ?|以|\()(?:(?P<h0>毫秒|ms)|(?P<h1>秒)|(?P<h2>分钟)|(?P<h4>小时)|(?P<h5>天))"
    r"(?=为单位|[),。.;]|$)",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^。！？!?;；\n]+?(?:[。！？!?;；\n]|\.(?=\s|$)|$)")
_BARE = re.compile(r"(?<![\w.:$€£¥-])\d+(?:\.\d+)?(?![\w%:]|\.\d)(?! ?[\u4e00-\u9fff])")
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:(?<!\d)(?P<y>\d{4})年)?(?<!\d)(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]",
        r"(?<![\d-])(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?![\d-]|\.\d)",
        rf"\b(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<name>{_MONTH})(?![a-z])(?:,? (?P<y>\d{{4}})\b)?",
        rf"\b(?P<name>{_MONTH}) (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:,? (?P<y>\d{{4}})\b)?",
    )
)
_MONTH_ENDS = re.compile(
    rf"(?:(?<!\d)(?P<y>\d{{4}})年)?(?<!\d)(?P<m>\d{{1,2}})月[底末]"
    rf"|\b(?:the )?end of (?:next |the next |the following )?(?P<name>{_MONTH})(?![a-z])",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def amounts(text: str) -> tuple[Amount, ...]:
    """The amounts of a normalised text, by their places. Some lie within others: 一年 in 一年四次."""
    from rag.verify.often import per

    found = [*_times(text), *_lengths(text), *per(text), *_dates(text)]
    found += _implied(text)
    found += [Amount(start, end, kind, value, weak=weak) for start, end, kind, value, weak in shares(text)]
    return tuple(sorted(found, key=lambda amount: (amount.start, -amount.end)))


def _times(text: str) -> Iterator[Amount]:
    for time in clock.times(text):
        yield Amount(time.start, time.end, VAGUE if time.vague else CLOCK, time.minutes, apart=time.apart)


def _lengths(text: str) -> Iterator[Amount]:
    """Lengths of time, with 1小时30分钟 as one."""
    last: Amount | None = None
    for amount in sorted((*_han_lengths(text), *_word_lengths(text)), key=lambda amount: amount.start):
        gap = text[last.end : amount.start] if last else "no"
        if last and last.kind == amount.kind and last.value > amount.value and gap in ("", " ", "零", "又", " and "):
            last = Amount(last.start, amount.end, last.kind, last.value + amount.value)
            continue
        if last:
            yield last
        last = amount
    if last:
        yield last


def _han_lengths(text: str) -> Iterator[Amount]:
    for match in _HAN_LENGTH.finditer(text):
        kind, factor, _, _ = _UNITS[int(str(match.lastgroup)[1:])] if match.lastgroup != "more" else _unit(match, "h")
        written = match["n"]
        if kind == MONTHS and factor == 1 and not match["of"] and written != "半":
            continue  # 3月 is March
        if written == "一" and not (match["of"] or match["half"] or factor == 900):
            continue
        value = 0.5 if written == "半" else number(written)
        value += 0.5 * (bool(match["half"]) + bool(match["more"]))
        if kind == MONTHS and factor == 12 and value > 999:
            continue  # a year
        yield Amount(match.start(), match.end(), kind, value * factor)


def _word_lengths(text: str) -> Iterator[Amount]:
    for match in _WORD_LENGTH.finditer(text):
        kind, factor, _, _ = _unit(match, "w")
        one = (match["one"] or "").lower()
        sure = (
            match["more"] or match["w7"] or match["w11"] or match["w3"]
        )  # a fortnight, a decade, a quarter of an hour
        if one in ("a", "an") and not sure and not _LASTING.search(text, 0, match.start()):
            continue  # $5 a day
        value = float(match["n"]) if match["n"] else 0.5 if one.startswith("half") else 1.5 if "half" in one else 1.0
        value += 0.5 * (bool(match["frac"]) + bool(match["more"]))
        yield Amount(match.start(), match.end(), kind, value * factor)


def _implied(text: str) -> Iterator[Amount]:
    """Numbers without a unit in a sentence that names the one unit in which they are given."""
    if not _UNIT_NAMED.search(text):
        return
    for line in _LINE.finditer(text):
        named = list(_UNIT_NAMED.finditer(line.group()))
        if len(named) != 1:
            continue
        script = "w" if any(value and name[0] == "w" for name, value in named[0].groupdict().items()) else "h"
        kind, factor, _, _ = _unit(named[0], script)
        for match in _BARE.finditer(line.group()):
            start = line.start() + match.start()
            yield Amount(start, start + len(match.group()), kind, float(match.group()) * factor, weak=True)


def _unit(match: re.Match[str], script: str) -> tuple[str, float, str, str]:
    return next(
        unit for i, unit in enumerate(_UNITS) if f"{script}{i}" in match.re.groupindex and match[f"{script}{i}"]
    )


def _dates(text: str) -> Iterator[Amount]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            month, day = _month(match), int(match["d"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Amount(match.start(), match.end(), DATE, month * 100 + day, int(match["y"] or 0))
    for match in _MONTH_ENDS.finditer(text):
        yield Amount(match.start(), match.end(), MONTH_END, _month(match) * 100)


def _month(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if name := groups.get("name"):
        return next(n for n, full in enumerate(_MONTH_NAMES, 1) if full.startswith(name.lower().rstrip(".")[:3]))
    return int(groups["m"])
