"""Turns one event of Feishu, as the platform posts it, into the core's values. Pure: it asks nobody and keeps nothing.

Payload shapes: https://open.feishu.cn/document/server-docs/im-v1/message/events/receive
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from adapters.base import Conversation, Event, Message, Person, Pressed, Quote, Reacted, Recalled
from adapters.feishu.content import Content, ContentError, read_content, text_or_empty

PLATFORM = "feishu"


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that is none of the bot's business; ``reason`` is a word to count it under."""

    reason: str


def parse(payload: Mapping[str, Any], bot_id: str) -> Event | Ignored:
    """What an event means. ``bot_id`` is the bot's own open_id.

    A payload that is not of the documented shape is ``Ignored("malformed")``: a redelivery would be no better.
    """
    try:
        header = payload["header"]
        reader = _READERS.get(header["event_type"])
        if reader is None:
            return Ignored("event type")
        return reader(header, payload["event"], bot_id)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError, RecursionError):
        return Ignored("malformed")


def _read_message(header: Mapping[str, Any], event: Mapping[str, Any], bot_id: str) -> Event | Ignored:
    sender, message = event["sender"], event["message"]
    identity = sender.get("sender_id") or {}
    if identity.get("open_id") == bot_id:
        return Ignored("own message")
    if sender.get("sender_type", "user") != "user":
        return Ignored("another bot")  # some of them come without an open_id
    sender_id = _open_id(identity)
    named = (mention for mention in message.get("mentions") or () if isinstance(mention, Mapping))
    mentions = {_text(mention["key"]): _mentioned(mention) for mention in named if mention.get("key")}
    try:
        content = read_content(message["message_type"], message["content"], message["message_id"], mentions, bot_id)
    except ContentError as error:
        return Ignored(error.reason)
    kind: Literal["group", "direct"] = "direct" if message["chat_type"] == "p2p" else "group"
    mentions_bot = any(person.id == bot_id for person in mentions.values())
    return Message(
        id=_text(message["message_id"]),
        event_id=_text(header["event_id"]),
        conversation=Conversation(
            PLATFORM, _text(message["chat_id"]), text_or_empty(message.get("thread_id")) or None, kind
        ),
        sender=Person(PLATFORM, sender_id),
        text=content.text,
        sent_at=_time(message["create_time"]),
        mentions_bot=mentions_bot,
        mentions=_others(content, mentions, bot_id),
        quote=_quote(message, addressed=mentions_bot or kind == "direct"),
        attachments=content.attachments,
    )


def _others(content: Content, mentions: Mapping[str, Person], bot_id: str) -> tuple[Person, ...]:
    people = {person.id: person for person in mentions.values() if person.id != bot_id}
    return tuple(people.values()) + tuple(person for person in content.named if person.id not in people)


def _quote(message: Mapping[str, Any], *, addressed: bool) -> Quote | None:
    """The message replied to. In a thread every message points at its root: a quote only where the bot is asked."""
    parent = text_or_empty(message.get("parent_id"))
    in_thread = bool(message.get("thread_id")) and parent == message.get("root_id")
    return Quote(parent, None, "") if parent and (addressed or not in_thread) else None


def _read_recalled(header: Mapping[str, Any], event: Mapping[str, Any], bot_id: str) -> Event:
    # The event does not name anybody, only the role; without a name the core takes it for the author.
    role = text_or_empty(event.get("recall_type")) or "message_owner"
    by = None if role == "message_owner" else Person(PLATFORM, role)
    place = Conversation(PLATFORM, _text(event["chat_id"]))
    return Recalled(_text(header["event_id"]), place, _text(event["message_id"]), by)


def _read_reaction(header: Mapping[str, Any], event: Mapping[str, Any], bot_id: str) -> Event | Ignored:
    if event.get("operator_type", "user") != "user":
        return Ignored("reaction of a bot")
    by = _open_id(event["user_id"])
    if by == bot_id:
        return Ignored("reaction of a bot")
    return Reacted(
        _text(header["event_id"]),
        Conversation(PLATFORM, ""),  # the event does not say in which chat
        _text(event["message_id"]),
        Person(PLATFORM, by),
        _text(event["reaction_type"]["emoji_type"]),
        added=header["event_type"].endswith("created_v1"),
    )


def _read_action(header: Mapping[str, Any], event: Mapping[str, Any], bot_id: str) -> Event | Ignored:
    action = event["action"].get("value")
    name = action.get("action") if isinstance(action, Mapping) else None
    if not isinstance(name, str) or not name:
        return Ignored("action without a name")
    context = event["context"]
    return Pressed(
        _text(header["event_id"]),
        Conversation(PLATFORM, _text(context["open_chat_id"])),
        _text(context["open_message_id"]),
        Person(PLATFORM, _text(event["operator"]["open_id"])),
        name,
    )


def _mentioned(mention: Mapping[str, Any]) -> Person:
    identity = mention.get("id")
    open_id = identity.get("open_id") if isinstance(identity, Mapping) else identity
    is_bot = mention.get("mentioned_type") == "bot"
    return Person(PLATFORM, text_or_empty(open_id), text_or_empty(mention.get("name")), is_bot)


def _open_id(identity: Mapping[str, Any]) -> str:
    return _text(identity["open_id"])


def _text(value: Any) -> str:
    """A string that has to be there, and that can be stored."""
    if not isinstance(value, str) or not value:
        raise ValueError("not a string")
    value.encode()  # half a surrogate pair raises a ValueError
    return value


def _time(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


_READERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], str], Event | Ignored]] = {
    "im.message.receive_v1": _read_message,
    "im.message.recalled_v1": _read_recalled,
    "im.message.reaction.created_v1": _read_reaction,
    "im.message.reaction.deleted_v1": _read_reaction,
    "card.action.trigger": _read_action,
}
