"""Joins the gate's decision with the check whether the passages answer: overheard both must agree, a mention asks for
the passages alone.

It knows no snapshot and no process.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bot.engine.base import Judgement
from rag.answerable import answerable
from rag.asked_secret import asks_for_secret
from rag.base import Evidence, GateDecision, Hit, Question, Reason
from rag.gate import asked_text

SHOWN_SOURCES = 3  # of the passages, where only their names are told
_TOLD = ("greeting", "feedback")  # what people said of a message stands, whatever the passages hold


def supported(question: Question, evidence: Evidence, decision: GateDecision, level: float) -> Judgement:
    """The judgement. Somebody who mentions the bot wants an answer: where the gate doubts that the message is one for
    the knowledge base, the passages decide, unless it greets or the group has said that it wants no answer."""
    if not (decision.answer or question.mentioned):
        return Judgement(_needed(question, evidence, decision), decision, 0.0, False)
    known = evidence.curated is not None or evidence.definitions
    refused = not known and asks_for_secret(question.text)
    chance = 1.0 if known else 0.0 if refused else answerable(evidence, asked_text(question))
    if chance >= level:
        decision = lifted(question, decision, chance, level)
    elif decision.answer:
        reason = Reason("answerable", _odds(chance) - _odds(level), chance)
        decision = replace(decision, reasons=(*decision.reasons, reason))
    return Judgement(_needed(question, evidence, decision), decision, chance, decision.answer and chance >= level)


def is_declined(decision: GateDecision) -> bool:
    """Whether a mention only greets, or the group has said that it wants no answer."""
    return any(reason.name in _TOLD and reason.contribution < 0 for reason in decision.reasons)


def lifted(question: Question, decision: GateDecision, chance: float, level: float) -> GateDecision:
    """The decision for a mention that the gate doubted and the passages answer."""
    if decision.answer or not question.mentioned or is_declined(decision):
        return decision
    reason = Reason("answerable", _odds(chance) - _odds(level), chance)
    return GateDecision(True, chance, level, (reason, *decision.reasons))


def _odds(probability: float) -> float:
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(p / (1 - p))


def with_keywords(question: Question, judgement: Judgement, more: Evidence, level: float, top_k: int) -> Judgement:
    """The judgement with what a second search found, where that answers what it searched for."""
    chance = answerable(more)
    if chance < level:
        return judgement
    best: dict[str, Hit] = {}
    for hit in (*judgement.evidence.hits, *more.hits):
        if hit.passage.id not in best or best[hit.passage.id].score < hit.score:
            best[hit.passage.id] = hit
    hits = sorted(best.values(), key=lambda hit: -hit.score)[:top_k]
    known = {term.text for term in judgement.evidence.terms}
    terms = (*judgement.evidence.terms, *(term for term in more.terms if term.text not in known))
    evidence = Evidence(judgement.evidence.text, tuple(hits), terms=terms)
    decision = lifted(question, judgement.decision, chance, level)
    return Judgement(evidence, decision, chance, decision.answer)


def _needed(question: Question, evidence: Evidence, decision: GateDecision) -> Evidence:
    """What is still needed once it is decided: all passages for an answer, names for a mention, else nothing."""
    if decision.answer:
        kept = Evidence(evidence.text, evidence.hits, terms=evidence.terms)
        return replace(kept, curated=evidence.curated, definitions=evidence.definitions)
    return Evidence(evidence.text, evidence.hits[:SHOWN_SOURCES] if question.mentioned else ())
