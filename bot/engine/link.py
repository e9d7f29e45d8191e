"""One computing process from start to end: values out, values in, its stderr into the log. Knows no requests."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any, cast

from loguru import logger

from bot.engine.wire import Frames, frame

# As multiprocessing does when it spawns: the same modules from the same places, and nothing from the current folder.
_START = "import sys; sys.path[:] = sys.argv[2:]; from importlib import import_module as load; load(sys.argv[1]).main()"
_END_S = 5.0
_STDIN, _STDOUT = 0, 1


class Link(asyncio.SubprocessProtocol):
    """Calls ``received`` with each value that the process sends; ``ended`` gets its return code."""

    def __init__(self, received: Callable[[Any], None]) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._received = received
        self._frames = Frames()
        self._line = b""
        self._transport: asyncio.SubprocessTransport | None = None

    @classmethod
    async def start(cls, received: Callable[[Any], None], module: str = "bot.engine.child") -> Link:
        """Start a process that runs ``main`` of a module, in a session of its own.

        Ctrl-C in a terminal is for the bot, which then closes it.

        Raises:
            OSError: the system has no room for it.
        """
        _, link = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(received), sys.executable, "-P", "-c", _START, module, *sys.path, start_new_session=True
        )
        return link

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._transport is not None
        return self._transport.get_pid()

    def send(self, value: Any) -> None:
        """Send a value; one that an ended process no longer reads is dropped."""
        pipe = self._transport.get_pipe_transport(_STDIN) if self._transport else None
        if pipe is not None and not pipe.is_closing():
            cast(asyncio.WriteTransport, pipe).write(frame(value))

    async def close(self) -> None:
        """End it: it goes when its input ends, and is killed when it does not within some seconds."""
        transport = self._transport
        assert transport is not None
        pipe = transport.get_pipe_transport(_STDIN)
        if pipe is not None:
            pipe.close()
        done, _ = await asyncio.wait([self.ended], timeout=_END_S)
        if not done:
            transport.kill()
            await asyncio.wait([self.ended])

    def kill(self) -> None:
        """End it at once, whatever it is at."""
        if self._transport is not None and self._transport.get_returncode() is None:
            self._transport.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process runs."""
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Values on stdout; lines on stderr, where only what is broken writes."""
        if fd == _STDOUT:
            for value in self._frames.feed(data):
                self._received(value)
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            logger.warning("computing: {}", line.decode("utf-8", "replace"))

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended and all it wrote is read."""
        assert self._transport is not None
        code = self._transport.get_returncode()
        self._transport.close()
        if not self.ended.done():
            self.ended.set_result(-signal.SIGKILL if code is None else code)
