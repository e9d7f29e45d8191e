"""Posts at the speed of a person, since accounts are banned for speed. Knows no route.

Waiting is bounded: a post that would have to wait longer is refused before anything is sent, so it can be tried again.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.base import AdapterError
from adapters.clock import Clock, RealClock

MAX_CHATS = 5_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: before each post (give or take 30%), between two of a group, between any two of the account."""

    delay_s: float = 1.5
    group_spacing_s: float = 4.0
    account_spacing_s: float = 1.0
    max_wait_s: float = 8.0


def _jitter() -> float:
    return random.uniform(0.7, 1.3)


@dataclass(slots=True)
class Pacer:
    """Hands out times to post at. ``jitter`` gives the factor of the delay."""

    pace: Pace
    clock: Clock = field(default_factory=RealClock)
    jitter: Callable[[], float] = _jitter
    _account_at: float = float("-inf")
    _chats: OrderedDict[str, float] = field(default_factory=OrderedDict)

    async def wait(self, chat: str) -> None:
        """Wait for the turn of a post into ``chat``; first come, first served.

        Raises:
            AdapterError: its turn is too far off. Nothing was sent.
        """
        pace, now = self.pace, self.clock.monotonic()
        at = max(
            now + pace.delay_s * self.jitter(),
            self._chats.get(chat, float("-inf")) + pace.group_spacing_s,
            self._account_at + pace.account_spacing_s,
        )
        longest_s = max(pace.max_wait_s, pace.delay_s * 1.3)
        if at - now > longest_s:
            message = f"posts are paced, the next is due in {at - now:.0f} s"
            raise AdapterError(message, retry_after_s=at - now - longest_s)
        self._account_at = self._chats[chat] = at
        self._chats.move_to_end(chat)
        if len(self._chats) > MAX_CHATS:
            self._chats.popitem(last=False)
        if at > now:
            await self.clock.sleep(at - now)
