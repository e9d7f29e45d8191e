"""``qunda doctor`` on models: libraries, cards, each model's place and memory, the sum, and which index serves."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.cli.findings import Finding
from bot.config import Settings
from bot.local_models import Kind, index_size, local_kinds, local_model, sharing
from bot.models import LEXICAL, make_embedder, make_reranker, missing_libraries
from bot.texts import say
from rag.base import Hit, ModelError, Passage

if TYPE_CHECKING:
    from rag.neural.plan import CardPlan, Placed

GIB = 1 << 30
SMALLER = "name smaller models, quantization = 4bit, or another device for one of them; or raise [gpu] memory_gb"
BUSY = "if `qunda run` holds the card just now, end it and look again"


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Whether what ``[embedder]``, ``[reranker]`` and ``[llm]`` name can run here, and how it shares a card."""
    kinds = local_kinds(settings)
    if kinds and (missing := missing_libraries()):
        names = ", ".join(f"[{kind}]" for kind in kinds)
        yield Finding("error", "libraries", f"{names} needs {', '.join(missing)}", "pip install 'qunda[gpu]'")
        yield from (_left_out(kind, "its libraries are missing") for kind in kinds)
        return
    if kinds:
        yield from _cards(kinds)
    else:
        yield Finding("ok", "gpu", "not needed: no model of this machine is configured")
    placed: list[Placed] = []
    for kind in kinds:
        yield from _placed(settings, kind, placed)
    yield from _planned(settings, placed)
    yield from _tried(settings, {one.model.kind for one in placed})
    yield index_finding(settings)


def _cards(kinds: tuple[Kind, ...]) -> Iterator[Finding]:
    from rag.neural.plan import cards, no_card

    found = cards()
    for card in found:
        memory = f"{card.total / GIB:.1f} GB, {card.free / GIB:.1f} GB free"
        yield Finding("ok", f"gpu {card.number}", f"{card.name}, compute capability {card.capability}, {memory}")
    if not found:
        names = ", ".join(f"[{kind}]" for kind in kinds)
        fix = "leave these models out for the built-in default, name a server (base_url), or see docs/gpu.md"
        yield Finding("warning", "gpu", f"none, so {names} would run on the CPU: {no_card()}", fix)


def _placed(settings: Settings, kind: Kind, placed: list[Placed]) -> Iterator[Finding]:
    """One model's place; it is added to ``placed`` where it can be used."""
    from rag.neural.plan import place

    try:
        one = place(local_model(settings, kind))
    except ModelError as error:
        yield _left_out(kind, str(error))
        return
    placed.append(one)
    yield Finding(
        "ok",
        kind,
        f"{one.model.name} on {one.device}: {one.dtype} ({one.why}), weights {one.part.weights / GIB:.2f} GB"
        + (f", {one.part.work / GIB:.2f} GB to work with" if one.device.type == "cuda" else ""),
    )


def _planned(settings: Settings, placed: list[Placed]) -> Iterator[Finding]:
    from_settings = sharing(settings) if placed else None
    if from_settings is None:
        return
    from rag.neural.plan import plan_card

    try:
        plan = plan_card(placed, from_settings)
    except ModelError as error:
        yield (
            _left_out("llm", str(error))
            if settings.llm.backend == "transformers"
            else Finding("error", "gpu memory", str(error), BUSY)
        )
        return
    if plan is not None:
        yield from plan_findings(plan)


def plan_findings(plan: CardPlan) -> Iterator[Finding]:
    """The sum against the budget, and what the cache holds."""
    if not plan.fits:
        yield Finding("error", "gpu memory", f"{plan.text} on {plan.device}", f"{SMALLER}; {BUSY}")
        return
    if plan.builds:
        yield Finding("ok", "gpu memory", f"{plan.text} on {plan.device}")
    else:
        fix = "stop the bot before `qunda build`, or write [embedder] device = cpu for it"
        yield Finding("warning", "gpu memory", f"{plan.text} on {plan.device}: a build beside the bot may not fit", fix)
    if plan.cache is not None:
        cache = plan.cache
        held = f"{cache.answers} answers of {cache.length:,} tokens at once ({cache.tokens:,} tokens)"
        yield Finding("ok", "llm cache", f"{cache.kv / GIB:.2f} GB hold {held}")


def _tried(settings: Settings, placed: set[Kind]) -> Iterator[Finding]:
    """One text, so that a model that does not load, or a server that is down, shows now."""
    if "embedder" in placed or settings.embedder.base_url:
        try:
            embedder = make_embedder(settings)
            embedder.embed(["ping"])
            yield Finding("ok", "embedding", f"works: {embedder.dim} dimensions")
        except ModelError as error:
            yield _left_out("embedder", str(error), "embedding")
    if "reranker" in placed or settings.reranker.base_url:
        try:
            reranker = make_reranker(settings)
            assert reranker is not None
            reranker.rerank("ping", [Hit(Passage("", text, "", ""), 1.0) for text in ("ping", "ping pong")])
            yield Finding("ok", "reranking", "works")
        except ModelError as error:
            yield _left_out("reranker", str(error), "reranking")


def index_finding(settings: Settings) -> Finding:
    """How vectors are searched with these settings."""
    if settings.embedder.model == LEXICAL and not settings.embedder.base_url:
        return Finding("ok", "index", "BM25; the built-in vectors of what it finds are compared")
    passages, dim = index_size(settings)
    size = f"{passages:,} vectors of {dim} numbers"
    if set(local_kinds(settings)) & {"embedder", "reranker"}:
        from rag.neural.plan import cards

        if cards():
            return Finding("ok", "index", f"torch on the GPU: {size}, {2 * passages * dim / GIB:.2f} GB")
    if find_spec("faiss"):
        return Finding("ok", "index", f"faiss on the CPU: {size}")
    return Finding("warning", "index", f"numpy, exact but slow: {size}", "pip install 'qunda[cpu]' brings faiss")


def _left_out(kind: Kind, reason: str, subject: str = "") -> Finding:
    """An error that says what serves meanwhile; the reason names the fix."""
    return Finding("error", subject or kind, reason, f"until then {say(f'instead_{kind}', 'en')}")
