"""Whether one of two English clauses denies what the other says in words of its own: not refunded, paid back.

It knows no evidence and no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.verify.english.thesaurus import shares
from rag.verify.lexicon import CONDITION, LIMITED
from rag.verify.text import Span, Token

_SAME = 0.8  # a share from which on two words are taken for the same


def denied(one: Span, heads: Sequence[Sequence[Token]], other: Span) -> bool:
    """Whether ``other``, which has no negation, says what ``one`` denies; ``heads`` are the words behind negations."""
    if any(pattern.search(span.text) for pattern in (CONDITION, LIMITED) for span in (one, other)):
        return False
    said = dict(shares(one, other))
    at = {token.start: n for n, token in enumerate(one.tokens)}
    for head in heads:
        content = next((token for token in head if token.kind == "word" and token.weight >= 1), None)
        if content is not None and said.get(at.get(content.start, -1), 0.0) >= _SAME:
            return True
    return False
