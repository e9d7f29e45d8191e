"""Runs an adapter for the length of a block, and waits for what only the adapter knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapter_contract import Recorder

from adapters.base import Adapter


@asynccontextmanager
async def running(
    adapter: Adapter, core: Recorder | None = None, *, within_s: float = 20
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(adapter.run(core or Recorder()))
    try:
        async with asyncio.timeout(within_s):
            yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(reached: Callable[[], object]) -> None:
    """For what only the adapter knows; its loop is this one."""
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
