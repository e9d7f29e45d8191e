"""Turns a reply into the frames that WeCom's smart bot sends. Pure.

Shapes: https://developer.work.weixin.qq.com/document/path/101463
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.base import Citation, Conversation, Reply
from adapters.wechat.plain import visible

SUBSCRIBE, PING = "aibot_subscribe", "ping"
MESSAGE, EVENT = "aibot_msg_callback", "aibot_event_callback"
RESPOND, PUSH = "aibot_respond_msg", "aibot_send_msg"
TAKEN_OVER = "disconnected_event"

MAX_BYTES = 20_480
TITLE_CHARS = 80


def subscribe_body(bot_id: str, secret: str) -> Mapping[str, Any]:
    """What opens the long connection."""
    return {"bot_id": bot_id, "secret": secret}


def stream_body(stream_id: str, content: str, *, finish: bool) -> Mapping[str, Any]:
    """An answer in place, all of its text so far. The same ``stream_id`` replaces what was shown before."""
    return {"msgtype": "stream", "stream": {"id": stream_id, "finish": finish, "content": content}}


def push_body(conversation: Conversation, content: str) -> Mapping[str, Any]:
    """Words that answer nothing in place."""
    kind = 1 if conversation.kind == "direct" else 2
    return {"chatid": conversation.chat, "chat_type": kind, "msgtype": "markdown", "markdown": {"content": content}}


def content_of(reply: Reply) -> str:
    """A reply as markdown, with its sources below; sources that find no room are left out."""
    text = visible(reply.text)
    if reply.mention and reply.to.conversation.kind == "group":
        text = f"<@{reply.to.sender.id}> {text}"
    for n, citation in enumerate(reply.citations):
        longer = f"{text}{chr(10) if n else chr(10) * 2}{_source(citation)}"
        if len(longer.encode()) > MAX_BYTES:
            break
        text = longer
    return text


def _source(citation: Citation) -> str:
    title = " ".join(visible(citation.title or citation.uri).split()).replace("[", "(").replace("]", ")")
    title = title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…"
    if citation.uri.lower().startswith(("http://", "https://")):
        title = f"[{title}]({citation.uri.replace(')', '%29').replace(' ', '%20')})"
    return f"> {citation.n}. {title}"
