"""Times of day: 下午两点半, 14:30 and half past two in the afternoon are one. Knows no sentence around them.

A text is first written so that its hours are in digits; `times` then reads them on the clock of 24 hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HAN = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_NUMBER = "[零〇一二两三四五六七八九十]{1,3}"
# (the words of a part of the day, from and to which hour it may be)
_PARTS = (
    ("凌晨|半夜|深夜|夜里", 0, 6), ("早上|早晨|清晨|早|晨", 4, 11), ("上午", 6, 12), ("中午|正午", 11, 14),
    ("下午|午后", 12, 19), ("傍晚", 16, 20), ("晚上|晚间|夜晚|夜间|当晚|今晚|明晚|晚", 17, 24),
    (r"\bin the morning\b|\bmornings?\b", 4, 12), (r"\bin the afternoon\b|\bafternoons?\b", 12, 18),
    (r"\bin the evening\b|\bevenings?\b|\bat night\b", 17, 24),
)  # fmt: skip
PART = re.compile("|".join(words for words, _, _ in _PARTS), re.IGNORECASE)
_HOURS = {re.compile(words, re.IGNORECASE): (start * 60, stop * 60) for words, start, stop in _PARTS}
_DAY = r"(?:凌晨|半夜|深夜|夜里|早上|早晨|清晨|上午|中午|正午|下午|午后|傍晚|晚上|晚间|夜晚|夜间|[早晚])"
_SPELLED = re.compile(
    rf"(?P<day>{_DAY})?(?P<hour>{_NUMBER})(?P<mark>点钟|点整|点|时(?=整|[零一二三四五六七八九十]{{1,3}}分))"
    rf"(?:(?P<half>半)|(?P<quarter>[一1三3])刻|过?(?P<minute>{_NUMBER})(?P<unit>分(?!之))?)?(?P<till>[至到~—-])?"
)
_DIGITS = re.compile(r"(?<![\d.])(?P<hour>\d{1,2})(?:点钟|点整|点)(?:(?P<half>半)|(?P<quarter>[一1三3])刻)")
_PAST = re.compile(
    r"\b(?P<part>half|(?:a )?quarter|\d{1,2} minutes?|\d{1,2}(?= past))[ -](?P<side>past|to|after)[ -]"
    r"(?P<hour>\d{1,2}|one|noon|midnight)\b(?!:)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(?<![\d.-])(?<!\d:)(\d{1,2}:\d{2})\s?[-~～]\s?(?=\d{1,2}:\d{2}(?![\d:]))")
_POINTS = "建议|意见|要求|原因|注意|理由|问题|说明|内容|不同|共同|优势|优点|缺点|好处|区别|变化|积分|经验"
_TIME = re.compile(
    r"(?<![\d.-])(?<!\d:)(?P<hour>\d{1,2})(?:[:：](?P<minute>\d{2})(?![\d:])"
    rf"| ?[点时](?!{_POINTS}|[：:线])(?P<han>\d{{1,2}})?分?(?![\d个])|(?= ?[ap]\.?m\b)"
    r"|(?= (?:in the (?:morning|afternoon|evening)|at night)\b))"
    r"(?: ?(?P<half>[ap])\.?m\b\.?| o'clock\b)?|(?<![\w.:])(?P<oclock>\d{1,2}) o['’]clock\b"
    r"|(?P<named>\bnoon\b|\bmidnight\b|\bmidday\b|正午|零点|午夜)",
    re.IGNORECASE,
)
_BOTH_HALVES = re.compile(
    r"(?<![\d.-])(?<!\d:)(\d{1,2})(:\d{2})? ?(-|–|~|to|until|till) ?(\d{1,2})(:\d{2})? ?([ap])\.?m\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in minutes; ``vague`` where nothing says which half of the day it is.

    ``start`` and ``end`` hold the word for the part of the day where it stands beside the time; ``apart`` is that
    word's place where it stands before it in the same clause.
    """

    start: int
    end: int
    minutes: int
    vague: bool
    apart: tuple[int, int] | None = None


def spell(text: str) -> str:
    """The text with its times of day in digits: 下午1点, 11点半 as 11:30, half past two as 2:30."""
    if "点" in text or "时" in text:
        text = _DIGITS.sub(_halves, _SPELLED.sub(_hours, text))
    if "m" in text or "M" in text:
        text = _BOTH_HALVES.sub(_both_halves, text)
    return _RANGE.sub("\\1–", _PAST.sub(_past, text))


def _both_halves(match: re.Match[str]) -> str:
    """2 to 5 p.m. as 2 pm to 5 pm, and 11 to 1 p.m. as 11 am to 1 pm."""
    start, minutes, between, stop, more, half = match.groups()
    same = int(start) % 12 < int(stop) % 12 or start == stop
    first = half if same else {"p": "a", "a": "p"}[half.lower()]
    mark = f" {between} " if between.isalpha() else "–"
    return f"{start}{minutes or ''} {first}m{mark}{stop}{more or ''} {half}m"


