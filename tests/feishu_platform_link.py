"""How the stand-in for Feishu delivers: long connections with the SDK's own frames, webhooks, at least once each.

An event goes to one connection at random. What is not acknowledged with 200 is delivered again after the pauses of
``redeliver_after_s``, and at once to a new connection when the one it went to is gone.
"""

from __future__ import annotations

import asyncio
import copy
import json
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web
from feishu_platform_frames import CONTROL, DATA, Frame, decode, encode
from feishu_platform_hook import Hook
from feishu_platform_http import body_of
from feishu_platform_model import Delivery
from feishu_platform_world import World

EXCEED_LIMIT = 1000040350


@dataclass
class Connection:
    """One long connection. ``frozen``: half open, nothing passes in either direction."""

    number: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    pings: int = 0
    frozen: bool = False
    parts: dict[str, str] = field(default_factory=dict)  # message id of a frame -> event id


@dataclass
class Refusal:
    """How a handshake is refused; the SDK reads it from headers."""

    status: int = 514
    auth_code: int = EXCEED_LIMIT
    msg: str = "connections exceed the limit"


class Link:
    """Deliveries to the bot."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connections: dict[int, Connection] = {}
        self.opened = 0
        self.deliveries: list[Delivery] = []
        self._by_event: dict[str, Delivery] = {}
        self.redeliver_after_s: tuple[float, ...] = (15.0, 300.0, 3600.0, 21600.0)
        self.backfill_with_new_ids = False
        self.holding = False
        self.split_over: int | None = None
        self.refusals: list[Refusal] = []
        self.config: dict[str, Any] = {
            "ReconnectCount": -1,
            "ReconnectInterval": 120,
            "ReconnectNonce": 30,
            "PingInterval": 120,
        }
        self.hook: Hook | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.changed = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """The paths of the long connection."""
        return [web.post("/callback/ws/endpoint", self._endpoint), web.get("/ws", self._serve)]

    # --- out ---

    def deliver(self, payload: dict[str, Any]) -> Delivery:
        """Start to deliver an event; it is repeated until it is acknowledged."""
        delivery = Delivery(payload["header"]["event_id"], payload)
        self.deliveries.append(delivery)
        self._by_event[delivery.event_id] = delivery
        if not self.holding:
            self.attempt(delivery)
        return delivery

    def release(self) -> None:
        """Deliver what was held, in order."""
        self.holding = False
        for delivery in self.deliveries:
            if not delivery.attempts:
                self.attempt(delivery)

    def attempt(self, delivery: Delivery) -> None:
        """Deliver once, if there is anybody to deliver to, and again later unless it is acknowledged."""
        if self.hook is not None:
            self._note(delivery, 0)
            self._spawn(self._post(delivery, self.hook))
        elif self.connections:
            every = list(self.connections.values())
            connection = random.choice([c for c in every if not c.frozen] or every)
            self._note(delivery, connection.number)
            if not connection.frozen:
                self._spawn(self._send(delivery, connection))

    def _note(self, delivery: Delivery, number: int) -> None:
        delivery.attempts.append(number)
        delivery.sent_at = asyncio.get_running_loop().time()
        pauses = self.redeliver_after_s
        if len(delivery.attempts) <= len(pauses):
            self._later(pauses[len(delivery.attempts) - 1], delivery, len(delivery.attempts))

    def _later(self, pause_s: float, delivery: Delivery, attempts: int) -> None:
        def repeat() -> None:
            self._timers.discard(timer)
            if not delivery.acked and len(delivery.attempts) == attempts:
                self.attempt(delivery)

        timer = asyncio.get_running_loop().call_later(pause_s, repeat)
        self._timers.add(timer)

    def repeat(self, delivery: Delivery, *, new_event_id: bool) -> Delivery:
        """Deliver again although it may have been acknowledged, perhaps as a new event."""
        if not new_event_id:
            self.attempt(delivery)
            return delivery
        payload = copy.deepcopy(delivery.payload)
        payload["header"]["event_id"] = self.world.new_id("ev")
        return self.deliver(payload)

    async def _post(self, delivery: Delivery, hook: Hook) -> None:
        code = await hook.post(delivery.payload, self.world)
        self._acknowledge(delivery, code)

    async def _send(self, delivery: Delivery, connection: Connection) -> None:
        payload = json.dumps(delivery.payload, ensure_ascii=False).encode()
        size = self.split_over or max(len(payload), 1)
        pieces = [payload[start : start + size] for start in range(0, len(payload), size)]
        message_id = self.world.new_id("frame")
        delivery.sent_at = asyncio.get_running_loop().time()
        connection.parts[message_id] = delivery.event_id
        headers = {"type": "event", "message_id": message_id, "sum": str(len(pieces)), "trace_id": message_id}
        for seq, piece in enumerate(pieces):
            try:
                await connection.socket.send_bytes(encode(Frame(DATA, {**headers, "seq": str(seq)}, piece)))
            except ConnectionError:
                return  # it is delivered again

    def _acknowledge(self, delivery: Delivery, code: int) -> None:
        delivery.codes.append(code)
        if code == 200 and delivery.acked_at is None:
            delivery.acked_at = asyncio.get_running_loop().time()
        self.changed.set()

    # --- in ---

    async def _endpoint(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("AppID") != self.world.app_id:
            return web.json_response({"code": 1000040346, "msg": "app_id is invalid"})
        if body.get("AppSecret") != self.world.app_secret:
            return web.json_response({"code": 514, "msg": "app_secret is invalid"})
        url = f"ws://{request.host}/ws?device_id={random.randrange(10**9)}&service_id=7&access_key=x&ticket=y"
        return web.json_response({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": self.config}})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            refusal = self.refusals.pop(0)
            headers = {"handshake-status": str(refusal.status), "handshake-msg": refusal.msg}
            headers["handshake-autherrcode"] = str(refusal.auth_code)
            return web.Response(status=refusal.status if refusal.status < 500 else 403, headers=headers)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        self.opened += 1
        connection = Connection(self.opened, socket, request.transport)
        self.connections[connection.number] = connection
        self.changed.set()
        self._backfill()
        try:
            async for message in socket:
                if message.type == WSMsgType.BINARY:
                    await self._receive(connection, message.data)
        except (ConnectionError, aiohttp.ClientError):
            pass
        finally:
            del self.connections[connection.number]
            self.changed.set()
        return socket

    def _backfill(self) -> None:
        waiting = [d for d in self.deliveries if not d.acked and (not d.attempts or self._went_nowhere(d))]
        for delivery in waiting:
            if delivery.attempts and self.backfill_with_new_ids:
                self.deliveries.remove(delivery)
                self.repeat(delivery, new_event_id=True)
            else:
                self.attempt(delivery)

    def _went_nowhere(self, delivery: Delivery) -> bool:
        last = self.connections.get(delivery.attempts[-1])
        return last is None or last.frozen

    async def _receive(self, connection: Connection, raw: bytes) -> None:
        got = decode(raw)
        headers = got.headers
        if got.method == CONTROL and headers["type"] == "ping":
            connection.pings += 1
            pong = Frame(CONTROL, {"type": "pong"}, json.dumps(self.config).encode())
            await connection.socket.send_bytes(encode(pong))
        elif got.method == DATA:
            event_id = connection.parts[headers["message_id"]]
            delivery = self._by_event[event_id]
            self._acknowledge(delivery, json.loads(got.payload)["code"])
        self.changed.set()

    # --- faults and the end ---

    def freeze(self) -> None:
        """Make every connection half open: nothing is read any more and nothing arrives, but nothing is closed."""
        for connection in self.connections.values():
            connection.frozen = True
            connection.transport.pause_reading()

    def cut(self) -> None:
        """Break every connection without a goodbye."""
        for connection in self.connections.values():
            connection.transport.abort()

    async def close(self) -> None:
        """End every timer, task and connection."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
