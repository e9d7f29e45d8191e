"""Goes on sending what a lane could not get confirmed, while the platform still knows the key. Knows no platform.

A lane tries for a minute or so; an outage may last longer. Then the message ends with the outcome that its reply stands
for, and its rows wait here: in order within a chat, chats side by side, one attempt a round. When the window of the key
closes, what is in doubt becomes unknown and the outcome says so. The rows are in the store, so a restart goes on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from loguru import logger

from adapters.base import Message
from bot.store import OutboxRow, persist

if TYPE_CHECKING:
    from bot.outbox import Outbox

_AT_ONCE = 8


class LateReplies:
    """Messages that have ended and whose reply is not out yet, by group, oldest first."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._groups: OrderedDict[str, OrderedDict[str, Message]] = OrderedDict()
        self._added = asyncio.Event()

    def add(self, message: Message) -> None:
        """Send the rest of this reply later."""
        self._groups.setdefault(message.conversation.group, OrderedDict()).setdefault(message.id, message)
        self._added.set()

    def holds(self, group: str) -> bool:
        """Whether a reply to this group (``platform:chat``) is late: another one must not overtake it."""
        return group in self._groups

    def concerns(self, platform: str) -> bool:
        """Whether any reply of the platform is late: then it hardly pays to try a new one for long."""
        return any(group.partition(":")[0] == platform for group in self._groups)

    async def run(self) -> None:
        """Take up what an earlier run left, then work until cancelled."""
        await self._load()
        await self._round()
        while True:
            if not self._groups:
                self._added.clear()
                await self._added.wait()
            # By then the lane has stored the outcome, too.
            await self._outbox.clock.sleep(self._outbox.policy.cap_s)
            await self._round()

    async def _load(self) -> None:
        outbox = self._outbox
        for platform, message_id in await persist(outbox.store.replies.left_behind, outbox.clock):
            stored = await persist(partial(outbox.store.messages.get, platform, message_id), outbox.clock)
            if stored is None:
                continue
            rows = await persist(partial(outbox.rows, stored.message), outbox.clock)
            if any(self._in_time(row) for row in rows):
                self.add(stored.message)
            else:
                await persist(partial(outbox.store.replies.give_up, stored.message), outbox.clock)
                await outbox.revise(stored.message)
        if self._groups:
            logger.info("going on with the late replies of {} groups", len(self._groups))

    def _in_time(self, row: OutboxRow) -> bool:
        """Whether an open row may still be sent: within the window of its key, or as long after it was planned."""
        adapter = self._outbox.adapters.get(row.platform)
        if adapter is None or row.state not in ("planned", "sending"):
            return False
        began = row.first_attempt_at or row.updated_at
        return self._outbox.clock.now() - began < timedelta(seconds=adapter.abilities.idempotent_for_s)

    async def _round(self) -> None:
        """One attempt for the oldest late reply of each group; the next ones follow where it came through."""
        free = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for group in list(self._groups):
                tasks.create_task(self._drain(group, free))

    async def _drain(self, group: str, free: asyncio.Semaphore) -> None:
        waiting = self._groups[group]
        async with free:
            while waiting:
                message = next(iter(waiting.values()))
                with logger.contextualize(conversation=group, message=message.id):
                    if not await self._try(message):
                        return
                del waiting[message.id]
        del self._groups[group]

    async def _try(self, message: Message) -> bool:
        """Whether the message is settled, one way or the other."""
        try:
            return await self._outbox.try_late(message)
        except Exception:  # the boundary round one message
            logger.exception("a late reply could not be sent")
            return False
