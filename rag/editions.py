"""Which edition of a document a path names (``v1.2/``, ``2.x``, a date, ``legacy``), and which of two is newer.

It knows no files: times of files say when they were copied, not when they were written. A path is all that it reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_Kind = Literal["old", "dated", "numbered", "current"]

_NUMBER = r"\d{1,4}(?:\.(?:\d{1,4}|x|X)){0,3}"
_EDITION = re.compile(
    rf"""(?:(?P<old>legacy|deprecated|archived?|outdated|obsolete)
      |(?P<current>latest|stable|current)
      |(?P<dated>20\d\d(?:[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:[0-2]\d|3[01]))?))
      |(?:release[-_]|version[-_]|ver|v)(?P<named>{_NUMBER})
      |(?P<bare>\d{{1,3}}(?:\.(?:\d{{1,4}}|[xX])){{1,3}}))""",
    re.VERBOSE | re.IGNORECASE,
)
_SUFFIX = re.compile(r"[-_.]([^-_/]+)$")
_ASKED = re.compile(
    rf"(?<![\w.])(?:v|version\s*|版本\s*)({_NUMBER})(?![\w.]*\d)|(?<![\w.])(\d{{1,3}}(?:\.\d{{1,4}}){{1,3}})(?![\w])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Edition:
    """What a path says of its edition: ``document`` is the path without it, ``numbers`` the version or date."""

    document: str
    kind: _Kind = "current"
    numbers: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def edition(uri: str) -> Edition:
    """The edition of a document, from the last folder that names one, else from the end of its file name."""
    folders, _, name = uri.rpartition("/")
    parts = folders.split("/") if folders else []
    for place in range(len(parts) - 1, -1, -1):
        if match := _EDITION.fullmatch(parts[place]):
            return Edition("/".join((*parts[:place], *parts[place + 1 :], name)), *_read(match))
    stem, dot, suffix = name.rpartition(".")
    for mark in _SUFFIX.finditer(stem):
        if match := _EDITION.fullmatch(stem[mark.start() + 1 :]):
            return Edition("/".join((*parts, stem[: mark.start()] + dot + suffix)), *_read(match))
    match = re.search(r"[-_](v?\d{1,3}(?:\.\d{1,4})+|20\d\d-\d\d(?:-\d\d)?)$", stem, re.IGNORECASE)
    if match and (known := _EDITION.fullmatch(match.group(1))):
        return Edition("/".join((*parts, stem[: match.start()] + dot + suffix)), *_read(known))
    return Edition(uri)


def is_newer(one: Edition, other: Edition) -> bool:
    """Whether ``one`` is the newer edition of the same document; two kinds of number cannot be compared."""
    if one.document != other.document or one == other:
        return False
    if one.kind == other.kind:
        return one.numbers > other.numbers
    order = ("old", "dated", "current"), ("old", "numbered", "current")
    return any(
        one.kind in kinds and other.kind in kinds and kinds.index(one.kind) > kinds.index(other.kind) for kinds in order
    )


def asked_editions(text: str) -> list[tuple[int, ...]]:
    """The versions that a question names: ``1.2``, ``v2``, ``版本 3``."""
    return [_numbers(match.group(1) or match.group(2)) for match in _ASKED.finditer(text)]


def is_asked(found: Edition, asked: list[tuple[int, ...]]) -> bool:
    """Whether an edition is one of those asked for: 1.2 is asked for by 1.2 and 1.2.3, and stands for 1.2.x."""
    numbers = found.numbers
    return found.kind == "numbered" and any(
        numbers[: len(wanted)] == wanted[: len(numbers)] for wanted in asked if wanted and numbers
    )


def _read(match: re.Match[str]) -> tuple[_Kind, tuple[int, ...]]:
    if match["old"]:
        return "old", ()
    if match["current"]:
        return "current", ()
    if match["dated"]:
        digits = re.sub(r"\D", "", match["dated"])
        return "dated", (int(digits[:4]), int(digits[4:6] or 0), int(digits[6:8] or 0))
    return "numbered", _numbers(match["named"] or match["bare"])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
