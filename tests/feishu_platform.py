"""A stand-in for Feishu on loopback that the real SDK talks to: HTTP API, long connection, webhooks, and faults.

It runs on a thread of its own, so that a call which blocks the bot's loop stalls the bot and not the platform. What it
remembers (``world``, ``link``) may be read at any time; the async methods act on its own loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, TypeVar

import feishu_platform_events as events
from aiohttp import web
from feishu_platform_faults import Fault, Handler, Trap, suffer
from feishu_platform_hook import Hook
from feishu_platform_http import Api, body_of
from feishu_platform_link import EXCEED_LIMIT, Link, Refusal
from feishu_platform_model import Call, Chat, Delivery, Entry, Shown
from feishu_platform_world import World

__all__ = ["EXCEED_LIMIT", "Chat", "Delivery", "Entry", "Fault", "FeishuPlatform", "Refusal", "Shown"]
T = TypeVar("T")


class FeishuPlatform:
    """``async with FeishuPlatform() as platform:``; ``platform.domain`` is what the SDK connects to."""

    def __init__(self) -> None:
        self.world = World()
        self.link: Link
        self.domain = ""
        self.traps: list[Trap] = []
        self._freed: asyncio.Event
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="feishu-platform", daemon=True)
        self._runner: web.AppRunner
        self._no_proxy = os.environ.get("NO_PROXY")

    async def __aenter__(self) -> FeishuPlatform:
        os.environ["NO_PROXY"] = "127.0.0.1"
        self._thread.start()
        await self._do(self._start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()
        if self._no_proxy is None:
            del os.environ["NO_PROXY"]
        else:
            os.environ["NO_PROXY"] = self._no_proxy

    # --- what members do; each returns what the platform made of it ---

    async def say(self, text: str, *, mention: bool = False, at: tuple[str, ...] = (), **options: Any) -> Entry:
        """Send a text message. ``mention`` puts the bot in front, ``at`` further people; see `send` for the rest."""
        people = ([self.world.bot_id] if mention else []) + list(at)
        mentions = [events.mention(n, who, self._name(who)) for n, who in enumerate(people, 1)]
        keys = "".join(f"{entry['key']} " for entry in mentions)
        return await self.send("text", {"text": keys + text}, mentions=mentions, **options)

    async def send(
        self,
        msg_type: str,
        content: dict[str, Any],
        *,
        chat: str = "oc_group",
        sender: str = "ou_alice",
        sender_type: str = "user",
        parent: str = "",
        thread: str = "",
        mentions: list[dict[str, Any]] | None = None,
        age_s: float = 0.0,
        id: str = "",
    ) -> Entry:
        """Send a message of any type (text, post, image, file ...); ``parent`` is the message it answers."""
        at = self.world.now() - age_s
        entry = Entry(id or self.world.new_id("om"), chat, sender, msg_type, content, at, mentions=mentions or [])
        if parent:
            quoted = self.world.entries.get(parent)
            entry.parent, entry.root = parent, (quoted.root if quoted else "") or parent
            entry.thread = thread or (quoted.thread if quoted else "")
        entry.thread = entry.thread or thread
        self.world.entries[entry.id] = entry
        await self.emit("im.message.receive_v1", events.received(entry, self.world.chats[chat], sender_type))
        return entry

    async def recall(self, entry: Entry, recall_type: str = "message_owner") -> Delivery:
        """A member takes a message back."""
        entry.recalled = True
        return await self.emit("im.message.recalled_v1", events.recalled(entry, self.world.now(), recall_type))

    async def react(
        self, message_id: str, emoji: str = "THUMBSUP", *, by: str = "ou_alice", added: bool = True
    ) -> None:
        """A member puts a reaction on a message, or takes it off."""
        kind = "im.message.reaction.created_v1" if added else "im.message.reaction.deleted_v1"
        await self.emit(kind, events.reaction(message_id, emoji, by, self.world.now()))

    async def press(self, message_id: str, value: dict[str, Any], *, by: str = "ou_alice") -> Delivery:
        """A member presses a button of a card."""
        return await self.emit("card.action.trigger", events.pressed(self.world.entries[message_id], value, by))

    async def emit(self, kind: str, event: dict[str, Any]) -> Delivery:
        """Deliver any event."""
        world = self.world
        token, event_id = world.verification_token, world.new_id("ev")
        payload = events.envelope(kind, event, event_id, world.app_id, token, world.now())
        return await self._do(self._act(lambda: self.link.deliver(payload)))

    # --- deliveries ---

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Deliver what is said in the block all at once at its end."""
        self.link.holding = True
        try:
            yield
        finally:
            await self._do(self._act(self.link.release))

    def use_webhook(self, url: str) -> Hook:
        """Post events to this address from now on."""
        self.link.hook = Hook(url)
        return self.link.hook

    def delivery(self, entry: Entry) -> Delivery:
        """The latest delivery of a message."""
        return next(
            d
            for d in reversed(self.link.deliveries)
            if d.payload["event"].get("message", {}).get("message_id") == entry.id
        )

    async def redeliver(self, delivery: Delivery | None = None, *, new_event_id: bool = False) -> None:
        """Deliver again, acknowledged or not; without ``delivery`` all that is not acknowledged."""
        chosen = [delivery] if delivery else self.unacknowledged
        await self._do(self._act(lambda: [self.link.repeat(d, new_event_id=new_event_id) for d in chosen]))

    @property
    def unacknowledged(self) -> list[Delivery]:
        """Events that the platform still holds."""
        return [delivery for delivery in self.link.deliveries if not delivery.acked]

    @property
    def connections(self) -> int:
        """Long connections that are open now; nobody can tell of half open ones."""
        return sum(not connection.frozen for connection in list(self.link.connections.values()))

    # --- faults ---

    def fail(self, fault: Fault, path: str, *, method: str = "", times: int = 1, where: Any = None) -> Trap:
        """The next ``times`` calls whose path contains ``path`` go wrong; ``where`` may look at the JSON body."""
        trap = Trap(fault, path, method, times, *([where] if where else []))
        self.traps.append(trap)
        return trap

    def revoke_tokens(self) -> None:
        """Every token handed out so far is refused from now on (99991663)."""
        self.world.tokens.clear()

    def refuse_handshakes(self, times: int = 1, refusal: Refusal | None = None) -> None:
        """The next handshakes fail, by default because there are too many connections."""
        self.link.refusals += [refusal or Refusal()] * times

    async def cut(self) -> None:
        """Break every long connection."""
        await self._do(self._act(self.link.cut))

    async def freeze(self) -> None:
        """Make every long connection half open."""
        await self._do(self._act(self.link.freeze))

    def skip(self, seconds: float) -> None:
        """Let time pass on the platform: uuids are forgotten after an hour."""
        self.world.skipped_s += seconds

    # --- what the bot did ---

    def shown(self, chat: str | None = None) -> list[Shown]:
        """The bot's messages as members see them now."""
        return self.world.shown(chat)

    def calls(self, path: str = "", method: str = "") -> list[Call]:
        """The calls that came in, by part of the path and by method."""
        return [call for call in self.world.calls if path in call.path and method in ("", call.method)]

    async def until(self, reached: Callable[[], object], within_s: float = 30.0) -> None:
        """Wait until something is so; it is looked at after every call, acknowledgement and connection."""
        await self._do(self._until(reached, within_s))

    # --- inside ---

    async def _until(self, reached: Callable[[], object], within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not reached():
                self.link.changed.clear()
                await self.link.changed.wait()

    async def _start(self) -> None:
        self._freed = asyncio.Event()
        self.link = Link(self.world)
        app = web.Application(middlewares=[meddling(self._meddle)])
        app.add_routes([*Api(self.world).routes(), *self.link.routes()])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.domain = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        self._freed.set()
        await self.link.close()
        await self._runner.cleanup()

    async def _meddle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/ws":
            return await handler(request)
        body = await body_of(request)
        call = Call(request.method, request.path, body, dict(request.query), self.world.now())
        self.world.calls.append(call)
        trap = next((trap for trap in self.traps if trap.springs(request.method, request.path, body)), None)
        self.link.changed.set()
        answer = await (suffer(trap.fault, request, handler, self._freed) if trap else handler(request))
        call.status = answer.status
        if isinstance(answer, web.Response) and answer.content_type == "application/json" and answer.text:
            call.code = json.loads(answer.text).get("code", 0)
        self.link.changed.set()
        return answer

    def _name(self, open_id: str) -> str:
        return self.world.bot_name if open_id == self.world.bot_id else self.world.names.get(open_id, "")

    async def _act(self, action: Callable[[], T]) -> T:
        return action()

    async def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))


def meddling(handle: Callable[[web.Request, Handler], Any]) -> Any:
    """A method as aiohttp wants its middlewares."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer: web.StreamResponse = await handle(request, handler)
        return answer

    return middleware
