"""Builds bases when somebody asks or when their documents change, one at a time, and has each new version swapped in.

It knows no chat and no gate; what to do with a new version is handed in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from loguru import logger

from bot.build_process import Builder
from bot.builder import BaseBuild, bases_to_build
from bot.config import Settings
from bot.sources.refresh import split_entries
from bot.watch import DocumentWatch
from rag.base import RagError

RETRY_S, MAX_RETRY_S = 1.0, 60.0


class Rebuilds:
    """``swap`` puts the current versions in use; ``begin`` is called before each build, which wants the processor."""

    def __init__(
        self, settings: Settings, swap: Callable[[], Awaitable[None]], begin: Callable[[], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._swap = swap
        self._begin = begin
        self._builder = Builder(settings)
        self._turn = asyncio.Lock()
        self._failed: dict[str, tuple[int, str]] = {}  # by base: how often in a row, and why

    @property
    def busy(self) -> bool:
        """Whether a build or its swap is under way."""
        return self._turn.locked()

    async def idle(self) -> None:
        """Until nothing is built."""
        async with self._turn:
            return

    async def all(self, bases: Sequence[str] = ()) -> list[BaseBuild]:
        """Build every base that has documents, or those named, then swap.

        One that fails stops no other and has its ``error``.

        Raises:
            RagError: the new versions cannot be used.
        """
        async with self._turn:
            await self._begin()
            reports = [await self._builder.build(base) for base in bases or bases_to_build(self._settings)]
            for report in reports:
                if report.error:
                    logger.error("the knowledge base {} was not built: {}", report.base, report.error)
            if not all(report.error for report in reports):
                await self._swap()
        return reports

    async def follow(self) -> None:
        """Rebuild the bases with ``watch`` whenever their documents change, until cancelled."""
        data = [self._settings.data]
        async with asyncio.TaskGroup() as tasks:
            for poll in (False, True):
                roots = {
                    base: [Path(folder.path) for folder in split_entries(self._settings, base)[0]]
                    for base, section in self._settings.knowledge.items()
                    if section.documents and section.watch == ("poll" if poll else "yes")
                }
                if roots:
                    tasks.create_task(self._follow(DocumentWatch(roots, poll=poll, ignored=data)))

    async def close(self) -> None:
        """End what is being built."""
        await self._builder.close()

    async def _follow(self, watch: DocumentWatch) -> None:
        async with aclosing(watch.changes()) as changes:
            async for bases in changes:
                for base in sorted(bases):
                    retry_s = await self._rebuild(base)
                    if retry_s:
                        asyncio.get_running_loop().call_later(retry_s, watch.again, base)

    async def _rebuild(self, base: str) -> float:
        """Build one base and swap it in; after how many seconds to try again, 0 where it went well."""
        async with self._turn:
            started = time.monotonic()
            await self._begin()
            report = await self._builder.build(base)
            error = report.error
            if not error and not report.unchanged_build:
                try:
                    await self._swap()
                except (RagError, OSError) as fault:
                    error = str(fault)
        if not error:
            self._failed.pop(base, None)
            _log_done(report, time.monotonic() - started)
            return 0.0
        times, before = self._failed.get(base, (0, ""))
        self._failed[base] = (times + 1, error)
        if error != before:  # once: what stays wrong is tried again and again
            logger.error("watching [{}]: the previous version stays in use: {}", base, error)
        return min(MAX_RETRY_S, RETRY_S * 2.0**times)


def _log_done(report: BaseBuild, seconds: float) -> None:
    if report.unchanged_build:
        logger.debug("watching [{}]: nothing has changed ({} documents)", report.base, report.documents)
        return
    logger.info(
        "watching [{}]: {} added, {} changed, {} removed, {} failed; {} passages embedded, in use after {:.1f} s",
        report.base,
        report.added,
        report.changed,
        report.removed,
        len(report.failed),
        report.embedded,
        seconds,
    )
