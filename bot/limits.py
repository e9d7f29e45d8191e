"""How often one person and one group may ask: sliding windows of an hour. Knows nothing of what is asked."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from adapters.base import Message
from bot.clock import Clock

WINDOW_S = 3600.0
Scope = Literal["person", "group"]


@dataclass(frozen=True, slots=True)
class LimitHit:
    """Refused. ``first`` is True for the first refusal since something was allowed: say it then, and only then."""

    scope: Scope
    limit: int
    retry_after_s: float
    first: bool


@dataclass(slots=True)
class _Window:
    times: deque[float] = field(default_factory=deque)
    told: bool = False


class Limits:
    """Both limits of ``[bot]``; 0 switches one off. At most ``max_tracked`` people and groups are kept, the latest."""

    def __init__(
        self, clock: Clock, *, per_person_per_hour: int, per_group_per_hour: int, max_tracked: int = 10_000
    ) -> None:
        self._clock = clock
        self._limits: dict[Scope, int] = {"person": per_person_per_hour, "group": per_group_per_hour}
        self._max_tracked = max_tracked
        self._windows: OrderedDict[tuple[Scope, str], _Window] = OrderedDict()

    def allow(self, message: Message) -> LimitHit | None:
        """Count this message; or refuse it, and then it does not count."""
        now = self._clock.monotonic()
        keys: tuple[tuple[Scope, str], ...] = (("person", message.sender.key), ("group", message.conversation.group))
        windows = [(key[0], self._window(key, now)) for key in keys if self._limits[key[0]] > 0]
        for scope, window in windows:
            limit = self._limits[scope]
            if len(window.times) >= limit:
                first, window.told = not window.told, True
                return LimitHit(scope, limit, window.times[0] + WINDOW_S - now, first)
        for _, window in windows:
            window.times.append(now)
            window.told = False
        return None

    def _window(self, key: tuple[Scope, str], now: float) -> _Window:
        window = self._windows.setdefault(key, _Window())
        self._windows.move_to_end(key)
        while len(self._windows) > self._max_tracked:
            self._windows.popitem(last=False)
        while window.times and window.times[0] <= now - WINDOW_S:
            window.times.popleft()
        return window
