"""Keeps one session with a gateway alive, whatever happens to it, and hands on its events. Knows no message's meaning.

Used instead of ``Wechaty.start()``; see `shim` for why. The event stream has no replay: what is said while there is no
connection is lost, so every interruption is counted and told.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from loguru import logger

from adapters.base import AdapterError, Health
from adapters.wechat.wechaty.calls import finished
from adapters.wechat.wechaty.failures import RETRY_AFTER_S, LostError, call_failed, connection_failed, foreign_errors
from adapters.wechat.wechaty.outages import Outages
from adapters.wechat.wechaty.scan import Show, log_scan, scan_text
from adapters.wechat.wechaty.settings import WechatySettings
from adapters.wechat.wechaty.shim import load_wechaty, make_puppet

MESSAGE, SCAN, LOGIN, LOGOUT = 2, 22, 25, 26
SCAN_IS_OPEN = (2, 5)  # waiting, timed out: the code is new
NO_TOKEN = "set [wechaty] token in config.ini, or QUNDA_WECHATY_TOKEN, to the token that the gateway was started with"
TLS_HINT = "; does it speak TLS? then set [wechaty] tls = true, or switch TLS off there"
OnEvent = Callable[[int, dict[str, Any]], None]
T = TypeVar("T")


class Session:
    """`run` keeps the connection; `call` makes one call over it while there is one."""

    def __init__(self, settings: WechatySettings, *, show: Show = log_scan) -> None:
        self._settings, self._timings, self._show = settings, settings.timings, show
        self._health = Health(counters={"reconnects": 0})
        self._puppet: Any = None
        self._outages = Outages()
        self._shown_code = self._told = ""
        self.self_id = ""
        self.running = False
        self.logged_in = False
        self.connected = asyncio.Event()

    def health(self) -> Health:
        """Up only while a WeChat account is logged in; the detail tells what may have been missed."""
        detail = "; ".join(filter(None, (self._health.detail, self._outages.text())))
        return Health(self._health.state, detail, dict(self._health.counters))

    async def run(self, on_event: OnEvent) -> None:
        """Stay connected until cancelled. ``on_event`` gets the kind and the data of what is not the session's own.

        Raises:
            AdapterError: permanent; no further attempt can succeed.
        """
        if not self._settings.token:
            raise AdapterError(NO_TOKEN, permanent=True)
        self.running = True
        self._say("starting", "connecting")
        failures = 0
        try:
            while True:
                was_up = self._outages.ups
                error = await self._once(on_event)
                failures = 1 if self._outages.ups > was_up else failures + 1
                await self._pause(error, failures)
        finally:
            self.running = self.logged_in = False
            self._say("stopped", "")

    async def call(self, make: Callable[[Any], Coroutine[Any, Any, T]], timeout_s: float | None = None) -> T:
        """One call of the puppet.

        Raises:
            AdapterError: it failed; without a connection it surely was not made.
        """
        async with self._connection() as puppet:
            try:
                return await finished(make(puppet), timeout_s or self._timings.call_timeout_s)
            except foreign_errors() as error:
                raise call_failed(error) from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """That of the session; a brief one of its own when `run` has ended, for replies that are finished after it."""
        if self._puppet is not None:
            yield self._puppet
            return
        if self.running:
            raise AdapterError("there is no connection to the gateway", retry_after_s=RETRY_AFTER_S)
        puppet = make_puppet(self._settings)
        try:
            yield puppet
        finally:
            await puppet.stop()

    async def _once(self, on_event: OnEvent) -> LostError:
        """One connection from beginning to end; why it ended."""
        puppet = make_puppet(self._settings)
        try:
            await self._begin(puppet)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(puppet, on_event))
                group.create_task(self._probe(puppet))
        except LostError as error:
            return error
        except BaseExceptionGroup as errors:
            first = errors.exceptions[0]
            if isinstance(first, LostError):
                return first
            raise first from None
        finally:
            self._puppet = None
            self.connected.clear()
            self._outages.end()
            await puppet.stop()
        raise AssertionError("a connection ends with an error")

    async def _begin(self, puppet: Any) -> None:
        where = f"the gateway at {self._settings.endpoint} does not answer"
        hint = "" if self._settings.tls else TLS_HINT
        await self._step(puppet.puppet_stub.version(), self._timings.connect_timeout_s, where, hint)
        await self._step(puppet.start(), self._timings.start_timeout_s, "the gateway could not start WeChat")

    async def _step(self, step: Coroutine[Any, Any, Any], timeout_s: float, what: str, hint: str = "") -> None:
        try:
            await finished(step, timeout_s)
        except foreign_errors() as error:
            failed = connection_failed(error, what)
            if hint and isinstance(error, load_wechaty().stream_error):
                failed = LostError(f"{failed}{hint}")
            raise failed from error

    async def _read(self, puppet: Any, on_event: OnEvent) -> None:
        try:
            async for response in puppet.puppet_stub.event():
                if self._puppet is None:
                    self._opened(puppet)
                self._outages.seen()
                self._take(puppet, int(response.type), response.payload, on_event)
        except foreign_errors() as error:
            raise connection_failed(error, "the connection to the gateway broke") from error
        raise LostError("the gateway ended the connection, perhaps for another client or to restart")

    def _opened(self, puppet: Any) -> None:
        self._puppet = puppet
        self._outages.begin()
        self.connected.set()
        self.logged_in, self._told = False, ""
        self._say("down", "connected to the gateway, no WeChat account is logged in yet")
        logger.info("connected to the Wechaty gateway at {}", self._settings.endpoint)

    def _take(self, puppet: Any, kind: int, payload: str, on_event: OnEvent) -> None:
        try:
            data = json.loads(payload or "{}")
        except ValueError:
            data = None
        if not isinstance(data, dict):
            self._count("malformed events")
        elif kind == LOGIN:
            self._login(puppet, str(data.get("contactId") or ""))
        elif kind == LOGOUT:
            self.logged_in, puppet.login_user_id = False, None
            self._count("logouts")
            self._say("down", "the WeChat account is logged out; the gateway says when a scan is due")
            logger.warning("WeChat is logged out: {}", data.get("data") or "no reason given")
        elif kind == SCAN:
            self._scan(str(data.get("qrcode") or ""), data.get("status"))
        else:
            on_event(kind, data)

    def _login(self, puppet: Any, contact_id: str) -> None:
        self.self_id = puppet.login_user_id = contact_id
        self.logged_in, self._shown_code = True, ""
        self._say("up", "")
        logger.info("WeChat is logged in as {}", contact_id)

    def _scan(self, code: str, status: object) -> None:
        if not code or status not in SCAN_IS_OPEN or code == self._shown_code:
            return
        self._shown_code = code
        self.logged_in = False
        self._say("down", f"WeChat waits for a scan: {code}")
        self._show(scan_text(code))

    async def _probe(self, puppet: Any) -> None:
        """A gateway that hangs keeps its connection: only an unanswered question shows it."""
        what = "the gateway gives no sign of life"
        while True:
            await asyncio.sleep(self._timings.probe_every_s)
            await self._step(puppet.puppet_stub.version(), self._timings.probe_timeout_s, what)
            self._outages.seen()
            if self._puppet is None:  # not every gateway greets
                self._opened(puppet)

    async def _pause(self, error: LostError, failures: int) -> None:
        timings = self._timings
        pause_s = min(timings.reconnect_cap_s, timings.reconnect_base_s * 2.0 ** min(failures - 1, 30))
        pause_s *= random.uniform(0.5, 1.0)
        self.logged_in = False
        self._say("down", str(error))
        self._count("reconnects")
        if error.busy:
            self._count("refused for another client")
        level = "WARNING" if str(error) != self._told else "DEBUG"  # a gateway that is away for a day fills no log
        self._told = str(error)
        logger.log(level, "no Wechaty gateway, the next attempt is in {:.1f} s: {}", pause_s, error)
        await asyncio.sleep(pause_s)

    def _say(self, state: str, detail: str) -> None:
        self._health.state, self._health.detail = state, detail  # type: ignore[assignment]

    def _count(self, what: str) -> None:
        self._health.counters[what] = self._health.counters.get(what, 0) + 1
