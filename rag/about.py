"""Tells whether a question names, whole, what a passage is about: its title, a heading, or what its text opens with.

A part of such a name says little ("Line 8" is not "Line 80", nor are two stations of one town the same), the whole of
it much. It knows no index and no score.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from rag.base import Passage
from rag.tokens import fold

_OPENING = 60  # characters
_MOST = 40  # words of a question
# What a text opens with, up to the first mark or word that ends a name: "Stone Bridge (built 1402) is ..."
_NAME = re.compile(
    r"[\s《“「\"'*_#-]*([^，,。（(；;：:《》“”「」\n]{2,30}?)"
    r"(?=[，,。（(；;：:》”」\n]|是|为|位于|在|于|\s(?:is|are|was|were)\b|$)"
)
_BEFORE = re.compile(  # what a question begins with before it says of what it asks
    r"^(?:请问|介绍一下|关于|当|在|对于|怎么样?|怎样|如何|为什么|为何|什么是|哪[个些里]|"
    r"\b(?:how|what|which|where|when|who|why|do|does|did|is|are|can|could|should|to|i|we|you|the|a|an)\b|[\W_])+"
)
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_TELLS = re.compile(r"[^\W\d_]{2}|[^\W\d_]\d")


def names_it(question: str, passage: Passage) -> bool:
    """Whether the question names what the passage is about. Many passages do not say what that is."""
    return bool(name_in(question, passage))


def name_in(question: str, passage: Passage) -> str:
    """The shortest name of what the passage is about that the question has whole; empty where it has none."""
    asked = _folded(question)
    return min((name for name in _names(passage) if _stands_in(name, asked)), key=len, default="")


def begun(question: str, passage: Passage) -> float:
    """The logarithm of how many words of the question, from its first on, the beginning of a passage has in a row."""
    asked, openings = _WORD.findall(_BEFORE.sub("", _folded(question)))[:_MOST], _openings(passage)
    length = 0
    while length < len(asked) and f" {' '.join(asked[: length + 1])} " in openings:
        length += 1
    return math.log1p(length)


def _stands_in(name: str, text: str) -> bool:
    """Whether a name stands in a text, not as part of a longer Latin word or number."""
    start = text.find(name)
    if start < 0:
        return False
    around = text[max(0, start - 1) : start] + name[0], name[-1] + text[start + len(name) : start + len(name) + 1]
    return not any(len(pair) == 2 and pair.isascii() and pair.isalnum() for pair in around)


@lru_cache(maxsize=1024)
def _names(passage: Passage) -> tuple[str, ...]:
    opening = _NAME.match(_folded(passage.text[:_OPENING])) if passage.position == 0 else None
    names = [opening.group(1) if opening else "", *map(_folded, (passage.source, *passage.headings))]
    return tuple(name for name in map(str.strip, names) if len(name) > 1 and _TELLS.search(name))


@lru_cache(maxsize=1024)
def _openings(passage: Passage) -> str:
    opened = (passage.text[:_OPENING], passage.source, *passage.headings)
    return " | ".join(f" {' '.join(_WORD.findall(_folded(text)))} " for text in opened)


def _folded(text: str) -> str:
    return fold(text).lower()
