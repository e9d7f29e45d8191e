"""Whether a code block holds only what its passages have: every command, path, flag, version and word of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.figures import occurs
from rag.verify.numerals import normalise

_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)\s.*$")
_WORD = re.compile(r"--?[A-Za-z][\w-]*|[~./]*[A-Za-z0-9_][\w./\\:@+-]*")
_PLACEHOLDER = re.compile(r"<[^<>\n]{1,40}>|\b(?:your|my)[-_]\w+|\bxxx+\b|\.\.\.", re.IGNORECASE)
_SHELL = re.compile(r"\b(?:sudo|bash|sh|cd|echo|true|false)\b")


def strange_word(block: str, texts: Sequence[str]) -> str:
    """The first word of a block that stands in none of the texts; or nothing. Comments and placeholders may differ."""
    joined = "\n".join(texts).lower()
    known = joined + "\n" + normalise(joined).lower()
    for line in block.splitlines():
        if _FENCE.match(line):
            continue
        code = _PLACEHOLDER.sub(" ", _COMMENT.sub("", line))
        for match in _WORD.finditer(code):
            word = match.group().rstrip(".:,-")
            if word and not _SHELL.fullmatch(word) and not occurs(word, known) and not _by_parts(word, known):
                return word
    return ""


def _by_parts(word: str, known: str) -> bool:
    """A path or call whose parts are all there, side by side or not, where it is no version, flag or number."""
    parts = [part for part in re.split(r"[/:@]", word) if part]
    return len(parts) > 1 and all(occurs(part, known) for part in parts)
