"""Whether a claim takes in what its evidence keeps apart: billed separately, 另计, not included. Knows no prices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.lexicon import NEGATION
from rag.verify.subjects import subject
from rag.verify.text import Span, read
from rag.verify.things import units

_APART = re.compile(
    r"另[计付收购算议]|另行|另外[收付计购买支下安提]|单独|分开|额外|自理|自费|自备|自付|除外|不[包内]?含|不包括|不计入|不在[^,]{0,10}[内中]"
    r"|不附带|不随|单[列收卖售]|加收|加[价购]"
    r"|\b(?:separate(?:ly)?|extra|additional(?:ly)?|surcharge|exclud(?:ed|es|ing)|except|optional(?:ly)?|add-?on|besides"
    r"|apart|unless|own (?:expense|cost)|(?:sold|charged|billed|bought|ordered) on (?:its|their) own)\b",
    re.IGNORECASE,
)
_WEIGHT = 2.0
# What limits a thing, or puts it off.
_LIMITED = re.compile(
    r"计划|后续|将来|未来|暂|尚未|仅|只|不|未|无|须|需|除非|另"
    r"|\b(?:planned|later|future|yet|only|not|no|never|cannot|requires?|required|needs?|must|until|instead|excluded|without)\b|n't\b",
    re.IGNORECASE,
)
_ITEM = r"[A-Za-z][\w-]+|[\u4e00-\u9fff]{2}"
_JOINED = re.compile(rf"(?P<x>{_ITEM})(?: (?:and|or|as well as) (?:the )?|[和与及、])(?P<y>{_ITEM})")


def taken_in(claim: Span, sentences: Sequence[Span]) -> str:
    """What the claim tells together with something else although the evidence keeps it apart, or nothing."""
    kept = [clause for span in sentences for clause in span.clauses if _APART.search(clause.text)]
    if not kept or _APART.search(claim.text):
        return ""
    others = [clause for span in sentences for clause in span.clauses if not _APART.search(clause.text)]
    said = units(claim.tokens)
    for clause in claim.clauses:
        if NEGATION.search(clause.text):
            continue
        for apart in kept:
            name = units(subject(apart))
            held = name & units(clause.tokens)
            if not held or _weight(held) * 2 < _weight(name):
                continue
            rest = said - name
            own = _weight(rest & units(apart.tokens))
            if any(
                not name & (there := units(other.tokens)) and _weight(rest & there) >= max(_WEIGHT, own + 1)
                for other in others
            ):
                return max(sorted(held), key=len)
    return ""


def joined_with_limited(claim: Span, sentences: Sequence[Span]) -> str:
    """One of two things that the claim tells together, where all that the evidence says of it alone limits it."""
    if _LIMITED.search(claim.text):
        return ""
    said = units(claim.tokens)
    clauses = [(clause, units(clause.tokens)) for sentence in sentences for clause in sentence.clauses]
    for match in _JOINED.finditer(claim.text):
        pair = [frozenset().union(*(units(s.tokens) for s in read(match.group(side)).sentences)) for side in "xy"]
        for own, other in (pair, pair[::-1]):
            about = [(clause, there) for clause, there in clauses if own and own <= there]
            if not about or any(other & there or not _LIMITED.search(clause.text) for clause, there in about):
                continue
            rest = said - own - other
            if max((_weight(rest & there) for clause, there in clauses if not own & there), default=0.0) >= 2 * _WEIGHT:
                return max(sorted(own), key=len)
    return ""


def _weight(some: frozenset[str]) -> float:
    return sum(1.0 if not unit.isascii() else 2.0 for unit in some)
