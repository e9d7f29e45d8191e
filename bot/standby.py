"""Writes answers with one answerer, and with another where the first fails. Knows no model and no platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from bot.faults import Watch
from rag.base import Answer, Evidence, GeneratorError, Question
from rag.protocols import Answerer

_BROKEN = "server"  # the model itself: out of memory, a step that failed, an engine that stopped


class FrugalAnswerer:
    """Implements `rag.protocols.Answerer`: has the first write, unless the question is to be answered by quotes."""

    def __init__(self, first: Answerer, quoting: Answerer) -> None:
        self.first, self._quoting = first, quoting

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | None]:
        """See `Answerer.answer`."""
        answerer = self._quoting if question.quote_only else self.first
        async with aclosing(cast(Any, answerer.answer(question, evidence))) as pieces:
            async for piece in pieces:
                yield piece


class StandbyAnswerer:
    """Implements `rag.protocols.Answerer`. Only a broken model is stood in for: what is too late stays too late."""

    def __init__(self, first: Answerer, second: Answerer, watch: Watch) -> None:
        self.first, self._second, self._watch = first, second, watch

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | None]:
        """See `Answerer.answer`."""
        try:
            async with aclosing(cast(Any, self.first.answer(question, evidence))) as pieces:
                async for piece in pieces:
                    yield piece
            self._watch.worked()
            return
        except GeneratorError as error:
            if error.kind != _BROKEN:
                raise
            self._watch.failed(error)
        async with aclosing(cast(Any, self._second.answer(question, evidence))) as pieces:
            async for piece in pieces:
                yield piece
