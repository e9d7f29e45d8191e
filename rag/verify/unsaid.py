"""What a claim says beyond its passages, or leaves out although it counts: reasons, exceptions, conditions, details.

Each is looked for by a rule of its own; this names their faults and their order. It knows no rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rag.verify.anchors import counted_from_another
from rag.verify.details import added_detail
from rag.verify.dropped import dropped_condition
from rag.verify.exceptions import told_of_an_exception
from rag.verify.reasons import invented_reason
from rag.verify.text import Span, bare

Unsaid = Literal["", "detail", "condition"]


def unsaid(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> tuple[Unsaid, str]:
    """The fault and the words that show it; ``evidence`` is what the claim rests on, of all ``sentences``."""
    if words := invented_reason(claim, sentences):
        return "detail", words
    if words := told_of_an_exception(claim, sentences):
        return "condition", words
    if words := dropped_condition(claim, evidence, sentences):
        return "condition", words
    if words := counted_from_another(claim, evidence):
        return "condition", words
    if words := added_detail(claim, evidence, sentences):
        return "detail", words
    return "", ""


def torn_off(claim: Sequence[Span], sentences: Sequence[Span]) -> str:
    """A condition that a claim was cut off from that stands in a passage word for word; or nothing."""
    for part in claim:
        words = f"|{bare(part.text)}|"
        home = [sentence for sentence in sentences if words in f"|{bare(sentence.text)}|"][:1]
        if home and (condition := dropped_condition(part, home, sentences)):
            return condition
    return ""
