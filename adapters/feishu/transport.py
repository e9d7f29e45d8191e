"""What carries events from the platform to the adapter. Knows neither how they arrive nor what they mean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
