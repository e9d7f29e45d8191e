"""Makes the models that the settings name: embedder, generator, answerer. Loaded when first needed, never at import."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.config import Settings
from bot.entailment import EngineEntailment, Entails
from bot.faults import Watch
from bot.sections import ModelSection
from rag.base import Answer, Evidence, ModelError, Question
from rag.protocols import Answerer, CountingGenerator, Embedder, Generator, Reranker

if TYPE_CHECKING:
    from bot.understanding import Understanding
    from rag.generator import OpenAIGenerator
    from rag.neural.generator import LocalGenerator
    from rag.remote import ModelServer

LEXICAL = "lexical"
Quote = Callable[[Question, Evidence], Awaitable[Answer | None]]
Metered = Callable[[CountingGenerator], Generator]


def make_embedder(settings: Settings) -> Embedder:
    """The embedder of ``[embedder]``.

    Raises:
        ModelError: its files are missing or broken, its libraries are not installed, or its server is wrong.
    """
    section = settings.embedder
    if section.base_url:
        from rag.remote_embedder import RemoteEmbedder

        named = "" if section.model == LEXICAL else section.model
        return RemoteEmbedder(_server("embedder", section), model=named, api=section.api)
    if section.model == LEXICAL:
        from rag.embedder import LexicalEmbedder

        return LexicalEmbedder()
    need_torch("embedder", section.model)
    from rag.neural.embedder import NeuralEmbedder
    from rag.neural.files import find

    place = model_place(settings, section.model)
    return NeuralEmbedder(
        find(place, section.source),
        name=section.model if place == section.model else "",
        device=section.device,
        dtype=section.dtype,
        max_tokens=section.max_tokens,
    )


def embedder_id(settings: Settings) -> str | None:
    """Which vectors the embedder of ``[embedder]`` can use; None where it cannot be used, as words serve then."""
    try:
        return make_embedder(settings).id
    except ModelError:
        return None


def make_reranker(settings: Settings) -> Reranker | None:
    """The reranker of ``[reranker]``; None where none is named.

    Raises:
        ModelError: its files are missing or broken, its libraries are not installed, or its server is wrong.
    """
    section = settings.reranker
    if section.base_url:
        from rag.remote_reranker import RemoteReranker

        return RemoteReranker(_server("reranker", section), model=section.model, api=section.api)
    if not section.model:
        return None
    need_torch("reranker", section.model)
    from rag.neural.files import find
    from rag.neural.reranker import CrossEncoderReranker

    return CrossEncoderReranker(
        find(model_place(settings, section.model), section.source),
        name=section.model,
        device=section.device,
        dtype=section.dtype,
        max_tokens=section.max_tokens,
    )


def _server(name: str, section: ModelSection) -> ModelServer:
    from rag.remote import ModelServer

    key = section.api_key.get_secret_value()
    return ModelServer(name, section.base_url, api_key=key, timeout_s=section.timeout_s)


def model_place(settings: Settings, model: str) -> str:
    """A folder relative to config.ini where there is one, else the name as it stands."""
    folder = settings.resolve(model)
    return str(folder) if folder.is_dir() else model


def missing_libraries() -> list[str]:
    """What a model of this machine needs and is not installed."""
    return [name for name in ("torch", "transformers", "sentence_transformers") if find_spec(name) is None]


def free_memory() -> None:
    """Give back what a model took that was not loaded to its end; torch is not loaded for it."""
    if "torch" in sys.modules:
        from rag.neural.device import free_memory

        free_memory()


def need_torch(section: str, model: str) -> None:
    """Check that a local model can run here at all.

    Raises:
        ModelError: a library is missing.
    """
    if missing := missing_libraries():
        raise ModelError(
            f"[{section}] model = {model!r} needs {', '.join(missing)}: pip install 'qunda[gpu]', "
            f"or leave [{section}] model out for the built-in default"
        )


@asynccontextmanager
async def open_answerer(
    settings: Settings,
    quote: Quote | None,
    watch: Watch,
    entails: Entails | None = None,
    metered: Metered | None = None,
) -> AsyncIterator[Answerer]:
    """The answerer of ``[llm] backend``, its connections closed at the end; ``quote`` computes for the extractive one.

    ``entails`` helps to check what a model writes, where a reranker or a neural embedder is configured.

    A model of this machine that cannot be loaded, or breaks later, is stood in for by quoting; ``watch`` tells of it.
    ``metered`` wraps what writes, to count its tokens.

    Raises:
        GeneratorError: the address, model or key of the server is missing.
    """
    from bot.standby import FrugalAnswerer, StandbyAnswerer
    from rag.answer import ExtractiveAnswerer, LLMAnswerer

    llm, quoting = settings.llm, ExtractiveAnswerer(quote)
    if llm.backend == "extractive":
        yield quoting
        return
    opened = None
    try:
        opened = await open_generator(settings)
    except ModelError as error:
        watch.leave_out(error)
    if opened is None:
        free_memory()
        yield quoting
        return
    async with opened as generator:
        entailment = EngineEntailment(entails) if entails is not None and _has_judge(settings) else None
        counted, context = metered(generator) if metered else generator, llm.max_context_chars
        writing: Answerer = LLMAnswerer(counted, max_context_chars=context, entailment=entailment)
        if llm.backend == "transformers":
            writing = StandbyAnswerer(writing, quoting, watch)
        yield FrugalAnswerer(writing, quoting)


def _has_judge(settings: Settings) -> bool:
    """Whether a model is configured that tells more than words do."""
    embedder, reranker = settings.embedder, settings.reranker
    return bool(reranker.model or reranker.base_url or embedder.base_url or embedder.model != LEXICAL)


def understanding_of(settings: Settings, answerer: Answerer) -> Understanding | None:
    """What understands follow-ups with the language model that writes the answers; None where none does."""
    from bot.standby import FrugalAnswerer, StandbyAnswerer
    from rag.answer import LLMAnswerer

    writing = answerer
    while isinstance(writing, (FrugalAnswerer, StandbyAnswerer)):
        writing = writing.first
    if not isinstance(writing, LLMAnswerer) or settings.llm.understand_timeout_s == 0:
        return None
    from bot.understanding import Understanding

    return Understanding(writing.generator, settings.llm.understand_timeout_s)


async def open_generator(settings: Settings, *, alone: bool = False) -> OpenAIGenerator | LocalGenerator:
    """The generator of ``[llm] backend``: a server's, or a model of this machine, which takes a while to load.

    ``alone``: embedder and reranker stay out, or are loaded already.

    Raises:
        GeneratorError: the address, model or key of the server is missing.
        ModelError: the local model cannot be loaded.
    """
    if settings.llm.backend == "transformers":
        return await asyncio.to_thread(load_generator, settings, alone=alone)
    return make_generator(settings)


def load_generator(settings: Settings, *, alone: bool = False) -> LocalGenerator:
    """The model of ``[llm] model`` on this machine, loaded and started; ``alone``: embedder and reranker stay out.

    Raises:
        ModelError: torch, the model or the memory is missing; the message names the fix.
    """
    llm = settings.llm
    if not llm.model:
        raise ModelError("set [llm] model: a folder with a checkpoint, or a name such as Qwen/Qwen3-8B")
    need_torch("llm", llm.model)
    from bot.local_models import local_model, local_models, sharing
    from rag.neural.generator import LocalGenerator
    from rag.neural.plan import plan_cache

    model = local_model(settings, "llm")
    kv_gb = plan_cache([model] if alone else [*local_models(settings), model], sharing(settings, alone=alone))
    return LocalGenerator.load(
        model.folder,
        model=llm.model,
        device=llm.device,
        dtype=llm.dtype,
        max_batch=llm.max_batch,
        kv_gb=kv_gb,
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
        structured=llm.structured,
    )
