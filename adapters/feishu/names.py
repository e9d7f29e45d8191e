"""Who is called what: names by open_id, learned from events and looked up behind their back. Knows no message.

The path of an event only reads what is known. Looking up happens in `NameBook.run`, one chat at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from loguru import logger

from adapters.base import AdapterError, Conversation, Person
from adapters.clock import Clock
from adapters.feishu.api import FeishuApi

MAX_NAMES = 50_000
MAX_WAITING = 200
AGAIN_S = 600.0


class NameBook:
    """Bounded: what was not used for long is forgotten, and what is asked for too fast is not looked up."""

    def __init__(self, api: FeishuApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._names: OrderedDict[str, str] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._waiting: asyncio.Queue[tuple[Conversation, str]] = asyncio.Queue(MAX_WAITING)

    def learn(self, people: Iterable[Person]) -> None:
        """Names that came with an event."""
        for person in people:
            if person.id and person.name:
                self._names[person.id] = person.name
                self._names.move_to_end(person.id)
        _trim(self._names, MAX_NAMES)

    def name(self, open_id: str, place: Conversation) -> str:
        """The name, or an empty one and a look-up soon."""
        known = self._names.get(open_id)
        if known is None:
            self._ask(place, open_id)
            return ""
        self._names.move_to_end(open_id)
        return known

    async def run(self) -> None:
        """Look names up, until cancelled."""
        while True:
            place, open_id = await self._waiting.get()
            if open_id in self._names:
                continue
            try:
                if place.kind == "group":
                    found = await self._api.members(place.chat)
                else:
                    found = {open_id: await self._api.user_name(open_id)}
            except AdapterError as error:
                logger.debug("names are not to be had: {}", error)
                continue
            self.learn(Person(place.platform, key, name) for key, name in found.items())

    def _ask(self, place: Conversation, open_id: str) -> None:
        """Each person once in a while, so that somebody without a name does not cause a look-up per message."""
        now = self._clock.monotonic()
        if now - self._asked.get(open_id, float("-inf")) < AGAIN_S or self._waiting.full():
            return
        self._asked[open_id] = now
        self._asked.move_to_end(open_id)
        _trim(self._asked, MAX_NAMES)
        self._waiting.put_nowait((place, open_id))


def _trim(table: OrderedDict[str, object] | OrderedDict[str, str] | OrderedDict[str, float], size: int) -> None:
    while len(table) > size:
        table.popitem(last=False)
