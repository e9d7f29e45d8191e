"""Answers that wait until the app asks for them, by group, handed out once. Knows no HTTP and no message."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.clock import Clock

MAX_GROUPS = 1_000
MAX_WAITING = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry, and when it was left."""

    at: float
    entry: Mapping[str, Any]
    answers: bool


class Mailbox:
    """Keeps an entry for ``keep_s`` seconds: an answer to a question of long ago would startle the group."""

    def __init__(self, clock: Clock, counters: Counter[str], *, keep_s: float) -> None:
        self._clock = clock
        self._counters = counters
        self._keep_s = keep_s
        self._boxes: OrderedDict[str, deque[Letter]] = OrderedDict()

    def put(self, group: str, entry: Mapping[str, Any], *, answers: bool) -> None:
        """Leave an entry for a group. With too many the oldest goes."""
        box = self._boxes.setdefault(group, deque())
        self._boxes.move_to_end(group)
        box.append(Letter(self._clock.monotonic(), entry, answers))
        while len(box) > MAX_WAITING:
            self._drop(box.popleft())
        while len(self._boxes) > MAX_GROUPS:
            for letter in self._boxes.popitem(last=False)[1]:
                self._drop(letter)

    def take(self, group: str) -> list[Mapping[str, Any]]:
        """Everything that waits for a group, and nothing of it again."""
        box, now = self._boxes.pop(group, ()), self._clock.monotonic()
        fresh = []
        for letter in box:
            if now - letter.at > self._keep_s:
                self._drop(letter)
                continue
            fresh.append(letter.entry)
            self._counters["fetched" if letter.answers else "silences fetched"] += 1
        return fresh

    def _drop(self, letter: Letter) -> None:
        if letter.answers:
            self._counters["never fetched"] += 1
