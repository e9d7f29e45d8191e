"""What the conversation says about a message: which text is judged, and whether it is meant for somebody else.

Knows no scores.
"""

from __future__ import annotations

import re

from rag.base import Question, Turn
from rag.gate.wording import plain

SHORT = 16  # characters; a longer message stands for itself
MAX_JOINED = 400
_FOLLOW_UP = re.compile(
    r"^(?:那|那么|然后|还有|另外|它|他|这个|这|该|and|what about|how about|then|it|that)|呢[?？!！。~ ]*$",
    re.IGNORECASE,
)

CONTEXT_REASONS = ("addressed_to_others", "quotes_person", "answered_by_person")


def standalone_text(question: Question) -> str:
    """The text to search and to judge: a short follow-up joined with what it continues, in simplified characters and
    without emoji."""
    text = question.text.strip()
    earlier = _continued(question) if is_follow_up(text) else ""
    return plain(f"{earlier} {text}" if earlier else text)


def is_follow_up(text: str) -> bool:
    """Whether a text is short and speaks of something said before: "那 0.6 版本呢？"."""
    return 0 < len(text.strip()) <= SHORT and bool(_FOLLOW_UP.search(text.strip()))


def _continued(question: Question) -> str:
    """The last message of the same person, or the quoted one."""
    if question.quoted_text:
        return question.quoted_text.strip()[:MAX_JOINED]
    last = next((turn for turn in reversed(question.history) if _carries_topic(turn)), None)
    return last.text.strip()[:MAX_JOINED] if last else ""


def _carries_topic(turn: Turn) -> bool:
    return turn.same_sender and not turn.is_bot and bool(turn.text.strip()) and not is_follow_up(turn.text)


def objection(question: Question) -> str:
    """Why a message is none of the bot's business, whatever it says: one of `CONTEXT_REASONS`, or nothing."""
    if question.mentioned:
        return ""
    return next((name for name in CONTEXT_REASONS if getattr(question, name)), "")
