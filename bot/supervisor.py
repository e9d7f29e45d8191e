"""Keeps adapters running, each by itself: one that dies is started again, the others never notice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from loguru import logger

from adapters.base import Adapter, AdapterError, Deliver, Health
from bot.clock import Clock


@runtime_checkable
class ReportsHealth(Protocol):
    """An adapter that knows more about its connection than that it runs."""

    def health(self) -> Health:
        """How the connection is doing now."""
        ...


class Supervisor:
    """A restart waits ``base_s``, doubling to ``cap_s``, less up to half; a run of ``healthy_after_s`` resets that."""

    def __init__(
        self,
        adapters: Sequence[Adapter],
        deliver: Deliver,
        clock: Clock,
        *,
        base_s: float = 1.0,
        cap_s: float = 60.0,
        healthy_after_s: float = 60.0,
    ) -> None:
        self._adapters = adapters
        self._deliver = deliver
        self._clock = clock
        self._base_s, self._cap_s, self._healthy_after_s = base_s, cap_s, healthy_after_s
        self._health = {adapter.name: Health() for adapter in adapters}

    async def run(self) -> None:
        """Run every adapter until all have ended by themselves, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            for adapter in self._adapters:
                group.create_task(self._keep(adapter))

    def health(self) -> dict[str, Health]:
        """By adapter name: what the adapter says while it runs, else how its last run ended."""
        return {adapter.name: self._health_of(adapter) for adapter in self._adapters}

    def _health_of(self, adapter: Adapter) -> Health:
        ours = self._health[adapter.name]
        if ours.state != "up" or not isinstance(adapter, ReportsHealth):
            return ours
        theirs = adapter.health()
        return Health(theirs.state, theirs.detail, {**ours.counters, **theirs.counters})

    async def _keep(self, adapter: Adapter) -> None:
        health = self._health[adapter.name]
        failures = 0
        while True:
            started = self._clock.monotonic()
            health.state, health.detail = "up", ""
            error = await self._run_once(adapter)
            if error is None:
                health.state = "stopped"
                return
            health.state, health.detail = "down", f"{type(error).__name__}: {error}"
            if isinstance(error, AdapterError) and error.permanent:
                logger.error("{} is not started again: {}", adapter.name, error)
                return
            failures = 1 if self._clock.monotonic() - started >= self._healthy_after_s else failures + 1
            pause_s = min(self._cap_s, self._base_s * 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)
            health.counters["restarts"] = health.counters.get("restarts", 0) + 1
            logger.opt(exception=error).error("{} died, started again in {:.1f} s", adapter.name, pause_s)
            await self._clock.sleep(pause_s)

    async def _run_once(self, adapter: Adapter) -> BaseException | None:
        """The boundary round one run of an adapter."""
        try:
            await adapter.run(self._deliver)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return error  # a library inside cancelled itself; nobody asked us to stop
        except Exception as error:
            return error
        return None
