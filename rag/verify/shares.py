"""Shares and multiples: 三成 and 30%, 千分之三 and 0.3%, a quarter and 25%, 八折 and 20% off, 双倍, 两倍 and twice.

It knows nothing of what they are of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

SHARE, OFF, MULTIPLE = "share", "off", "multiple"
_N = r"(?<![\d.,])(?P<n>\d+(?:\.\d+)?)"
_NO_DOUBLE = "click|check|room|bed|quote|dash|precision"
_HAN = "零一二三四五六七八九十"
_DENOMINATORS = {"third": 3, "quarter": 4, "4th": 4, "5th": 5, "6th": 6, "8th": 8, "10th": 10}


def number(text: str) -> float:
    """What a number in digits, one Han numeral, or an article says."""
    text = text.lower()
    if text in ("a", "an", "one"):
        return 1.0
    return float(text) if text[0].isdigit() else float(_HAN.index(text.replace("两", "二")))


def _digits(text: str) -> float:
    return float(text) if text[0].isdigit() else float("".join(str(_HAN.index(c)) for c in text))


_SHARES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = (
    (re.compile(rf"{_N} ?%"), lambda m: float(m["n"])),
    (re.compile(rf"{_N} ?‰"), lambda m: float(m["n"]) / 10),
    (re.compile(r"千分之(?P<n>\d+(?:\.\d+)?|[一二两三四五六七八九十])"), lambda m: number(m["n"]) / 10),
    (re.compile(r"万分之(?P<n>\d+(?:\.\d+)?|[一二两三四五六七八九十])"), lambda m: number(m["n"]) / 100),
    (
        re.compile(
            r"(?P<n>(?<![\d.])\d|[一二两三四五六七八九])成(?P<half>半)?(?![功为立本果员熟都品长套年交就份型对人不])"
        ),
        lambda m: number(m["n"]) * 10 + 5 * bool(m["half"]),
    ),
    (
        re.compile(r"(?P<d>(?<![\d.])[1-9]\d?|[二三四五六七八九十])分之(?P<n>\d+(?:\.\d+)?|[一二两三四五六七八九])"),
        lambda m: 100 * number(m["n"]) / number(m["d"]),
    ),
    (re.compile(r"(?<![\d./\w-])(?P<n>\d)/(?P<d>[2-9])(?![\d./-])"), lambda m: 100 * float(m["n"]) / float(m["d"])),
    (re.compile(r"半数|(?<![\d个年天月周时钟过第价程])半(?=的|[，。,.；]|$)"), lambda m: 50.0),
    (
        re.compile(
            r"\bhalf(?! (?:an?|past|day|hour|year|price|the price|dozen)\b|-)(?: of)?|\b(?:one|a) half of\b",
            re.IGNORECASE,
        ),
        lambda m: 50.0,
    ),
    (
        re.compile(
            r"\b(?P<n>an?|one|\d) ?-?(?P<d>third|quarter|4th|5th|6th|8th|10th)s?\b(?= of(?! an hour)|[,.]|$| the\b)",
            re.IGNORECASE,
        ),
        lambda m: 100 * number(m["n"]) / _DENOMINATORS[m["d"].lower()],
    ),
)
_DECIMAL = re.compile(r"(?<![A-Za-z0-9_.$€£¥])0\.\d{1,4}(?![\w%°]|\.\d| ?[A-Za-z\u4e00-\u9fff])")
_OFFS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = (
    (
        re.compile(r"(?P<n>(?<![\d.])\d{1,2}(?:\.\d)?|[一二三四五六七八九]{1,2})折(?![叠扣算合断])"),
        lambda m: _digits(m["n"]) * (10 if _digits(m["n"]) < 10 else 1),
    ),
    (re.compile(r"半价|\bhalf[ -]price\b|\bhalf the (?:usual |normal )?price\b", re.IGNORECASE), lambda m: 50.0),
    (re.compile(rf"{_N}% (?:off|discount)\b", re.IGNORECASE), lambda m: 100 - float(m["n"])),
    (re.compile(r"\bdiscount of (?P<n>\d+(?:\.\d+)?)%", re.IGNORECASE), lambda m: 100 - float(m["n"])),
    (re.compile(r"(?:优惠|便宜|减免|降价|立减)(?P<n>\d+(?:\.\d+)?)%"), lambda m: 100 - float(m["n"])),
    (re.compile(r"(?P<n>\d+(?:\.\d+)?)%的?(?:折扣|优惠)"), lambda m: 100 - float(m["n"])),
)
_SPELLED = _SHARES[2:5]
_TWICE = re.compile(rf"\b(?:twice|doubles?|doubled|doubling|two-?fold)\b(?![ -]?(?:{_NO_DOUBLE}))", re.IGNORECASE)
_MULTIPLES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = (
    (re.compile(r"(?P<n>(?<![\d.])\d+(?:\.\d+)?|[两双])倍"), lambda m: 2.0 if m["n"] in "两双" else float(m["n"])),
    (re.compile(r"加倍|翻倍|翻一番"), lambda m: 2.0),
    (_TWICE, lambda m: 2.0),
    (re.compile(r"\b(?:thrice|triples?|tripled|treble|three-?fold)\b", re.IGNORECASE), lambda m: 3.0),
    (re.compile(r"\b(?:quadruples?|quadrupled|four-?fold)\b", re.IGNORECASE), lambda m: 4.0),
    (re.compile(rf"{_N}(?: times\b|-fold\b|x\b(?! ?\d)|×(?! ?\d))", re.IGNORECASE), lambda m: float(m["n"])),
)


def spell(text: str) -> str:
    """The text with 三成, 千分之三 and 双倍 as 30%, 0.3% and 2倍."""
    if "成" in text or "分之" in text:
        for pattern, value in _SPELLED:
            text = pattern.sub(lambda match, value=value: f"{value(match):.6g}%", text)  # type: ignore[misc]
    return text.replace("双倍", "2倍")


def shares(text: str) -> Iterator[tuple[int, int, str, float, bool]]:
    """For each share or multiple where it stands, its kind, its value (a share's in percent, what is left of a price
    that is lowered), and whether it may well be something else."""
    for kind, table in ((SHARE, _SHARES), (OFF, _OFFS), (MULTIPLE, _MULTIPLES)):
        for pattern, value in table:
            for match in pattern.finditer(text):
                yield match.start(), match.end(), kind, value(match), False
    for match in _DECIMAL.finditer(text):
        yield match.start(), match.end(), SHARE, 100 * float(match.group()), True
