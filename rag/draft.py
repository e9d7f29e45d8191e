"""The text that a model is writing, plain or JSON, as far as it may be seen. Knows no passage and no server."""

from __future__ import annotations

import re

from rag.base import Language
from rag.guard import Guard
from rag.prompts import ANSWER_SYSTEM, NO_ANSWER, STRUCTURED_SYSTEM
from rag.structured import is_json, read_structured

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_PLAIN_WORD = re.compile(r"(?<![\w./-])[a-z]{2,}(?![\w./-])")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MIN_WORDS, _MIN_HAN = 6, 8


class Draft:
    """Collects pieces. ``over`` says to stop: the model refuses, leaks, repeats itself or goes on for ever."""

    def __init__(self, language: Language) -> None:
        self._raw = ""
        self._good = ""
        self._guard = Guard(f"{ANSWER_SYSTEM[language]}\n{STRUCTURED_SYSTEM[language]}", language)

    def add(self, piece: str) -> None:
        """Add what the model wrote; a half character is left out."""
        self._raw += piece.replace("\ufffd", "")
        self._good = self._guard.good(self._told())

    @property
    def fault(self) -> str:
        """Why it was stopped: ``leak``, ``loop``, ``long``, or nothing."""
        return self._guard.fault

    @property
    def over(self) -> bool:
        """Whether to read no more of it."""
        return bool(self.fault) or NO_ANSWER in self._raw

    @property
    def text(self) -> str:
        """All that is good of it, or NO_ANSWER where the model says that there is none."""
        if NO_ANSWER in self._raw:
            return NO_ANSWER
        if is_json(self._raw):
            read = read_structured(self._raw)
            if read.answerable is False or (read.answerable is None and not read.text):
                return NO_ANSWER if read.answerable is False else ""
        return self._good.strip()

    @property
    def showable(self) -> str:
        """The part that may be shown now. JSON is shown as the text in it."""
        return self._guard.showable(self._good)

    def _told(self) -> str:
        return read_structured(self._raw).text if is_json(self._raw) else self._raw


def speaks_otherwise(text: str, language: Language) -> bool:
    """Whether an answer is in another language than it should be; code and names are of none."""
    prose = _CODE.sub(" ", text)
    han, words = len(_HAN.findall(prose)), len(_PLAIN_WORD.findall(prose))
    if language == "zh":
        return words >= _MIN_WORDS and han * 2 < words
    return han >= _MIN_HAN and words < han
