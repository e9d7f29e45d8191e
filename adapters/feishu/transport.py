"""What a way of receiving events offers the adapter. Knows neither parsing nor the core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from adapters.base import Health

OnEvent = Callable[[dict[str, Any]], Awaitable[None]]
"""Takes one event as the platform posts it, on the loop of `Transport.run`'s caller, and returns once it is durable.

That it raises means that the event was not stored: it must not be acknowledged.
"""


class Transport(Protocol):
    """The long connection or the webhook."""

    async def run(self, on_event: OnEvent) -> None:
        """Receive until cancelled.

        Raises:
            AdapterError: with ``permanent=True`` where the credentials are wrong.
        """
        ...

    def health(self) -> Health:
        """How the connection is doing now."""
        ...
