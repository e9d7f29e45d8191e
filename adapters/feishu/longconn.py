"""The long connection: keeps one open, whatever happens to it, and hands on what comes in. Knows no event's meaning."""

from __future__ import annotations

import asyncio
import json
import random
import time
from typing import TYPE_CHECKING, Any

from loguru import logger

from adapters.base import AdapterError, Health
from adapters.feishu.crossing import Crossing
from adapters.feishu.longline import Delivery, Endpoint, Line
from adapters.feishu.sdk import load_sdk
from adapters.feishu.settings import Timings
from adapters.feishu.transport import OnEvent

if TYPE_CHECKING:
    import aiohttp

EXCEED_LIMIT, AUTH_FAILED = 1000040350, 514
BAD_CREDENTIALS = {AUTH_FAILED, 1000040344, 1000040346, 10003, 10014}
CREDENTIALS = (
    "Feishu refuses the credentials ({}): set [feishu] app_id and app_secret in config.ini to those of the app's page "
    "'Credentials & Basic Info' in the developer console, and [feishu] domain to the site where the app was made"
)


class ConnectionLostError(Exception):
    """The connection ended or could not be made. ``limit``: because the app has too many of them."""

    def __init__(self, message: str, *, limit: bool = False) -> None:
        super().__init__(message)
        self.limit = limit


class LongConnection:
    """A `Transport` that needs no public address."""

    def __init__(self, app_id: str, app_secret: str, domain: str, timings: Timings) -> None:
        self._app_id, self._app_secret, self._domain = app_id, app_secret, domain
        self._timings = timings
        self._health = Health(counters={"received": 0, "refused": 0, "reconnects": 0})

    def health(self) -> Health:
        """How the connection is doing; ``reconnects`` are attempts after the first."""
        return self._health

    async def run(self, on_event: OnEvent) -> None:
        """Keep a connection open until cancelled; see `Transport.run`."""
        import aiohttp

        if not (self._app_id and self._app_secret):
            raise AdapterError(CREDENTIALS.format("they are empty"), permanent=True)
        self._health.state, self._health.detail = "starting", "connecting"
        await asyncio.to_thread(load_sdk)
        timeout = aiohttp.ClientTimeout(total=self._timings.call_timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                asyncio.TaskGroup() as callbacks,
            ):

                def begin(delivery: Delivery) -> None:
                    callbacks.create_task(self._store(on_event, delivery))

                refused = await self._keep(session, Crossing(asyncio.get_running_loop(), begin))
            raise refused
        finally:
            self._health.state, self._health.detail = "stopped", ""

    async def _keep(self, session: aiohttp.ClientSession, inbound: Crossing[Delivery]) -> AdapterError:
        """Connect again and again; the error that makes it pointless."""
        failures = 0
        while True:
            started = time.monotonic()
            try:
                error = await self._once(session, inbound)
            except AdapterError as refused:
                return refused
            held = time.monotonic() - started >= self._timings.reconnect_cap_s
            failures = 1 if held else failures + 1
            await self._pause(error, failures)

    async def _pause(self, error: ConnectionLostError, failures: int) -> None:
        timings = self._timings
        pause_s = min(timings.reconnect_cap_s, timings.reconnect_base_s * 2.0 ** min(failures - 1, 30))
        pause_s *= random.uniform(0.5, 1.0)
        if error.limit:
            pause_s = max(pause_s, timings.exceed_limit_s * random.uniform(1.0, 1.25))
        self._health.state, self._health.detail = "down", str(error)
        self._health.counters["reconnects"] += 1
        logger.warning("no connection to Feishu, the next attempt is in {:.1f} s: {}", pause_s, error)
        await asyncio.sleep(pause_s)

    async def _once(self, session: aiohttp.ClientSession, inbound: Crossing[Delivery]) -> ConnectionLostError:
        """One connection from beginning to end; why it ended."""
        import aiohttp

        try:
            endpoint = await self._endpoint(session)
        except ConnectionLostError as error:
            return error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return ConnectionLostError(f"{self._domain} does not say where to connect: {error or 'no answer'}")
        close_s = self._timings.stop_timeout_s / 2
        return await self._hold(Line(self._app_id, self._app_secret, endpoint, inbound, close_s=close_s))

    async def _endpoint(self, session: aiohttp.ClientSession) -> Endpoint:
        """Ask where to connect.

        Raises:
            AdapterError: permanent; the credentials are wrong.
        """
        body = {"AppID": self._app_id, "AppSecret": self._app_secret}
        url = f"{self._domain.rstrip('/')}/callback/ws/endpoint"
        async with session.post(url, json=body, headers={"locale": "zh"}) as answer:
            if answer.status != 200:
                raise ConnectionLostError(f"{url} answers with HTTP status {answer.status}")
            found: Any = await answer.json(content_type=None)
        if not isinstance(found, dict):
            raise ConnectionLostError(f"{url} answers with something else")
        code, why = found.get("code"), f"{found.get('code')}: {found.get('msg')}"
        if code in BAD_CREDENTIALS:
            raise AdapterError(CREDENTIALS.format(why), permanent=True)
        data = found.get("data") or {}
        if code != 0 or not data.get("URL"):
            raise ConnectionLostError(f"Feishu gives no connection ({why})", limit=code == EXCEED_LIMIT)
        return Endpoint(data["URL"], data.get("ClientConfig") or {})

    async def _hold(self, line: Line) -> ConnectionLostError:
        """Run the line until it is lost or silent, and end it for sure."""
        line.start()
        try:
            await asyncio.wait(
                [line.opened, line.ended], timeout=self._timings.connect_timeout_s, return_when="FIRST_COMPLETED"
            )
            if not line.opened.done():
                return self._why(line, "it could not be opened in time")
            self._health.state, self._health.detail = "up", ""
            logger.info("connected to Feishu")
            while not line.ended.done():
                await asyncio.wait([line.ended], timeout=self._timings.watch_every_s)
                silent_s = time.monotonic() - line.heard_at
                if silent_s > max(self._timings.silent_after_s, 2 * line.ping_every_s):
                    return self._why(line, f"no sign of life for {silent_s:.0f} s")
            return self._why(line, "it was closed")
        finally:
            line.stop()
            if not await line.wait_ended(self._timings.stop_timeout_s):
                logger.error("a connection to Feishu has not ended yet; restart the bot if answers go missing")

    def _why(self, line: Line, otherwise: str) -> ConnectionLostError:
        from lark_oapi.ws.exception import ClientException

        reason = line.reason
        if reason is None:
            return ConnectionLostError(otherwise)
        # The SDK raises this class with this code from a handshake only when the app has too many connections.
        limit = isinstance(reason, ClientException) and reason.code in (AUTH_FAILED, EXCEED_LIMIT)
        return ConnectionLostError(f"{type(reason).__name__}: {reason}", limit=limit)

    async def _store(self, on_event: OnEvent, delivery: Delivery) -> None:
        """The boundary round one platform callback: whatever goes wrong, the event is not acknowledged."""
        kept = False
        try:
            async with asyncio.timeout(self._timings.handle_timeout_s):
                await on_event(json.loads(delivery.payload))
            kept = True
        except Exception as error:
            logger.opt(exception=not isinstance(error, TimeoutError)).error("an event was not stored: {!r}", error)
        finally:
            self._health.counters["received" if kept else "refused"] += 1
            delivery.answer(kept)
