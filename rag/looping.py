"""Finds a text's end that repeats one unit again and again. Knows no model; says nothing of what stands before.

Tables, arrays, addresses and dumps repeat themselves too, so a unit without words has to go on for long, and in code
everything has.
"""

from __future__ import annotations

import re

_MAX_UNIT = 120
_REPEATS, _WORDS_CHARS, _LETTERS_CHARS, _SIGNS_CHARS = 4, 60, 240, 600
_IN_CODE = 4  # times as many characters, and twice as many repeats
_HAN = re.compile(r"[\u4e00-\u9fff]")


def loop_start(text: str) -> int | None:
    """Where the text's second repeat of a unit begins, after which nothing new comes; None where it is no loop."""
    text = text.rstrip()
    for size in range(1, min(_MAX_UNIT, len(text) // _REPEATS) + 1):
        unit = text[-size:]
        if unit == text[-2 * size : -size] and unit not in (unit + unit)[1:-1]:  # it is no smaller unit's repetition
            start = _start(text, size)
            if _is_loop(text, start, size):
                return start + size
    return None


def _start(text: str, size: int) -> int:
    """Where the repetition begins that the text ends with; the first unit may begin anywhere in it."""
    start, unit = len(text) - size, text[-size:]
    while text.endswith(unit, 0, start):
        start -= size
    while start and text[start - 1] == text[start - 1 + size]:
        start -= 1
    return start


def _is_loop(text: str, start: int, size: int) -> bool:
    unit, run = text[start : start + size], len(text) - start
    letters = sum(map(str.isalpha, unit))
    chars = _WORDS_CHARS if letters > 2 or _HAN.search(unit) else _LETTERS_CHARS if letters else _SIGNS_CHARS
    repeats = _REPEATS
    if _in_code(text[:start]):
        chars, repeats = chars * _IN_CODE, repeats * 2
    return run >= max(chars, repeats * size)


def _in_code(before: str) -> bool:
    """Whether code is open at the end of a text: a block, or a piece in a line."""
    return before.count("```") % 2 == 1 or before[before.rfind("\n") + 1 :].replace("```", "").count("`") % 2 == 1
