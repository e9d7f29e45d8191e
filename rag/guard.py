"""Watches a text while a model writes it: repetition without end, and the prompt told back. Knows no passage.

Both end the stream. What was good before is kept for the verification; what could become a leak is not shown meanwhile.
"""

from __future__ import annotations

import re

from rag.base import Language

MAX_CHARS = 6000  # no answer in a group is longer; a model that goes on has lost its way
LEAK_CHARS: dict[Language, int] = {"zh": 14, "en": 36}  # of the system text in one piece: no coincidence any more
HIDE_CHARS: dict[Language, int] = {"zh": 5, "en": 14}
_NOISE = re.compile(r"[\W_]+")
_LOOP = re.compile(r"(.{2,120}?)\1{3,}\s*\Z", re.DOTALL)
_TAIL, _LOOP_CHARS = 600, 24
_TAGS = re.compile(r"</?\s*(?:passages?|question|history|quoted|picture)\b", re.IGNORECASE)


class Guard:
    """Judges the text so far; ``fault`` is ``leak``, ``loop`` or ``long`` once it is time to stop."""

    def __init__(self, system: str, language: Language) -> None:
        self.fault = ""
        self._system = _NOISE.sub("", system).lower()
        self._leak, self._hide = LEAK_CHARS[language], HIDE_CHARS[language]
        self._pieces = {self._system[i : i + self._leak] for i in range(len(self._system) - self._leak + 1)}
        self._seen = 0

    def good(self, text: str) -> str:
        """The part of the text that is no leak and no loop; sets ``fault`` where there is one."""
        if match := _TAGS.search(text):
            self.fault = "leak"
            return text[: match.start()]
        start = self._told_back(text)
        if start is not None:
            self.fault = "leak"
            return text[:start]
        match = _LOOP.search(text[-_TAIL:])
        if match and len(match.group()) >= _LOOP_CHARS and re.search(r"\w", match.group(1)):
            self.fault = "loop"
            return text[: len(text) - len(match.group()) + len(match.group(1))]
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
        bare = _NOISE.sub("", text).lower()
        for i in range(max(self._seen - self._leak, 0), len(bare) - self._leak + 1):
            if bare[i : i + self._leak] in self._pieces:
                return _place(text, len(bare) - i)
        self._seen = len(bare)
        return None

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
