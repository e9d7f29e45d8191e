"""A stand-in for WeCom's smart-bot gateway on loopback, built from the wire format, with faults on demand."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import WSMsgType, web
from loopback import Loopback

Fault = int | Literal["silent", "late", "hang up"]
BUSY, TOO_OFTEN, WRONG_SECRET, NOT_ALLOWED, STREAM_EXPIRED = -1, 45009, 853000, 93000, 846608


@dataclass
class Post:
    """A message of the bot as members see it now."""

    id: str
    text: str
    chat: str
    finished: bool = True
    how: Literal["respond", "push"] = "respond"


@dataclass
class Link:
    """One connection."""

    socket: web.WebSocketResponse
    bot_id: str = ""
    pings: int = 0


@dataclass
class World:
    """What the platform remembers."""

    secrets: dict[str, str] = field(default_factory=lambda: {"bot-1": "secret-1"})
    posts: dict[str, Post] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[tuple[str, Fault]] = field(default_factory=deque)
    late: dict[str, str] = field(default_factory=dict)
    undelivered: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: int = 0
    numbers: int = 0


class WecomPlatform(Loopback):
    """``platform.ws_url`` is what the bot connects to."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.link: Link | None = None
        self.frozen = False
        self.files: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self._connected), web.get("/file/{name}", self._file)]

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def connected(self) -> bool:
        return self.link is not None

    # --- what members do ---

    async def say(
        self,
        text: str,
        *,
        sender: str = "alice",
        chat: str = "group-1",
        direct: bool = False,
        robot: str = "Robot",
        quote: str = "",
        id: str = "",
    ) -> dict[str, Any]:
        """Mention the bot in a group, or write to it directly; returns the callback."""
        body: dict[str, Any] = {"msgtype": "text", "text": {"content": text if direct else f"@{robot} {text}"}}
        if quote:
            body["quote"] = {"msgtype": "text", "text": {"content": quote}}
        return await self.send(body, sender=sender, chat=chat, direct=direct, id=id)

    async def send(
        self, body: dict[str, Any], *, sender: str = "alice", chat: str = "group-1", direct: bool = False, id: str = ""
    ) -> dict[str, Any]:
        """A callback with any content."""
        return await self.act(lambda: self._callback(body, sender, chat, direct, id))

    async def repeat(self, callback: dict[str, Any]) -> None:
        """Deliver a callback again."""
        await self.do(self._write(callback))

    async def push_frame(self, text: str) -> None:
        """Any text as a frame."""
        assert self.link is not None
        await self.do(self.link.socket.send_str(text))

    # --- faults ---

    def fail_next(self, command: str, fault: Fault, times: int = 1) -> None:
        """The next commands of this name go wrong: refused, not answered (or after the next such one), line cut."""
        self.world.faults.extend([(command, fault)] * times)

    async def take_over(self) -> None:
        """Somebody else connects with the same bot."""
        assert self.link is not None
        await self.do(self._replace(self.link))

    async def cut(self) -> None:
        """Break the connection."""
        assert self.link is not None
        await self.do(self.link.socket.close())

    # --- what was seen ---

    def sent(self, command: str) -> list[dict[str, Any]]:
        """The commands of this name that came in."""
        return [frame for frame in self.world.frames if frame.get("cmd") == command]

    @property
    def posts(self) -> list[Post]:
        return list(self.world.posts.values())

    # --- inside ---

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(body=content) if content is not None else web.Response(status=404)

    async def _connected(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        link = Link(socket)
        try:
            async for received in socket:
                if received.type is WSMsgType.TEXT and not self.frozen:
                    await self._on_frame(link, json.loads(received.data))
                    self.changed()
        finally:
            if self.link is link:
                self.link = None
            self.changed()
        return socket

    async def _on_frame(self, link: Link, frame: dict[str, Any]) -> None:
        command = frame["cmd"]
        self.world.frames.append(frame)
        fault = self._fault(command)
        if fault == "hang up":
            await link.socket.close()
            return
        code = fault if isinstance(fault, int) else self._act(link, command, frame)
        if fault == "silent":
            return
        answer = {"headers": frame["headers"], "errcode": code, "errmsg": "ok" if code == 0 else f"error {code}"}
        text = json.dumps(answer)
        if fault == "late":
            self.world.late[command] = text
            return
        if command in self.world.late:
            await link.socket.send_str(self.world.late.pop(command))
        await link.socket.send_str(text)

    def _fault(self, command: str) -> Fault | None:
        found = next((entry for entry in self.world.faults if entry[0] == command), None)
        if found is None:
            return None
        self.world.faults.remove(found)
        return found[1]

    def _act(self, link: Link, command: str, frame: dict[str, Any]) -> int:
        body = frame.get("body") or {}
        if command == "aibot_subscribe":
            return self._subscribe(link, body)
        if command == "ping":
            link.pings += 1
        elif command == "aibot_respond_msg":
            return self._respond(frame["headers"]["req_id"], body["stream"])
        elif command == "aibot_send_msg":
            post = Post(frame["headers"]["req_id"], body["markdown"]["content"], body["chatid"], how="push")
            self.world.posts[f"push {len(self.world.posts)}"] = post
        return 0

    def _subscribe(self, link: Link, body: dict[str, Any]) -> int:
        if self.world.secrets.get(body["bot_id"]) != body["secret"]:
            return WRONG_SECRET
        link.bot_id = body["bot_id"]
        self.world.subscriptions += 1
        self.link = link
        return 0

    def _respond(self, req_id: str, stream: dict[str, Any]) -> int:
        chat = self.world.places.get(req_id)
        shown = self.world.posts.get(stream["id"])
        if chat is None or (shown and shown.finished) or len(stream["content"].encode()) > 20_480:
            return NOT_ALLOWED
        self.world.posts[stream["id"]] = Post(stream["id"], stream["content"], chat, stream["finish"])
        return 0

    def _callback(self, body: dict[str, Any], sender: str, chat: str, direct: bool, id: str) -> dict[str, Any]:
        self.world.numbers += 1
        req_id = f"req-{self.world.numbers}"
        kind = {"chattype": "single"} if direct else {"chattype": "group", "chatid": chat}
        whole = {"msgid": id or f"msg-{self.world.numbers}", "aibotid": "bot-1", "from": {"userid": sender}}
        frame = {"cmd": "aibot_msg_callback", "headers": {"req_id": req_id}, "body": {**whole, **kind, **body}}
        self.world.places[req_id] = sender if direct else chat
        if self.link is None:
            self.world.undelivered.append(frame)  # the platform does not deliver it later
        else:
            self._writing = asyncio.ensure_future(self._write(frame))
        return frame

    async def _write(self, frame: dict[str, Any]) -> None:
        if self.link is not None:
            await self.link.socket.send_str(json.dumps(frame, ensure_ascii=False))

    async def _replace(self, link: Link) -> None:
        body = {"msgid": "event-1", "msgtype": "event", "event": {"eventtype": "disconnected_event"}}
        frame = {"cmd": "aibot_event_callback", "headers": {"req_id": "event"}, "body": body}
        await link.socket.send_str(json.dumps(frame))
        await link.socket.close()
