"""The text that a model is writing, plain or JSON, as far as it may be seen. Knows no passage and no server."""

from __future__ import annotations

import re

from rag.base import Language
from rag.guard import MAX_CHARS, Guard
from rag.markup import CODE
from rag.prompts import ANSWER_SYSTEM, NO_ANSWER, STRUCTURED_SYSTEM
from rag.structured import StructuredReader, is_json, read_structured

_PLAIN_WORD = re.compile(r"(?<![\w./-])[a-z]{2,}(?![\w./-])")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MIN_WORDS, _MIN_HAN = 6, 8
_EAGER, _MAX_STEP = 80, 24
_MAX_RAW = 4 * MAX_CHARS  # of JSON, which may hold little text


class Draft:
    """Collects pieces. ``over`` says to stop: the model refuses, leaks, repeats itself or goes on for ever.

    Looking at all of it for each piece would cost more the longer it is, so it is looked at whenever it grew by some
    characters, at first by one. What was not looked at is neither shown nor lost.
    """

    def __init__(self, language: Language) -> None:
        self._raw = ""
        self._good = ""
        self._looked = 0
        self._refused = False
        self._reader = StructuredReader()
        self._guard = Guard(f"{ANSWER_SYSTEM[language]}\n{STRUCTURED_SYSTEM[language]}", language)

    def add(self, piece: str) -> bool:
        """Add what the model wrote, half characters left out; whether there may be something new to show."""
        piece = piece.replace("\ufffd", "")
        self._raw += piece
        self._refused = self._refused or NO_ANSWER in self._raw[-len(piece) - len(NO_ANSWER) :]
        if self.over or len(self._raw) - self._looked < _step(self._looked):
            return False
        return self.look()

    def look(self) -> bool:
        """Look at what came since it was last looked at; whether there may be something new to show."""
        if self.over or len(self._raw) == self._looked:
            return False
        self._looked = len(self._raw)
        self._good = self._guard.good(self._told())
        if self._looked > _MAX_RAW and not self.fault:
            self._guard.fault = "long"
        return not self.fault

    @property
    def fault(self) -> str:
        """Why it was stopped: ``leak``, ``loop``, ``long``, or nothing."""
        return self._guard.fault

    @property
    def over(self) -> bool:
        """Whether to read no more of it."""
        return bool(self.fault) or self._refused

    @property
    def text(self) -> str:
        """All that is good of it, or NO_ANSWER where the model says that there is none; `look` at the end first."""
        if self._refused:
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
        return self._reader.read(self._raw) if is_json(self._raw) else self._raw


def _step(looked: int) -> int:
    """By how many characters a text grows before it is looked at again: the first words are seen at once."""
    return max(1, min((looked - _EAGER) // 12, _MAX_STEP))


def speaks_otherwise(text: str, language: Language) -> bool:
    """Whether an answer is in another language than it should be; code and names are of none."""
    prose = CODE.sub(" ", text)
    han, words = len(_HAN.findall(prose)), len(_PLAIN_WORD.findall(prose))
    if language == "zh":
        return words >= _MIN_WORDS and han * 2 < words
    return han >= _MIN_HAN and words < han
