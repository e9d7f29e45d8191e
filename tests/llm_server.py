"""A scripted OpenAI-compatible chat server on loopback: every way in which a real one answers, or fails to.

The scenario is the model's name. ``requests`` keeps the bodies, ``disconnected`` is set when a client leaves early.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TEXT = "发送 /reload 即可 [1]。"


def chunk(content: str | None, finish: str | None = None, **delta: Any) -> bytes:
    """One server-sent event of a stream."""
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}
    return _event({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})


def _event(data: object) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


class LLMServer:
    """Serves ``/v1/chat/completions``; ``script`` overrides what the scenario ``scripted`` writes."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.disconnected = asyncio.Event()
        self.release = asyncio.Event()
        self.script: Callable[[dict[str, Any]], str] = lambda body: TEXT
        self.usage = (120, 30)
        self.url = ""

    @asynccontextmanager
    async def run(self) -> AsyncIterator[LLMServer]:
        """Serve until left; hanging handlers are let go first."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            self.release.set()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        name = str(body["model"])
        if reply := self._refusal(name, body):
            return reply
        if name == "silent":
            return await self._hang(web.Response(text=""))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._write(response, name, body)
        except (ConnectionResetError, asyncio.CancelledError):
            self.disconnected.set()
            raise
        return response

    def _refusal(self, name: str, body: dict[str, Any]) -> web.Response | None:
        """A whole reply that is no stream."""
        first = len(self.requests) == 1
        match name:
            case "unauthorized":
                return _error(401, "Incorrect API key provided")
            case "limited":
                return _error(429, "Rate limit reached", {"Retry-After": "0"})
            case "limited-once" if first:
                return _error(429, "Rate limit reached", {"Retry-After": "0"})
            case "broken":
                return _error(500, "internal error")
            case "broken-once" if first:
                return _error(503, "overloaded")
            case "unknown":
                return _error(404, "The model `unknown` does not exist")
            case "no-temperature" if "temperature" in body:
                return _error(400, "Unsupported value: 'temperature' does not support 0.1 with this model.")
            case "no-max-tokens" if "max_tokens" in body:
                return _error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
            case "no-usage" if "stream_options" in body:
                return _error(400, "Unrecognized request argument supplied: stream_options")
            case "no-schema" if "response_format" in body:
                return _error(400, "This response_format type is unavailable now")
            case "too-long":
                return _error(400, "This model's maximum context length is 10 tokens")
            case "html":
                return web.Response(text="<html><body>Welcome to nginx!</body></html>", content_type="text/html")
            case "not-a-stream":
                return web.json_response({"error": {"message": "no"}})
        return None

    async def _hang(self, response: web.StreamResponse) -> web.StreamResponse:
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.disconnected.set()
            raise
        return response

    async def _write(self, response: web.StreamResponse, name: str, body: dict[str, Any]) -> None:
        match name:
            case "empty":
                await response.write(chunk("", "stop") + DONE)
            case "only-usage":
                await response.write(_event({"choices": [], "usage": {"total_tokens": 1}}) + DONE)
            case "malformed":
                await response.write(chunk("发送") + b'data: {"choices": [{"del\n\n')
            case "no-choices":
                await response.write(_event({"hello": "world"}))
            case "half-character":
                await response.write(b'data: {"choices": [{"delta": {"content": "\xe5\x8f"}}]}\n\n')
            case "error-event":
                await response.write(chunk("发送") + _event({"error": {"message": "out of memory"}}))
            case "dies":
                await response.write(chunk("发送 /re"))
                transport = response._req.transport if response._req is not None else None
                assert transport is not None
                transport.abort()
            case "unfinished":
                await response.write(chunk("发送 /re"))
            case "stalls":
                await response.write(chunk("发送 /re"))
                await self._hang(response)
            case "thinks":
                await response.write(chunk(None, reasoning_content="hm") + chunk("<th") + chunk("ink>secret</thi"))
                await response.write(chunk("nk>\n\n" + TEXT) + chunk("", "stop") + DONE)
            case "surrogates":
                half = [
                    json.dumps({"choices": [{"delta": {"content": "?"}}]}).replace("?", c)
                    for c in ("\\ud83d", "\\ude00")
                ]
                await response.write("".join(f"data: {text}\n\n" for text in half).encode() + chunk("", "stop") + DONE)
            case "forever":
                while True:  # until the client leaves
                    for character in self.script(body):
                        await response.write(chunk(character))
            case _:
                for character in self.script(body):
                    await response.write(chunk(character))
                await response.write(chunk(None, "stop") + self._usage(body) + DONE)

    def _usage(self, body: dict[str, Any]) -> bytes:
        """The tokens of a call, for who asks."""
        if not (body.get("stream_options") or {}).get("include_usage"):
            return b""
        prompt, completion = self.usage
        return _event({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}})


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "x", "code": None}}, status=status, headers=headers)
