"""Token budgets: counts what language models take, by day, group and person, and says when a budget is used up.

A check comes before a call; a running answer is never cut. It knows no platform and no question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from loguru import logger

from bot.clock import Clock
from bot.config import Settings
from bot.store import Spent, Store, StoreError
from rag.base import Prompt
from rag.protocols import CountingGenerator
from rag.usage import Usage

PAYER: ContextVar[tuple[str, str]] = ContextVar("payer", default=("", ""))  # (group, person) of the message in work
Scope = Literal["day", "group", "person"]
_HAN = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
HAN_PER_TOKEN, CHARS_PER_TOKEN = 1.5, 3.5  # rounded towards more tokens than the usual tokenizers make


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is, where nobody tells."""
    han = len(_HAN.findall(text))
    return round(han / HAN_PER_TOKEN + (len(text) - han) / CHARS_PER_TOKEN)


@dataclass(slots=True)
class Budget:
    """What was spent today, in memory and in the store. A day is one of ``[bot] timezone``."""

    settings: Settings
    store: Store
    clock: Clock
    _day: str = ""
    _spent: Counter[tuple[Scope, str]] = field(default_factory=Counter)

    async def open(self) -> None:
        """Read what was spent today before a restart."""
        self._turn_day()
        for spent in await self.store.spending.of(self._day):
            self._count(spent)

    def exhausted(self, group: str, person: str) -> Scope | None:
        """The budget that is used up, the widest first."""
        self._turn_day()
        llm, own = self.settings.llm, self.settings.group(group)
        for_group, for_person = own.tokens_per_group_per_day, own.tokens_per_person_per_day
        limits: tuple[tuple[Scope, str, int], ...] = (
            ("day", "", llm.tokens_per_day),
            ("group", group, llm.tokens_per_group_per_day if for_group is None else for_group),
            ("person", person, llm.tokens_per_person_per_day if for_person is None else for_person),
        )
        return next((scope for scope, key, limit in limits if 0 < limit <= self._spent[scope, key]), None)

    def today(self, group: str) -> tuple[int, int, int, int]:
        """Tokens of the group and its limit, tokens of all and theirs; a limit of 0 is none."""
        self._turn_day()
        own = self.settings.group(group).tokens_per_group_per_day
        limit = self.settings.llm.tokens_per_group_per_day if own is None else own
        return self._spent["group", group], limit, self._spent["day", ""], self.settings.llm.tokens_per_day

    def note(self, prompt: Prompt, written: str, usage: Usage) -> None:
        """Count one call for whoever pays; by estimate where the model did not tell."""
        group, person = PAYER.get()
        told = usage.prompt > 0
        asked = "".join((prompt.system, *(text for _, text in prompt.turns)))
        tokens = (usage.prompt, usage.completion) if told else (estimated_tokens(asked), estimated_tokens(written))
        spent = Spent(group, person, *tokens, calls=1, estimated=int(not told))
        self._turn_day()
        self._count(spent)
        try:
            self.store.spending.add(self._day, spent)
        except StoreError as error:
            logger.warning("tokens were not stored: {}", error)

    def _count(self, spent: Spent) -> None:
        tokens = spent.prompt + spent.completion
        self._spent.update({("day", ""): tokens, ("group", spent.group): tokens, ("person", spent.person): tokens})

    def _turn_day(self) -> None:
        day = f"{self.clock.now().astimezone(ZoneInfo(self.settings.bot.timezone)):%Y-%m-%d}"
        if day != self._day:
            self._day = day
            self._spent.clear()


@dataclass(frozen=True, slots=True)
class MeteredGenerator:
    """Implements `rag.protocols.Generator`: another one, whose tokens are counted."""

    generator: CountingGenerator
    budget: Budget

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """See `Generator.stream`. What was written before a fault or a cancel counts."""
        usage, written = Usage(), ""
        try:
            async with aclosing(cast(Any, self.generator.stream(prompt, usage))) as pieces:
                async for piece in pieces:
                    written += piece
                    yield piece
        finally:
            if written or usage.prompt:
                self.budget.note(prompt, written, usage)
