"""Makes the models that the settings name: embedder, generator, answerer. Loaded when first needed, never at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.config import ConfigError, Settings
from rag.base import Answer, Answerer, Embedder, Evidence, ModelError, Question, Reranker

if TYPE_CHECKING:
    from rag.generator import OpenAIGenerator

LEXICAL = "lexical"
Quote = Callable[[Question, Evidence], Awaitable[Answer | None]]


def make_embedder(settings: Settings) -> Embedder:
    """The embedder of ``[embedder]``.

    Raises:
        ModelError: its files are missing or broken, its libraries are not installed, or its server is wrong.
    """
    section = settings.embedder
    if section.base_url:
        from rag.remote_embedder import RemoteEmbedder

        return RemoteEmbedder(
            section.base_url,
            model="" if section.model == LEXICAL else section.model,
            api_key=section.api_key.get_secret_value(),
            api=section.api,
            timeout_s=section.timeout_s,
        )
    if section.model == LEXICAL:
        from rag.embedder import LexicalEmbedder

        return LexicalEmbedder()
    need_torch("embedder", section.model)
    from rag.neural.embedder import NeuralEmbedder
    from rag.neural.files import find

    place = _model_place(settings, section.model)
    return NeuralEmbedder(
        find(place, section.source),
        name=section.model if place == section.model else "",
        device=section.device,
        dtype=section.dtype,
        max_tokens=section.max_tokens,
    )


def make_reranker(settings: Settings) -> Reranker | None:
    """The reranker of ``[reranker]``; None where none is named.

    Raises:
        ModelError: its files are missing or broken, its libraries are not installed, or its server is wrong.
    """
    section = settings.reranker
    if section.base_url:
        from rag.remote_reranker import RemoteReranker

        return RemoteReranker(
            section.base_url,
            model=section.model,
            api_key=section.api_key.get_secret_value(),
            api=section.api,
            timeout_s=section.timeout_s,
        )
    if not section.model:
        return None
    need_torch("reranker", section.model)
    from rag.neural.files import find
    from rag.neural.reranker import CrossEncoderReranker

    return CrossEncoderReranker(
        find(_model_place(settings, section.model), section.source),
        name=section.model,
        device=section.device,
        dtype=section.dtype,
        max_tokens=section.max_tokens,
    )


def _model_place(settings: Settings, model: str) -> str:
    """A folder relative to config.ini where there is one, else the name as it stands."""
    folder = settings.resolve(model)
    return str(folder) if folder.is_dir() else model


def need_torch(section: str, model: str) -> None:
    """Check that a local model can run here at all.

    Raises:
        ModelError: a library is missing.
    """
    missing = [name for name in ("torch", "transformers", "sentence_transformers") if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"[{section}] model = {model!r} needs {', '.join(missing)}: pip install 'qunda[gpu]', "
            f"or leave [{section}] model out for the built-in default"
        )


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
