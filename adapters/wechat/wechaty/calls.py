"""Waits for one call of grpclib. Knows no gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def finished(call: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """What the call returns.

    It gets a task of its own: when a connection ends, grpclib cancels the tasks that wait for it and makes an error of
    that. In our own task this would swallow a real cancellation, and leave a count behind that confuses TaskGroup.

    Raises:
        TimeoutError: it took longer.
        ConnectionError: it was broken off.
    """
    task = asyncio.ensure_future(call)
    try:
        if not (await asyncio.wait([task], timeout=timeout_s))[0]:
            raise TimeoutError
        if task.cancelled():
            raise ConnectionError("the call was broken off")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # read, so that nobody complains that it was not
