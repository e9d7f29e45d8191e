"""Faults that a test asks the stand-in for Feishu to have. Knows no endpoint by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Fault:
    """What happens to one call in place of a good answer.

    ``code`` answers with a JSON error; ``html`` with a page; ``after_effect`` does what was asked and then drops the
    connection; ``drop`` does nothing and drops it; ``hang`` never answers, after an effect or none; ``delay_s``
    only makes it slow.
    """

    status: int = 0
    code: int = 0
    msg: str = "fault"
    html: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    after_effect: bool = False
    drop: bool = False
    hang: bool = False


@dataclass
class Trap:
    """The next ``times`` calls of a method to a path that contains ``path`` (and with ``where`` true) go wrong."""

    fault: Fault
    path: str
    method: str = ""
    times: int = 1
    where: Callable[[dict[str, Any]], bool] = lambda body: True

    def springs(self, method: str, path: str, body: dict[str, Any]) -> bool:
        """Whether it is this call's turn; counts it."""
        if self.times <= 0 or self.path not in path or self.method not in ("", method) or not self.where(body):
            return False
        self.times -= 1
        return True


async def suffer(fault: Fault, request: web.Request, handler: Handler, freed: asyncio.Event) -> web.StreamResponse:
    """Answer a call as the fault says. A call that hangs ends when ``freed`` is set or the client goes away."""
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.after_effect:
        await handler(request)
    if fault.hang:
        await freed.wait()
    if fault.after_effect or fault.drop or fault.hang:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    if fault.html:
        return web.Response(status=fault.status or 502, text=HTML, content_type="text/html", headers=fault.headers)
    if fault.code or fault.status:
        body = {"code": fault.code, "msg": fault.msg}
        return web.json_response(body, status=fault.status or 400, headers=fault.headers)
    return await handler(request)
