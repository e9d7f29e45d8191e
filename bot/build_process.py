"""Builds knowledge bases in a child process at low priority, so that the bot goes on answering meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.builder import BaseBuild, not_built
from bot.config import Settings
from bot.engine.link import Link
from bot.log import relay

IDLE_S = 300.0  # so long the process is kept for the next build: it has read all modules and the model
_NEEDED = ("bot", "knowledge", "embedder", "feishu", "path", "root", "data")  # no secrets but those of its sources


class Builder:
    """Has bases built in a process of its own, one at a time. A process that dies takes its build with it alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = Settings(**{name: getattr(settings, name) for name in _NEEDED})
        self._turn = asyncio.Lock()
        self._link: Link | None = None
        self._report: asyncio.Future[BaseBuild] | None = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a build runs."""
        return self._turn.locked()

    async def build(self, base: str) -> BaseBuild:
        """Build one base; what went wrong stands in the report. Cancelled, the build is ended at once."""
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                report = await self._build(base)
            except BaseException:
                if self._link is not None:
                    self._link.kill()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._end)
            return report

    async def close(self) -> None:
        """End the process; what it was building is given up."""
        if self._idle is not None:
            self._idle.cancel()
        link, self._link = self._link, None
        if link is not None:
            link.kill()
            await asyncio.wait([link.ended])

    async def _build(self, base: str) -> BaseBuild:
        if self._link is None or self._link.ended.done():
            try:
                self._link = await Link.start(self._received, "bot.build_child")
            except OSError as error:
                return not_built(base, f"no process could be started for it ({error.strerror})")
            self._link.send(self._settings)
        link, self._report = self._link, asyncio.get_running_loop().create_future()
        link.send(base)
        either: list[asyncio.Future[Any]] = [self._report, link.ended]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self._report.done():
            return self._report.result()
        return not_built(base, "the build process was killed (out of memory?); the current version stays in use")

    def _end(self) -> None:
        if self._link is not None and not self.busy:
            self._link.kill()
            self._link = None  # the next build does not wait for its end

    def _received(self, value: tuple[str, Any]) -> None:
        what, content = value
        if what == "log":
            relay(*content)
        elif self._report is not None and not self._report.done():
            self._report.set_result(content)
