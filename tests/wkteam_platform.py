"""A stand-in for wkteam on loopback, built from the wire format: its API, WeChat behind it, callbacks, and faults."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web
from loopback import Loopback

Fault = tuple[str, str] | Literal["silent", "lost", "unauthorized", "garbage"]
TOO_OFTEN, NOT_A_MEMBER = ("1001", "操作频繁"), ("1001", "不在群里")
BOT, NICK, ROOM, OTHER_ROOM = "wxid_bot", "小群", "100@chatroom", "200@chatroom"


@dataclass
class Post:
    """A message of the bot in a group."""

    id: str
    chat: str
    text: str
    at: str = ""


@dataclass
class Delivery:
    """One callback and what became of it."""

    payload: dict[str, Any]
    status: int = 0

    @property
    def acked(self) -> bool:
        return self.status == 200


@dataclass
class World:
    """What wkteam and WeChat remember."""

    passwords: dict[str, str] = field(default_factory=lambda: {"account": "password"})
    tokens: set[str] = field(default_factory=set)
    online: dict[str, str] = field(default_factory=lambda: {BOT: "wid-1"})
    waiting: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    callback_url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: deque[tuple[str, Fault]] = field(default_factory=deque)
    images: dict[str, bytes] = field(default_factory=dict)
    numbers: int = 0


class WkteamPlatform(Loopback):
    """``platform.url`` is the API; WeChat is logged in as `BOT` unless a test says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.deliveries: list[Delivery] = []
        self._outgoing: asyncio.Queue[Delivery]
        self._freed: asyncio.Event

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/image/{id}", self._image), web.post("/{path:.*}", self._call)]

    async def start(self) -> None:
        self._outgoing, self._freed = asyncio.Queue(), asyncio.Event()
        self._posting = asyncio.ensure_future(self._post_callbacks())

    async def stop(self) -> None:
        self._freed.set()
        self._posting.cancel()
        await asyncio.wait([self._posting])

    # --- what members do ---

    async def say(
        self,
        text: str,
        /,
        *,
        mention: bool = False,
        sender: str = "wxid_alice",
        name: str = "",
        chat: str = ROOM,
        id: int = 0,
        **changes: Any,
    ) -> Delivery:
        """Say something in a group. ``name`` puts the notification's text beside it."""
        content = f"@{NICK}\u2005{text}" if mention else text
        pushed = {"pushContent": f"{name} : {content}"} if name else {}
        at = {"atlist": [BOT]} if mention else {}
        return await self.callback("80001", {"content": content, **at, **pushed, **changes}, sender, chat, id)

    async def callback(
        self, kind: str, data: dict[str, Any], sender: str = "wxid_alice", chat: str = ROOM, id: int = 0
    ) -> Delivery:
        """Any kind of message in a group."""
        self.world.numbers += 1
        number = id or 7_000_000_000_000_000_000 + self.world.numbers
        whole = {"fromGroup": chat, "fromUser": sender, "self": False, "msgId": self.world.numbers, "newMsgId": number}
        whole |= {"timestamp": int(time.time()), "toUser": BOT, "wId": self.world.online.get(BOT, "")}
        return await self.post({"account": "account", "messageType": kind, "wcId": BOT, "data": {**whole, **data}})

    async def post(self, payload: dict[str, Any]) -> Delivery:
        """Any callback."""
        return await self.act(lambda: self._queue(Delivery(payload)))

    async def redeliver(self) -> None:
        """Post again what was not acknowledged."""
        await self.act(lambda: [self._outgoing.put_nowait(d) for d in self.deliveries if not d.acked])

    async def repeat(self, delivery: Delivery) -> Delivery:
        """Post again what was acknowledged."""
        return await self.post(delivery.payload)

    async def scan(self, nick: str = NICK, wcid: str = BOT) -> None:
        """Somebody scans the QR code that was asked for last."""
        await self.until(lambda: self.world.waiting)
        await self.act(lambda: self.world.online.update({wcid: list(self.world.waiting)[-1]}))

    async def log_out(self) -> None:
        """WeChat throws the account out."""
        await self.act(lambda: self.world.online.clear())

    # --- faults and what was seen ---

    def fail_next(self, path: str, fault: Fault, times: int = 1) -> None:
        """The next calls of this path go wrong: refused, done without an answer, not answered, or no JSON."""
        self.world.faults.extend([(path, fault)] * times)

    def calls(self, path: str) -> list[dict[str, Any]]:
        """The bodies of the calls that came in."""
        return [body for called, body in self.world.calls if called == path]

    @property
    def unacknowledged(self) -> int:
        return sum(not delivery.acked for delivery in self.deliveries)

    # --- inside ---

    def _queue(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        self._outgoing.put_nowait(delivery)
        return delivery

    async def _post_callbacks(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                delivery = await self._outgoing.get()
                try:
                    async with session.post(self.world.callback_url, json=delivery.payload) as answer:
                        delivery.status = answer.status
                except (aiohttp.ClientError, ValueError):
                    delivery.status = -1
                self.changed()

    async def _image(self, request: web.Request) -> web.Response:
        return web.Response(body=self.world.images[request.match_info["id"]])

    async def _call(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        path = request.path
        self.world.calls.append((path, body))
        fault = next((entry for entry in self.world.faults if entry[0] == path), None)
        if fault:
            self.world.faults.remove(fault)
        answer = await self._suffer(request, body, fault[1] if fault else None)
        self.changed()
        return answer

    async def _suffer(self, request: web.Request, body: dict[str, Any], fault: Fault | None) -> web.StreamResponse:
        if isinstance(fault, tuple):
            return web.json_response({"code": fault[0], "message": fault[1], "data": None})
        if fault == "garbage":
            return web.Response(text="<html>bad gateway</html>", status=502)
        token = request.headers.get("Authorization", "")
        if fault == "unauthorized" or (request.path != "/member/login" and token not in self.world.tokens):
            return web.Response(status=401)
        code, message, data = self._act(request.path, body)
        if fault == "silent":
            await self._freed.wait()
        if fault == "lost" and request.transport is not None:
            request.transport.close()
        return web.json_response({"code": code, "message": message, "data": data})

    def _act(self, path: str, body: dict[str, Any]) -> tuple[str, str, Any]:
        action = {
            "/member/login": self._login,
            "/queryLoginWx": self._query,
            "/iPadLogin": self._ipad,
            "/getIPadLoginInfo": self._info,
            "/setHttpCallbackUrl": self._callback_url,
            "/sendText": self._send,
            "/revokeMsg": self._revoke,
            "/getMsgImg": self._image_url,
            "/getChatRoomMember": self._members,
        }.get(path)
        return action(body) if action else ("1001", "no such path", None)

    def _login(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        if self.world.passwords.get(body["account"]) != body["password"]:
            return "1001", "账号或密码错误", None
        self.world.numbers += 1
        token = f"token-{self.world.numbers}"
        self.world.tokens.add(token)
        return "1000", "成功", {"Authorization": token}

    def _query(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        return "1000", "成功", [{"wcId": wcid, "wId": wid} for wcid, wid in self.world.online.items()]

    def _ipad(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        wid = f"wid-{len(self.world.waiting) + 2}"
        self.world.waiting[wid] = body["wcId"]
        return "1000", "成功", {"wId": wid, "qrCodeUrl": f"{self.url}/qr/{wid}.png"}

    def _info(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        scanned = next((wcid for wcid, wid in self.world.online.items() if wid == body["wId"]), None)
        return ("1000", "成功", {"wcId": scanned, "nickName": NICK}) if scanned else ("1001", "等待扫码", None)

    def _callback_url(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        self.world.callback_url = body["httpUrl"]
        return "1000", "成功", None

    def _send(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        if body["wId"] not in self.world.online.values():
            return "1001", "账号已离线", None
        self.world.numbers += 1
        sent_id = str(8_000_000_000_000_000_000 + self.world.numbers)
        self.world.posts.append(Post(sent_id, body["wcId"], body["content"], body.get("at", "")))
        sent = {"msgId": self.world.numbers, "newMsgId": int(sent_id), "createTime": int(time.time()), "type": 1}
        return "1000", "成功", {**sent, "wcId": body["wcId"]}

    def _revoke(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        kept = [post for post in self.world.posts if post.id != str(body["newMsgId"]) or post.chat != body["wcId"]]
        if len(kept) == len(self.world.posts) or not {"msgId", "createTime", "wId"} <= set(body):
            return "1001", "消息不存在", None
        self.world.posts[:] = kept
        return "1000", "成功", None

    def _image_url(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        if str(body["msgId"]) not in self.world.images:
            return "1001", "图片不存在", None
        return "1000", "成功", {"url": f"{self.url}/image/{body['msgId']}"}

    def _members(self, body: dict[str, Any]) -> tuple[str, str, Any]:
        rows = [{"userName": wxid, "nickName": name, "displayName": ""} for wxid, name in self.world.members.items()]
        return "1000", "成功", rows
