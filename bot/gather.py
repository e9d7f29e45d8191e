"""Joins what one person sends in several short messages, so that it is judged as one question. Knows no gate.

It stands between inbox and lanes. A message that may continue is held until its sender has been quiet for a moment;
the last of a series carries the joined text, and the others end as ``merged``. Everything that is held is in the store
without an outcome, so a crash only means that the series is judged message by message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from adapters.base import Conversation, Message
from bot.arrivals import Arrivals
from bot.clock import Clock
from bot.lanes import Lanes
from bot.outcome import Outcome
from bot.store import Store, persist
from bot.store.messages import StoredMessage

MAX_JOINED = 8
MAX_JOINED_CHARS = 2_000
IDLE_S = 0.3
JUDGED_WITH = "judged with message "

Item = tuple[int, Message]


@dataclass(slots=True)
class _Series:
    items: list[Item] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None

    def full(self, message: Message) -> bool:
        chars = sum(len(held.text) for _, held in self.items)
        return len(self.items) >= MAX_JOINED or chars + len(message.text) > MAX_JOINED_CHARS


class Gatherer:
    """`offer` takes stored messages in the order of their delivery, and hands them on in the order of their release.

    ``may_wait`` says which messages may be held, ``may_join`` which ones end a series at once and take it with them.
    ``virtual``: the times are those of ``sent_at``, as in a replay; what is held is let go after it as soon as a later
    message of the conversation comes, or nothing comes at all for a moment.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        arrivals: Arrivals,
        *,
        window_s: float,
        may_wait: Callable[[Message], bool],
        may_join: Callable[[Message], bool],
        virtual: bool = False,
    ) -> None:
        self._store, self._lanes, self._clock, self._arrivals = store, lanes, clock, arrivals
        self._window_s, self._virtual = window_s, virtual
        self._may_wait, self._may_join = may_wait, may_join
        self._held: dict[tuple[Conversation, str], _Series] = {}
        self._released: asyncio.Queue[Sequence[Item]] = asyncio.Queue()
        self._idle: asyncio.TimerHandle | None = None

    def offer(self, seq: int, message: Message) -> None:
        """Take a stored message; it never blocks."""
        self._arrivals.note(message)
        key = (message.conversation, message.sender.id)
        if self._virtual:
            self._pass_time(message)
        series = self._held.get(key)
        if self._window_s > 0 and self._may_wait(message):
            if series is not None and series.full(message):
                self._release(key)
            self._hold(key, (seq, message))
        elif series is not None and self._may_join(message):
            series.items.append((seq, message))
            self._release(key)
        else:
            self._release(key)
            self._released.put_nowait([(seq, message)])

    def take_out(self, message: Message) -> None:
        """Hand on a held message alone, for its author has recalled it: nothing is joined with it."""
        key = (message.conversation, message.sender.id)
        series = self._held.get(key)
        found = next((item for item in series.items if item[1].id == message.id), None) if series else None
        if series is None or found is None:
            return
        series.items.remove(found)
        if not series.items:
            self._release(key)
        self._released.put_nowait([found])

    async def run(self) -> None:
        """Hand on what was released, until cancelled."""
        while True:
            items = await self._released.get()
            seq, message = items[-1]
            if len(items) > 1:
                message = join([held for _, held in items])
                await self._merge(seq, message, [held for _, held in items[:-1]])
            self._lanes.offer(seq, message)

    def _hold(self, key: tuple[Conversation, str], item: Item) -> None:
        series = self._held.setdefault(key, _Series())
        series.items.append(item)
        if series.timer is not None:
            series.timer.cancel()
        if not self._virtual:
            series.timer = asyncio.get_running_loop().call_later(self._window_s, self._release, key)

    def _release(self, key: tuple[Conversation, str]) -> None:
        series = self._held.pop(key, None)
        if series is not None:
            if series.timer is not None:
                series.timer.cancel()
            if series.items:
                self._released.put_nowait(series.items)

    def _pass_time(self, message: Message) -> None:
        """Virtual time has come to this message: let go whose sender has been quiet for long enough before it."""
        limit = message.sent_at - timedelta(seconds=self._window_s)
        due = [
            key
            for key, series in self._held.items()
            if key[0] == message.conversation and series.items[-1][1].sent_at < limit
        ]
        for key in due:
            self._release(key)
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._release_all)

    def _release_all(self) -> None:
        for key in list(self._held):
            self._release(key)

    async def _merge(self, seq: int, joined: Message, others: Sequence[Message]) -> None:
        outcome = Outcome("merged", detail=f"{JUDGED_WITH}{joined.id}")
        await persist(lambda: self._store.messages.merge(seq, joined, others, outcome), self._clock)
        for message in others:
            self._lanes.announce(message, outcome)


async def judged_as(store: Store, platform: str, message_id: str) -> StoredMessage | None:
    """A stored message; for one that was merged, the message that it was judged with."""
    stored = await store.messages.get(platform, message_id)
    if stored is None or stored.outcome is None or stored.outcome.kind != "merged":
        return stored
    return await store.messages.get(platform, stored.outcome.detail.removeprefix(JUDGED_WITH)) or stored


def join(messages: Sequence[Message]) -> Message:
    """The last message, with the texts and mentions of all."""
    mentions = tuple(dict.fromkeys(person for message in messages for person in message.mentions))
    text = "\n".join(message.text.strip() for message in messages)
    return replace(messages[-1], text=text, mentions=mentions)
