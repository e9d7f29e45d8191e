"""What the conversation says about a message: which text is judged, and whether it is meant for somebody else.

Knows no scores. What a follow-up goes on from is `rag.followup`'s.
"""

from __future__ import annotations

from rag.base import Question
from rag.followup import continued
from rag.gate.wording import plain

CONTEXT_REASONS = ("addressed_to_others", "quotes_person", "answered_by_person")


def standalone_text(question: Question) -> str:
    """The text to search and to judge: what a model made of a follow-up, else the follow-up joined with what it
    continues; in simplified characters and without emoji."""
    if question.rewritten:
        return plain(question.rewritten)
    text, earlier = question.text.strip(), continued(question)
    return plain(f"{earlier} {text}" if earlier else text)


def asked_text(question: Question) -> str:
    """The end of `standalone_text` that is the question itself; nothing where that is all of it."""
    return "" if question.rewritten else plain(question.text.strip())


def objection(question: Question) -> str:
    """Why a message is none of the bot's business, whatever it says: one of `CONTEXT_REASONS`, or nothing."""
    if question.mentioned:
        return ""
    return next((name for name in CONTEXT_REASONS if getattr(question, name)), "")
