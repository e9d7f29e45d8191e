"""The one bridge from the event loop to computing: threads for gate and search, others for generating. Knows neither.

The two never share a thread, so that a gate check never waits behind a long answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A caller that is cancelled is let go at once: what had not begun never runs, what had runs on to no effect."""

    def __init__(self, compute_threads: int = 1, generate_threads: int = 1) -> None:
        self._compute = ThreadPoolExecutor(compute_threads, thread_name_prefix="compute")
        self._generate = ThreadPoolExecutor(generate_threads, thread_name_prefix="generate")

    async def compute(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run encoding, gate or search off the event loop."""
        return await _run(self._compute, fn, *args, **kwargs)

    async def generate(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something long: a local model's answer, a knowledge version being loaded."""
        return await _run(self._generate, fn, *args, **kwargs)

    def close(self) -> None:
        """Drop what has not begun and wait for what has."""
        for pool in (self._compute, self._generate):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in (self._compute, self._generate):
            pool.shutdown(wait=True)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


async def _run(pool: ThreadPoolExecutor, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    context = copy_context()  # the log keeps saying whose message this is
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(fn, *args, **kwargs))
