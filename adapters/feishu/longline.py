"""One long connection of the SDK, from connecting to its end, on a thread and event loop of its own.

The SDK's client blocks its thread for ever, reconnects by itself into states that it does not leave, and asks for the
address to connect to without a time-out. So here a client lives as long as one connection: it is given the address,
does not reconnect, and ends when the connection does. Who decides about the next one is `LongConnection`.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loguru import logger

from adapters.feishu.crossing import Crossing


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that came in; ``answer`` says whether it is durable now, and with that acknowledges it or not."""

    payload: bytes
    answer: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, as the platform says, and its ``ClientConfig``."""

    url: str
    config: dict[str, Any]


class Line:
    """``opened`` and ``ended`` belong to the loop that made the line; ``reason`` is why it ended, if not by `stop`.

    Deliveries go to ``inbound``, which may answer them from any thread.
    """

    def __init__(
        self, app_id: str, app_secret: str, endpoint: Endpoint, inbound: Crossing[Delivery], *, close_s: float
    ) -> None:
        self.app_id, self.app_secret, self.endpoint = app_id, app_secret, endpoint
        self._inbound = inbound
        self.reason: BaseException | None = None
        self.heard_at = time.monotonic()
        self._close_s = close_s
        self._owner = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._owner.create_future()
        self.ended: asyncio.Future[None] = self._owner.create_future()
        self._loop = asyncio.new_event_loop()
        self._answers: Crossing[tuple[asyncio.Future[bool], bool]] = Crossing(self._loop, _answer)
        self._ending = False
        self._closing: asyncio.Task[None]
        self._client: Any = None
        self._thread = threading.Thread(target=self._main, name="feishu-connection", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end; `ended` says when it is reached. May be called at any time."""
        if not self.ended.done():
            self._call(self._loop, self._end)

    async def wait_ended(self, within_s: float) -> bool:
        """Whether nothing of the line is left within this time."""
        await asyncio.wait([self.ended], timeout=within_s)
        if self.ended.done():
            self._thread.join(within_s)  # its last act was to say so
        return not self._thread.is_alive()

    @property
    def ping_every_s(self) -> float:
        """How often the platform wants to be pinged; each ping is answered."""
        return float(getattr(self._client, "_ping_interval", 0))

    # --- what the client tells, on the thread ---

    def connected(self) -> None:
        """The connection is open."""
        self.heard()
        self._call(self._owner, _resolve, self.opened)

    def heard(self) -> None:
        """The other side gave a sign of life."""
        self.heard_at = time.monotonic()

    async def stored(self, payload: bytes) -> bool:
        """Hand an event over; whether it is durable."""
        answered: asyncio.Future[bool] = self._loop.create_future()
        self._inbound.put(Delivery(payload, lambda kept: self._answers.put((answered, kept))))
        return await answered

    def lost(self, error: BaseException) -> None:
        """The connection is gone."""
        self.reason = self.reason or error
        self._end()

    # --- the thread ---

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda loop, context: logger.debug("{}", context.get("message")))
        try:
            self._client = make_client(self)
            self._client.start()
        except asyncio.CancelledError:
            pass  # by `_end`
        except Exception as error:  # whatever the SDK raises ends this connection, and only this one
            self.reason = self.reason or error
        finally:
            self._ending = True
            try:
                self._clear()
            finally:
                self._call(self._owner, _resolve, self.ended)

    def _clear(self) -> None:
        """Leave nothing behind: no connection, no task, no loop."""
        self._loop.run_until_complete(self._hang_up())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._client = None
        asyncio.set_event_loop(None)
        self._loop.close()

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            self._closing = self._loop.create_task(self._close())

    async def _close(self) -> None:
        await self._hang_up()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    async def _hang_up(self) -> None:
        """Close the connection, without waiting long for a peer that may be gone."""
        connection = getattr(self._client, "_conn", None)
        if connection is None:
            return
        try:
            async with asyncio.timeout(self._close_s):
                await connection.close()
        except TimeoutError:
            connection.transport.abort()

    def _call(self, loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object) -> None:
        try:
            loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            logger.debug("a loop of the long connection is closed already")


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _answer(answer: tuple[asyncio.Future[bool], bool]) -> None:
    answered, kept = answer
    if not answered.done():
        answered.set_result(kept)


class _LoopOfThread:
    """Stands where the SDK keeps one loop for all its clients: with that, two of them would run on each other's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_event_loop(), name)


def make_client(line: Line) -> Any:
    """The SDK's client on the running thread, for one connection."""
    import lark_oapi.ws.client as sdk
    from lark_oapi.core.enum import LogLevel
    from lark_oapi.ws.model import ClientConfig

    class Client(sdk.Client):  # type: ignore[misc]
        """Tells the line what happens, and acknowledges an event when it is durable, without blocking the others."""

        def _get_conn_url(self) -> str:
            if line.endpoint.config:
                self._configure(ClientConfig(line.endpoint.config))
            return line.endpoint.url

        async def _connect(self) -> None:
            await super()._connect()
            line.connected()

        async def _receive_message_loop(self) -> None:
            try:
                await super()._receive_message_loop()
            except Exception as error:  # the SDK passes on whatever its transport raises
                line.lost(error)

        async def _handle_message(self, msg: bytes) -> None:
            line.heard()
            await super()._handle_message(msg)

        async def _handle_data_frame(self, frame: Any) -> None:
            headers = {header.key: header.value for header in frame.headers}
            payload = frame.payload
            if int(headers["sum"]) > 1:
                payload = self._combine(headers["message_id"], int(headers["sum"]), int(headers["seq"]), payload)
            if payload is None or headers["type"] != sdk.MessageType.EVENT.value:
                return
            started = time.monotonic()
            kept = await line.stored(payload)
            frame.headers.add(key=sdk.HEADER_BIZ_RT, value=str(round((time.monotonic() - started) * 1000)))
            frame.payload = json.dumps({"code": 200 if kept else 500}).encode()
            await self._acknowledge(frame.SerializeToString())

        async def _acknowledge(self, answer: bytes) -> None:
            try:
                await self._write_message(answer)
            except (sdk.ConnectionClosedException, sdk.websockets.ConnectionClosed) as error:
                logger.debug("an event was stored, but the connection has gone before the platform knew: {}", error)

    sdk.loop = _LoopOfThread()
    return Client(line.app_id, line.app_secret, log_level=LogLevel.ERROR, auto_reconnect=False)
