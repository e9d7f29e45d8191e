"""Which models of this machine the settings name, as `rag.neural.plan` takes them. Imports torch when it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from bot.config import Settings
from bot.models import LEXICAL, model_place, need_torch
from bot.sections import EmbedderSettings, LLMSettings, RerankerSettings
from rag.base import KnowledgeError, ModelError
from rag.knowledge import open_current

if TYPE_CHECKING:
    from rag.neural.plan import LocalModel, Sharing

Kind = Literal["embedder", "reranker", "llm"]


def local_kinds(settings: Settings) -> tuple[Kind, ...]:
    """The sections that name a model of this machine."""
    kinds: list[Kind] = []
    if settings.embedder.model != LEXICAL and not settings.embedder.base_url:
        kinds.append("embedder")
    if settings.reranker.model and not settings.reranker.base_url:
        kinds.append("reranker")
    if settings.llm.backend == "transformers":
        kinds.append("llm")
    return tuple(kinds)


def local_model(settings: Settings, kind: Kind) -> LocalModel:
    """The model that a section names.

    Raises:
        ModelError: it is not on this machine, or the libraries are not.
    """
    section: EmbedderSettings | RerankerSettings | LLMSettings = getattr(settings, kind)
    if not section.model:
        raise ModelError("set [llm] model: a folder with a checkpoint, or a name such as Qwen/Qwen3-8B")
    need_torch(kind, section.model)
    from rag.neural.files import find
    from rag.neural.plan import LocalModel

    folder = find(model_place(settings, section.model), section.source)
    quantization = settings.llm.quantization if kind == "llm" else ""
    longest = settings.reranker.max_tokens if kind == "reranker" else 512
    return LocalModel(kind, section.model, folder, section.device, section.dtype, quantization, longest)


def local_models(settings: Settings) -> Iterator[LocalModel]:
    """Embedder and reranker, as far as they are on this machine: what cannot be used takes no memory."""
    for kind in local_kinds(settings):
        if kind != "llm":
            try:
                yield local_model(settings, kind)
            except ModelError:
                continue


def sharing(settings: Settings, *, alone: bool = False) -> Sharing:
    """What the settings say of the card; ``alone``: only the chat model is to run."""
    from rag.neural.plan import Sharing

    return Sharing(
        memory_gb=settings.gpu.memory_gb,
        kv_gb=settings.llm.kv_gb,
        max_batch=settings.llm.max_batch,
        index=(0, 0) if alone else index_size(settings),
        apart=settings.bot.computing == "process",
    )


def index_size(settings: Settings) -> tuple[int, int]:
    """Passages and dimensions of the vectors that are searched as a whole; each choice of bases has its own index."""
    if settings.embedder.model == LEXICAL and not settings.embedder.base_url:
        return 0, 0
    chosen = {("default",), *(group.knowledge for group in settings.groups.values() if group.knowledge)}
    passages = dim = 0
    for base in (base for bases in chosen for base in bases):
        try:
            manifest = open_current(settings.data / "knowledge", base).manifest
        except KnowledgeError:
            continue
        passages, dim = passages + manifest.passages, manifest.dim
    return passages, dim
