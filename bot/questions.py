"""A message with what was said before it, as gate and answer look at it: the way from `adapters.base` to `rag.base`.

Knows no outcome and no state.
"""

from __future__ import annotations

import re
from hashlib import sha256

from adapters.base import Message
from bot.context import Said
from bot.texts import Language
from rag.base import Question, Turn
from rag.pictured import telling
from rag.prompts import both_ends

MAX_QUESTION_CHARS = 1_600  # with what it follows up on, less than a search looks at
_ID = re.compile(r"(?=\D*\d)[\w@.-]{8,}", re.ASCII)


def text_of(message: Message) -> str:
    """What is asked: the text, or what a mention without one quotes."""
    return message.text.strip() or (message.quote.text.strip() if message.quote and message.mentions_bot else "")


def make_question(
    message: Message, earlier: tuple[Said, ...], addressed: bool, language: Language, pictured: str = ""
) -> Question:
    """A message with what was said before it, and with what its pictures say, if that is all that it says."""
    quote = message.quote
    others = [person for person in message.mentions if not person.is_bot]
    return Question(
        text=both_ends(text_of(message) or telling(pictured), MAX_QUESTION_CHARS),
        language=language,
        mentioned=addressed,
        addressed_to_others=not addressed and (bool(others) or message.text.lstrip().startswith("@")),
        quotes_person=not addressed and quote is not None and not (quote.author and quote.author.is_bot),
        quoted_text=quote.text if quote else "",
        picture_text=pictured,
        history=tuple(turn_of(said, message) for said in earlier),
    )


def turn_of(said: Said, message: Message) -> Turn:
    """One earlier message as a turn. A sender without a name is told by a short mark, not by the platform's id."""
    nameless = said.name == said.sender and _ID.fullmatch(said.name)
    name = f"member-{sha256(said.sender.encode()).hexdigest()[:4]}" if nameless else said.name
    return Turn(name, said.text, said.is_bot, not said.is_bot and said.sender == message.sender.id)
