"""Writes English number words in digits: twenty-four is 24, two thousand 2000, a dozen 12, the fourth the 4th.

"One", "second" and "third" by themselves are left alone, as they mostly count nothing. It knows no unit.
"""

from __future__ import annotations

import itertools
import re

_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = (
    "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth"
)
_SMALL = {word: value for value, word in enumerate(_TO_TWENTY.split())}
_SMALL |= {word: value for value, word in zip(range(20, 100, 10), _TENS.split(), strict=True)}
_BIG = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_ORDINAL = {word: f"{value}th" for value, word in enumerate(_ORDINALS.split(), 4)}

_ONES = "|".join(_SMALL)
_UNIT = rf"(?:{_ONES}|{'|'.join(_BIG)})"
_WORDS = re.compile(
    rf"\b(?:(?:an? (?=(?:{'|'.join(_BIG)})\b))?{_UNIT}(?:(?:[ -]| and ){_UNIT})*)\b(?!-fold)", re.IGNORECASE
)
_NAME = re.compile(r"[a-z][A-Z]|-[A-Z]")  # ZeRO, Zero-Shot
_DIGITS_BIG = re.compile(rf"(?<![\w.])(\d+(?:\.\d+)?)[ -](?={_UNIT}\b)((?:(?:{'|'.join(_BIG)})\b ?)+)", re.IGNORECASE)
_DOZEN = re.compile(r"\b(half a |half-|an? |\d+ )?dozen\b", re.IGNORECASE)
_ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(_ORDINAL)})\b", re.IGNORECASE)
_OLD = re.compile(r"(\d)-([a-z]+)-(?=(?:olds?|long|high|wide|deep|tall|thick|only)\b)", re.IGNORECASE)


def digits(text: str) -> str:
    """The text with its English number words in digits."""
    text = _WORDS.sub(_spelled, text)
    text = _DIGITS_BIG.sub(_scaled, text)
    text = _DOZEN.sub(_dozen, text)
    text = _ORDINAL_WORD.sub(lambda match: _ORDINAL[match.group().lower()], text)
    return _OLD.sub(r"\1 \2 ", text)


def _spelled(match: re.Match[str]) -> str:
    """The digits of a run of number words; "one" alone and "two or three" words that make no number stay."""
    words = [word for word in re.split(r"[ -]", match.group().lower()) if word not in ("and", "a", "an")]
    if _NAME.search(match.string, match.start(), match.end() + 2):
        return match.group()
    if words == ["one"] or (all(word in _BIG for word in words) and not match.group().lower().startswith("a")):
        return match.group()
    if not _one_number(words):
        parts = re.split(r"([ -]|\band\b)", match.group())
        return "".join(str(_SMALL[p.lower()]) if p.lower() in _SMALL and p.lower() != "one" else p for p in parts)
    total = section = 0
    for word in words:
        if word in _SMALL:
            section += _SMALL[word]
        elif word == "hundred":
            section = (section or 1) * 100
        else:
            total += (section or 1) * _BIG[word]
            section = 0
    return str(total + section)


def _one_number(words: list[str]) -> bool:
    """Whether the words are one number: sixty-two and two hundred are, four five is not."""
    for before, word in itertools.pairwise(words):
        if word in _SMALL and before in _SMALL and not (_SMALL[before] >= 20 and 0 < _SMALL[word] < 10):
            return False
    return True


def _scaled(match: re.Match[str]) -> str:
    value = float(match.group(1))
    for word in match.group(2).lower().split():
        value *= _BIG[word]
    return f"{value:.0f}" + (" " if match.group(2).endswith(" ") else "")


def _dozen(match: re.Match[str]) -> str:
    before = (match.group(1) or "").lower().strip()
    if before.startswith("half"):
        return "6"
    return str(12 * int(before)) if before.isdigit() else "12"
