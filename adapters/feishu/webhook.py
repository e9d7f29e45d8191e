"""The webhook: an HTTP server that lets in only what Feishu sent, fresh and unaltered. Knows no event's meaning.

A request proves where it comes from by its signature when an encrypt key is set, else by the verification token alone.
The SDK checks neither age nor that a body is encrypted at all, so the checks are made here. A repeated request is let
in: the inbox knows its event.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from loguru import logger

from adapters.base import AdapterError, Health
from adapters.feishu.sdk import load_sdk
from adapters.feishu.settings import FeishuSettings
from adapters.feishu.transport import OnEvent

if TYPE_CHECKING:
    from aiohttp import web

FRESH_S = 300.0
MAX_BYTES = 1024 * 1024
UNGUARDED = (
    "anybody could post events to the webhook: set [feishu] encrypt_key and verification_token in config.ini to the "
    "values under 'Events & Callbacks' > 'Encryption Strategy' in the developer console"
)
READ_S = 2.0  # a body that takes longer is not from the platform, which itself waits 3 s


class RefusedError(Exception):
    """A request that is not let in, with the HTTP status to answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Webhook:
    """A `Transport` behind a public address. ``port`` and `started` say when and where it listens."""

    def __init__(self, settings: FeishuSettings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._guard = Guard(settings.encrypt_key, settings.verification_token, now)
        self._health = Health(counters={"received": 0, "refused": 0, "rejected": 0})
        self.port = 0
        self.started = asyncio.Event()

    def health(self) -> Health:
        """How it is doing: ``rejected`` requests were not let in, ``refused`` events could not be stored."""
        return self._health

    async def run(self, on_event: OnEvent) -> None:
        """Listen until cancelled; see `Transport.run`."""
        from aiohttp import web

        settings = self._settings
        if not (settings.encrypt_key or settings.verification_token):
            raise AdapterError(UNGUARDED, permanent=True)
        await asyncio.to_thread(load_sdk)

        async def handle(request: web.Request) -> web.Response:
            return await self._handle(request, on_event)

        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_post(settings.path, handle)
        # Signatures are over what came in, and the platform packs nothing: an unpacked body could only do harm.
        grace_s = settings.timings.stop_timeout_s / 2
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace_s, auto_decompress=False)
        await runner.setup()
        try:
            await self._listen(runner)
            await asyncio.Event().wait()
        finally:
            self._health.state, self._health.detail = "stopped", ""
            self.started.clear()
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        from aiohttp import web

        settings = self._settings
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise AdapterError(f"the webhook cannot listen on {where} ([feishu] host and port): {error}") from error
        self.port = runner.addresses[0][1]
        self._health.state, self._health.detail = "up", f"listening on {settings.host}:{self.port}{settings.path}"
        logger.info("the webhook of Feishu is {}", self._health.detail)
        self.started.set()

    async def _handle(self, request: web.Request, on_event: OnEvent) -> web.Response:
        from aiohttp import web

        try:
            event = self._guard.admit(request.headers, await self._read(request))
        except RefusedError as error:
            self._health.counters["rejected"] += 1
            logger.warning("a webhook request was not let in: {}", error)
            return web.json_response({"msg": "rejected"}, status=error.status)
        if event.get("type") == "url_verification":
            return web.json_response({"challenge": event.get("challenge")})
        return await self._store(event, on_event)

    async def _read(self, request: web.Request) -> bytes:
        from aiohttp import web

        try:
            async with asyncio.timeout(READ_S):
                return await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise RefusedError(413, f"the body has more than {MAX_BYTES} bytes") from error
        except TimeoutError as error:
            raise RefusedError(408, "the body did not arrive in time") from error
        except (web.RequestPayloadError, ConnectionError) as error:
            raise RefusedError(400, "the body did not arrive whole") from error

    async def _store(self, event: dict[str, Any], on_event: OnEvent) -> web.Response:
        """The boundary round one platform callback: whatever goes wrong, the event is not acknowledged."""
        from aiohttp import web

        try:
            async with asyncio.timeout(self._settings.timings.handle_timeout_s):
                await on_event(event)
        except Exception as error:
            self._health.counters["refused"] += 1
            logger.opt(exception=not isinstance(error, TimeoutError)).error("an event was not stored: {!r}", error)
            return web.json_response({"msg": "not stored"}, status=503)
        self._health.counters["received"] += 1
        return web.json_response({})


class Guard:
    """Decides which requests are from the platform. ``now`` is the time of day in seconds."""

    def __init__(self, encrypt_key: str, verification_token: str, now: Callable[[], float]) -> None:
        self._key, self._token, self._now = encrypt_key, verification_token, now

    def admit(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The event or the challenge that a request carries; header names count in any case.

        Raises:
            RefusedError: it is not let in.
        """
        outer = _parsed(body)
        event = self._opened(outer)
        is_challenge = event.get("type") == "url_verification"
        if self._key and not is_challenge:
            # Only who has the key can make a challenge readable, and the platform does not sign it.
            self._check_signature(headers, body)
        header = event if is_challenge else event.get("header")
        if not isinstance(header, dict) or not (is_challenge or isinstance(event.get("event"), dict)):
            raise RefusedError(400, "it is no event of schema 2.0")
        if self._token and not _same(header.get("token"), self._token):
            raise RefusedError(401, "the verification token is wrong")
        return event

    def _opened(self, outer: dict[str, Any]) -> dict[str, Any]:
        secret = outer.get("encrypt")
        if not self._key:
            if secret is not None:
                raise RefusedError(400, "the body is encrypted: set [feishu] encrypt_key")
            return outer
        if not isinstance(secret, str):
            raise RefusedError(401, "the body is not encrypted, although [feishu] encrypt_key is set")
        from lark_oapi.core.utils import AESCipher

        try:
            return _parsed(AESCipher(self._key).decrypt_str(secret).encode())
        except ValueError as error:  # wrong key, base64, length, padding or UTF-8
            raise RefusedError(401, "the body cannot be decrypted with [feishu] encrypt_key") from error

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        lower = {name.lower(): value for name, value in headers.items()}
        timestamp, nonce = lower.get("x-lark-request-timestamp", ""), lower.get("x-lark-request-nonce", "")
        expected = hashlib.sha256(_bytes(f"{timestamp}{nonce}{self._key}") + body).hexdigest()
        if not _same(lower.get("x-lark-signature"), expected):
            raise RefusedError(401, "the signature is missing or wrong")
        if not timestamp.isdecimal() or abs(self._now() - int(timestamp)) > FRESH_S:
            raise RefusedError(401, "the request is not fresh; is the clock of this machine right?")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is no JSON") from error
    if not isinstance(value, dict):
        raise RefusedError(400, "the body is no JSON object")
    return value


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(_bytes(given), _bytes(wanted))


def _bytes(text: str) -> bytes:
    """Headers that are no UTF-8 and halves of surrogate pairs count as different, and not as an accident."""
    return text.encode("utf-8", "surrogatepass")
