"""One answer being written, as the engine's thread and its caller on the event loop share it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.base import GeneratorError

Item = int | GeneratorError | None


@dataclass(eq=False)
class Request:
    """One answer being written. ``queue`` takes tokens, then None or an error."""

    loop: asyncio.AbstractEventLoop
    max_tokens: int
    temperature: float
    stops: frozenset[int]
    queue: asyncio.Queue[Item] = field(default_factory=asyncio.Queue)
    generated: list[int] = field(default_factory=list)
    launched: int = 0
    done: bool = False


def put(items: Sequence[tuple[Request, Item]]) -> None:
    """Hand items to their callers; runs on their event loop."""
    for request, item in items:
        request.queue.put_nowait(item)
