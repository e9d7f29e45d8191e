"""``@name`` in the text of a message: found where the platform lists no mentions, and written in replies. Pure.

WeChat ends a mention with U+2005; what people type by hand ends with a space, a sign or the line, and what they paste
as code mentions nobody.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter

from adapters.wechat.plain import visible

END = "\u2005"
MAX_NAME_CHARS = 32
_BEHIND = r"(?=[\s,.;:!?，。；：！？、）)]|$)"
_GAP = r"[\s,，:：]*"
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters that show nothing
_GAPS = re.compile(r"[^\S\n]+")  # looking for the end of a mention inside one takes quadratic time


def shown_name(name: str) -> str:
    """A name on one line, without what would break or fake a mention. Emoji stay."""
    line = " ".join(visible(name).replace("@", " ").split())
    if all(char in _BLANKS or unicodedata.category(char) in ("Cf", "Mn", "Zs") for char in line):
        return ""
    return line if len(line) <= MAX_NAME_CHARS else line[:MAX_NAME_CHARS].rstrip()


def addressed(name: str, text: str) -> str:
    """``text`` said to somebody; just ``text`` where the name shows nothing."""
    shown = shown_name(name)
    return f"@{shown}{END}{text}" if shown else text


def mentions_any(text: str, names: Iterable[str]) -> bool:
    """Whether ``@`` and one of the names stand in the text."""
    pattern, counts = _pattern(names), _counting(text)
    return bool(pattern and any(counts(found) for found in pattern.finditer(text)))


def without_mentions(text: str, names: Iterable[str]) -> str:
    """The text without mentions of these names, other mentions ending in a plain space."""
    pattern, counts = _pattern(names), _counting(text)
    if pattern:
        text = pattern.sub(lambda found: " " if counts(found) else found[0], text)
    return _GAPS.sub(lambda gap: " " if END in gap[0] else gap[0], text).strip()


def _counting(text: str) -> Callable[[re.Match[str]], bool]:
    """Whether something that looks like a mention is one: in code only if it was picked from WeChat's list."""
    code = [found.span() for found in _CODE.finditer(text)]

    def counts(found: re.Match[str]) -> bool:
        before = bisect_right(code, found.start(), key=itemgetter(0)) - 1
        return before < 0 or found.start() >= code[before][1] or END in found[0]

    return counts


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    spelled = {r"\s+".join(map(re.escape, name.split())) for name in names if name.strip()}
    if not spelled:
        return None
    longest_first = "|".join(sorted(spelled, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9_.])@(?:{longest_first}){_BEHIND}{_GAP}")
