"""Patterns of a ``.qundaignore`` file, with the meaning that they have in a .gitignore. Knows no folders and no files.

Reference: https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".qundaignore"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches (a path below the folder of the file), and whether it takes back or is for folders."""

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """The rules of a folder; none where it has no such file, or one that cannot be read."""
    try:
        with (folder / IGNORE_FILE).open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return ()
    return parse_rules(text)


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules in the order of their lines."""
    rules = []
    for line in text.splitlines():
        line = re.sub(r"(?<!\\)\s+$", "", line)
        if not line or line.startswith("#"):
            continue
        negated = line.startswith("!")
        line = line.removeprefix("!")
        if line.startswith("\\") and line[1:2] in ("#", "!"):
            line = line[1:]
        folders_only, line = line.endswith("/"), line.rstrip("/")
        if line:
            rules.append(Rule(_compiled(line), negated, folders_only))
    return tuple(rules)


def ignored(path: str, is_folder: bool, rules: Sequence[Rule]) -> bool:
    """Whether a path below the folder is to be left out: the last rule that matches decides."""
    for rule in reversed(rules):
        if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path):
            return not rule.negated
    return False


def _compiled(line: str) -> re.Pattern[str]:
    """A slash within ties the pattern to the folder of the file; without one it holds at every depth."""
    anchored = "/" in line
    parts = line.lstrip("/").split("/")
    regex = "" if anchored else "(?:.*/)?"
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        if part == "**":
            regex += ".*" if last else "(?:.*/)?"
        else:
            regex += _segment(part) + ("" if last else "/")
    try:
        return re.compile(regex, re.DOTALL)
    except re.error:  # a range the wrong way round, say: then it means what it says
        return re.compile(re.escape(line.lstrip("/")))


def _segment(part: str) -> str:
    regex, at = "", 0
    while at < len(part):
        char = part[at]
        end = part.find("]", at + 2) if char == "[" else -1
        if char == "*":
            if not regex.endswith("[^/]*"):  # one star more says nothing, and many cost time
                regex += "[^/]*"
        elif char == "?":
            regex += "[^/]"
        elif end > 0:
            inner = part[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            regex += f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
            at = end
        elif char == "\\" and at + 1 < len(part):
            at += 1
            regex += re.escape(part[at])
        else:
            regex += re.escape(char)
        at += 1
    return regex
