"""Recorded messages through the real queue: every line of IN is delivered, every line gets one decision in OUT.

It does not know how decisions are made: whoever finishes a message calls `ReplayAdapter.record`. A message that the
core knows from an earlier, killed run is asked for with ``recall_outcome``; where that has none yet, `record` comes.
So each line has exactly one decision at the end, wherever the process was killed in between.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from adapters.base import Abilities, AdapterError, Deliver, InboxError, Message, Reply, SentMessage
from adapters.defaults import BaseAdapter
from adapters.replay_decisions import Decisions
from adapters.replay_file import PLATFORM, Line, failed_input

Decision = dict[str, Any]
RecallOutcome = Callable[[str], Awaitable[Decision | None]]
Progress = Callable[[int, int], None]
Pace = Callable[[Message], Awaitable[None]]


async def _nothing_known(message_id: str) -> Decision | None:
    return None


class ReplayAdapter(BaseAdapter):
    """Delivers the messages of a JSONL file in their order, and ends when all of them are decided.

    ``window`` deliveries may wait for the disk at once (one by one, a synced store would allow a few hundred a second
    at best); at most ``max_undecided`` messages are in work, so that a long file never counts as an overload.
    ``progress`` is called with (decided, all) lines; ``pace`` is awaited before each delivery.

    Replies are posted nowhere: the answer stands in the decision. They can be repeated for ever, and never withdrawn.
    """

    name = PLATFORM
    abilities = Abilities(markdown=True, max_chars=1_000_000, idempotent_for_s=math.inf)

    def __init__(
        self,
        in_path: Path,
        out_path: Path,
        *,
        recall_outcome: RecallOutcome = _nothing_known,
        window: int = 256,
        max_undecided: int = 2_000,
        progress: Progress | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.posts: dict[str, tuple[Reply, SentMessage]] = {}
        self._in_path, self._out_path = in_path, out_path
        self._recall_outcome = recall_outcome
        self._window = window
        self._max_undecided = max_undecided
        self._progress, self._pace = progress, pace
        self._decisions: Decisions | None = None
        self._by_message: dict[str, Line] = {}
        self._in_work: set[str] = set()
        self._failure: Exception | None = None
        self._changed = asyncio.Event()
        self._opening = asyncio.Lock()

    @property
    def complete(self) -> bool:
        """Whether every line has its decision in OUT."""
        return self._decisions is not None and self._decisions.complete

    async def run(self, deliver: Deliver) -> None:
        """Deliver what has no decision yet. May be called again after a failure or a cancellation, and goes on then.

        Raises:
            AdapterError: IN or OUT cannot be used; the message says what to do.
            InboxError: the core could not store a message. Nothing is lost: run it again.
        """
        decisions = await self._open()
        self._in_work.clear()
        self._failure = None
        for line in decisions.lines:
            if line.message is None:
                self._decide(line, failed_input(f"line {line.number}: {line.error}"))
        slots = asyncio.Semaphore(self._window)
        async with asyncio.TaskGroup() as group:
            for line in decisions.lines:
                if line.message is None or decisions.has(line):
                    continue
                if self._pace:
                    await self._pace(line.message)
                await self._until(lambda: len(self._in_work) < self._max_undecided)
                await slots.acquire()
                if self._failure:
                    break
                if decisions.has(line):  # recorded while we waited: the core had it from an earlier run
                    slots.release()
                    continue
                self._in_work.add(line.key)
                group.create_task(self._deliver(line, line.message, deliver, slots))
        await self._until(lambda: decisions.complete)
        self._raise_failure()

    async def record(self, message: Message, decision: Decision) -> None:
        """Write the decision of a finished message: once, in the order of the input. Others' messages are ignored.

        It never raises: when OUT cannot be written, `run` does.
        """
        try:
            await self._open()
        except AdapterError as error:
            self._fail(error)
            return
        line = self._by_message.get(message.id)
        if line is not None:
            self._decide(line, decision)

    async def send(self, reply: Reply, key: str) -> SentMessage:
        """Keep the reply in ``posts``."""
        if key not in self.posts:
            self.refuse_too_long(reply)
            sent = SentMessage(reply.to.conversation, (f"{reply.to.id}/{key}",), reply.to.sent_at)
            self.posts[key] = (reply, sent)
        return self.posts[key][1]

    async def _open(self) -> Decisions:
        async with self._opening:
            if self._decisions is None:
                self._decisions = await asyncio.to_thread(Decisions.open, self._in_path, self._out_path)
                self._by_message = {line.message.id: line for line in self._decisions.lines if line.message}
                self._report()
            return self._decisions

    async def _deliver(self, line: Line, message: Message, deliver: Deliver, slots: asyncio.Semaphore) -> None:
        try:
            if not await deliver(message):
                known = await self._recall_outcome(message.id)
                if known is not None:
                    self._decide(line, known)
        except (InboxError, AdapterError) as error:
            self._fail(error)
        finally:
            slots.release()

    def _decide(self, line: Line, decision: Decision) -> None:
        if self._decisions is None or self._decisions.has(line):
            return
        try:
            self._decisions.add(line, decision)
        except OSError as error:
            self._fail(AdapterError(f"cannot write {self._out_path}: {error.strerror}; mend that and run it again"))
            return
        self._in_work.discard(line.key)
        self._changed.set()
        self._report()

    def _report(self) -> None:
        if self._progress and self._decisions:
            self._progress(self._decisions.decided, len(self._decisions.lines))

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._changed.set()

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Wait for a change that makes ``reached`` true, or for a failure."""
        while not reached() and not self._failure:
            self._changed.clear()
            await self._changed.wait()

    def _raise_failure(self) -> None:
        """Raise what went wrong, and forget it with all that may be stale: the next run reads the files again."""
        if self._failure:
            failure, self._failure = self._failure, None
            self._decisions = None
            raise failure
