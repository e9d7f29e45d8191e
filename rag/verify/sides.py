"""What stands on the two sides of a word of a sentence, up to the next mark. Knows no meaning of the word."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.verify.text import read
from rag.verify.things import units

_CLAUSE = re.compile(r"[,;:。，；()]|\.(?!\S)")
_SENTENCE = re.compile(r"[;。；]|\.(?!\S)")


def left(text: str, at: int, whole: bool = False) -> str:
    """What stands before a place, back to the last comma, or (``whole``) to the last full stop."""
    marks = _SENTENCE if whole else _CLAUSE
    return text[max((match.end() for match in marks.finditer(text, 0, at)), default=0) : at].strip()


def right(text: str, at: int, whole: bool = False) -> str:
    """What stands behind a place, up to the next comma, or (``whole``) to the next full stop."""
    marks = _SENTENCE if whole else _CLAUSE
    match = marks.search(text, at)
    return text[at : match.start() if match else len(text)].strip()


@lru_cache(maxsize=2048)
def words_of(text: str) -> frozenset[str]:
    """Its words, names and numbers, and its single Han characters, without those that say little."""
    return frozenset(token.text for span in read(text).sentences for token in span.tokens if token.weight >= 1)


@lru_cache(maxsize=2048)
def units_of(text: str) -> frozenset[str]:
    """Its words, names and numbers, and its pairs of Han characters."""
    return frozenset().union(*(units(span.tokens) for span in read(text).sentences))
