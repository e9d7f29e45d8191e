"""Tells list items and table rows that define an option, key or name which a question names: ``- `--topk`: how many``.

It knows no passage and no score.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.tokens import classify, fold, runs

_OPTION = re.compile(r"(?<![\w-])--?([A-Za-z][\w-]*)")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_HEAD_END = re.compile(r"[:：]|\s[-–—]\s|(?<=\S)\s*\|")
_HEAD = 60  # characters
_FIRST = 2  # names: "-p, --phase"


def asked_options(text: str) -> frozenset[str]:
    """The options and identifiers that a question names, in lower case and without dashes."""
    names = [run.lower() for run in runs(text) if classify(run.lower()) == "identifier"]
    return frozenset([*(name.lower() for name in _OPTION.findall(fold(text))), *names])


def defines(text: str, kind: str, names: Collection[str]) -> bool:
    """Whether a list item or table row begins with one of ``names``."""
    if not names or kind not in ("item", "row"):
        return False
    head = text[:_HEAD].lstrip(" \t|*")
    end = _HEAD_END.search(head)
    first = _NAME.findall(head[: end.start()] if end else head)[:_FIRST]
    return any(name.strip("-.").lower() in names for name in first)
