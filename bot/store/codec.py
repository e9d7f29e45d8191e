"""Events to JSON text and back. Written by hand: a message passes here often, and `asdict` is ten times slower."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from adapters.base import Attachment, Citation, Conversation, Message, Person, Pressed, Quote, Reacted, Recalled, Reply
from bot.outcome import Outcome

Signal = Recalled | Reacted | Pressed


def _dumps(data: Any) -> str:
    # A lone surrogate cannot be UTF-8, and some platforms pass them on: escaped, it survives.
    try:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text.encode()
        return text
    except UnicodeEncodeError:
        return json.dumps(data, separators=(",", ":"))


def _person(person: Person | None) -> list[Any] | None:
    return None if person is None else [person.platform, person.id, person.name, person.is_bot]


def _read_person(data: list[Any] | None) -> Person | None:
    return None if data is None else Person(*data)


def _conversation(value: Conversation) -> list[Any]:
    return [value.platform, value.chat, value.thread, value.kind]


def dump_message(message: Message) -> str:
    """The JSON text of a message; `load_message` reads it."""
    quote = message.quote
    return _dumps(
        {
            "id": message.id,
            "event_id": message.event_id,
            "conversation": _conversation(message.conversation),
            "sender": _person(message.sender),
            "text": message.text,
            "sent_at": message.sent_at.isoformat(),
            "mentions_bot": message.mentions_bot,
            "mentions": [_person(person) for person in message.mentions],
            "quote": None if quote is None else [quote.id, _person(quote.author), quote.text],
            "attachments": [[item.kind, item.name, item.ref] for item in message.attachments],
        }
    )


def load_message(text: str) -> Message:
    """What `dump_message` wrote."""
    data = json.loads(text)
    sender = _read_person(data["sender"])
    assert sender is not None
    quote = data["quote"]
    return Message(
        id=data["id"],
        event_id=data["event_id"],
        conversation=Conversation(*data["conversation"]),
        sender=sender,
        text=data["text"],
        sent_at=datetime.fromisoformat(data["sent_at"]),
        mentions_bot=data["mentions_bot"],
        mentions=tuple(Person(*person) for person in data["mentions"]),
        quote=None if quote is None else Quote(quote[0], _read_person(quote[1]), quote[2]),
        attachments=tuple(Attachment(*item) for item in data["attachments"]),
    )


def dump_signal(signal: Signal) -> str:
    """The JSON text of an event that is no message; `load_signal` reads it."""
    data: dict[str, Any] = {
        "type": type(signal).__name__,
        "event_id": signal.event_id,
        "conversation": _conversation(signal.conversation),
        "message_id": signal.message_id,
        "by": _person(signal.by),
    }
    if isinstance(signal, Reacted):
        data |= {"emoji": signal.emoji, "added": signal.added}
    elif isinstance(signal, Pressed):
        data["action"] = signal.action
    return _dumps(data)


def load_signal(text: str) -> Signal:
    """What `dump_signal` wrote."""
    data = json.loads(text)
    kinds: dict[str, type[Signal]] = {"Recalled": Recalled, "Reacted": Reacted, "Pressed": Pressed}
    kind = kinds[data.pop("type")]
    data["conversation"] = Conversation(*data["conversation"])
    data["by"] = _read_person(data["by"])
    return kind(**data)


def dump_reply(reply: Reply) -> str:
    """The JSON text of a reply, without the message that it answers."""
    citations = [[item.n, item.title, item.uri, item.quote] for item in reply.citations]
    return _dumps(
        {"text": reply.text, "citations": citations, "confidence": reply.confidence, "mention": reply.mention}
    )


def load_reply(text: str, to: Message) -> Reply:
    """What `dump_reply` wrote, as a reply to ``to``."""
    data = json.loads(text)
    citations = tuple(Citation(*item) for item in data["citations"])
    return Reply(to, data["text"], citations, data["confidence"], data["mention"])


def dump_outcome(outcome: Outcome) -> str:
    """The JSON text of an outcome; `load_outcome` reads it."""
    return _dumps(outcome.as_dict())


def load_outcome(text: str) -> Outcome:
    """What `dump_outcome` wrote."""
    return Outcome.from_dict(json.loads(text))
