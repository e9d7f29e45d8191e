"""One long connection of WeCom's smart bot, from connecting to its end: subscription, heartbeat, commands and answers.

Who decides about the next connection is the adapter. Knows no message and no reply.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adapters.base import AdapterError
from adapters.wechat.wecom.frames import PING, SUBSCRIBE, subscribe_body
from adapters.wechat.wecom.settings import WecomSettings

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

MAX_FRAME_BYTES = 4 * 1024 * 1024
WRONG_CREDENTIALS = frozenset({853000, 40013, 40001})
PASSING = frozenset({-1, 45009, 45033, 846607})
"""Busy, or too often: the same command may succeed later."""

Frame = Mapping[str, Any]


class LineLostError(Exception):
    """The connection is gone or did not come up; the next attempt may succeed. ``unseen``: nobody knows since when."""

    def __init__(self, message: str, *, unseen: bool = False) -> None:
        super().__init__(message)
        self.unseen = unseen


class RefusedError(AdapterError):
    """The platform answered a command with an error, so it did nothing."""

    def __init__(self, command: str, code: int, text: str) -> None:
        passing = code in PASSING
        super().__init__(f"WeCom refuses {command}: {code} {text}", permanent=not passing)
        self.code = code
        self.text = text


class Line:
    """``on_frame`` gets every frame that answers no command, in order; ``seen`` is called for each of any kind."""

    def __init__(self, settings: WecomSettings, on_frame: Callable[[Frame], None], seen: Callable[[], None]) -> None:
        self._settings = settings
        self._on_frame, self._seen = on_frame, seen
        self._socket: ClientWebSocketResponse | None = None
        self._waiting: dict[str, deque[asyncio.Future[Frame]]] = {}
        self._subscribed = False

    async def run(self, opened: Callable[[], None]) -> None:
        """Connect, subscribe, call ``opened`` and receive until the connection ends.

        Raises:
            LineLostError: it ended or never came up.
            AdapterError: permanent; the bot is not known by these credentials, or whatever ``on_frame`` raised.
        """
        import aiohttp

        async with aiohttp.ClientSession() as session:
            self._socket = await self._connect(session)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._read(self._socket))
                    await self._subscribe()
                    opened()
                    await self._beat()
            except BaseExceptionGroup as errors:
                raise _weightiest(errors) from None
            finally:
                self._subscribed = False
                self._abandon()
                await self._hang_up(self._socket)

    async def command(self, name: str, body: Mapping[str, Any], req_id: str = "") -> None:
        """Send a command and wait until the platform has accepted it.

        Raises:
            RefusedError: the platform did not accept it.
            AdapterError: there is no connection, or it ended before the answer, which leaves the outcome unknown.
        """
        if not self._subscribed:
            raise AdapterError("WeCom is not connected now", retry_after_s=1.0)
        answer = await self._ask(name, body, req_id or uuid.uuid4().hex)
        code = answer.get("errcode") or 0
        if code:
            raise RefusedError(name, code, str(answer.get("errmsg") or ""))

    async def _ask(self, name: str, body: Mapping[str, Any] | None, req_id: str) -> Frame:
        assert self._socket is not None
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        frame = {"cmd": name, "headers": {"req_id": req_id}, **({} if body is None else {"body": body})}
        # Answers come in the order of the commands; one that came too late finds its place taken by nobody else.
        self._waiting.setdefault(req_id, deque()).append(answer)
        try:
            async with asyncio.timeout(self._settings.timings.answer_timeout_s):
                await self._socket.send_str(json.dumps(frame, ensure_ascii=False))
                return await answer
        except TimeoutError as error:
            raise AdapterError(f"WeCom did not answer {name} in time", outcome_known=False) from error
        except (ConnectionError, RuntimeError) as error:
            raise AdapterError(f"the connection to WeCom broke during {name}: {error}", outcome_known=False) from error

    async def _connect(self, session: ClientSession) -> ClientWebSocketResponse:
        import aiohttp

        try:
            async with asyncio.timeout(self._settings.timings.connect_timeout_s):
                return await session.ws_connect(self._settings.url, max_msg_size=MAX_FRAME_BYTES)
        except TimeoutError as error:
            raise LineLostError(f"no connection to {self._settings.url} in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise LineLostError(f"no connection to {self._settings.url}: {error}") from error

    async def _subscribe(self) -> None:
        settings = self._settings
        try:
            answer = await self._ask(SUBSCRIBE, subscribe_body(settings.bot_id, settings.secret), uuid.uuid4().hex)
        except AdapterError as error:
            raise LineLostError(f"not subscribed: {error}") from error
        code, text = answer.get("errcode") or 0, str(answer.get("errmsg") or "")
        if code in WRONG_CREDENTIALS:
            fix = "check [wecom] bot_id and secret on the bot's page, API mode, long connection"
            raise AdapterError(f"WeCom does not know this bot ({code} {text}): {fix}", permanent=True)
        if code:
            raise LineLostError(f"WeCom refuses the subscription: {code} {text}")
        self._subscribed = True

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.timings.ping_every_s)
            try:
                await self._ask(PING, None, uuid.uuid4().hex)
            except AdapterError as error:
                raise LineLostError(f"no sign of life: {error}", unseen=True) from error

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        from aiohttp import WSMsgType

        async for received in socket:
            self._seen()
            if received.type is WSMsgType.TEXT:
                self._take(_parsed(received.data))
        raise LineLostError(f"WeCom closed the connection (code {socket.close_code})")

    def _take(self, frame: Frame) -> None:
        headers = frame.get("headers")
        req_id = headers.get("req_id") if isinstance(headers, Mapping) else None
        waiting = self._waiting.get(req_id) if isinstance(req_id, str) else None
        if waiting and frame.get("cmd") in (None, "", "pong"):
            answer = waiting.popleft()
            if not waiting:
                del self._waiting[str(req_id)]
            if not answer.done():
                answer.set_result(frame)
            return
        self._on_frame(frame)

    def _abandon(self) -> None:
        """Nobody will answer any more."""
        lost = AdapterError("the connection to WeCom ended before it answered", outcome_known=False)
        for answers in self._waiting.values():
            for answer in answers:
                if not answer.done():
                    answer.set_exception(lost)
                    answer.exception()  # a caller that was cancelled does not look at it
        self._waiting.clear()

    async def _hang_up(self, socket: ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(self._settings.timings.close_timeout_s):
                await socket.close()
        except TimeoutError:
            pass  # the session closes what is left of it


def _parsed(text: str) -> Frame:
    """A frame; one that is no JSON object becomes an empty one, which means nothing to anybody."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _weightiest(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report when several ended a connection: what forbids another attempt, else the first."""
    return next((error for error in errors.exceptions if not isinstance(error, LineLostError)), errors.exceptions[0])
