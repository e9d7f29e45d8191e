"""Lets the check of an answer, which runs in a thread, ask the engine's models about a sentence. Knows no model.

It is bounded in time: where the engine is late or fails, words alone decide, and it is left alone for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from loguru import logger

from bot.engine.base import EngineError

ASK_S = 1.0
REST_S = 30.0
Entails = Callable[[str, Sequence[str]], Awaitable[float | None]]


class EngineEntailment:
    """Implements `rag.verify.Entailment`, for threads beside the event loop that it is made in."""

    def __init__(
        self, entails: Entails, *, ask_s: float = ASK_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._entails, self._ask_s, self._monotonic = entails, ask_s, monotonic
        self._loop = asyncio.get_running_loop()
        self._rests_until = float("-inf")

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        """See `rag.verify.Entailment.entails`."""
        if self._monotonic() < self._rests_until or self._loop.is_closed():
            return None
        asked = asyncio.run_coroutine_threadsafe(self._ask(sentence, evidence), self._loop)
        try:
            return asked.result(self._ask_s * 2)
        except TimeoutError:  # the event loop itself is held up
            asked.cancel()
            self._rest("the event loop is busy")
        return None

    async def _ask(self, sentence: str, evidence: Sequence[str]) -> float | None:
        try:
            async with asyncio.timeout(self._ask_s):
                return await self._entails(sentence, evidence)
        except TimeoutError:
            self._rest(f"no answer in {self._ask_s:g} s")
        except EngineError as error:
            self._rest(str(error))
        except Exception as error:  # the boundary round what a model may raise: words can still decide
            self._rest(repr(error))
        return None

    def _rest(self, why: str) -> None:
        logger.warning("answers are checked by words alone for {:g} s: {}", REST_S, why)
        self._rests_until = self._monotonic() + REST_S
