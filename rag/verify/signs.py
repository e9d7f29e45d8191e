"""Whether a claim drops or adds the minus of a number: 零下20度 is -20度, and not 20度. It knows no words."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DEGREE = r"(?= ?(?:°|度|℃|摄氏|degrees?\b|dB|[CF]\b))"
_NUMBER = re.compile(
    r"(?P<minus>零下|零度以下|负|\bminus |\bnegative |−|(?:(?<=^)|(?<=[\s(（\[=:~,]))-(?=\d)"
    rf"|(?<![\d\w°℃%度])-(?=\d+(?:\.\d+)?{_DEGREE})|(?<=[\u4e00-\u9fff])(?<![度年月日天点个元])-(?=\d+(?:\.\d+)?{_DEGREE}))?"
    r"(?<![\w.])?(?P<n>\d+(?:\.\d+)?)(?P<below> ?(?:°C?|degrees?)? below (?:zero|freezing))?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?m)^\s*-\s*")


def other_sign(claim: str, passages: Sequence[str]) -> str:
    """A number that the passages have with the other sign alone; or nothing."""
    own = _signs([claim])
    if not own:
        return ""
    known = _signs(passages)
    return next((number for number, signs in own.items() if number in known and signs.isdisjoint(known[number])), "")


def _signs(texts: Sequence[str]) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    for text in texts:
        for match in _NUMBER.finditer(_BULLET.sub("", text)):
            found.setdefault(match["n"].lstrip("0") or "0", set()).add(bool(match["minus"] or match["below"]))
    return found
