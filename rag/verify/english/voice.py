"""Whether an English sentence tells what is done rather than who does it. Knows no other language."""

from __future__ import annotations

import re

from rag.verify.text import Span

_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be)(?: (?:not|never|only|always|also|\w+ly))? \w{2,}(?:ed|en|wn|pt|nt|ld|ght)\b",
    re.IGNORECASE,
)


def other_voice(one: Span, other: Span) -> bool:
    """Whether one of two has a passive and the other none."""
    return bool(_PASSIVE.search(one.text)) != bool(_PASSIVE.search(other.text))
