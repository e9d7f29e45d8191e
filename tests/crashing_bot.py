"""The durable core over a platform that is a file, killed by SIGKILL at a given step. Run by test_crash.py.

Arguments: the folder, the number of messages, whether keys hold (0 or 1), and the step to die at (0: none). Steps are
counted at the start of handling, before a post is written, and after it is on the disk but not confirmed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from fakes import RecordingAdapter, make_message

from adapters.base import Abilities, Message, Reply, SentMessage
from bot.clock import SystemClock
from bot.inbox import Inbox
from bot.lanes import Lanes, LaneSettings
from bot.outbox import Outbox
from bot.outcome import Outcome
from bot.store import Store


@dataclass
class Steps:
    """Counts down to the kill."""

    left: int

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FilePlatform(RecordingAdapter):
    """Each post is a line of a file, on the disk before `send` returns."""

    def __init__(self, file: Path, steps: Steps, keys_hold: bool) -> None:
        super().__init__(abilities=Abilities(idempotent_for_s=3600.0 if keys_hold else 0.0))
        self.file, self.steps, self.keys_hold = file, steps, keys_hold

    async def send(self, reply: Reply, key: str) -> SentMessage:
        self.steps.count()
        known = self.keys_hold and self.file.exists() and key in self.file.read_text()
        if not known:
            with self.file.open("a") as file:
                file.write(f"{reply.to.id} {key}\n")
                file.flush()
                os.fsync(file.fileno())
        self.steps.count()
        return SentMessage(reply.to.conversation, (f"sent-{key}",), SystemClock().now())


async def main(folder: Path, count: int, keys_hold: bool, die_at: int) -> None:
    clock, steps = SystemClock(), Steps(die_at)
    store = Store.open(folder / "qunda.db", clock)
    outbox = Outbox(store, {"fake": FilePlatform(folder / "posts.txt", steps, keys_hold)}, clock)

    async def handle(message: Message) -> Outcome:
        steps.count()
        if int(message.id) % 4 == 0:
            return Outcome("silent")
        return await outbox.post(message, [Reply(message, "an answer")], Outcome("answered"))

    lanes = Lanes(store, outbox, handle, clock, LaneSettings(lanes=3, lane_size=2))
    inbox = Inbox(store, lanes, clock)
    await inbox.start()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lanes.run()), group.create_task(inbox.run())]
        # The platform delivers everything again after each start, under new event ids.
        messages = [
            make_message(id=str(n), event_id=f"{os.getpid()}-{n}", chat=f"g{n % 5}", sent_at=clock.now())
            for n in range(count)
        ]
        await asyncio.gather(*(inbox.deliver(message) for message in messages))
        await inbox.drained()
        for task in tasks:
            task.cancel()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1", int(sys.argv[4])))
