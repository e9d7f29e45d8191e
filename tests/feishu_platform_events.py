"""The JSON of events as Feishu posts them, schema 2.0. Pure: ids and times come from the caller."""

from __future__ import annotations

import json
from typing import Any

from feishu_platform_model import Chat, Entry


def user_id(open_id: str) -> dict[str, str]:
    """A person in all the ways that the platform names one."""
    return {"open_id": open_id, "union_id": f"on_{open_id[3:]}", "user_id": f"u_{open_id[3:]}"}


def envelope(kind: str, event: dict[str, Any], event_id: str, app_id: str, token: str, at: float) -> dict[str, Any]:
    """An event with its header."""
    header = {
        "event_id": event_id,
        "event_type": kind,
        "create_time": str(int(at * 1000)),
        "token": token,
        "app_id": app_id,
        "tenant_key": "tenant",
    }
    return {"schema": "2.0", "header": header, "event": event}


def received(entry: Entry, chat: Chat, sender_type: str = "user") -> dict[str, Any]:
    """The body of ``im.message.receive_v1``."""
    message = {
        "message_id": entry.id,
        "root_id": entry.root,
        "parent_id": entry.parent,
        "thread_id": entry.thread,
        "create_time": str(int(entry.created_at * 1000)),
        "update_time": str(int(entry.created_at * 1000)),
        "chat_id": entry.chat,
        "chat_type": "p2p" if chat.direct else "group",
        "message_type": entry.msg_type,
        "content": json.dumps(entry.content, ensure_ascii=False),
        "mentions": entry.mentions,
        "user_agent": "Mozilla/5.0",
    }
    sender = {"sender_id": user_id(entry.sender), "sender_type": sender_type, "tenant_key": "tenant"}
    return {"sender": sender, "message": {key: value for key, value in message.items() if value not in ("", [])}}


def mention(number: int, open_id: str, name: str) -> dict[str, Any]:
    """One of ``mentions[]``; its key stands in the text."""
    return {"key": f"@_user_{number}", "id": user_id(open_id), "name": name, "tenant_key": "tenant"}


def recalled(entry: Entry, at: float, recall_type: str) -> dict[str, Any]:
    """The body of ``im.message.recalled_v1``: it does not say who did it, only in which role."""
    return {
        "message_id": entry.id,
        "chat_id": entry.chat,
        "recall_time": str(int(at * 1000)),
        "recall_type": recall_type,
    }


def reaction(message_id: str, emoji: str, by: str, at: float) -> dict[str, Any]:
    """The body of ``im.message.reaction.created_v1`` and ``deleted_v1``: it does not name the chat."""
    return {
        "message_id": message_id,
        "reaction_type": {"emoji_type": emoji},
        "operator_type": "user",
        "user_id": user_id(by),
        "action_time": str(int(at * 1000)),
    }


def pressed(entry: Entry, value: dict[str, Any], by: str) -> dict[str, Any]:
    """The body of ``card.action.trigger``."""
    return {
        "operator": {**user_id(by), "tenant_key": "tenant"},
        "token": "c-token",
        "action": {"value": value, "tag": "button", "timezone": "Asia/Shanghai"},
        "host": "im_message",
        "context": {"open_message_id": entry.id, "open_chat_id": entry.chat},
    }
