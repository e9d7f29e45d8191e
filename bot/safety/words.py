"""Finds the entries of word lists in a text, however they are dressed up. Knows no files and no messages.

Width, case, traditional characters and invisible signs are folded away. Then a text is letters and digits with the gap
before each: an entry matches where its letters stand, if the gaps between them are such as one who hides a word puts
there. Han characters may have spaces and signs between them; a mark such as a comma only where all are set apart.
Words in letters that are written with spaces match whole (``ass`` is not in ``class``), or spelled out (``a.s.s``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rag.gate.hanzi import simplify

MAX_ENTRY_CHARS = 100
_NONE, _SIGN, _MARK = 0, 1, 2  # what stands before a letter: nothing, a sign or space, a mark that ends a clause
_MARKS = frozenset("。！？；：，、!?;:,.\n")
_JOINED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")  # scripts without spaces in them


def fold(text: str) -> str:
    """One form for width, case and script, without invisible signs."""
    if not text.isascii():
        text = simplify(unicodedata.normalize("NFKC", text))
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn") and c != "\u3164")
    return text.casefold()


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters and digits of a text as one string, and what stood before each."""

    text: str
    gaps: bytes

    @classmethod
    def of(cls, folded: str) -> Letters:
        """Of a folded text."""
        letters, gaps, gap = [], bytearray(), _NONE
        for sign in folded:
            if sign.isalnum():
                letters.append(sign)
                gaps.append(gap)
                gap = _NONE
            else:
                gap = max(gap, _MARK if sign in _MARKS else _SIGN)
        gaps.append(gap or _SIGN)  # behind the last one; the end of a text ends its words
        return cls("".join(letters), bytes(gaps))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what kind it is, and where it stands (``words.txt:12``)."""

    kind: Literal["letters", "literal"]
    text: str
    gaps: bytes
    place: str

    @classmethod
    def of(cls, word: str, place: str) -> Entry:
        """A word as it stands in a list; one that begins or ends with a sign (``c++``) is searched for as it is."""
        folded = fold(word).strip()
        letters = Letters.of(folded)
        if not letters.text or not (folded[0].isalnum() and folded[-1].isalnum()):
            return cls("literal", folded, b"", place)
        return cls("letters", letters.text, letters.gaps[:-1], place)

    def stands(self, letters: Letters, at: int) -> bool:
        """Whether the letters at ``at``, which are its own, are written as one who means it writes them."""
        end = at + len(self.text)
        if not _may_begin(letters, at) or not _may_begin(letters, end):
            return False
        gaps = letters.gaps[at + 1 : end]
        if len(gaps) > 1 and all(gaps):
            return True  # spelled out
        return all(
            _fits(gap, own, self.text[n : n + 2]) for n, (gap, own) in enumerate(zip(gaps, self.gaps[1:], strict=True))
        )


def _may_begin(letters: Letters, at: int) -> bool:
    """Whether a word may begin or end before the letter at ``at``: anywhere beside scripts without spaces."""
    if letters.gaps[at] or at in (0, len(letters.text)):
        return True
    return bool(_JOINED.match(letters.text[at]) or _JOINED.match(letters.text[at - 1]))


def _fits(gap: int, own: int, pair: str) -> bool:
    if _JOINED.match(pair[0]) or _JOINED.match(pair[1]):
        return gap <= _SIGN or bool(own)
    return bool(gap) == bool(own)


class Words:
    """Many entries, found in one pass over a text: by their first two letters, then by their lengths."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._whole: dict[str, Entry] = {}
        self._variants: dict[str, list[Entry]] = {}  # alike but for their gaps
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._literals: list[Entry] = []
        lengths: dict[str, set[int]] = {}
        for entry in entries:
            if entry.kind == "literal":
                self._literals.append(entry)
            elif self._whole.setdefault(entry.text, entry) is entry:
                lengths.setdefault(entry.text[:2], set()).add(len(entry.text))
            else:
                self._variants.setdefault(entry.text, []).append(entry)
        self._lengths = {start: tuple(sorted(found)) for start, found in lengths.items()}

    def find(self, folded: str) -> Entry | None:
        """The first entry that stands in a folded text."""
        for literal in self._literals:
            if literal.text in folded:
                return literal
        letters = Letters.of(folded)
        return next(self._standing(letters), None)

    def _standing(self, letters: Letters) -> Iterator[Entry]:
        text, starts = letters.text, self._lengths
        for at in range(len(text)):
            for start in (text[at : at + 2], text[at]):
                for length in starts.get(start, ()):
                    entry = self._whole.get(text[at : at + length])
                    if entry is None:
                        continue
                    for one in (entry, *self._variants.get(entry.text, ())):
                        if one.stands(letters, at):
                            yield one
                if len(start) == 1:
                    break
