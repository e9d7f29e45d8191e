"""Hands items from one thread to the event loop of another. Knows nothing of what they are."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from loguru import logger

T = TypeVar("T")


class Crossing(Generic[T]):
    """``take`` gets each item on ``loop``, in order. Items that come close together cost one wake-up, not one each.

    A wake-up is a system call during which the interpreter may run another thread for a while: in a burst it would
    cost more than all the rest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[T], None]) -> None:
        self._loop, self._take = loop, take
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        """Hand over from any thread. Lost when the loop is closed: then nobody waits for it."""
        self._items.append(item)
        if len(self._items) > 1:
            return  # whoever put the first has woken the loop, and it takes all that it finds
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            logger.debug("an item came after the end of its event loop")

    def _drain(self) -> None:
        while self._items:
            self._take(self._items.popleft())
