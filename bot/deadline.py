"""The time limit of the message being handled: it bounds deciding, and whoever begins to send lifts it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

message_deadline: ContextVar[asyncio.Timeout | None] = ContextVar("message_deadline", default=None)


def lift_deadline() -> None:
    """The message is decided. Sending has bounds of its own, and cutting it short would leave its outcome unknown."""
    deadline = message_deadline.get()
    if deadline is not None and not deadline.expired():
        deadline.reschedule(None)
