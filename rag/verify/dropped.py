"""Whether a claim leaves out a condition without which it is not true. Knows no thing and no list of conditions.

Most conditions may be left out: a summary does. One that the passage sets against another ("in stock ..., out of stock
...") may not, nor may any where the claim says that it holds always or for all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.colourless import colours
from rag.verify.provisos import Condition, conditions, is_essential
from rag.verify.text import Span

TOLD = 0.6  # of what holds under a condition has to be in the claim
SHARE = 0.25  # of the claim has to be it
HINTED = 0.34  # of a condition is in the claim; less, and it is left out
GROUNDED = 0.5  # of a condition of the claim; one with less is told in other words
SMALLEST = 2.0
_EVERY = (
    r"无论|不管|不论|任何|凡是?|一律|所有|全部|随时|全年|终身|始终|无条件|人人|每[个位名]|谁都|统统|无一例外"
    r"|\b(?:whenever|always|any(?:one|body|time)?|every(?:one|body)?|all|regardless|throughout|no matter|in any case"
    r"|whatever|wherever|unconditional\w*|at any time|both)\b"
)
_NOT = "非未不无"
_WIDE = re.compile(_EVERY, re.IGNORECASE)
_WIDE_TOO = re.compile(rf"{_EVERY}|均|都|皆|各|\beach\b", re.IGNORECASE)


def dropped_condition(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> str:
    """The condition that is left out, or nothing; ``evidence`` are the sentences that the claim rests on."""
    near = [(sentence, found) for sentence in evidence for found in conditions(sentence)]
    if not near:
        return ""
    parts = [own.given for own in conditions(claim)] + [*claim.clauses][: len(claim.clauses) - 1]
    told_otherwise = any(_weight(part) >= SMALLEST and _share(part, sentences) < GROUNDED for part in parts)
    for sentence, found in near:
        wide = _WIDE.search(claim.text) is not None and not _WIDE_TOO.search(sentence.text)
        if (told_otherwise and not wide) or _weight(found.given) < SMALLEST:
            continue
        if _share(found.then, [claim]) < TOLD or _share(claim, [found.then]) < SHARE:
            continue
        share = 1.0 if _named(found.given, claim) and not wide else _share(found.given, [claim])
        if wide and (1 - share) * _weight(found.given) >= SMALLEST:
            return found.given.text.strip()
        if _is_set_against(found, claim, sentence, sentences, share):
            return found.given.text.strip()
    return ""


def _is_set_against(found: Condition, claim: Span, sentence: Span, sentences: Sequence[Span], share: float) -> bool:
    """Whether the passage says beside it what holds otherwise, and the claim has nothing that tells the two apart."""
    at = next(i for i, other in enumerate(sentences) if other is sentence)
    own, left_out = _content(found.given), share < HINTED
    told = {t.text for t, credit in zip(found.given.tokens, credits(found.given, claim), strict=True) if credit}
    turned = [pair for pair in found.given.pairs if pair not in claim.pairs and pair not in found.then.pairs]
    for other in sentences[max(at - 1, 0) : at + 2]:
        if left_out and any(f"{no}{pair}" in other.text for pair in turned for no in _NOT):
            return True  # 保价 beside 未保价
        for rival in conditions(other):
            apart = rival.given.start >= found.given.end or found.given.start >= rival.given.end
            shared = own & _content(rival.given)
            if not apart or not shared or _share(rival.given, [claim]) >= GROUNDED:
                continue
            if left_out or (share < 1 and len(shared) > 1 and not shared & told):
                return True
    return left_out and is_essential(sentence, sentences[at + 1] if at + 1 < len(sentences) else None)


def _named(given: Span, claim: Span) -> bool:
    """Whether the claim names something of the condition: a value, a flag, a number."""
    kinds = ("name", "number", "word") if claim.pairs else ("name", "number")
    return any(token.kind in kinds and token.weight >= 1 and token.text in claim.terms for token in given.tokens)


def _content(part: Span) -> set[str]:
    return {token.text for token in part.tokens if token.weight >= 1 and token.kind != "number"}


def _share(part: Span, sentences: Sequence[Span]) -> float:
    """How much of a part's content some sentence has."""
    weight = _weight(part)
    if not weight:
        return 1.0
    rows = [credits(part, sentence) for sentence in sentences]
    best = [max(column) for column in zip(*rows, strict=True)]
    held = sum((colour * share for colour, share in zip(colours(part), best, strict=True)), 0.0)
    return held / weight


def _weight(part: Span) -> float:
    return sum(colours(part))
