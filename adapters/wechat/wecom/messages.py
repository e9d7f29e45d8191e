"""Turns a message callback of WeCom's smart bot into the core's `Message`. Pure: it asks nobody and keeps nothing.

Shapes: https://developer.work.weixin.qq.com/document/path/101463
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from adapters.base import Attachment, Conversation, Message, Person, Quote
from adapters.wechat.incoming import MALFORMED, SHAPE_ERRORS, Ignored, required, sent_at
from adapters.wechat.mentions import mentions_any, without_mentions

PLATFORM = "wecom"
_FIRST_MENTION = re.compile(r"^\s*@\S+(?:\s+|$)")


def read_message(body: Mapping[str, Any], name: str, now: datetime) -> Message | Ignored:
    """What the body of ``aibot_msg_callback`` says. ``name`` is the bot's, as members mention it; may be empty.

    A group hands the bot only what mentions it, so a group message always does; there is no list of mentions.
    """
    try:
        return _read(body, name, now)
    except SHAPE_ERRORS:
        return MALFORMED


def _read(body: Mapping[str, Any], name: str, now: datetime) -> Message | Ignored:
    sender = required(body["from"]["userid"])
    if sender == body.get("aibotid"):
        return Ignored("own message")
    grouped = body["chattype"] == "group"
    if not grouped and body["chattype"] != "single":
        return Ignored("chat type")
    text, attachments = _content(body)
    if not text.strip() and not attachments and body["msgtype"] != "text":
        return Ignored("message type")
    message_id = required(body["msgid"])
    chat = required(body["chatid"]) if grouped else sender
    return Message(
        id=message_id,
        event_id=message_id,
        conversation=Conversation(PLATFORM, chat, kind="group" if grouped else "direct"),
        sender=Person(PLATFORM, sender, str(body["from"].get("name") or "")),
        text=without_mention(text, name) if grouped else text.strip(),
        sent_at=sent_at(body.get("create_time"), now),
        mentions_bot=grouped,
        quote=_quote(body.get("quote")),
        attachments=attachments,
    )


def _quote(quote: Any) -> Quote | None:
    """What a message quotes. One that cannot be read must not cost the question."""
    try:
        return Quote("", None, _content(quote)[0].strip()) if quote else None
    except SHAPE_ERRORS:
        return None


def without_mention(text: str, name: str) -> str:
    """The text without the mention of the bot: ``@name`` wherever it stands, else the first ``@word``."""
    if mentions_any(text, [name]):
        return without_mentions(text, [name])
    return _FIRST_MENTION.sub("", text).strip()


def _content(body: Mapping[str, Any]) -> tuple[str, tuple[Attachment, ...]]:
    """The words and the pictures of a message or a quote."""
    items = body["mixed"]["msg_item"] if body["msgtype"] == "mixed" else [body]
    texts: list[str] = []
    attachments: list[Attachment] = []
    for item in items:
        texts += _texts(item)
        attachments += _pictures(item)
    return "\n".join(texts), tuple(attachments)


def _texts(item: Mapping[str, Any]) -> Iterator[str]:
    kind = item["msgtype"]
    if kind in ("text", "voice"):  # a voice message comes as what was understood
        words = item[kind]["content"]
        if not isinstance(words, str):
            raise ValueError("words of another type")
        yield words


def _pictures(item: Mapping[str, Any]) -> Iterator[Attachment]:
    if item["msgtype"] in ("image", "file"):
        kind = "image" if item["msgtype"] == "image" else "file"
        media = item[kind]
        ref = json.dumps({"url": required(media["url"]), "key": str(media.get("aeskey") or "")})
        yield Attachment("image" if kind == "image" else "file", str(media.get("name") or kind), ref)
