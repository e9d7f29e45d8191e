"""The calls of Feishu's API that the bot makes, one method each. Knows paths and bodies, and nothing of replies.

Reference: https://open.feishu.cn/document/server-docs/api-call-guide/server-api-list
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.feishu.client import Call, Client
from adapters.feishu.errors import ApiError

IM, CARDS = "/open-apis/im/v1", "/open-apis/cardkit/v1/cards"
MAX_PAGES = 50


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as the platform confirmed it."""

    id: str
    at: datetime


def compact(value: Any) -> str:
    """JSON as small as it gets: sizes are limited in bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class FeishuApi:
    """Every method raises `AdapterError` (`ApiError` where the platform answered)."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def bot(self) -> Mapping[str, Any]:
        """Name, open_id and status of the bot; this call has them at the top, not under ``data``."""
        answer = await self.client.json(Call("say who the bot is", "GET", "/open-apis/bot/v3/info"))
        bot = dict(answer.get("bot") or {})
        return {**bot, "open_id": _text(bot, "open_id")}

    # --- messages ---

    async def reply(self, to: str, kind: str, content: Any, uuid: str, *, chat: str, in_thread: bool) -> Posted:
        """Reply to a message. The same ``uuid`` within the hour posts nothing new."""
        body = {"msg_type": kind, "content": compact(content), "reply_in_thread": in_thread, "uuid": uuid}
        call = Call("post a reply", "POST", f"{IM}/messages/:message_id/reply", {"message_id": to}, None, body, chat)
        data = await self._data(call)
        return Posted(_text(data, "message_id"), datetime.fromtimestamp(int(_text(data, "create_time")) / 1000, UTC))

    async def replace_card(self, message_id: str, card: Mapping[str, Any]) -> None:
        """Show another card in a message of ours."""
        body = {"content": compact(card)}
        paths = {"message_id": message_id}
        await self.client.json(Call("update a card", "PATCH", f"{IM}/messages/:message_id", paths, None, body))

    async def delete(self, message_id: str) -> None:
        """Withdraw a message of ours."""
        paths = {"message_id": message_id}
        await self.client.json(Call("withdraw a message", "DELETE", f"{IM}/messages/:message_id", paths))

    async def message(self, message_id: str) -> Mapping[str, Any]:
        """A message as it stands."""
        paths = {"message_id": message_id}
        data = await self._data(Call("read a message", "GET", f"{IM}/messages/:message_id", paths))
        return dict(data["items"][0])

    async def resource(self, message_id: str, key: str, kind: str) -> bytes:
        """A file or image of a message."""
        uri, paths = f"{IM}/messages/:message_id/resources/:file_key", {"message_id": message_id, "file_key": key}
        return await self.client.raw(Call("fetch a file", "GET", uri, paths, {"type": kind}))

    async def reactions(self, message_id: str, emoji: str) -> list[str]:
        """The ids of the bots' reactions of one kind on a message."""
        uri, queries = f"{IM}/messages/:message_id/reactions", {"reaction_type": emoji}
        call = Call("list reactions", "GET", uri, {"message_id": message_id}, queries)
        items = [item async for item in self._pages(call)]
        return [item["reaction_id"] for item in items if (item.get("operator") or {}).get("operator_type") == "app"]

    async def react(self, message_id: str, emoji: str) -> str:
        """Put a reaction on a message; its id. Emoji types are case-sensitive."""
        uri, body = f"{IM}/messages/:message_id/reactions", {"reaction_type": {"emoji_type": emoji}}
        data = await self._data(Call("add a reaction", "POST", uri, {"message_id": message_id}, None, body))
        return _text(data, "reaction_id")

    async def unreact(self, message_id: str, reaction_id: str) -> None:
        """Take a reaction of ours off."""
        uri = f"{IM}/messages/:message_id/reactions/:reaction_id"
        paths = {"message_id": message_id, "reaction_id": reaction_id}
        await self.client.json(Call("remove a reaction", "DELETE", uri, paths))

    # --- cards that grow ---

    async def create_card(self, card: Mapping[str, Any]) -> str:
        """A card entity; its id."""
        body = {"type": "card_json", "data": compact(card)}
        return _text(await self._data(Call("create a card", "POST", CARDS, None, None, body)), "card_id")

    async def show(self, card_id: str, element_id: str, text: str, sequence: int) -> None:
        """The full text of an element; the platform finds out what is new. Not shown where the limits leave no room."""
        uri = f"{CARDS}/:card_id/elements/:element_id/content"
        body = {"content": text, "sequence": sequence}
        paths = {"card_id": card_id, "element_id": element_id}
        await self.client.json(Call("write on a card", "PUT", uri, paths, None, body, may_wait=False))

    async def update_card(self, card_id: str, card: Mapping[str, Any], sequence: int) -> None:
        """Another content for a card entity."""
        body = {"card": {"type": "card_json", "data": compact(card)}, "sequence": sequence}
        await self.client.json(Call("update a card", "PUT", f"{CARDS}/:card_id", {"card_id": card_id}, None, body))

    async def close_card(self, card_id: str, sequence: int) -> None:
        """End the streaming mode, in which clients show that the card is being written."""
        body = {"settings": compact({"config": {"streaming_mode": False}}), "sequence": sequence}
        uri, paths = f"{CARDS}/:card_id/settings", {"card_id": card_id}
        await self.client.json(Call("close a card", "PATCH", uri, paths, None, body))

    # --- chats and people ---

    async def chat(self, chat_id: str) -> Mapping[str, Any]:
        """A chat, with ``owner_id`` and ``user_manager_id_list`` as open_ids."""
        queries = {"user_id_type": "open_id"}
        return await self._data(Call("read a chat", "GET", f"{IM}/chats/:chat_id", {"chat_id": chat_id}, queries))

    async def members(self, chat_id: str) -> dict[str, str]:
        """Names of a chat's members by open_id."""
        uri, queries = f"{IM}/chats/:chat_id/members", {"member_id_type": "open_id"}
        call = Call("list the members of a chat", "GET", uri, {"chat_id": chat_id}, queries)
        return {item.get("member_id") or "": item.get("name") or "" async for item in self._pages(call)}

    async def user_name(self, open_id: str) -> str:
        """The name of one person."""
        uri, queries = "/open-apis/contact/v3/users/:user_id", {"user_id_type": "open_id"}
        data = await self._data(Call("read a name", "GET", uri, {"user_id": open_id}, queries))
        return str((data.get("user") or {}).get("name") or "")

    async def chats(self) -> list[Mapping[str, Any]]:
        """The groups that the bot is in."""
        return [item async for item in self._pages(Call("list the bot's groups", "GET", f"{IM}/chats"))]

    async def scopes(self) -> set[str]:
        """The names of the permissions that were granted."""
        data = await self._data(Call("list the permissions", "GET", "/open-apis/application/v6/scopes"))
        return {item["scope_name"] for item in data.get("scopes") or () if item.get("grant_status") == 1}

    async def _data(self, call: Call) -> dict[str, Any]:
        return dict((await self.client.json(call)).get("data") or {})

    async def _pages(self, call: Call) -> AsyncIterator[Mapping[str, Any]]:
        token = ""
        for _ in range(MAX_PAGES):
            more = {"page_token": token} if token else {}
            queries = {**(call.queries or {}), "page_size": "100", **more}
            data = await self._data(Call(call.what, call.method, call.uri, call.paths, queries))
            for item in data.get("items") or ():
                yield item
            token = data.get("page_token") or ""
            if not data.get("has_more") or not token:
                return


def _text(data: Mapping[str, Any], name: str) -> str:
    """A field that every answer of the kind has; an answer without it leaves open what happened."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(f"Feishu's answer has no {name}", outcome_known=False)
    return value
