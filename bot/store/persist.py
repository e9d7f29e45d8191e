"""Writes that must not be lost because the disk is full for a while: repeated until the store takes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from loguru import logger

from bot.clock import Clock
from bot.store.errors import StoreClosedError, StoreConflictError, StoreError

T = TypeVar("T")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0


async def persist(write: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Repeat ``write`` until it is stored. Whoever waits here takes no new work meanwhile, as it should.

    Raises:
        StoreError: the write itself is wrong, or the store was closed.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await write()
        except (StoreClosedError, StoreConflictError):
            raise
        except StoreError as error:
            logger.warning("not stored, tried again in {:.1f} s: {}", pause_s, error)
            await clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
