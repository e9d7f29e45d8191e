"""The rules of the stand-in for Feishu: who may post what where, and which code refuses it. Knows no HTTP."""

from __future__ import annotations

import itertools
import json
import time
import uuid as uuids
from collections import defaultdict, deque
from typing import Any

from feishu_platform_model import HOUR_S, Call, Card, Chat, Entry, Shown, readable

CARD_BYTES, TEXT_BYTES = 30_000, 150_000


class RefusedError(Exception):
    """The platform says no: an error code, as the documentation lists it."""

    def __init__(self, code: int, msg: str, status: int = 400) -> None:
        super().__init__(msg)
        self.code, self.msg, self.status = code, msg, status


class World:
    """Everything behind the API. All of it may be read by tests at any time, and changed before the bot looks."""

    def __init__(self) -> None:
        self.app_id, self.app_secret = f"cli_{uuids.uuid4().hex[:16]}", "secret"
        self.verification_token, self.encrypt_key = "", ""
        self.bot_id, self.bot_name, self.bot_status = "ou_bot", "群答", 2
        self.chats: dict[str, Chat] = {"oc_group": Chat()}
        self.names: dict[str, str] = {"ou_alice": "爱丽丝", "ou_bob": "Bob", "ou_owner": "群主"}
        self.entries: dict[str, Entry] = {}
        self.cards: dict[str, Card] = {}
        self.resources: dict[str, bytes] = {}
        self.scopes: list[str] = ["im:message", "im:message.group_msg", "im:message:send_as_bot", "im:chat:readonly"]
        self.tokens: set[str] = set()
        self.token_lives_s = 7200
        self.calls: list[Call] = []
        self.group_qps: int | None = None
        self.skipped_s = 0.0
        self.library: Any = None  # documents, as `feishu_platform_documents` has them
        self._numbers = itertools.count(1)
        self._by_uuid: dict[tuple[str, str], tuple[float, Entry]] = {}
        self._recent: dict[str, deque[float]] = defaultdict(deque)

    def now(self) -> float:
        """Seconds since 1970, moved on by what a test skipped."""
        return time.time() + self.skipped_s

    def new_id(self, prefix: str) -> str:
        """An id nobody has yet."""
        return f"{prefix}_{next(self._numbers)}_{uuids.uuid4().hex[:8]}"

    # --- messages ---

    def entry(self, message_id: str) -> Entry:
        """A message that stands."""
        entry = self.entries.get(message_id)
        if entry is None:
            raise RefusedError(230001, "Your request contains an invalid request parameter, ext=invalid message_id")
        if entry.recalled:
            raise RefusedError(230011, "The message was withdrawn")
        return entry

    def post(self, chat_id: str, body: dict[str, Any], parent: Entry | None = None) -> Entry:
        """What create and reply do. A ``uuid`` seen within the hour returns the first message."""
        chat = self.chats.get(chat_id)
        if chat is None or not chat.bot_inside:
            raise RefusedError(230002, "The bot can not be outside the group")
        uuid = body.get("uuid") or ""
        if len(uuid) > 50:
            raise RefusedError(99992402, "field validation failed: uuid: the max len is 50")
        known = self._by_uuid.get((chat_id, uuid))
        if uuid and known and self.now() - known[0] < HOUR_S:
            return known[1]
        msg_type, content = body.get("msg_type", ""), self.checked_content(body.get("msg_type", ""), body["content"])
        self._count_rate(chat_id)
        entry = Entry(self.new_id("om"), chat_id, self.bot_id, msg_type, content, self.now(), by_bot=True, uuid=uuid)
        if parent is not None:
            entry.parent, entry.root = parent.id, parent.root or parent.id
            entry.thread = parent.thread or (self.new_id("omt") if body.get("reply_in_thread") else "")
        self._mark_card_sent(content)
        self.entries[entry.id] = entry
        if uuid:
            self._by_uuid[chat_id, uuid] = (self.now(), entry)
        return entry

    def checked_content(self, msg_type: str, raw: str) -> dict[str, Any]:
        """The content of a message, refused where the platform refuses it."""
        limit = TEXT_BYTES if msg_type == "text" else CARD_BYTES
        if len(raw.encode()) > limit:
            raise RefusedError(230025, "The length of the message content reaches its limit")
        try:
            content = json.loads(raw)
        except ValueError:
            raise RefusedError(
                230001, "invalid request parameter, ext=content is not a string in json format"
            ) from None
        if msg_type == "text" and not content.get("text"):
            raise RefusedError(230001, "invalid request parameter, ext=text is empty")
        if msg_type not in ("text", "post", "interactive"):
            raise RefusedError(230001, f"invalid request parameter, ext=invalid msg_type {msg_type}")
        return content

    def patch(self, message_id: str, raw: str) -> Entry:
        """Put another card in place of the one that a message shows."""
        entry = self.entry(message_id)
        if not entry.by_bot or entry.msg_type != "interactive":
            raise RefusedError(230001, "invalid request parameter, ext=this message is not a card")
        entry.history.append(entry.content)
        entry.content = self.checked_content("interactive", raw)
        return entry

    def recall(self, message_id: str) -> Entry:
        """Withdraw a message of the bot."""
        entry = self.entry(message_id)
        if not entry.by_bot:
            raise RefusedError(230026, "No permission to recall this message")
        entry.recalled = True
        return entry

    def _count_rate(self, chat_id: str) -> None:
        recent, now = self._recent[chat_id], time.monotonic()
        while recent and now - recent[0] >= 1.0:
            recent.popleft()
        if self.group_qps is not None and len(recent) >= self.group_qps:
            raise RefusedError(230020, "This operation triggers the frequency limit")
        recent.append(now)

    def _mark_card_sent(self, content: dict[str, Any]) -> None:
        if content.get("type") != "card":
            return
        card = self.card(content["data"]["card_id"])
        if card.sent:
            raise RefusedError(230099, "Failed to create card content, ext=ErrCode: 300305; a card entity is sent once")
        card.sent = True

    # --- cards ---

    def card(self, card_id: str) -> Card:
        """A card entity."""
        if card_id not in self.cards:
            raise RefusedError(300313, "card entity not found")
        return self.cards[card_id]

    def create_card(self, body: dict[str, Any]) -> Card:
        """Make a card entity of a schema 2.0 card."""
        data = json.loads(body["data"])
        if body.get("type") != "card_json" or data.get("schema") != "2.0":
            raise RefusedError(300301, "only card json of schema 2.0 makes an entity")
        if len(body["data"].encode()) > CARD_BYTES:
            raise RefusedError(300305, "card content exceeds the limit")
        card = Card(self.new_id("card")[:20], data)
        self.cards[card.id] = card
        return card

    def sequenced(self, card_id: str, body: dict[str, Any]) -> Card:
        """The card, if the operation's sequence rises strictly."""
        card, sequence = self.card(card_id), body.get("sequence")
        if not isinstance(sequence, int) or (card.sequences and sequence <= card.sequences[-1]):
            raise RefusedError(300317, "sequence compare failed: it must rise strictly")
        card.sequences.append(sequence)
        return card

    # --- what members see ---

    def shown(self, chat_id: str | None = None) -> list[Shown]:
        """The bot's messages that stand, in the order of posting; of one chat or of all."""
        return [
            self._shown(entry)
            for entry in list(self.entries.values())
            if entry.by_bot and not entry.recalled and chat_id in (None, entry.chat)
        ]

    def _shown(self, entry: Entry) -> Shown:
        content, finished = entry.content, True
        if content.get("type") == "card" and content.get("data", {}).get("card_id") in self.cards:
            card = self.cards[content["data"]["card_id"]]
            content, finished = card.body, not card.streaming
        return Shown(
            entry.id, entry.chat, readable(content), entry.msg_type, entry.parent, entry.thread, finished, content
        )
