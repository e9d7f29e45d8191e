"""What was said lately in each group, so that a quote, which carries no id, finds the message it means. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace

from adapters.base import Conversation, Message, Person, Quote

KEPT_MESSAGES = 200
KEPT_CHATS = 1_000


@dataclass(slots=True)
class Recent:
    """The latest messages and posts of each conversation."""

    _said: OrderedDict[str, deque[tuple[str, Person, str]]] = field(default_factory=OrderedDict)

    def remember(self, place: Conversation, message_id: str, author: Person, text: str) -> None:
        """Something was said."""
        said = self._said.setdefault(place.chat, deque(maxlen=KEPT_MESSAGES))
        said.append((message_id, author, _folded(text)))
        self._said.move_to_end(place.chat)
        if len(self._said) > KEPT_CHATS:
            self._said.popitem(last=False)

    def completed(self, message: Message) -> Message:
        """The message with the id and author of what it quotes, where that is known. WeChat may have cut the words."""
        if message.quote is None:
            return message
        found = self._find(message.conversation, message.quote)
        return replace(message, quote=found) if found else message

    def _find(self, place: Conversation, quote: Quote) -> Quote | None:
        """The latest that fits best: names differ between lists, so an unknown one may be anybody's."""
        words = _folded(quote.text).rstrip("….")
        if not words:
            return None
        best, best_fit, known = None, (False, False), False
        for message_id, author, text in reversed(self._said.get(place.chat, ())):
            named = quote.author is None or author.name.casefold() == quote.author.name.casefold()
            known = known or named
            fit = (named, text.rstrip("….") == words)
            alike = named or (quote.author is not None and author.is_bot == quote.author.is_bot)
            if alike and text.startswith(words) and (best is None or fit > best_fit):
                best, best_fit = Quote(message_id, author, quote.text), fit
        return best if best_fit[0] or not known else None


def _folded(text: str) -> str:
    return " ".join(text.split())
