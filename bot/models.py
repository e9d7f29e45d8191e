"""Makes the models that the settings name: embedder, generator, answerer. Loaded when first needed, never at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.config import ConfigError, Settings
from rag.base import Answer, Answerer, Embedder, Evidence, Question

if TYPE_CHECKING:
    from rag.generator import OpenAIGenerator

LEXICAL = "lexical"
Quote = Callable[[Question, Evidence], Awaitable[Answer | None]]


def make_embedder(settings: Settings) -> Embedder:
    """The embedder of ``[embedder] model``.

    Raises:
        ConfigError: there is no such embedder.
    """
    if settings.embedder.model != LEXICAL:
        raise ConfigError(
            f"[embedder] model = {settings.embedder.model!r}: this version has the built-in {LEXICAL!r} embedder only"
        )
    from rag.embedder import LexicalEmbedder

    return LexicalEmbedder()


@asynccontextmanager
async def open_answerer(settings: Settings, quote: Quote | None = None) -> AsyncIterator[Answerer]:
    """The answerer of ``[llm] backend``, its connections closed at the end; ``quote`` computes for the extractive one.

    Raises:
        ConfigError: the backend does not exist here.
        GeneratorError: the address, model or key of the server is missing.
    """
    from rag.answer import ExtractiveAnswerer, LLMAnswerer

    llm = settings.llm
    if llm.backend == "extractive":
        yield ExtractiveAnswerer(quote)
    elif llm.backend == "transformers":
        raise ConfigError("[llm] backend = transformers is not in this version; use extractive or openai")
    else:
        async with make_generator(settings) as generator:
            yield LLMAnswerer(generator, max_context_chars=llm.max_context_chars)


def make_generator(settings: Settings) -> OpenAIGenerator:
    """The OpenAI-compatible server of ``[llm]``.

    Raises:
        GeneratorError: the address, model or key of the server is missing.
    """
    from rag.generator import OpenAIGenerator

    llm = settings.llm
    return OpenAIGenerator(
        preset=llm.preset,
        base_url=llm.base_url,
        api_key=llm.api_key.get_secret_value(),
        model=llm.model,
        timeout_s=llm.timeout_s,
        first_token_timeout_s=llm.first_token_timeout_s,
        max_retries=llm.max_retries,
        max_tokens=llm.max_tokens,
        temperature=llm.temperature,
    )
