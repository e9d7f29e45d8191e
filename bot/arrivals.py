"""Who has said something lately, and to whom: seen when a message arrives, before its turn comes.

So the assistant can tell that a person has answered a question while it was waiting. Knows no texts.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from adapters.base import Conversation, Message

KEPT_MESSAGES = 50
KEPT_CONVERSATIONS = 2_000


@dataclass(frozen=True, slots=True)
class _Arrival:
    sender: str
    quotes: str
    mentions: frozenset[str]
    spoken_to: str
    at: float


@dataclass(slots=True)
class Arrivals:
    """The latest arrivals of each conversation, bounded."""

    _seen: OrderedDict[Conversation, deque[_Arrival]] = field(default_factory=OrderedDict)

    def note(self, message: Message) -> None:
        """A message has arrived. What bots say and commands to bots answer nobody."""
        if message.sender.is_bot or message.text.lstrip().startswith(("/", "／")):
            return
        place = message.conversation
        arrivals = self._seen.setdefault(place, deque(maxlen=KEPT_MESSAGES))
        arrivals.append(
            _Arrival(
                message.sender.id,
                message.quote.id if message.quote else "",
                frozenset(person.id for person in message.mentions),
                message.text.lstrip()[:64] if message.text.lstrip().startswith("@") else "",
                message.sent_at.timestamp(),
            )
        )
        self._seen.move_to_end(place)
        if len(self._seen) > KEPT_CONVERSATIONS:
            self._seen.popitem(last=False)

    def answered_by_person(self, message: Message, within_s: float) -> bool:
        """Whether somebody else has quoted this message or spoken to its sender in the ``within_s`` after it."""
        asked = message.sent_at.timestamp()
        return any(
            arrival.sender != message.sender.id
            and asked < arrival.at <= asked + within_s
            and _answers(arrival, message)
            for arrival in self._seen.get(message.conversation, ())
        )


def _answers(arrival: _Arrival, message: Message) -> bool:
    sender = message.sender
    if arrival.quotes == message.id or sender.id in arrival.mentions:
        return True
    return bool(sender.name) and arrival.spoken_to.startswith(f"@{sender.name}")
