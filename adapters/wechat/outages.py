"""Remembers when a connection was down, because what was said meanwhile may have been missed. Knows no platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from adapters.base import Health


class Outages:
    """``missed`` says what an outage may have cost, as a clause."""

    def __init__(self, missed: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._missed = missed
        self._now = now
        self._state: Literal["starting", "up", "down", "stopped"] = "starting"
        self._why = ""
        self._since: datetime | None = None
        self._seen: datetime | None = None
        self._last = ""
        self._count = 0
        self._seconds = 0.0

    @property
    def is_up(self) -> bool:
        """Whether the connection stands."""
        return self._state == "up"

    def seen(self) -> None:
        """The other side has just shown that it lives."""
        self._seen = self._now()

    def up(self, detail: str = "") -> None:
        """The connection stands (again)."""
        if self._since is not None:
            now = self._now()
            self._count += 1
            lasted_s = (now - self._since).total_seconds()
            self._seconds += lasted_s
            self._last = f"down for {lasted_s:.0f} s until {now:%Y-%m-%d %H:%M:%S} UTC"
        self._since, self._state, self._why = None, "up", detail
        self.seen()

    def down(self, why: str, *, unseen: bool = False) -> None:
        """The connection is gone, or still is. Before it first stood nothing can have been missed.

        ``unseen``: since when is not known, at the earliest since the last sign of life.
        """
        if self._state == "up":
            self._since = (self._seen if unseen else None) or self._now()
        self._state, self._why = "down", why

    def health(self, counters: Mapping[str, int]) -> Health:
        """For ``/status``: how it is now, and what the outages so far may have cost."""
        parts = [self._why] if self._why else []
        if self._since is not None:
            parts.append(f"down since {self._since:%Y-%m-%d %H:%M:%S} UTC: {self._missed}")
        elif self._count:
            parts.append(f"{self._last}: {self._missed}")
        ours = {"outages": self._count, "outage seconds": round(self._seconds)}
        return Health(self._state, "; ".join(parts), {**ours, **counters})
