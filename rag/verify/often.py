"""How often, and for whom: 每月, 逐月, monthly and a month are one; 一年四次 is 每季度一次. It compares nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.verify.amounts import MONTHS, PER, SECONDS, Amount

_DAY = 86400.0
# (kind, value, in Chinese, in English, the adverb)
_PERIODS = (
    (SECONDS, 1.0, "秒钟?", "seconds?|sec", ""),
    (SECONDS, 60.0, "分钟?", "minutes?|min", ""),
    (SECONDS, 3600.0, "小时|钟头", "hours?|hr", "hourly"),
    (SECONDS, _DAY, "[天日]", "days?", "daily"),
    (SECONDS, 7 * _DAY, "周(?!年)|星期|礼拜", "weeks?", "weekly"),
    (SECONDS, 14 * _DAY, "(?!)", "fortnights?", "fortnightly|biweekly"),
    (MONTHS, 1.0, "月", "months?", "monthly"),
    (MONTHS, 3.0, "季度?", "quarters?", "quarterly"),
    (MONTHS, 12.0, "年", "years?|annum", "yearly|annually"),
)
_PEOPLE = (
    ("person", "人|位(?=[\u4e00-\u9fff])|名(?=[\u4e00-\u9fff])|个人", "person|head|capita|people"),
    ("household", "户|家庭", "household|family|home"),
    ("user", "(?!)", "user|seat|member"),
    ("team", "组|团队|队", "team|group"),
    ("room", "间|房", "room"),
    ("device", "台|设备", "device|machine|node|server"),
    ("vehicle", "辆|车", "vehicle|car"),
    ("piece", "件", "item|piece|unit"),
    ("order", "单|笔", "order|transaction"),
    ("request", "(?!)", "request|call"),
    ("night", "晚|夜", "night"),
    ("page", "页", "page"),
    ("month", "(?!)", "(?!)"),
)
_HAN_EVERY = re.compile(
    "(?:每|按|逐)(?:隔)?(?:个|1|一)?(?:"
    + "|".join(f"(?P<p{i}>{han})" for i, (_, _, han, _, _) in enumerate(_PERIODS))
    + r")(?![一二三四五六七八九十\d底末初度]|有所)"
)
_HAN_ONCE = re.compile(  # 一天三次
    "(?<![\\d第每])(?:1|一)个?(?:"
    + "|".join(f"(?P<p{i}>{han})" for i, (_, _, han, _, _) in enumerate(_PERIODS))
    + r")(?:内|中|里)?(?=[\u4e00-\u9fff]{0,3}(?:\d+|[一两几])[次回遍])"
)
_HAN_MANY = re.compile(
    r"每隔?(?P<n>\d+|半)个?(?:" + "|".join(f"(?P<p{i}>{h})" for i, (_, _, h, _, _) in enumerate(_PERIODS)) + ")"
)
_HAN_OTHER = re.compile(
    r"(?:每?隔|每个)1?(?:(?P<day>[天日])|(?P<week>周|星期))|每?(?P<year>半年)(?=[^，。]{0,4}[一1]次|度)|每(?P<half>半年)"
)
_HAN_TIMES = re.compile(r"(?:每|1|一)个?(?P<unit>年|月|周|天|日)内?(?P<verb>[\u4e00-\u9fff]{0,2})(?P<n>\d+)[次回]")
_HAN_ADVERB = re.compile(
    r"(?P<p6>月度)|(?P<p7>季度(?=[检报总会考盘]))|(?P<p8>年度|年检|年审)|(?P<p4>周(?=报|会)|(?!))|(?P<p3>日报|(?!))"
)
_EVERY = re.compile(
    r"(?:\b(?:once (?:an? |per |each |every )|times (?:an? |per |each |every )|per |each |every |an? )|(?<=\w)/ ?)(?:"
    + "|".join(f"(?P<p{i}>{word})" for i, (_, _, _, word, _) in enumerate(_PERIODS))
    + r")\b(?! (?:past|to|of)\b)",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"\b(?:" + "|".join(f"(?P<p{i}>{a})" for i, (*_, a) in enumerate(_PERIODS) if a) + r"|(?P<p99>annual))\b",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\bevery (?:(?P<n>\d+|half(?: an?)?)|(?P<other>other|second))[ -](?:"
    + "|".join(f"(?P<p{i}>{w})" for i, (_, _, _, w, _) in enumerate(_PERIODS))
    + r")\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\b(?:(?P<n>\d+) times|(?P<twice>twice)) (?:a|per|each|every) (?P<unit>year|day)\b", re.IGNORECASE)
_HAN_WHO = re.compile(
    r"(?:每1?|(?<=[元分次])/)(?:"
    + "|".join(f"(?P<q{i}>{han})" for i, (_, han, _) in enumerate(_PEOPLE))
    + ")|(?P<q99>人均)"
)
_WHO = re.compile(
    r"\b(?:per|for each|for every|each|every) (?:extra |additional |further )?(?:"
    + "|".join(f"(?P<q{i}>{word})" for i, (_, _, word) in enumerate(_PEOPLE))
    + r")\b",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:within|for|after|in|by|about|around|under|over|of|than|least|most|lasts?|takes?|took|to|only|just|is|was|until|half|such)\s$",
    re.IGNORECASE,
)

_PRICED = re.compile(r"(?:\d|\b(?:once|twice|times|euros?|dollars?|pounds?|requests?|calls?))\s$", re.IGNORECASE)


def per(text: str) -> Iterator[Amount]:
    """What a text says is so often, or for each of something."""
    if any(mark in text for mark in "每按逐隔年月周天日时分人"):
        yield from _han(text)
    for match in _EVERY.finditer(text):
        article = match.group().lower().startswith(("a ", "an "))
        if not article or not _LASTING.search(text, 0, match.start()):
            yield _period(match, weak=article and not _PRICED.search(text, 0, match.start()))
    for match in _ADVERB.finditer(text):
        yield _period(match, weak=True)
    for match in _MANY.finditer(text):
        found = _period(match)
        yield Amount(found.start, found.end, found.kind, found.value * _many(match["n"] or "2"))
    for match in _TIMES.finditer(text):
        yield from _rate(match, 2 if match["twice"] else int(match["n"]), match["unit"].lower() == "year")
    for match in _WHO.finditer(text):
        yield Amount(
            match.start(), match.end(), PER + _who(match), 1.0, weak=not match.group().lower().startswith("per")
        )


def _han(text: str) -> Iterator[Amount]:
    for pattern in (_HAN_EVERY, _HAN_ONCE):
        for match in pattern.finditer(text):
            if "隔" not in match.group():
                yield _period(match)
    for match in _HAN_ADVERB.finditer(text):
        yield _period(match, weak=True)
    for match in _HAN_MANY.finditer(text):
        found = _period(match)
        yield Amount(found.start, found.end, found.kind, found.value * _many(match["n"]))
    for match in _HAN_OTHER.finditer(text):
        if match["year"] or match["half"]:
            yield Amount(match.start(), match.end(), PER + MONTHS, 6.0)
        elif "隔" in match.group():
            yield Amount(match.start(), match.end(), PER + SECONDS, (2 if match["day"] else 14) * _DAY)
    for match in _HAN_TIMES.finditer(text):
        yield from _rate(match, int(match["n"]), match["unit"] == "年")
    for match in _HAN_WHO.finditer(text):
        yield Amount(match.start(), match.end(), PER + _who(match), 1.0)


def _many(number: str) -> float:
    return max(float(number), 1.0) if number.isdigit() else 0.5


def _period(match: re.Match[str], weak: bool = False) -> Amount:
    index = int(
        next(name for name, value in match.groupdict().items() if value and name[0] == "p" and name[1:].isdigit())[1:]
    )
    kind, value, *_ = _PERIODS[min(index, len(_PERIODS) - 1)]
    return Amount(match.start(), match.end(), PER + kind, value, weak=weak)


def _rate(match: re.Match[str], times: int, yearly: bool) -> Iterator[Amount]:
    """Four times a year is once a quarter."""
    if yearly and times in (2, 4, 12):
        yield Amount(match.start(), match.end(), PER + MONTHS, 12 / times)


def _who(match: re.Match[str]) -> str:
    index = int(next(name for name, value in match.groupdict().items() if value)[1:])
    return _PEOPLE[index][0] if index < len(_PEOPLE) else "person"
