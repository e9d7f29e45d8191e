"""One form for all that are forms of a word: paid and pay, retries and retry, colour and color, isn't and is not.

It knows no sentence; what is only of the same family (cancel, cancellation) is `rag.verify.english.families`' matter.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from rag.asked import stem

_HERE = Path(__file__).parent
# What stands before an apostrophe and t, and what the two are together.
_BEFORE_NOT = {"won": "will", "shan": "shall", "ca": "can"}
_BEHIND = {"t": "not", "ll": "will", "ve": "have", "re": "are", "m": "am", "d": "would", "s": "'s"}
_APOSTROPHES = "'’ʼ"
_VOWELS = frozenset("aeiouy")
_ISE = re.compile(r"(.{4,})is(e|ed|es|er|ers|ing|ation|ations)")


def lines(name: str) -> list[str]:
    """The lines of a list beside this module, without remarks."""
    text = (_HERE / name).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def _irregular() -> dict[str, str]:
    """Irregular forms and other spellings, each with the form that counts."""
    return {word: first for line in lines("irregular.txt") for first, *rest in [line.split()] for word in rest}


@cache
def kept(ending: str) -> frozenset[str]:
    """The words that keep an ending."""
    return next(frozenset(rest) for first, *rest in map(str.split, lines("kept.txt")) if first == ending)


@lru_cache(maxsize=16384)
def lemma(word: str) -> str:
    """The same, more carefully: it keeps car from care, let from letter and plan from plane."""
    if len(word) < 3 or not word.isascii() or not word.isalpha():
        return _irregular().get(word, word)
    word = _irregular().get(word) or _without_endings(_american(word))
    return word[:-1] if len(word) > 4 and word.endswith("e") and word not in kept("e") else word


def _without_endings(word: str) -> str:
    if len(word) > 5 and word.endswith("ly") and word not in kept("ly"):
        if word.endswith("ily"):
            return word[:-3] + "y"
        return word[:-1] + "e" if word.endswith("bly") else word[:-2]
    if word.endswith("ies") and len(word) > 4 and word[:-1] not in kept("ie"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("ing") and len(word) > 5 and word not in kept("ing"):
        return _less(word[:-3])
    if word.endswith("ed") and len(word) > 4 and word not in kept("ed"):
        return _less(word[:-2])
    return word


def _less(rest: str) -> str:
    """What is left of a verb: planned is of plan, named of name."""
    if rest[-1:] == rest[-2:-1] and rest[-1:] not in _VOWELS | set("lsz"):
        return rest[:-1]
    if len(rest) == 3 and rest[0] not in _VOWELS and rest[1] in _VOWELS and rest[2] not in _VOWELS | set("xw"):
        return rest + "e"
    return rest


def _american(word: str) -> str:
    match = _ISE.fullmatch(word)
    if match is None or any(word.startswith(other[:-1]) for other in kept("ise")):
        return word
    return f"{match.group(1)}iz{match.group(2)}"


@lru_cache(maxsize=16384)
def form(word: str) -> str:
    """What a word in lower case is compared by: without endings, in American spelling; others as they are."""
    if len(word) < 2 or not word.isascii() or not word.isalpha():
        return word
    if known := _irregular().get(word):
        return stem(known)
    word = _american(word)
    if len(word) > 4 and word.endswith(("ies", "ied")) and word.removesuffix("s") not in kept("ie"):
        word = word[:-3] + "y"
    return stem(word)


def contracted(word: str, before: str, after: str) -> str:
    """The form of a part of a contraction, given the text right before and after it; or nothing.

    The possessive's s is ``'s``: whether it is one or stands for is or has makes no difference here.
    """
    if before[-1:] and before[-1] in _APOSTROPHES and before[-2:-1].isalnum():
        return form(_BEHIND[word]) if word in _BEHIND else ""
    if after[:1] and after[0] in _APOSTROPHES and after[1:2] in ("t", "T") and not after[2:3].isalnum():
        return form(_BEFORE_NOT.get(word) or (word.removesuffix("n") if word != "can" else word))
    return ""
