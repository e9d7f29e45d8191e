"""What a gateway says, turned into messages: pure functions. Knows no connection.

A payload carries the numbers of ``MessageType`` of the npm package wechaty-puppet, whatever the Python one calls them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from adapters.base import Attachment, Conversation, Message, Person, Quote, Recalled
from adapters.wechat.mentions import mentions_any, without_mentions

PLATFORM = "wechaty"
FILE, IMAGE, TEXT, RECALLED, LINK = 1, 6, 7, 13, 14
_QUOTE_END = re.compile(r"」\n-[ -]{4,}\n")
_ALL = re.compile(r"@(?:所有人|all)(?![A-Za-z0-9_])", re.IGNORECASE)
_MANY = 50  # nobody mentions as many by hand
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138


class Payload(Protocol):
    """The fields of ``MessagePayloadResponse`` that count. ``from_id`` and ``to_id`` are contacts."""

    id: str
    filename: str
    text: str
    timestamp: int
    type: Any
    from_id: str
    room_id: str
    to_id: str
    mention_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Own:
    """Who the bot is in a conversation: its contact id and the names that members may write behind ``@``."""

    id: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """A shared page."""

    title: str = ""
    description: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a payload does not carry: names by contact id, and the page of a link."""

    names: Mapping[str, str]
    link: Link = Link()


def why_ignored(payload: Payload, own_id: str) -> str:
    """Why this is no event for the core; empty where it is one."""
    if payload.from_id == own_id:
        return "own"
    if not payload.from_id:
        return "no sender"
    if payload.type not in (TEXT, IMAGE, LINK, FILE, RECALLED):
        return "kind"
    return ""


def parse(payload: Payload, own: Own, around: Around, now: datetime) -> Message | Recalled:
    """A payload that is not to be ignored. ``now`` stands in for a time that is missing."""
    sender = Person(PLATFORM, payload.from_id, around.names.get(payload.from_id, ""))
    place = conversation(payload)
    if payload.type == RECALLED:
        return Recalled(payload.id, place, payload.text.strip(), sender)
    quote, text, attachments = _content(payload, own, around.link)
    ids = mentioned_ids(payload)
    by_name = payload.type == TEXT and mentions_any(text, own.names)
    return Message(
        id=payload.id,
        event_id=payload.id,
        conversation=place,
        sender=sender,
        text=without_mentions(text, own.names),
        sent_at=_time(payload.timestamp, now),
        mentions_bot=own.id in ids or by_name,
        mentions=_others(ids, own, around.names),
        quote=quote,
        attachments=attachments,
    )


def mentioned_ids(payload: Payload) -> Sequence[str]:
    """Who is mentioned one by one. For an announcement to all, gateways list every member, which means nobody."""
    return () if len(payload.mention_ids) > _MANY or _ALL.search(payload.text) else payload.mention_ids


def _content(payload: Payload, own: Own, link: Link) -> tuple[Quote | None, str, tuple[Attachment, ...]]:
    if payload.type == TEXT:
        return *_quoted(payload.text, own), ()
    if payload.type == LINK:
        return (
            None,
            "\n".join(filter(None, (link.title, link.description))),
            (Attachment("link", link.title, link.url),),
        )
    kind: Literal["image", "file"] = "image" if payload.type == IMAGE else "file"
    ref = f"{int(payload.type)}/{payload.id}"
    return None, "", (Attachment(kind, payload.filename or payload.id, ref),)


def conversation(payload: Payload) -> Conversation:
    """The group, or the contact that writes directly."""
    if payload.room_id:
        return Conversation(PLATFORM, payload.room_id)
    return Conversation(PLATFORM, payload.from_id, kind="direct")


def _quoted(text: str, own: Own) -> tuple[Quote | None, str]:
    """WeChat writes a quote into the text: 「name：words」, a line of dashes, then what is said about it.

    The words may be a quote themselves, of which only what was said about it counts.
    """
    parts = _split_quote(text)
    if parts is None:
        return None, text
    name, colon, words = _split_name(parts[0])
    inner = _split_quote(words)
    words = inner[1] if inner else words
    author = None
    if colon:
        ours = name in own.names
        author = Person(PLATFORM, own.id if ours else "", name, is_bot=ours)
    return Quote("", author, words), parts[1]


def _split_quote(text: str) -> tuple[str, str] | None:
    """What is quoted and what is said about it: parted at the first end that closes every opened bracket, if any."""
    ends = list(_QUOTE_END.finditer(text)) if text.startswith("「") else []
    if not ends:
        return None
    closing, depth, at = ends[0], 0, 0
    for end in ends:
        depth += text.count("「", at, end.start()) - text.count("」", at, end.start())
        at = end.start()
        if depth <= 1:
            closing = end
            break
    return text[1 : closing.start()], text[closing.end() :]


def _split_name(said: str) -> tuple[str, str, str]:
    at = re.search(r"[：:]", said)
    return (said[: at.start()], at[0], said[at.end() :].strip()) if at else ("", "", said)


def _others(ids: Iterable[str], own: Own, names: Mapping[str, str]) -> tuple[Person, ...]:
    return tuple(Person(PLATFORM, one, names.get(one, "")) for one in dict.fromkeys(ids) if one and one != own.id)


def _time(timestamp: int, now: datetime) -> datetime:
    """Gateways give seconds or milliseconds."""
    seconds = timestamp / 1000 if timestamp >= _MILLISECONDS_FROM else timestamp
    if not 0 < seconds < _MILLISECONDS_FROM:
        return now
    return datetime.fromtimestamp(seconds, UTC)
