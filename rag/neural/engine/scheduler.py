"""Who joins, what is read next and who decodes: the order of work of the engine. Pure: knows no torch and no time.

A slot keeps the tokens that its keys and values stand for, also after its request left, so that a later request with
the same beginning (the system prompt, an earlier turn) starts from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]
MIN_SHARED = 16  # a shorter common beginning is read again sooner than copied
R = TypeVar("R")


@dataclass(eq=False)
class Slot(Generic[R]):
    """One row of the cache: ``tokens[:valid]`` are in it, ``owner`` is the request that it works for."""

    index: int
    tokens: Tokens = field(default_factory=lambda: np.zeros(0, np.int64))
    valid: int = 0
    owner: R | None = None
    decoding: bool = False
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class Segment(Generic[R]):
    """A stretch of one prompt to read now: ``start`` tokens of the slot are there before. ``last``: it completes it."""

    slot: int
    start: int
    tokens: Tokens
    owner: R
    last: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """``length`` tokens of one slot's keys and values become the beginning of another's."""

    source: int
    target: int
    length: int


@dataclass(slots=True)
class Plan(Generic[R]):
    """The next reading: copies first, then segments."""

    copies: list[Copy] = field(default_factory=list)
    segments: list[Segment[R]] = field(default_factory=list)


class Scheduler(Generic[R]):
    """First come, first served; prompts are read in chunks of at most ``chunk`` tokens.

    So decoding never waits long. A chunk is of at most ``parts`` prompts.
    """

    def __init__(self, slots: int, chunk: int, parts: int = 8) -> None:
        self.slots: list[Slot[R]] = [Slot(index) for index in range(slots)]
        self.chunk, self.parts = chunk, parts
        self._waiting: deque[tuple[R, Tokens]] = deque()
        self._time = 0

    def add(self, owner: R, tokens: Sequence[int]) -> None:
        """Queue a request."""
        self._waiting.append((owner, np.asarray(tokens, np.int64)))

    def remove(self, owner: R, generated: Sequence[int] = ()) -> None:
        """A request ended or was cancelled: drop it, or free its slot, which keeps what it read and wrote."""
        self._waiting = deque(entry for entry in self._waiting if entry[0] is not owner)
        for slot in self.slots:
            if slot.owner is owner:
                if slot.decoding and generated:
                    # The last token was chosen, but nothing computed its keys yet.
                    written = np.asarray(generated[:-1], np.int64)
                    slot.tokens = np.concatenate([slot.tokens[: slot.valid], written])
                    slot.valid = len(slot.tokens)
                slot.tokens = slot.tokens[: slot.valid]
                slot.owner, slot.decoding = None, False

    def forget(self, index: int) -> None:
        """What a slot holds cannot be trusted (a reading failed half way)."""
        self.slots[index].tokens, self.slots[index].valid = np.zeros(0, np.int64), 0

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting) or any(slot.owner is not None for slot in self.slots)

    @property
    def waiting(self) -> int:
        """Requests without a slot."""
        return len(self._waiting)

    def owners(self) -> list[R]:
        """All requests, with and without a slot."""
        return [slot.owner for slot in self.slots if slot.owner is not None] + [owner for owner, _ in self._waiting]

    def decoding(self) -> list[tuple[int, R]]:
        """Slots whose requests want their next token."""
        return [(slot.index, slot.owner) for slot in self.slots if slot.decoding and slot.owner is not None]

    def plan(self) -> Plan[R]:
        """The next chunk of reading; what it returns counts as read."""
        plan: Plan[R] = Plan()
        room = self.chunk
        reading = [slot for slot in self.slots if slot.owner is not None and not slot.decoding]
        for slot in sorted(reading, key=lambda slot: slot.last_used):
            room -= self._read(slot, room, plan)
        while room > 0 and len(plan.segments) < self.parts and self._waiting and self._join(plan):
            slot = max(self.slots, key=lambda slot: slot.last_used)
            room -= self._read(slot, room, plan)
        for segment in plan.segments:
            slot = self.slots[segment.slot]
            slot.valid, slot.decoding = segment.start + len(segment.tokens), segment.last
        return plan

    def _read(self, slot: Slot[R], room: int, plan: Plan[R]) -> int:
        tokens = slot.tokens[slot.valid : slot.valid + room]
        if len(tokens) and slot.owner is not None:
            last = slot.valid + len(tokens) == len(slot.tokens)
            plan.segments.append(Segment(slot.index, slot.valid, tokens, slot.owner, last))
        return len(tokens)

    def _join(self, plan: Plan[R]) -> bool:
        """Give the first waiting request a slot; False where none is free or where waiting a chunk saves reading."""
        free = [slot for slot in self.slots if slot.owner is None]
        if not free:
            return False
        owner, tokens = self._waiting[0]
        # At least one token has to be read: its logits choose the first new one.
        usable = {slot.index: min(shared(slot.tokens[: slot.valid], tokens), len(tokens) - 1) for slot in self.slots}
        best = max(self.slots, key=lambda slot: (usable[slot.index], slot.owner is None))
        coming = max((shared(slot.tokens, tokens) for slot in self.slots if slot.owner is not None), default=0)
        if plan.segments and min(coming, len(tokens) - 1) >= usable[best.index] + MIN_SHARED:
            return False
        self._waiting.popleft()
        start = usable[best.index] if usable[best.index] >= MIN_SHARED else 0
        slot = best if start and best.owner is None else min(free, key=lambda slot: slot.last_used)
        if start and slot is not best:
            plan.copies.append(Copy(best.index, slot.index, start))
        self._time += 1
        slot.tokens, slot.valid, slot.owner, slot.last_used = tokens, start, owner, self._time
        return True


def shared(held: Tokens, wanted: Tokens) -> int:
    """Length of the common beginning."""
    length = min(len(held), len(wanted))
    differing = np.flatnonzero(held[:length] != wanted[:length])
    return int(differing[0]) if len(differing) else length
