"""What the stand-ins for WeChat's routes share: a server on loopback, port 0, on a thread and event loop of its own.

A call of the bot that blocks the test's loop then stalls the bot and not the platform, and the platform's tasks are not
taken for the bot's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

T = TypeVar("T")


class Loopback:
    """``async with``; subclasses give `routes` and call `changed` when something has happened."""

    def __init__(self) -> None:
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._runner: web.AppRunner | None = None
        self._happened: asyncio.Event

    def routes(self) -> list[web.RouteDef]:
        """What the server answers."""
        return []

    async def start(self) -> None:
        """Begin to live, on the platform's loop."""

    async def stop(self) -> None:
        """End what `start` began."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._thread.start()
        await self.do(self._begin())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.do(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def go_away(self) -> None:
        """Stop listening and break every connection."""
        await self.do(self._close())

    async def come_back(self) -> None:
        """Listen again at the same port."""
        await self.do(self._listen())

    async def until(self, reached: Callable[[], object], within_s: float = 10.0) -> None:
        """Wait until something is so; it is looked at whenever something has happened."""
        await self.do(self._until(reached, within_s))

    def changed(self) -> None:
        """Something has happened; call it on the platform's loop."""
        self._happened.set()

    async def act(self, action: Callable[[], T]) -> T:
        """Do something on the platform's loop."""

        async def run() -> T:
            result = action()
            self.changed()
            return result

        return await self.do(run())

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the platform's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _begin(self) -> None:
        self._happened = asyncio.Event()
        await self._listen()
        await self.start()

    async def _finish(self) -> None:
        await self.stop()
        await self._close()

    async def _listen(self) -> None:
        app = web.Application()
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _until(self, reached: Callable[[], object], within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while not reached():
                self._happened.clear()
                await self._happened.wait()
