"""Whether a claim has another title, quoted, Latin or dotted name where its evidence has one. Knows no other words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.changes import likeness
from rag.verify.text import Span

COPIED = 0.75  # of a claim in the same order: its parts are the evidence's
_NEAR = 0.85  # of a claim: as good as a copy
_RATHER = 0.75  # of a claim but for a name: told of another of its kind
_HAN = re.compile("[\u4e00-\u9fff]")
_TYPED = (
    re.compile(r"《([^《》]{1,40})》"),
    re.compile(r"[“「『\"]([^“”「」『』\"]{1,20})[”」』\"]"),
    re.compile(r"(?<![A-Za-z])([A-Z][A-Za-z'.-]+(?: [A-Z][A-Za-z'.-]+)*)"),
    re.compile(r"([\u4e00-\u9fff]{1,6}(?:·[\u4e00-\u9fff]{1,6})+)"),
)


def other_of_its_kind(claim: Span, evidence: Sequence[Span]) -> str:
    """A title, quoted, Latin or dotted name that the evidence lacks, where it has another that the claim lacks."""
    if not evidence:
        return ""
    own = _squeezed(claim.text)
    for pattern in _TYPED if _HAN.search(claim.text) else _TYPED[:2]:
        for match in pattern.finditer(claim.text):
            near = evidence[:1] if _near_without(claim, evidence[0], match) else evidence
            there = _squeezed(" ".join(sentence.text for sentence in near))
            copied = likeness(claim, evidence[0]) >= COPIED
            lost = any(
                _squeezed(other.group(1)) not in own and (copied or _same_place(claim, match, evidence[0], other))
                for other in pattern.finditer(evidence[0].text)
            )
            if lost and _squeezed(match.group(1)) not in there and _near_without(claim, evidence[0], match, _RATHER):
                return match.group(1)
    return ""


def _same_place(claim: Span, mine: re.Match[str], sentence: Span, theirs: re.Match[str]) -> bool:
    """Whether two names have a word beside them in common, or one opens or ends its clause."""
    own, other = _neighbours(claim, mine), _neighbours(sentence, theirs)
    return any(one == two for one, two in zip(own, other, strict=True))


def _neighbours(span: Span, match: re.Match[str]) -> tuple[str, str]:
    """The tokens right before and behind a match; nothing where a clause begins or ends there."""
    start, end = span.start + match.start(), span.start + match.end()
    clause = next((clause for clause in span.clauses if clause.start <= start < clause.end), span)
    before = [token.text for token in clause.tokens if token.end <= start]
    behind = [token.text for token in clause.tokens if token.start >= end]
    return before[-1] if before else "", behind[0] if behind else ""


def _near_without(claim: Span, sentence: Span, match: re.Match[str], least: float = _NEAR) -> bool:
    """Whether a sentence has nearly all of the claim but for the match."""
    start, end = claim.start + match.start(), claim.start + match.end()
    rest = [
        (token.weight, share)
        for token, share in zip(claim.tokens, credits(claim, sentence), strict=True)
        if not start <= token.start < end
    ]
    total = sum(weight for weight, _ in rest)
    return total > 0 and sum(weight * share for weight, share in rest) >= least * total


def _squeezed(text: str) -> str:
    return re.sub(r"[\s·•]", "", text.lower())
