"""A stand-in for ``/v1/moderations`` on loopback: flags texts that hold ``flagged``, or fails as its model says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class ModerationServer:
    """``requests`` keeps the bodies, ``keys`` the keys; ``word`` is what it flags."""

    def __init__(self, word: str = "坏事") -> None:
        self.word = word
        self.behaviour = ""
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""
        self._release = asyncio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[ModerationServer]:
        """Serve until left."""
        app = web.Application()
        app.router.add_post("/v1/moderations", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=1, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/moderations"
        try:
            yield self
        finally:
            self._release.set()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        match self.behaviour:
            case "timeout":
                await self._release.wait()
            case "401" | "404" | "429" | "500" | "302":
                location = {"Location": "http://127.0.0.1:1/"} if self.behaviour == "302" else {}
                return web.json_response({"error": {}}, status=int(self.behaviour), headers=location)
            case "broken":
                return web.Response(text='{"results": [{"flag', content_type="application/json")
            case "other":
                return web.json_response({"results": [{"flagged": "no"}]})
            case "empty":
                return web.json_response({"results": []})
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        results = [{"flagged": self.word in text, "categories": {}} for text in inputs]
        return web.json_response({"id": "m", "model": "m", "results": results})
