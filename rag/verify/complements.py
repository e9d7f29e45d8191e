"""Whether a claim tells of the other cases by what they lack: "without a badge" for "all others".

Such a negation says which cases are meant, and denies nothing. Knows no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.text import Span

_OTHERS = re.compile(
    r"其余|其他|其它|另外的|余下|剩下的|\b(?:all |any |the )?(?:others?|rest|remaining|remainder)\b", re.IGNORECASE
)
_LACKING = re.compile(
    r"(?:没有|没|未|非|不)[^，,。;；]{1,12}的|以外|之外"
    r"|\b(?:without|not marked|not listed|outside|un(?:marked|listed|tagged))\b"
    r"|\b(?:that|which|who) (?:do|does|are|is|have|has)(?: not|n't)\b",
    re.IGNORECASE,
)


def tells_of_the_rest(claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether the claim names, by what they lack, the cases that the evidence calls the others."""
    if not _LACKING.search(claim.text) or _OTHERS.search(claim.text):
        return False
    return any(_OTHERS.match(clause.text.lstrip(" -")) for sentence in evidence for clause in sentence.clauses)
