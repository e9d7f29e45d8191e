"""Makes the models that the settings name: embedder, generator, answerer. Loaded when first needed, never at import."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.config import ConfigError, Settings
from rag.base import Answer, Answerer, Embedder, Evidence, ModelError, Question

if TYPE_CHECKING:
    from rag.generator import OpenAIGenerator
    from rag.neural.generator import LocalGenerator

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
        GeneratorError: the address, model or key of the server is missing.
        ModelError: the local model cannot be loaded.
    """
    from rag.answer import ExtractiveAnswerer, LLMAnswerer

    llm = settings.llm
    if llm.backend == "extractive":
        yield ExtractiveAnswerer(quote)
    else:
        async with await open_generator(settings) as generator:
            yield LLMAnswerer(generator, max_context_chars=llm.max_context_chars)


async def open_generator(settings: Settings) -> OpenAIGenerator | LocalGenerator:
    """The generator of ``[llm] backend``: a server's, or a model of this machine, which takes a while to load.

    Raises:
        GeneratorError: the address, model or key of the server is missing.
        ModelError: the local model cannot be loaded.
    """
    if settings.llm.backend == "transformers":
        return await asyncio.to_thread(load_generator, settings)
    return make_generator(settings)


def load_generator(settings: Settings) -> LocalGenerator:
    """The model of ``[llm] model`` on this machine, loaded and started.

    Raises:
        ModelError: torch, the model or the memory is missing; the message names the fix.
    """
    llm = settings.llm
    if not llm.model:
        raise ModelError("set [llm] model: a folder with a checkpoint, or a name such as Qwen/Qwen3-8B")
    try:
        from rag.neural.files import find
        from rag.neural.generator import LocalGenerator
    except ImportError as error:
        raise ModelError(f"[llm] backend = transformers needs {error.name}: pip install 'qunda[gpu]'") from error
    return LocalGenerator.load(
        find(llm.model),
        model=llm.model,
        device=llm.device,
        dtype=llm.dtype,
        max_batch=llm.max_batch,
        kv_gb=llm.kv_gb,
        quantization=llm.quantization,
        max_tokens=llm.max_tokens,
        temperature=llm.temperature,
        timeout_s=llm.timeout_s,
    )


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
