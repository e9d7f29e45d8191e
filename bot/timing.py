"""How long a reader waits: to the first words of an answer, and to its end. Knows no message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.clock import Clock

Show = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Stopwatch:
    """Runs from the turn of a message."""

    clock: Clock
    first_s: float | None = None
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock.monotonic()

    def noting(self, show: Show | None) -> Show:
        """``show``, with the time of its first words noted; nothing is shown where there is none."""

        async def noted(text: str) -> None:
            if show is not None:
                await show(text)
            if self.first_s is None:
                self.first_s = self.clock.monotonic() - self._started

        return noted

    def read(self) -> dict[str, float]:
        """Seconds to the first words and to now; an answer that came whole had its first words now."""
        whole = self.clock.monotonic() - self._started
        return {"first_s": round(whole if self.first_s is None else self.first_s, 3), "whole_s": round(whole, 3)}
