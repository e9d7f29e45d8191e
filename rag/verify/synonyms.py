"""Which words of a Chinese text may stand for which others: a thesaurus, and a scan of a text for its words.

The groups stand in ``words/zh_*.txt``, one a line; a word may be in several. The longest word wins, and words inside
it are found as well. It knows no claim, no evidence and no verdict.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from rag.verify.lexicon import SYNONYMS
from rag.verify.numerals import normalise

WORDS = Path(__file__).parent / "words"
GAP = "..."  # in a word of two parts, as in 由…承担; normalising makes three dots of it
LONGEST_GAP = 14  # characters between its parts
_STOP = re.compile(r"[，。；,;：:\s]")
_HAN = re.compile("[\u4e00-\u9fff]")
_BOUNDARY = re.compile("(?<=[A-Za-z])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class Sense:
    """A word at a place of a text, and the groups that it is in; ``short`` says that it is a single character."""

    start: int
    end: int
    groups: frozenset[str]
    short: bool


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """The groups of each word, the lengths of the words that begin with a character, and the words of two parts."""

    groups: Mapping[str, frozenset[str]]
    lengths: Mapping[str, tuple[int, ...]]
    gapped: tuple[tuple[str, str, frozenset[str]], ...]

    def longest(self, text: str, at: int) -> str:
        """The longest word that begins there, or nothing."""
        for length in self.lengths.get(text[at], ()):
            if (word := text[at : at + length]) in self.groups:
                return word
        return ""


def read_groups(text: str) -> Iterator[tuple[str, ...]]:
    """The groups of a file: words between spaces, a group a line; lines that begin with ``#`` are headings."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield tuple(line.split())


@cache
def thesaurus() -> Thesaurus:
    """The groups of all files, and those of the lexicon that are Chinese."""
    files = sorted(WORDS.glob("zh_*.txt"))
    lists = [group for file in files for group in read_groups(file.read_text("utf-8"))]
    lists += [group for group in SYNONYMS if any(_HAN.search(word) for word in group)]
    groups: dict[str, set[str]] = defaultdict(set)
    for number, group in enumerate(lists):
        for word in group:
            for form in (word, _BOUNDARY.sub(" ", word)):  # GPU内存, GPU 内存
                groups[normalise(form).lower()].add(f"zh {number}")
    words = {word: frozenset(numbers) for word, numbers in groups.items() if GAP not in word}
    gapped = []
    for word in groups.keys() - words.keys():
        head, tail = word.split(GAP)
        gapped.append((head, tail, frozenset(groups[word])))
    lengths: dict[str, set[int]] = defaultdict(set)
    for word in words:
        lengths[word[0]].add(len(word))
    longest_first = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
    return Thesaurus(words, longest_first, tuple(gapped))


@lru_cache(maxsize=4096)
def senses(text: str) -> tuple[Sense, ...]:
    """The words of a text (lower case) that the thesaurus has, those inside longer ones too."""
    known, found, at = thesaurus(), [], 0
    while at < len(text):
        if text[at] not in known.lengths:
            at += 1
            continue
        word = known.longest(text, at)
        if word and word[0].isascii() and _goes_on(text, at, at + len(word)):
            word = ""
        if not word:
            at += 1
            continue
        found.append(Sense(at, at + len(word), known.groups[word], len(word) == 1))
        found += [Sense(at + a, at + b, known.groups[word[a:b]], False) for a, b in _inside(word)]
        at += len(word)
    found += _gapped(text)
    return tuple(found)


@lru_cache(maxsize=8192)
def _inside(word: str) -> tuple[tuple[int, int], ...]:
    """The places of words of two characters and more within a longer one."""
    known = thesaurus().groups
    sizes = range(2, len(word))
    return tuple((a, a + n) for n in sizes for a in range(len(word) - n + 1) if word[a : a + n] in known)


def _gapped(text: str) -> Iterator[Sense]:
    """Words of two parts: a sense for each of them, as what stands between is another matter."""
    for head, tail, groups in thesaurus().gapped:
        start = text.find(head)
        while start >= 0:
            after = start + len(head)
            end = text.find(tail, after + 1, after + LONGEST_GAP + len(tail))
            if end >= 0 and not _STOP.search(text, after, end):
                yield Sense(start, after, groups, False)
                yield Sense(end, end + len(tail), groups, False)
            start = text.find(head, after)


def said_otherwise(text: str, start: int, end: int, other: str) -> bool:
    """Whether a text has, at a place, a word that another text has a synonym of (both in lower case)."""
    groups = {n for sense in senses(text) if sense.start <= start and end <= sense.end for n in sense.groups}
    return bool(groups) and any(not sense.groups.isdisjoint(groups) for sense in senses(other))


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether a Latin word is a part of a longer one."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())
