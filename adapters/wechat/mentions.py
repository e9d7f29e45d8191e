"""``@name`` in the text of a message: found where the platform lists no mentions, and written in replies. Pure.

WeChat ends a mention with U+2005; what people type by hand ends with a space, a sign or the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.wechat.plain import visible

END = "\u2005"
MAX_NAME_CHARS = 32
_BEHIND = r"(?=[\s,.;:!?，。；：！？、）)]|$)"
_GAP = r"[\s,，:：]*"


def shown_name(name: str) -> str:
    """A name on one line, without what would break or fake a mention. Emoji stay."""
    line = " ".join(visible(name).replace("@", " ").split())
    return line if len(line) <= MAX_NAME_CHARS else line[:MAX_NAME_CHARS].rstrip()


def addressed(name: str, text: str) -> str:
    """``text`` said to somebody; just ``text`` where the name shows nothing."""
    shown = shown_name(name)
    return f"@{shown}{END}{text}" if shown else text


def mentions_any(text: str, names: Iterable[str]) -> bool:
    """Whether ``@`` and one of the names stand in the text."""
    pattern = _pattern(names)
    return bool(pattern and pattern.search(text))


def without_mentions(text: str, names: Iterable[str]) -> str:
    """The text without mentions of these names, other mentions ending in a plain space."""
    pattern = _pattern(names)
    if pattern:
        text = pattern.sub(" ", text)
    return re.sub(r"[^\S\n]*\u2005[^\S\n]*", " ", text).strip()


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    spelled = {r"\s+".join(map(re.escape, name.split())) for name in names if name.strip()}
    if not spelled:
        return None
    longest_first = "|".join(sorted(spelled, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9_.])@(?:{longest_first}){_BEHIND}{_GAP}")
