"""Keeps calls within the platform's limits before the platform has to refuse them. Knows no call by name.

Limits: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from adapters.base import AdapterError
from adapters.clock import Clock, RealClock

MAX_BUCKETS = 10_000


@dataclass(slots=True)
class Bucket:
    """A token bucket that hands out places in a queue: ``level`` below zero is what was promised ahead of time."""

    per_s: float
    size: float
    level: float = field(default=0.0, init=False)
    at: float | None = field(default=None, init=False)

    def wait_s(self, now: float) -> float:
        """How long a token that is taken now has to wait."""
        return max(0.0, (1.0 - self._level(now)) / self.per_s)

    def take(self, now: float) -> None:
        """Take a token, which may be one of the future."""
        self.level, self.at = self._level(now) - 1.0, now

    def pause(self, now: float, seconds: float) -> None:
        """No token before ``seconds`` have passed: the platform says so."""
        self.level, self.at = min(self._level(now), 1.0 - seconds * self.per_s), now

    def _level(self, now: float) -> float:
        if self.at is None:
            return self.size
        return min(self.size, self.level + (now - self.at) * self.per_s)


class Buckets:
    """The limits of one app: 50/s and 1,000/min for each API, and 5/s for what is posted into one chat.

    ``per_s`` and ``per_min`` are for APIs that allow less. A burst uses half a second's worth of the app's limit at
    most, since the platform counts in whole seconds.
    """

    def __init__(
        self, clock: Clock | None = None, *, max_wait_s: float = 10.0, per_s: float = 50, per_min: float = 1000
    ) -> None:
        self._clock = clock or RealClock()
        self._max_wait_s = max_wait_s
        self._per_s, self._per_min = per_s, per_min
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    async def take(self, api: str, chat: str = "", *, may_wait: bool = True) -> None:
        """Wait until the call may be made; first come, first served.

        Raises:
            AdapterError: it would take too long. Nothing was called.
        """
        now = self._clock.monotonic()
        buckets = [self._of_app(api), self._bucket(f"{api}/min", self._per_min / 60, max(1, self._per_min / 2))]
        if chat:
            buckets.append(self._bucket(f"chat {chat}", 5, 5))
        wait_s = max(bucket.wait_s(now) for bucket in buckets)
        if wait_s > (self._max_wait_s if may_wait else 0):
            raise AdapterError(f"the rate limit leaves no room for {wait_s:.1f} s", retry_after_s=wait_s)
        for bucket in buckets:
            bucket.take(now)
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def pause(self, api: str, seconds: float, chat: str = "") -> None:
        """The platform refused: let its pause hold for all calls of the kind, or for all posts into the chat."""
        bucket = self._bucket(f"chat {chat}", 5, 5) if chat else self._of_app(api)
        bucket.pause(self._clock.monotonic(), seconds)

    def _of_app(self, api: str) -> Bucket:
        return self._bucket(f"{api}/s", self._per_s, max(1, self._per_s / 2))

    def _bucket(self, name: str, per_s: float, size: float) -> Bucket:
        bucket = self._buckets.setdefault(name, Bucket(per_s, size))
        self._buckets.move_to_end(name)
        while len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket
