"""Turns a callback of wkteam into the core's `Message`. Pure: it asks nobody and keeps nothing."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.base import Attachment, Conversation, Message, Person, Quote
from adapters.wechat.incoming import MALFORMED, SHAPE_ERRORS, Ignored, required, sent_at
from adapters.wechat.mentions import mentions_any, without_mentions

PLATFORM = "wkteam"
TEST, OFFLINE = "00000", "30000"
GROUP, DIRECT = "80", "60"
TEXT, IMAGE, LINK, QUOTE = "001", "002", "007", "014"
_MENTION = re.compile(r"@[^@\u2005\n]{1,40}\u2005")
_TEXT_INSIDE = "1"  # the ``type`` of a quoted text message; every other kind is XML of its own


@dataclass(frozen=True, slots=True)
class Own:
    """Who the bot is: its wxid and the names that members may write behind ``@``."""

    id: str
    names: tuple[str, ...] = ()


def read_callback(payload: Mapping[str, Any], own: Own, now: datetime) -> Message | Ignored:
    """What a callback says. Repeated ones carry the same ``newMsgId``, which is the message's id."""
    try:
        kind = required(payload["messageType"])
        if kind in (TEST, OFFLINE):
            return Ignored("test" if kind == TEST else "offline notice")
        if kind[:2] not in (GROUP, DIRECT) or kind[2:] not in (TEXT, IMAGE, LINK, QUOTE):
            return Ignored("message type")
        if own.id and payload.get("wcId") not in (None, "", own.id):
            return Ignored("another account")
        return _read(kind, payload["data"], own, now)
    except (*SHAPE_ERRORS, ElementTree.ParseError):
        return MALFORMED


def _read(kind: str, data: Mapping[str, Any], own: Own, now: datetime) -> Message | Ignored:
    sender = required(data["fromUser"])
    if data.get("self") is True or sender == own.id:
        return Ignored("own message")
    said = _said(kind[2:], data, own)
    grouped = kind[:2] == GROUP
    listed = _listed(data.get("atlist") or ())
    mentioned = grouped and (own.id in listed or mentions_any(said.text, own.names))
    message_id = required(data["newMsgId"])
    chat = required(data["fromGroup"]) if grouped else sender
    return Message(
        id=message_id,
        event_id=message_id,
        conversation=Conversation(PLATFORM, chat, kind="group" if grouped else "direct"),
        sender=Person(PLATFORM, sender, _name(data) if grouped else ""),
        text=_clean(said.text, own, listed) if mentioned else without_mentions(said.text, ()),
        sent_at=sent_at(data.get("timestamp"), now),
        mentions_bot=mentioned,
        mentions=tuple(Person(PLATFORM, wxid) for wxid in listed if wxid not in (own.id, "notify@all")),
        quote=said.quote,
        attachments=said.attachments,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    quote: Quote | None = None
    attachments: tuple[Attachment, ...] = ()


def _said(kind: str, data: Mapping[str, Any], own: Own) -> _Said:
    content = data["content"]
    if not isinstance(content, str):
        raise ValueError("no content")
    if kind == TEXT:
        return _Said(content)
    if kind == QUOTE:
        return _Said(_title_of(data), _quote(content, own))
    if kind == IMAGE:
        ref = json.dumps({"msgId": required(data["msgId"]), "content": content})
        return _Said("", attachments=(Attachment("image", "image", ref),))
    tree = _tree(content)
    title, about, url = (_inside(tree, tag) for tag in ("title", "des", "url"))
    link = (Attachment("link", title or url, url),) if url else ()
    return _Said("\n".join(part for part in (title, about) if part), attachments=link)


def _listed(wxids: Any) -> list[str]:
    """Who is mentioned; some versions give one text with commas instead of a list."""
    return [wxid for wxid in wxids.split(",") if wxid] if isinstance(wxids, str) else [str(wxid) for wxid in wxids]


def _title_of(data: Mapping[str, Any]) -> str:
    title = data["title"]
    if not isinstance(title, str):
        raise ValueError("no title")
    return title


def _quote(content: str, own: Own) -> Quote | None:
    """What a message quotes. One that cannot be read must not cost the question."""
    try:
        referred = _tree(content).find(".//refermsg")
    except (ElementTree.ParseError, ValueError):
        return None
    if referred is None:
        return None
    author = _inside(referred, "chatusr") or _inside(referred, "fromusr")
    text = _inside(referred, "content")
    if _inside(referred, "type") not in ("", _TEXT_INSIDE):
        text = _title(text)
    person = Person(PLATFORM, author, _inside(referred, "displayname"), author == own.id) if author else None
    return Quote(_inside(referred, "svrid"), person, text)


def _title(content: str) -> str:
    """The title of a quoted link or quote; other kinds, such as images, have no words."""
    try:
        return _inside(_tree(content), "title")
    except (ElementTree.ParseError, ValueError):
        return ""


def _tree(content: str) -> ElementTree.Element:
    """The XML of a message. It comes from any member, so nothing that could unfold is read."""
    start = content.find("<")
    if start < 0 or "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise ValueError("no XML of a message")
    return ElementTree.fromstring(content[start:])


def _inside(tree: ElementTree.Element, tag: str) -> str:
    return (tree.findtext(f".//{tag}") or "").strip()


def _name(data: Mapping[str, Any]) -> str:
    """The sender's name, which only the text of the phone's notification carries: ``name : what was said``."""
    pushed, content = data.get("pushContent"), data.get("content")
    if not isinstance(pushed, str) or not content or not pushed.endswith(f" : {content}"):
        return ""
    return pushed[: -len(f" : {content}")]


def _clean(text: str, own: Own, listed: list[str]) -> str:
    """Without the mention of the bot, which a group may know by another name than ours."""
    if not mentions_any(text, own.names) and listed == [own.id]:
        text = _MENTION.sub("", text, count=1)
    return without_mentions(text, own.names)
