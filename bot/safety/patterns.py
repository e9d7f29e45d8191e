"""Compiles the ``/pattern/`` entries of word lists, and refuses those that could take for ever on a hostile text.

It knows no list and no message. Python's engine backtracks, so what is allowed is bounded before it is used: nothing
repeated within a repetition, no choice within one, and few ways to match a stretch altogether.
"""

from __future__ import annotations

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from string import printable
from typing import Any

MAX_CHARS = 200
MAX_WAYS = 5_000  # the product of what each repetition may vary by
OPEN_WAYS = 1_000  # what ``*`` and ``+`` count as: a message has a few thousand characters
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_REFUSED = {
    codes.GROUPREF: "a back reference",
    codes.GROUPREF_EXISTS: "a back reference",
    codes.ASSERT: "a look-around",
    codes.ASSERT_NOT: "a look-around",
}


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern, to be searched for in folded text.

    Raises:
        ValueError: it is no regular expression, or one that may take too long; the message says what to write instead.
    """
    if len(pattern) > MAX_CHARS:
        raise ValueError(f"the pattern has {len(pattern)} characters, over {MAX_CHARS}: split it into several entries")
    try:
        compiled, parsed = re.compile(pattern, re.IGNORECASE), parser.parse(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"no regular expression ({error})") from None
    if compiled.search(""):
        raise ValueError("the pattern matches the empty text, and so everything: name at least one sign")
    if _ways(parsed, within=False) > MAX_WAYS:
        raise ValueError("the pattern has too many open repetitions: bound them, as in .{0,20}, or use one * or +")
    return compiled


def _ways(parsed: Any, *, within: bool) -> int:
    """In how many ways the repetitions can share out a text; ``within`` a repetition none may vary."""
    ways = 1
    for n, (code, value) in enumerate(parsed):
        if code in _REFUSED:
            raise ValueError(
                f"the pattern has {_REFUSED[code]}, which is not supported: use plain words and repetitions"
            )
        if code in _REPEATS:
            behind = parsed[n + 1] if n + 1 < len(parsed) else None
            ways *= _repeat_ways(*value, within=within) if _can_give_back(value[2], behind) else 1
        elif code is codes.BRANCH:
            if within:
                raise ValueError(
                    "the pattern has a choice within a repetition: write the choice as entries of their own"
                )
            ways *= max(_ways(branch, within=within) for branch in value[1])
        elif code is codes.SUBPATTERN:
            ways *= _ways(value[-1], within=within)
        elif code not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN, codes.AT):
            raise ValueError("the pattern has a construct that is not supported: use plain words and repetitions")
    return ways


def _can_give_back(inner: Any, behind: Any) -> bool:
    """Whether what a repetition took could be what stands behind it: else it stops at one place only."""
    if behind is not None and behind[0] in _REPEATS and behind[1][0] > 0 and len(behind[1][2]) == 1:
        behind = behind[1][2][0]
    if behind is None or len(inner) != 1 or behind[0] in _REPEATS:
        return True
    first, then = _members(inner[0]), _members(behind)
    literals = {chr(value) for code, value in (*first, *then) if code is codes.LITERAL}
    return any(_in(first, sign) and _in(then, sign) for sign in {*printable, "中", *literals})


def _members(item: Any) -> list[Any]:
    return list(item[1]) if item[0] is codes.IN else [item]


def _in(members: list[Any], sign: str) -> bool:
    return any(_takes(member, one) for member in members for one in {sign, sign.lower(), sign.upper()})


def _takes(member: Any, sign: str) -> bool:
    """Whether one member of a class may match a sign; where it is not simple, yes."""
    code, value = member
    if code is codes.LITERAL:
        return sign in (chr(value), chr(value).lower(), chr(value).upper())
    if code is codes.RANGE:
        return bool(value[0] <= ord(sign[0]) <= value[1])
    if code is codes.CATEGORY and value is codes.CATEGORY_SPACE:
        return sign.isspace()
    if code is codes.CATEGORY and value is codes.CATEGORY_DIGIT:
        return sign.isdigit()
    return True


def _repeat_ways(low: int, high: Any, inner: Any, *, within: bool) -> int:
    if within and low != high:
        raise ValueError("the pattern repeats within a repetition, which can take for ever: take one of the two out")
    inside = _ways(inner, within=within or int(high) > 1)
    return inside * (OPEN_WAYS if high is codes.MAXREPEAT else int(high) - int(low) + 1)
