"""Finds the known word that a mistyped one was meant to be. Knows a vocabulary, no texts.

All words at one edit are made and looked up (Norvig 2007, https://norvig.com/spell-correct.html): no index to keep, and
under a millisecond for a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

SHORTEST = 5  # letters; of shorter words too many are one edit apart
LONGEST = 24
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-."


def mended(word: str, passages: Callable[[str], int]) -> str:
    """The most frequent word at one edit from ``word``, or ``word`` itself where there is none.

    ``passages`` says in how many passages a word stands. Two swapped letters are the likeliest slip, so those go first.
    """
    if not (SHORTEST <= len(word) <= LONGEST and word.isascii() and any(map(str.isalpha, word))):
        return word
    for edits in (_swapped(word), _others(word)):
        best = max(edits, key=passages, default=word)
        if passages(best):
            return best
    return word


def _swapped(word: str) -> Iterator[str]:
    for i in range(len(word) - 1):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _others(word: str) -> Iterator[str]:
    """One letter left out, put in or changed; the first is rarely mistyped, but may come from the word before."""
    yield word[1:]
    for i in range(1, len(word) + 1):
        before, after = word[:i], word[i:]
        if after:
            yield before + after[1:]
        for letter in _LETTERS:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
