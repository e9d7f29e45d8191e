"""Makes calls with the SDK: off the event loop, with a token that is never stale, and errors translated once.

The SDK's ``a*`` calls build an HTTP client with its own TLS context each time, tens of milliseconds of the event loop
that every other message would wait for, and fetch tokens with blocking requests. So its blocking calls are made, on
threads of their own.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from loguru import logger

from adapters.feishu.buckets import Buckets
from adapters.feishu.errors import (
    BAD_CREDENTIALS,
    GROUP_LIMIT,
    NO_CODE,
    TOKEN_INVALID,
    ApiError,
    credentials_error,
    error_of,
)
from adapters.feishu.sdk import load_sdk
from adapters.feishu.settings import FeishuSettings

T = TypeVar("T")
THREADS = 16
RESET_HEADER = "x-ogw-ratelimit-reset"
MAX_RESET_S = 86_400.0  # the longest limits are those of a day


@dataclass(frozen=True, slots=True)
class Call:
    """One call: ``what`` says in words what it does, ``api`` is its name for the limits.

    ``chat`` is where it posts; without ``may_wait`` it is refused rather than made later.
    """

    what: str
    method: str
    uri: str
    paths: Mapping[str, str] | None = None
    queries: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    chat: str = ""
    may_wait: bool = True

    @property
    def api(self) -> str:
        """The limits count by method and path."""
        return f"{self.method} {self.uri}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``data`` is the whole JSON object, ``content`` the bytes as they came."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    data: Mapping[str, Any]

    @property
    def code(self) -> int:
        """What the platform makes of the call; 0 is success."""
        code = self.data.get("code")
        return code if isinstance(code, int) else NO_CODE


class Client:
    """The SDK's client for one app."""

    def __init__(self, settings: FeishuSettings, buckets: Buckets | None = None) -> None:
        self._settings = settings
        self._buckets = buckets or Buckets()
        self._pool: ThreadPoolExecutor | None = None
        self._sdk: Any = None
        self._fetching = threading.Lock()
        self._revoked = ""

    async def json(self, call: Call) -> dict[str, Any]:
        """Make a call and return the JSON object that it answers with.

        Raises:
            AdapterError: it failed.
        """
        data = dict((await self._call(call)).data)
        if "code" not in data:  # a page of a proxy, say
            raise ApiError(f"Feishu's answer to '{call.what}' cannot be read", outcome_known=False)
        return data

    async def raw(self, call: Call) -> bytes:
        """Make a call that answers with a file."""
        return (await self._call(call)).content

    async def keep_token(self) -> None:
        """Fetch the next token before the SDK would have to, until cancelled."""
        while True:
            try:
                await self._off_loop(self._refresh_token)
            except ApiError as error:
                logger.warning("no new token yet: {}", error)
            await asyncio.sleep(self._settings.timings.token_check_s)

    async def close(self) -> None:
        """Let the threads go. A later call starts new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)

    async def _call(self, call: Call) -> Answer:
        await self._buckets.take(call.api, call.chat, may_wait=call.may_wait)
        try:
            return await self._once(call)
        except ApiError as error:
            if error.retry_after_s is not None:
                self._buckets.pause(call.api, error.retry_after_s, call.chat if error.code == GROUP_LIMIT else "")
            if error.code not in TOKEN_INVALID:
                raise
        await self._off_loop(self._replace_revoked)
        return await self._once(call)

    async def _once(self, call: Call) -> Answer:
        answer = await self._off_loop(functools.partial(self._exchange, call))
        if answer.status < 300 and ("code" not in answer.data or answer.code == 0):
            return answer
        text = str(answer.data.get("msg") or answer.data.get("error") or "")[:300]
        raise error_of(call.what, answer.status, answer.code, text, _reset_s(answer))

    async def _off_loop(self, work: Callable[[], T]) -> T:
        """Run ``work`` on a thread, with a limit that holds even where the SDK's does not."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feishu-http")
        loop, pool = asyncio.get_running_loop(), self._pool
        if self._sdk is None:
            await loop.run_in_executor(pool, self._client)  # seconds, once
        limit_s = self._settings.timings.call_timeout_s
        try:
            async with asyncio.timeout(2 * limit_s):
                return await loop.run_in_executor(pool, work)
        except TimeoutError as error:
            raise ApiError(f"Feishu did not answer within {2 * limit_s:g} s", outcome_known=False) from error

    # --- on the threads ---

    def _exchange(self, call: Call) -> Answer:
        from requests import RequestException

        sdk, token = self._client(), self._token()
        try:
            raw = sdk.request(_request(call)).raw
        except RequestException as error:
            raise _connection_error(call.what, error) from error
        except ValueError as error:  # the SDK reads a 5xx page or a cut answer as JSON
            raise ApiError(f"Feishu's answer to '{call.what}' cannot be read", outcome_known=False) from error
        headers = {str(key).lower(): str(value) for key, value in raw.headers.items()}
        answer = Answer(raw.status_code, headers, raw.content, _json_object(headers, raw.content))
        if answer.code in TOKEN_INVALID:
            self._revoked = token
        return answer

    def _client(self) -> Any:
        if self._sdk is None:
            load_sdk()
            import lark_oapi

            settings = self._settings
            builder = lark_oapi.Client.builder().app_id(settings.app_id).app_secret(settings.app_secret)
            builder = builder.domain(settings.domain).timeout(settings.timings.call_timeout_s)
            self._sdk = builder.log_level(lark_oapi.LogLevel.ERROR).build()
        return self._sdk

    def _token(self) -> str:
        """Have a token in the SDK's cache. Done apart from the call: when this fails, the call was surely not made."""
        with self._fetching:  # the others wait for the one that fetches
            return self._fetch_token()

    def _fetch_token(self) -> str:
        from lark_oapi.core.exception import ObtainAccessTokenException
        from lark_oapi.core.token import TokenManager
        from requests import RequestException

        try:
            return str(TokenManager.get_self_tenant_token(self._client().config))
        except ObtainAccessTokenException as error:
            if error.code in BAD_CREDENTIALS:
                raise credentials_error(error.code, error.msg) from error
            raise ApiError(f"Feishu gave no token (code {error.code}: {error.msg})", code=error.code) from error
        except (RequestException, ValueError, TypeError) as error:
            raise ApiError(f"Feishu gave no token: {type(error).__name__}") from error

    def _replace_revoked(self) -> None:
        """A new token in place of the one that was refused, unless another call has seen to that."""
        from lark_oapi.core.token import TokenManager

        with self._fetching:
            if self._revoked and TokenManager.cache.get(self._token_name) == self._revoked:
                logger.info("Feishu revoked the token; fetching a new one")
                TokenManager.cache.set(self._token_name, "", 0)
            self._fetch_token()

    def _refresh_token(self) -> None:
        """A new token where the one in the cache ends before the next look at it."""
        from lark_oapi.core.token import TokenManager

        self._client()
        with self._fetching:
            cached = getattr(TokenManager.cache, "cache", {}).get(self._token_name)
            if cached is not None and cached.expire - time.time() < 2 * self._settings.timings.token_check_s:
                TokenManager.cache.set(self._token_name, "", 0)
            self._fetch_token()

    @property
    def _token_name(self) -> str:
        return f"self_tenant_token:{self._settings.app_id}"


