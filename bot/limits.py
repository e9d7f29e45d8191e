"""How often one person and one group may ask: sliding windows of an hour. Knows nothing of what is asked."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
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
    """Answers in an hour per person and per group: ``limits`` gives both for a group, 0 switches one off.

    At most ``max_tracked`` people and groups are kept, the latest.
    """

    def __init__(self, clock: Clock, limits: Callable[[str], Mapping[Scope, int]], max_tracked: int = 10_000) -> None:
        self._clock = clock
        self._limits = limits
        self._max_tracked = max_tracked
        self._windows: OrderedDict[tuple[Scope, str], _Window] = OrderedDict()

    def allow(self, message: Message) -> LimitHit | None:
        """Count this message; or refuse it, and then it does not count."""
        now, group = self._clock.monotonic(), message.conversation.group
        limits = self._limits(group)
        keys: tuple[tuple[Scope, str], ...] = (("person", message.sender.key), ("group", group))
        windows = [(key[0], self._window(key, now)) for key in keys if limits[key[0]] > 0]
        for scope, window in windows:
            limit = limits[scope]
            if len(window.times) >= limit:
                first, window.told = not window.told, True
                return LimitHit(scope, limit, window.times[-limit] + WINDOW_S - now, first)
        for _, window in windows:
            window.times.append(now)
            window.told = False
        return None

    def full(self, message: Message) -> bool:
        """Whether this message would be refused; counts nothing and tells nobody."""
        now, limits = self._clock.monotonic(), self._limits(message.conversation.group)
        keys: tuple[tuple[Scope, str], ...] = (("person", message.sender.key), ("group", message.conversation.group))
        return any(0 < limits[key[0]] <= len(self._window(key, now).times) for key in keys)

    def recall(self, answers: Iterable[tuple[str, str, float]]) -> None:
        """Count what was answered before a restart: (person, group, seconds ago), oldest first."""
        now = self._clock.monotonic()
        for person, group, ago_s in answers:
            for key in (("person", person), ("group", group)):
                self._window(key, now).times.append(now - ago_s)

    def used(self, group: str) -> tuple[int, int]:
        """Answers to a group within the last hour, and its limit."""
        return len(self._window(("group", group), self._clock.monotonic()).times), self._limits(group)["group"]

    def _window(self, key: tuple[Scope, str], now: float) -> _Window:
        window = self._windows.setdefault(key, _Window())
        self._windows.move_to_end(key)
        while len(self._windows) > self._max_tracked:
            self._windows.popitem(last=False)
        while window.times and window.times[0] <= now - WINDOW_S:
            window.times.popleft()
        return window
