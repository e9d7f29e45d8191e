"""Leaves out of a claim a number that only counts what its passages list: 两种, where they have PDF and Word.

The passages have to list exactly as many, in the words of the claim. It knows no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_HAN = "\u4e00-\u9fff"
_COUNT_HAN = re.compile(
    r"(?:共有?|一共有?|总共有?|分为|分成|包括|包含|有|以下|这|的)?(?<![\d.])(?P<n>[2-9]|1[0-2]) ?"
    rf"(?:大?[种类项款档级方步条名位家处部](?![{_HAN}]?[内外前后])面?|个(?!月|小时|工作|星期|季|周|钟))(?P<noun>[{_HAN}]{{0,4}})"
)
_COUNT_WORD = re.compile(
    r"(?<![\w.$-])(?P<n>[2-9]|1[0-2]) (?:(?:listed|different|possible|available|kinds? of|types? of|sorts? of) )*"
    r"(?P<noun>[a-z]{3,}s)\b(?! (?:a|per|each|every|later|ago|before|after|or|off)\b)"
)
_UNITS = """days weeks months years hours minutes seconds times percent points pages bytes characters metres meters
kilometres kilometers miles dollars euros pounds people persons requests degrees tokens"""
_NO_COUNT = frozenset(_UNITS.split())
_SEPARATOR = re.compile(r"、|以及|及(?!时|格|其)|和|或(?!者?许)|与|/")
_PART = re.compile(r"[^,，。.;；:：()（）\n]+")
_ITEM = r"[A-Za-z0-9][A-Za-z0-9'.+#-]{0,30}(?: [A-Za-z0-9'.+#-]{1,30}){0,3}"
_ENGLISH = re.compile(rf"(?<![\w'.+#-])(?:{_ITEM}, ){{0,12}}{_ITEM},? (?:and|or) {_ITEM}")
_ROW = re.compile(r"(?m)^(?:\s*(?:[-*•]|\d{1,2}[.)、])\s*.+|.+\s[-–|]\s.+)$")


def without_counts(norm: str, passages: Sequence[str]) -> str:
    """The normalised claim without such numbers; the words for what is counted stay."""
    for match in reversed([*_COUNT_HAN.finditer(norm), *_COUNT_WORD.finditer(norm)]):
        count, noun = int(match["n"]), match["noun"]
        if noun in _NO_COUNT or any(_counted(match, text) for text in passages):
            continue
        if any(_fits(items, norm, noun) for text in passages for items in _lists(text) if len(items) == count):
            norm = norm[: match.start("n")].rstrip() + " " + norm[match.start("noun") :]
    return norm


def _counted(match: re.Match[str], text: str) -> bool:
    """Whether a text has the number, or counts the like: three films, where the claim has two."""
    words = match.group()[match.end("n") - match.start() :].strip()
    alike = rf"\d ?{words[:1]}" if words[0] > "\u3000" else rf"\b\d+ (?:\w+ )?{match['noun']}\b"
    return bool(re.search(rf"(?<![\d.]){match['n']}(?![\d.])|{alike}", text))


def _fits(items: Sequence[str], claim: str, noun: str) -> bool:
    """Whether the claim names all that is listed, or nothing of it but what all are."""
    named = sum(any(word in claim.lower() for word in _words(item)) for item in items)
    return named == len(items)


def _words(item: str) -> list[str]:
    """The words of an item, the ends of its Han text alone, as a list's first item has what stands before it."""
    latin = [
        word for word in re.findall(r"[a-z0-9][a-z0-9_.+#-]*", item.lower()) if len(word) > 2 or not word.isalpha()
    ]
    if latin:
        return latin[-1:] if len(latin) > 2 else latin
    han = re.findall(rf"[{_HAN}]{{2,}}", item)
    return [word[-2:] for word in han] + [word[:2] for word in han]


@lru_cache(maxsize=512)
def _lists(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[tuple[str, ...]]:
    rows: list[str] = []
    for line in [*text.split("\n"), ""]:
        if _ROW.fullmatch(line):
            rows.append(line)
            continue
        if len(rows) > 1:
            yield tuple(rows)
        rows = []
    for part in _PART.finditer(text):
        items = [item for item in _SEPARATOR.split(part.group()) if item.strip()]
        if len(items) > 1 and re.search(rf"[{_HAN}]", part.group()):
            yield tuple(items)
    for match in _ENGLISH.finditer(text):
        yield tuple(re.split(r", (?:and |or )?| (?:and|or) ", match.group()))
