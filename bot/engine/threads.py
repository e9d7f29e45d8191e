"""The engine on threads of this process: nothing to start, but it shares one interpreter with the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.config import Settings
from bot.engine.base import CLOSED, EngineError, Facts, Judgement
from bot.engine.core import Core
from bot.teachings import Teachings
from bot.workers import Workers
from rag.base import Answer, Evidence, Question
from rag.protocols import Embedder


class ThreadEngine:
    """Implements `bot.engine.base.Engine`."""

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self.facts = Facts()
        self.restarts = 0
        self.core = Core(settings, embedder)
        self._threads = Workers()
        self._closing = False

    async def remake(self, teachings: Teachings, *, reopen: bool) -> None:
        """See `Engine.remake`."""
        self._take(await self._workers.train(self.core.remake, teachings, reopen))

    async def hurry(self) -> None:
        """See `Engine.hurry`."""
        self.core.hurry()

    async def learn(self, teachings: Teachings) -> None:
        """See `Engine.learn`."""
        self._take(await self._workers.compute(self.core.learn, teachings))

    async def judge(self, place: str, question: Question) -> Judgement:
        """See `Engine.judge`."""
        judgement = await self._workers.compute(self.core.judge, place, question)
        if judgement.facts is not None:
            self._take(judgement.facts)
        return judgement

    async def quote(self, question: Question, evidence: Evidence) -> Answer | None:
        """See `Engine.quote`."""
        return await self._workers.compute(self.core.quote, question, evidence)

    async def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """See `Engine.entails`."""
        return await self._workers.compute(self.core.entails, sentence, evidence)

    @property
    def _workers(self) -> Workers:
        if self._closing:
            raise EngineError(CLOSED)
        return self._threads

    async def close(self) -> None:
        """See `Engine.close`."""
        self._closing = True
        self.core.close()
        await asyncio.to_thread(self._threads.close)

    def _take(self, facts: Facts) -> None:
        if facts.number > self.facts.number:
            self.facts = facts
