"""What the stand-in for Feishu remembers: people, chats, messages, cards, calls and deliveries. Knows no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

GROUP, BOT = "oc_group", "ou_bot"
HOUR_S = 3600.0


@dataclass
class Chat:
    """A group or a direct chat. The bot is a member unless ``bot_inside`` is False."""

    id: str = GROUP
    name: str = "测试群"
    owner: str = "ou_owner"
    managers: list[str] = field(default_factory=list)
    members: dict[str, str] = field(default_factory=lambda: {"ou_alice": "爱丽丝", "ou_bob": "Bob", "ou_owner": "群主"})
    direct: bool = False
    bot_inside: bool = True


@dataclass
class Entry:
    """One message of a chat, of a member or of the bot (``by_bot``). ``history``: the contents before each patch."""

    id: str
    chat: str
    sender: str
    msg_type: str
    content: dict[str, Any]
    created_at: float
    by_bot: bool = False
    parent: str = ""
    root: str = ""
    thread: str = ""
    uuid: str = ""
    recalled: bool = False
    mentions: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)  # reaction id -> (emoji type, open id)


@dataclass
class Card:
    """A card entity of CardKit. ``sequences`` are all that were accepted, in order; ``contents`` all streamed texts."""

    id: str
    body: dict[str, Any]
    sequences: list[int] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    sent: bool = False

    @property
    def streaming(self) -> bool:
        """Whether clients still show that it is being written."""
        return bool(self.body.get("config", {}).get("streaming_mode"))

    def element(self, element_id: str) -> dict[str, Any] | None:
        """The element with this id, wherever it stands."""
        return next((node for node in walk(self.body) if node.get("element_id") == element_id), None)


@dataclass
class Call:
    """One request to the HTTP API as it came in; ``status`` 0: it was never answered."""

    method: str
    path: str
    body: dict[str, Any]
    query: dict[str, str]
    at: float
    status: int = 0
    code: int = 0


@dataclass
class Delivery:
    """One event that the platform wants acknowledged. ``attempts`` are the connections (or 0: webhook) it went to."""

    event_id: str
    payload: dict[str, Any]
    attempts: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    sent_at: float = 0.0
    acked_at: float | None = None

    @property
    def acked(self) -> bool:
        """Whether the bot said that it has it."""
        return self.acked_at is not None

    @property
    def latency_s(self) -> float:
        """From the last attempt to the acknowledgement."""
        assert self.acked_at is not None
        return self.acked_at - self.sent_at


@dataclass(frozen=True)
class Shown:
    """A message of the bot as members see it now."""

    id: str
    chat: str
    text: str
    msg_type: str
    parent: str
    thread: str
    finished: bool
    content: dict[str, Any]


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value, in order."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def readable(content: dict[str, Any]) -> str:
    """The text that a message or card shows, in order, a line for each element."""
    lines = []
    for node in walk(content):
        text = node.get("content", node.get("text"))
        if isinstance(text, str) and text:
            lines.append(text)
    return "\n".join(lines)


def as_item(entry: Entry, app_id: str) -> dict[str, Any]:
    """A message as the HTTP API returns it."""
    sender = (
        {"id": app_id, "id_type": "app_id", "sender_type": "app"}
        if entry.by_bot
        else {"id": entry.sender, "id_type": "open_id", "sender_type": "user"}
    )
    mentions = [
        {"key": m["key"], "id": m["id"]["open_id"], "id_type": "open_id", "name": m["name"]} for m in entry.mentions
    ]
    item = {
        "message_id": entry.id,
        "root_id": entry.root,
        "parent_id": entry.parent,
        "thread_id": entry.thread,
        "msg_type": entry.msg_type,
        "create_time": str(int(entry.created_at * 1000)),
        "update_time": str(int(entry.created_at * 1000)),
        "deleted": entry.recalled,
        "updated": bool(entry.history),
        "chat_id": entry.chat,
        "sender": {**sender, "tenant_key": "tenant"},
        "body": {"content": json.dumps(entry.content, ensure_ascii=False)},
        "mentions": mentions,
    }
    return {key: value for key, value in item.items() if value != ""}
