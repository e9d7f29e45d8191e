"""Asks a language model for two short things: a follow-up made to stand alone, and keywords where little was found.

Each is one call with a time limit of its own; where it fails or drifts, the rules of `rag.followup` stand. It knows no
knowledge base and no platform.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from loguru import logger

from rag.base import GeneratorError, Prompt, Question
from rag.followup import is_faithful, needs_context
from rag.prompts import NO_ANSWER, keywords_prompt, rewrite_prompt
from rag.protocols import Generator

MAX_READ = 600  # characters: a model that goes on and on is cut off
MAX_KEYWORDS = 8
MAX_KEYWORD_CHARS = 40


@dataclass(frozen=True, slots=True)
class Understanding:
    """Understands questions with ``generator``; ``timeout_s`` bounds each call."""

    generator: Generator
    timeout_s: float = 5.0

    async def rewritten(self, question: Question) -> str:
        """The question so that it stands alone; nothing where it does already, or the model fails or drifts."""
        if not needs_context(question):
            return ""
        text = (await self._ask("the rewrite", rewrite_prompt(question))).strip().strip('"“”「」').strip()
        if not text or text == question.text.strip():
            return ""
        if NO_ANSWER in text or not is_faithful(question, text):
            logger.info("the model's rewrite strays from the question; rules stand in")
            return ""
        return text

    async def keywords(self, question: Question) -> tuple[str, ...]:
        """What to search for besides; nothing where the model fails."""
        text = await self._ask("keywords", keywords_prompt(question))
        line = next((line for line in text.splitlines() if line.strip()), "")
        if NO_ANSWER in line:
            return ()
        words = line.replace("，", " ").replace(",", " ").replace("、", " ").split()
        return tuple(dict.fromkeys(word[:MAX_KEYWORD_CHARS] for word in words[:MAX_KEYWORDS]))

    async def _ask(self, what: str, prompt: Prompt) -> str:
        """What the model writes, cut off at `MAX_READ`; nothing where it fails or takes too long."""
        text = ""
        stream = cast(Any, self.generator.stream(prompt))
        try:
            async with asyncio.timeout(self.timeout_s), aclosing(stream) as pieces:
                async for piece in pieces:
                    text += piece
                    if len(text) > MAX_READ:
                        break
        except TimeoutError:
            logger.info("{} did not come within {} s; rules stand in", what, self.timeout_s)
            return ""
        except GeneratorError as error:
            logger.info("{} failed ({}); rules stand in", what, error)
            return ""
        return text
