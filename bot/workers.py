"""The one bridge from the event loop to computing: one set of threads each for gate and search, generating, training.

They never share a thread, so that a gate check never waits behind a long answer or a training.
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
        self._train = ThreadPoolExecutor(1, thread_name_prefix="train")

    async def compute(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run encoding, gate or search off the event loop."""
        return await _run(self._compute, fn, *args, **kwargs)

    async def generate(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a local model's answer."""
        return await _run(self._generate, fn, *args, **kwargs)

    async def train(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Load a knowledge version, train a gate: work that neither questions nor answers may wait for."""
        return await _run(self._train, fn, *args, **kwargs)

    def close(self) -> None:
        """Drop what has not begun and wait for what has."""
        pools = (self._compute, self._generate, self._train)
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in pools:
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
