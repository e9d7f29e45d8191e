"""Storing what comes in goes before handling it, so that a burst is acknowledged first. Knows no store and no lanes."""

from __future__ import annotations

import asyncio


class Precedence:
    """Handling waits while messages come in: until none was stored for ``pause_s``, but for ``hold_s`` at most.

    With ``hold_s`` 0 nothing waits.
    """

    def __init__(self, hold_s: float = 0.0, pause_s: float = 0.02) -> None:
        self._hold_s, self._pause_s = hold_s, pause_s
        self._storing = 0
        self._until = 0.0  # a burst ends then at the latest
        self._timer: asyncio.TimerHandle | None = None
        self._calm = asyncio.Event()
        self._calm.set()

    def begin(self) -> None:
        """Something is about to be stored."""
        self._storing += 1
        if self._storing > 1 or self._hold_s <= 0:
            return
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._until = loop.time() + self._hold_s
            self._calm.clear()
        else:
            self._timer.cancel()
        self._timer = loop.call_at(self._until, self._calm.set)

    def end(self) -> None:
        """It is stored, or was not."""
        self._storing -= 1
        if self._storing or self._timer is None:
            return
        self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(min(loop.time() + self._pause_s, self._until), self._over)

    async def turn(self) -> None:
        """Wait until handling may go on."""
        await self._calm.wait()

    def _over(self) -> None:
        self._timer = None
        self._calm.set()
