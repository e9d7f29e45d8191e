"""Watches a text while a model writes it: repetition without end, and the prompt told back. Knows no passage.

Both end the stream. What was good before is kept for the verification; what could become a leak is not shown meanwhile.
"""

from __future__ import annotations

import re

from rag.base import Language
from rag.looping import loop_start

MAX_CHARS = 6000  # no answer in a group is longer; a model that goes on has lost its way
LEAK_CHARS: dict[Language, int] = {"zh": 14, "en": 36}  # of the system text in one piece: no coincidence any more
HIDE_CHARS: dict[Language, int] = {"zh": 5, "en": 14}
_NOISE = re.compile(r"[\W_]+")
_UNSETTLED = 64  # the end of a text in JSON changes when its marks come
_TAGS = re.compile(r"</?\s*(?:passages?|question|history|quoted|picture)\b", re.IGNORECASE)


class Guard:
    """Judges the text so far; ``fault`` is ``leak``, ``loop`` or ``long`` once it is time to stop."""

    def __init__(self, system: str, language: Language) -> None:
        self.fault = ""
        self._system = _NOISE.sub("", system).lower()
        self._leak, self._hide = LEAK_CHARS[language], HIDE_CHARS[language]
        self._pieces = {self._system[i : i + self._leak] for i in range(len(self._system) - self._leak + 1)}
        self._seen = 0
        self._settled, self._settled_bare = "", ""

    def good(self, text: str) -> str:
        """The part of the text that is no leak and no loop; sets ``fault`` where there is one."""
        if match := _TAGS.search(text):
            self.fault = "leak"
            return text[: match.start()]
        start = self._told_back(text)
        if start is not None:
            self.fault = "leak"
            return text[:start]
        again = loop_start(text)
        if again is not None:
            self.fault = "loop"
            return text[:again]
        if len(text) > MAX_CHARS:
            self.fault = "long"
            return text[:MAX_CHARS]
        return text

    def showable(self, text: str) -> str:
        """The text without an end that may be the beginning of a leak, or of one of the prompt's tags."""
        text = re.sub(r"<[^<>\n]{0,12}\Z", "", text)
        held = self._overlap(text)
        return text[: _place(text, held)] if held >= self._hide else text

    def _told_back(self, text: str) -> int | None:
        """Where the text begins to repeat the system text at length; what was looked at before is not again."""
        bare = self._bare(text)
        for i in range(max(self._seen - self._leak, 0), len(bare) - self._leak + 1):
            if bare[i : i + self._leak] in self._pieces:
                return _place(text, len(bare) - i)
        self._seen = len(bare)
        return None

    def _bare(self, text: str) -> str:
        """The letters and digits of a text; of one that only grew, just what is new is read."""
        if not text.startswith(self._settled):
            self._settled, self._settled_bare = "", ""
        bare = self._settled_bare + _NOISE.sub("", text[len(self._settled) :]).lower()
        if len(text) - _UNSETTLED > len(self._settled):
            new = text[len(self._settled) : -_UNSETTLED]
            self._settled += new
            self._settled_bare += _NOISE.sub("", new).lower()
        return bare

    def _overlap(self, text: str) -> int:
        """How many letters and digits at the end of the text stand in one piece in the system text."""
        tail = _NOISE.sub("", text[-4 * self._leak :]).lower()[-2 * self._leak :]
        size = 0
        while size < len(tail) and tail[len(tail) - size - 1 :] in self._system:
            size += 1
        return size


def _place(text: str, count: int) -> int:
    """Where the last ``count`` letters and digits of a text begin."""
    position = len(text)
    while position and count:
        position -= 1
        count -= bool(re.match(r"[^\W_]", text[position]))
    return position
