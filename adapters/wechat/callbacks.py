"""A small HTTP server for platforms that post to the bot: one address, all others are strangers. Knows no platform.

A post is answered when it is durable, and not with success when it could not be stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from loguru import logger

from adapters.base import AdapterError, InboxError

if TYPE_CHECKING:
    from aiohttp.web import Request, Response

MAX_BODY_BYTES = 1024 * 1024
STOP_S = 0.5


class MalformedError(Exception):
    """The post is not of the documented shape; to have it again changes nothing."""


Handle = Callable[[dict[str, Any]], Awaitable[Any]]
"""Takes the JSON object of a post and returns the JSON to answer with."""
Welcome = Callable[["Request"], int]
"""The HTTP status to turn a request away with; 0 where it is welcome. Decided before its body is read."""


@asynccontextmanager
async def serving(
    host: str, port: int, welcome: Welcome, handle: Handle, counters: Counter[str], *, name: str
) -> AsyncIterator[int]:
    """Serve while the context is open; gives the port, which the system chooses when ``port`` is 0.

    Raises:
        AdapterError: the address cannot be listened at.
    """
    from aiohttp import web

    async def answer(request: Request) -> Response:
        return await _answer(request, welcome, handle, counters, name)

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise AdapterError(f"cannot listen at {host}:{port} ({error.strerror}): set [{name}] port") from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _answer(request: Request, welcome: Welcome, handle: Handle, counters: Counter[str], name: str) -> Response:
    from aiohttp import web

    turned_away = welcome(request)
    if turned_away:
        counters["strangers"] += 1
        logger.warning("{}: a stranger at {} was turned away ({})", name, request.remote, turned_away)
        return web.Response(status=turned_away)
    try:
        payload = await _payload(request)
        return web.json_response(await handle(payload))
    except MalformedError as error:
        counters["malformed"] += 1
        logger.warning("{}: a post from {} is malformed: {}", name, request.remote, error)
        return web.json_response({"error": str(error)}, status=400)
    except InboxError as error:
        counters["not stored"] += 1
        logger.warning("{}: a message was not stored, so it is not acknowledged: {}", name, error)
        return web.json_response({"error": "not stored"}, status=503)


async def _payload(request: Request) -> dict[str, Any]:
    from aiohttp import web

    if request.method != "POST":
        raise MalformedError("only POST is understood here")
    try:
        payload = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise MalformedError(f"more than {MAX_BODY_BYTES} bytes") from error
    except web.RequestPayloadError as error:
        raise MalformedError("the body is not packed as it says") from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("no JSON") from error
    if not isinstance(payload, dict):
        raise MalformedError("no JSON object")
    return payload
