"""The HTTP API of the stand-in for Feishu, path by path. Knows the rules only through `World`."""

from __future__ import annotations

import json
import mimetypes
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from feishu_platform_documents import DocumentsApi
from feishu_platform_model import as_item
from feishu_platform_world import RefusedError, World

Answer = dict[str, Any]
TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"


class Api:
    """Handlers for every call that the bot makes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.documents = DocumentsApi(world)

    def routes(self) -> list[web.RouteDef]:
        """The paths, as the SDK writes them."""
        im, kit = "/open-apis/im/v1", "/open-apis/cardkit/v1/cards"
        table: list[tuple[str, str, Callable[[web.Request, Answer], Awaitable[Answer] | Answer]]] = [
            ("GET", "/open-apis/bot/v3/info", self._bot),
            ("POST", f"{im}/messages", self._create),
            ("POST", f"{im}/messages/{{id}}/reply", self._reply),
            ("PATCH", f"{im}/messages/{{id}}", self._patch),
            ("DELETE", f"{im}/messages/{{id}}", self._delete),
            ("GET", f"{im}/messages/{{id}}", self._get),
            ("POST", f"{im}/messages/{{id}}/reactions", self._react),
            ("GET", f"{im}/messages/{{id}}/reactions", self._reactions),
            ("DELETE", f"{im}/messages/{{id}}/reactions/{{reaction}}", self._unreact),
            ("GET", f"{im}/chats", self._chats),
            ("GET", f"{im}/chats/{{chat}}", self._chat),
            ("GET", f"{im}/chats/{{chat}}/members", self._members),
            ("GET", "/open-apis/contact/v3/users/{user}", self._user),
            ("GET", "/open-apis/application/v6/scopes", self._scopes),
            *self.documents.table(),
            ("POST", kit, self._card),
            ("PUT", f"{kit}/{{card}}", self._update_card),
            ("PATCH", f"{kit}/{{card}}/settings", self._settings),
            ("PUT", f"{kit}/{{card}}/elements/{{element}}/content", self._content),
            ("PUT", f"{kit}/{{card}}/elements/{{element}}", self._element),
            ("PATCH", f"{kit}/{{card}}/elements/{{element}}", self._element),
        ]
        bound = [web.route(method, path, self._answering(handler)) for method, path, handler in table]
        resource = web.get(f"{im}/messages/{{id}}/resources/{{key}}", self._resource)
        return [web.post(TOKEN_PATH, self._token), resource, *bound]

    def _answering(self, handler: Callable[[web.Request, Answer], Any]) -> Callable[..., Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            try:
                self._authorise(request)
                return web.json_response(handler(request, await body_of(request)))
            except RefusedError as error:
                return web.json_response({"code": error.code, "msg": error.msg}, status=error.status)

        return answer

    def _authorise(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.world.tokens:
            raise RefusedError(99991663, "Invalid access token for authorization")

    async def _token(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("app_id") != self.world.app_id:
            return web.json_response({"code": 10003, "msg": "invalid param"})
        if body.get("app_secret") != self.world.app_secret:
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        token = f"t-{uuid.uuid4().hex}"
        self.world.tokens.add(token)
        lives = self.world.token_lives_s
        return web.json_response({"code": 0, "msg": "ok", "tenant_access_token": token, "expire": lives})

    def _bot(self, request: web.Request, body: Answer) -> Answer:
        world = self.world
        bot = {"activate_status": world.bot_status, "app_name": world.bot_name, "open_id": world.bot_id}
        return {"code": 0, "msg": "ok", "bot": bot}

    def _create(self, request: web.Request, body: Answer) -> Answer:
        if request.query.get("receive_id_type") != "chat_id":
            raise RefusedError(230001, "this stand-in knows receive_id_type=chat_id only")
        return ok(as_item(self.world.post(body["receive_id"], body), self.world.app_id))

    def _reply(self, request: web.Request, body: Answer) -> Answer:
        parent = self.world.entry(request.match_info["id"])
        return ok(as_item(self.world.post(parent.chat, body, parent), self.world.app_id))

    def _patch(self, request: web.Request, body: Answer) -> Answer:
        self.world.patch(request.match_info["id"], body["content"])
        return ok({})

    def _delete(self, request: web.Request, body: Answer) -> Answer:
        self.world.recall(request.match_info["id"])
        return ok({})

    def _get(self, request: web.Request, body: Answer) -> Answer:
        entry = self.world.entries.get(request.match_info["id"])
        if entry is None:
            raise RefusedError(230001, "invalid request parameter, ext=invalid message_id")
        return ok({"items": [as_item(entry, self.world.app_id)]})

    def _react(self, request: web.Request, body: Answer) -> Answer:
        entry, emoji = self.world.entry(request.match_info["id"]), body["reaction_type"]["emoji_type"]
        reaction = self.world.new_id("reaction")
        entry.reactions[reaction] = (emoji, self.world.bot_id)
        return ok({"reaction_id": reaction, "reaction_type": {"emoji_type": emoji}})

    def _reactions(self, request: web.Request, body: Answer) -> Answer:
        entry, wanted = self.world.entry(request.match_info["id"]), request.query.get("reaction_type")
        items = [
            {
                "reaction_id": key,
                "operator": {
                    "operator_id": self.world.app_id if by == self.world.bot_id else by,
                    "operator_type": "app" if by == self.world.bot_id else "user",
                },
                "reaction_type": {"emoji_type": emoji},
            }
            for key, (emoji, by) in entry.reactions.items()
            if wanted in (None, emoji)
        ]
        return ok({"items": items, "has_more": False})

    def _unreact(self, request: web.Request, body: Answer) -> Answer:
        entry = self.world.entry(request.match_info["id"])
        if entry.reactions.pop(request.match_info["reaction"], None) is None:
            raise RefusedError(231007, "The reaction does not exist")
        return ok({})

    def _chats(self, request: web.Request, body: Answer) -> Answer:
        inside = [chat for chat in self.world.chats.values() if chat.bot_inside and not chat.direct]
        items = [{"chat_id": chat.id, "name": chat.name, "owner_id": chat.owner} for chat in inside]
        return paged(items, request)

    def _chat(self, request: web.Request, body: Answer) -> Answer:
        chat = self.world.chats.get(request.match_info["chat"])
        if chat is None or not chat.bot_inside:
            raise RefusedError(232006, "Your request specifies a chat_id which is invalid")
        shape = {"chat_mode": "p2p" if chat.direct else "group", "name": chat.name}
        return ok({**shape, "owner_id": chat.owner, "user_manager_id_list": chat.managers})

    def _members(self, request: web.Request, body: Answer) -> Answer:
        chat = self.world.chats.get(request.match_info["chat"])
        if chat is None:
            raise RefusedError(232006, "Your request specifies a chat_id which is invalid")
        items = [{"member_id_type": "open_id", "member_id": key, "name": name} for key, name in chat.members.items()]
        return paged(items, request)

    def _user(self, request: web.Request, body: Answer) -> Answer:
        open_id = request.match_info["user"]
        if open_id not in self.world.names:
            raise RefusedError(41050, "no user authority error")
        return ok({"user": {"open_id": open_id, "name": self.world.names[open_id]}})

    def _scopes(self, request: web.Request, body: Answer) -> Answer:
        return ok({"scopes": [{"scope_name": name, "grant_status": 1} for name in self.world.scopes]})

    async def _resource(self, request: web.Request) -> web.Response:
        try:
            self._authorise(request)
            self.world.entry(request.match_info["id"])
            if (key := request.match_info["key"]) not in self.world.resources:
                raise RefusedError(234003, "File not in msg")
        except RefusedError as error:
            return web.json_response({"code": error.code, "msg": error.msg}, status=error.status)
        headers = {"Content-Disposition": f'attachment; filename="{key}"'}
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        return web.Response(body=self.world.resources[key], headers=headers, content_type=kind)

    def _card(self, request: web.Request, body: Answer) -> Answer:
        return ok({"card_id": self.world.create_card(body).id})

    def _update_card(self, request: web.Request, body: Answer) -> Answer:
        card = self.world.sequenced(request.match_info["card"], body)
        card.body = json.loads(body["card"]["data"])
        return ok({})

    def _settings(self, request: web.Request, body: Answer) -> Answer:
        card = self.world.sequenced(request.match_info["card"], body)
        card.body.setdefault("config", {}).update(json.loads(body["settings"]).get("config", {}))
        return ok({})

    def _content(self, request: web.Request, body: Answer) -> Answer:
        card = self.world.card(request.match_info["card"])
        element = card.element(request.match_info["element"])
        if element is None:
            raise RefusedError(300314, "element not found")
        if not card.streaming:
            raise RefusedError(300309, "streaming mode is closed")
        self.world.sequenced(card.id, body)
        element["content"] = body["content"]
        card.contents.append(body["content"])
        return ok({})

    def _element(self, request: web.Request, body: Answer) -> Answer:
        card = self.world.sequenced(request.match_info["card"], body)
        element = card.element(request.match_info["element"])
        if element is None:
            raise RefusedError(300314, "element not found")
        if request.method == "PUT":
            element.clear()
        element.update(json.loads(body.get("element") or body["partial_element"]))
        return ok({})


async def body_of(request: web.Request) -> Answer:
    """The JSON body, empty where there is none."""
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def ok(data: Answer) -> Answer:
    """The envelope of success."""
    return {"code": 0, "msg": "success", "data": data}


def paged(items: Sequence[Answer], request: web.Request) -> Answer:
    """One page of a listing; 20 items unless ``page_size`` says otherwise."""
    size, start = int(request.query.get("page_size") or 20), int(request.query.get("page_token") or 0)
    rest = start + size < len(items)
    page = {"items": list(items[start : start + size]), "has_more": rest}
    return ok({**page, "page_token": str(start + size)} if rest else page)