def _hours(match: re.Match[str]) -> str:
    """A spelled time in digits, where something tells it from 一点 (a little), 两点 (two points) and 三点五 (3.5)."""
    hour, minute = _value(match["hour"]), match["minute"]
    after = match.string[match.end() : match.end() + 3]
    before = match.string[max(match.start() - 2, 0) : match.start()]
    if hour is None or hour > 24 or before.endswith("第"):
        return match.group()
    bare = not (match["half"] or match["quarter"] or minute)
    sure = bool(match["day"] or match["half"] or match["quarter"] or match["unit"] or len(match["mark"]) > 1)
    sure = (
        sure
        or match["mark"] == "时"
        or bool(match["till"] and bare and re.match(r"\D{0,2}[\d一二两三四五六七八九十]+点", after + "点"))
    )
    sure = sure or bool(minute and len(minute) > 1 and "十" in minute)
    sure = sure or (bare and before[-1:] in ("至", "到") and hour > 2)
    sure = sure or (
        bare and bool(re.match(r"[前后起]|之前|以前|以后|开[始门会放]|关[门闭]|结束|下班|上班", after)) and hour > 2
    )
    if not sure:
        return match.group()
    minutes = (
        30 if match["half"] else 15 * (_value(match["quarter"]) or 0) if match["quarter"] else _value(minute or "零")
    )
    if minutes is None or minutes > 59:
        return match.group()
    written = f"{hour}点" if minutes == 0 else f"{hour}:{minutes:02}"
    return (match["day"] or "") + written + (match["till"] or "")


def _halves(match: re.Match[str]) -> str:
    minutes = 30 if match["half"] else 15 * (_value(match["quarter"]) or 0)
    return f"{match['hour']}:{minutes:02}"


def _past(match: re.Match[str]) -> str:
    words = match["hour"].lower()
    hour = {"one": 1, "noon": 12, "midnight": 0}.get(words) if words.isalpha() else int(words)
    part = match["part"].lower()
    minutes = 30 if part == "half" else 15 if part.endswith("quarter") else int(re.sub(r"\D", "", part))
    if hour is None or hour > 24 or minutes > 59 or (part == "half" and match["side"].lower() == "to"):
        return match.group()
    at = hour * 60 + (-minutes if match["side"].lower() == "to" else minutes)
    return f"{at // 60 % 24 or (12 if hour in (12, 13) else 0)}:{at % 60:02}"


def _value(spelled: str) -> int | None:
    if spelled.isdigit():
        return int(spelled)
    tens, ten, ones = spelled.partition("十")
    if not ten:
        return int("".join(str(_HAN[c]) for c in spelled)) if len(spelled.lstrip("零〇")) <= 1 else None
    if len(tens) > 1 or len(ones) > 1:
        return None
    return (_HAN[tens] if tens else 1) * 10 + (_HAN[ones] if ones else 0)


def times(text: str) -> Iterator[Time]:
    """The times of day of a normalised text, in order."""
    found = [(match, _clock(match)) for match in _TIME.finditer(text)]
    parts = list(PART.finditer(text)) if found else []
    for match, minutes in found:
        if minutes is None:
            continue
        if match["named"] or match["half"] or minutes >= 13 * 60:
            part = _beside(parts, match, text)
            start = part.start() if part and part.end() <= match.start() else match.start()
            end = part.end() if part and part.start() >= match.end() else match.end()
            yield Time(start, end, minutes, False)
            continue
        yield _with_part(match, minutes, parts, text)


def _clock(match: re.Match[str]) -> int | None:
    if match["named"]:
        return 720 if match["named"].lower() in ("noon", "midday", "正午") else 0
    hour, minute = int(match["hour"] or match["oclock"]), int(match["minute"] or match["han"] or 0)
    if hour > 24 or minute > 59:
        return None
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
    return hour % 24 * 60 + minute


def _with_part(match: re.Match[str], minutes: int, parts: list[re.Match[str]], text: str) -> Time:
    """A time up to noon, read by the word for the part of the day that goes with it."""
    beside = _beside(parts, match, text)
    part = beside or _before(parts, match, text)
    exact = match["minute"] is not None and (len(match["hour"]) == 2 or minutes < 60)
    if part is None:
        return Time(match.start(), match.end(), minutes, not exact)
    first, last = hours(part.group())
    at = next((m for m in (minutes, (minutes + 720) % 1440) if first <= m < last), minutes)
    if beside is None:
        return Time(match.start(), match.end(), at, False, (part.start(), part.end()))
    return Time(min(part.start(), match.start()), max(part.end(), match.end()), at, False)


def _beside(parts: list[re.Match[str]], match: re.Match[str], text: str) -> re.Match[str] | None:
    for part in parts:
        if part.end() <= match.start() and not text[part.end() : match.start()].strip(" 的"):
            return part
        if match.end() <= part.start() and text[match.end() : part.start()] in (" ", ""):
            return part if part.group().isascii() else None
    return None


def _before(parts: list[re.Match[str]], match: re.Match[str], text: str) -> re.Match[str] | None:
    """The last word for a part of the day before it in its clause, or in the time that it is the end of."""
    for part in reversed(parts):
        if part.end() <= match.start():
            between = text[part.end() : match.start()]
            return part if len(between) <= 16 and not re.search(r"[，。；,;\n]", between) else None
    return None


def hours(part: str) -> tuple[int, int]:
    """From and to which minute a word for a part of the day may be."""
    return next(span for pattern, span in _HOURS.items() if pattern.fullmatch(part))
