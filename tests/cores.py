"""The durable core as tests open it: the whole of it, or the outbox alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fakes import FakeClock, RecordingAdapter, make_message

from adapters.base import Message
from bot.inbox import Inbox, OnOverloaded, OnSignal
from bot.lanes import Handler, Lanes, LaneSettings
from bot.outbox import Outbox, SendPolicy
from bot.outcome import Outcome
from bot.store import Store


@dataclass
class Core:
    """The durable core on one file, wired as the application does it."""

    store: Store
    outbox: Outbox
    lanes: Lanes
    inbox: Inbox
    adapter: RecordingAdapter
    ended: list[tuple[str, str]] = field(default_factory=list)


@asynccontextmanager
async def open_core(
    path: Path,
    handler: Handler,
    *,
    clock: FakeClock | None = None,
    settings: LaneSettings | None = None,
    adapter: RecordingAdapter | None = None,
    max_backlog: int = 10_000,
    on_signal: OnSignal | None = None,
    on_overloaded: OnOverloaded | None = None,
    run: bool = True,
) -> AsyncIterator[Core]:
    clock = clock or FakeClock()
    adapter = adapter or RecordingAdapter(clock=clock)
    store = Store.open(path, clock, busy_timeout_s=0.05)
    outbox = Outbox(store, {"fake": adapter}, clock)
    lanes = Lanes(store, outbox, handler, clock, settings or LaneSettings())
    inbox = Inbox(store, lanes, clock, max_backlog=max_backlog, on_signal=on_signal, on_overloaded=on_overloaded)
    core = Core(store, outbox, lanes, inbox, adapter)
    lanes.listeners.append(lambda message, outcome: core.ended.append((message.text, outcome.name)))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        if run:
            await inbox.start()
            group = await stack.enter_async_context(asyncio.TaskGroup())
            tasks = [group.create_task(lanes.run()), group.create_task(inbox.run())]
            stack.callback(lambda: [task.cancel() for task in tasks])
        yield core


async def silent(message: Message) -> Outcome:
    return Outcome("silent")


class Bench:
    """An outbox on a file, with the adapter behind it; `restart` is what a crash leaves."""

    def __init__(self, path: Path, adapter: RecordingAdapter) -> None:
        self.path, self.adapter, self.clock = path, adapter, adapter.clock
        self.open()

    def open(self) -> None:
        self.store = Store.open(self.path, self.clock, busy_timeout_s=0.05)
        policy = SendPolicy(attempt_timeout_s=5, max_attempts=4)
        self.outbox = Outbox(self.store, {"fake": self.adapter}, self.clock, policy)

    async def restart(self) -> None:
        await self.store.close()
        self.open()

    async def message(self) -> Message:
        message = make_message()
        await self.store.messages.add(message)
        return message

    async def states(self, message: Message) -> list[str]:
        return [row.state for row in await self.outbox.rows(message)]
