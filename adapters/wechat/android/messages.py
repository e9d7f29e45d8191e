"""What HuixiangDou's Android app posts, turned into messages, and answers turned into what it reads. Pure.

The app (github.com/InternLM/HuixiangDou, folder ``android``) reads the open chat from the screen: there are no ids, no
times and no list of mentions. In a single chat it knows one name and sends it as the group's and the person's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.base import Attachment, Conversation, Message, Person, Reply
from adapters.wechat.incoming import MALFORMED, SHAPE_ERRORS, Ignored, required
from adapters.wechat.mentions import mentions_any, without_mentions
from adapters.wechat.plain import plain

PLATFORM = "android"
ANSWERED = 0
CODES = {"silent": 1, "abstained": 2, "limited": 3, "overloaded": 4, "expired": 5, "merged": 6}
FAILED = 9
MAX_NAME_CHARS = 200
_COUNT = re.compile(r"\s*[(（]\d+[)）]\s*$")
"""The number of members, which WeChat shows behind a group's name."""


@dataclass(frozen=True, slots=True)
class Poll:
    """The app asks for the answers of a group."""

    group: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The app hands in what somebody said; ``request`` is what it wants to see again beside the answer."""

    group: str
    person: str
    text: str
    image: str
    request: Mapping[str, Any]


def read_post(payload: Mapping[str, Any]) -> Ask | Poll | Ignored:
    """What a post of the app is about."""
    try:
        group, person = group_of(required(payload["groupname"])), required(payload["username"])
        query = payload["query"]
        kind, content = query["type"], query["content"]
        if kind == "poll":
            return Poll(group)
        if kind not in ("text", "image"):
            return Ignored("query type")
        if not isinstance(content, str) or len(group) > MAX_NAME_CHARS or len(person) > MAX_NAME_CHARS:
            return MALFORMED
    except SHAPE_ERRORS:
        return MALFORMED
    text, image = (content, "") if kind == "text" else ("", content)
    request = {
        "query_id": str(payload.get("query_id") or ""),
        "groupname": str(payload["groupname"]),
        "username": person,
        "query": {"type": kind, "content": content},
    }
    return Ask(group, person, text, image, request)


def group_of(name: str) -> str:
    """The name of a group without the number of its members, so that it stays the same group when that changes."""
    return _COUNT.sub("", name).strip() or name


def message_of(ask: Ask, message_id: str, names: Sequence[str], now: datetime) -> Message:
    """The message that was handed in. ``message_id`` has to come from outside: the app gives none."""
    direct = ask.request["groupname"] == ask.person
    mentioned = not direct and mentions_any(ask.text, names)
    return Message(
        id=message_id,
        event_id=message_id,
        conversation=Conversation(PLATFORM, ask.group, kind="direct" if direct else "group"),
        sender=Person(PLATFORM, ask.person, ask.person),
        text=without_mentions(ask.text, names if mentioned else ()),
        sent_at=now,
        mentions_bot=mentioned,
        attachments=(Attachment("image", "image", ask.image),) if ask.image else (),
    )


def id_of(ask: Ask, number: str) -> str:
    """An id for what was said, of its own for each ``number``."""
    name = "\x1f".join((ask.group, ask.person, ask.text, ask.image, number))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def answer_of(request: Mapping[str, Any], reply: Reply, text: str) -> Mapping[str, Any]:
    """One entry of a poll's ``data`` for an answer."""
    references = [plain(citation.title or citation.uri) for citation in reply.citations]
    return _entry(request, ANSWERED, "success", text, references)


def silence_of(request: Mapping[str, Any], outcome: str) -> Mapping[str, Any]:
    """One entry of a poll's ``data`` for what was not answered. The app says nothing then."""
    return _entry(request, CODES.get(outcome, FAILED), outcome, "", [])


def response(data: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the app is answered."""
    return {"msg": "ok", "msgCode": 10000, "data": list(data)}


def _entry(
    request: Mapping[str, Any], code: int, state: str, text: str, references: Sequence[str]
) -> Mapping[str, Any]:
    return {"req": request, "rsp": {"code": code, "state": state, "text": text, "references": list(references)}}