def _request(call: Call) -> Any:
    import lark_oapi

    builder = lark_oapi.BaseRequest.builder().http_method(lark_oapi.HttpMethod[call.method]).uri(call.uri)
    builder = builder.token_types({lark_oapi.AccessTokenType.TENANT}).paths(dict(call.paths or {}))
    builder = builder.queries(list((call.queries or {}).items())).headers({})
    return builder.body(dict(call.body)).build() if call.body is not None else builder.build()


def _connection_error(what: str, error: Exception) -> ApiError:
    """A connection that never came to be carried nothing; any other break leaves the outcome open."""
    from requests import ConnectionError as RequestsConnectionError
    from requests import ConnectTimeout
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    inner = error.args[0] if error.args else None
    refused = isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
    known = isinstance(error, ConnectTimeout) or (isinstance(error, RequestsConnectionError) and refused)
    return ApiError(f"no answer from Feishu to '{what}' ({type(error).__name__})", outcome_known=known)


def _json_object(headers: Mapping[str, str], content: bytes) -> Mapping[str, Any]:
    if "json" not in headers.get("content-type", "") or "content-disposition" in headers:  # a member's file
        return {}
    try:
        data = json.loads(content)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _reset_s(answer: Answer) -> float | None:
    """How long the platform asks to wait, in seconds; what is no such time (a date, say) does not count."""
    try:
        asked_s = float(answer.headers[RESET_HEADER])
    except (KeyError, ValueError):
        return None
    return max(0.1, asked_s) if asked_s <= MAX_RESET_S else None
