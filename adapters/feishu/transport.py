"""What carries events from the platform to the adapter. Knows neither how they arrive nor what they mean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.base import Health

OnEvent = Callable[[dict[str, Any]], Awaitable[None]]
"""Takes one event, the whole schema 2.0 payload, on the application's loop, and returns once it is durable.

Raising means that it was not stored, so that it must not be acknowledged. Events of one conversation keep their order
only if this awaits nothing before it hands the event to the core.
"""


class Transport(Protocol):
    """One way in."""

    async def run(self, on_event: OnEvent) -> None:
        """Receive until cancelled.

        Raises:
            AdapterError: permanent; it cannot work until somebody changes the configuration, and the message says how.
        """
        ...

    def health(self) -> Health:
        """How the way in is doing now."""
        ...


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things may take, in seconds.

    ``ack_s``: to store an event; the platform waits 3 s, then delivers again. ``endpoint_s``: to be told where to
    connect; ``connect_s``: to connect; ``close_s``: to say goodbye. ``ping_s``: between pings at most (the platform may
    ask for a shorter pause); ``silence_s``: a connection without any sign of life for this long is dead. Reconnecting
    waits ``backoff_s``, doubling to ``backoff_cap_s``, less up to half at random; ``backoff_limit_s`` when the platform
    says that there are too many connections. A connection that held ``healthy_s`` resets the back-off.
    ``freshness_s``: how old a webhook request may be.
    """

    ack_s: float = 2.5
    endpoint_s: float = 10.0
    connect_s: float = 15.0
    close_s: float = 2.0
    ping_s: float = 30.0
    silence_s: float = 75.0
    backoff_s: float = 1.0
    backoff_cap_s: float = 60.0
    backoff_limit_s: float = 300.0
    healthy_s: float = 60.0
    freshness_s: float = 300.0
