"""Shares one card among the models that run on it: what each takes, and what is left for the cache of answers.

Pure arithmetic over bytes; needs neither torch nor a card. The reserves are stated here, measured, and rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.base import ModelError
from rag.neural.shapes import GIB, Shape

SHARE_OF_FREE = 0.9
CONTEXT = 3 * GIB // 4  # what CUDA and its libraries take in each process that uses the card
LLM_TOKENS, LLM_GRAPHS = 4_096, GIB // 4  # read at a time by the chat model; its graphs and buffers
MIN_LEN = 512  # tokens of a question with its answer: fewer are of no use
MAX_LEN = 8192
BUILD = "a build"
Kind = Literal["embedder", "reranker", "llm"]
QUESTION_TOKENS = 8_192  # a reranker's question with its passages, or the examples that a gate is trained on
_SCORES = 4 * 4  # bytes a pair: float32, and copies of it
BUILD_TOKENS = 2_048  # of a batch while a base is built beside the bot: larger ones are halved until they fit


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing on the card takes, in bytes."""

    name: str
    weights: int
    work: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.weights + self.work


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache of answers: ``kv`` bytes, for so many answers of ``length`` tokens at once."""

    kv: int
    answers: int
    length: int
    tokens: int


def encoder_part(name: Kind, weights: int, shape: Shape, size: int, longest: int = 512) -> Part:
    """An embedder or a reranker of ``size`` bytes a number; ``longest``: tokens of what a reranker reads at once."""
    doing = work(shape, QUESTION_TOKENS, size)
    if name == "reranker" and shape.is_decoder:  # its attention keeps the scores of all pairs of tokens, padding too
        doing += QUESTION_TOKENS * shape.heads * longest * _SCORES
    return Part(name, weights, doing)


def llm_part(weights: int, shape: Shape, size: int) -> Part:
    """A chat model without its cache."""
    return Part("llm", weights, work(shape, LLM_TOKENS, size) + LLM_GRAPHS)


def build_part(weights: int, shape: Shape, size: int, spare: int) -> Part:
    """A build beside the bot loads the embedder once more; ``spare`` is what the budget leaves of the card for that."""
    needed = weights + CONTEXT + work(shape, BUILD_TOKENS, size)
    return Part(BUILD, max(0, needed - spare))


def index_part(passages: int, dim: int) -> Part:
    """The vectors of all passages in half precision."""
    return Part("index", 2 * passages * dim)


def work(shape: Shape, tokens: int, size: int) -> int:
    """What computing on so many tokens takes beside the weights: states and the widest layer."""
    return tokens * (10 * shape.hidden + 3 * shape.intermediate) * size


def budget_of(free: int, memory_gb: float) -> int:
    """The bytes that the bot may take of a card.

    Raises:
        ModelError: more is asked for than is free.
    """
    if not memory_gb:
        return int(free * SHARE_OF_FREE)
    budget = int(memory_gb * GIB)
    if budget > free:
        raise ModelError(
            f"[gpu] memory_gb = {memory_gb:g}, but {free / GIB:.1f} GB of the card are free: lower it, "
            "end what else runs there, or set it to 0 for nine tenths of what is free"
        )
    return budget


def share(budget: int, parts: Sequence[Part], shape: Shape, *, size: int, max_batch: int, kv_gb: float = 0) -> Cache:
    """The cache that fits beside ``parts``, of a chat model of ``shape`` whose cache has ``size`` bytes a number.

    It is never more than ``max_batch`` answers of full length need. ``kv_gb``: what the settings ask for, or 0.

    Raises:
        ModelError: it does not fit; the message has the sum and the fix.
    """
    per_token = shape.kv_bytes_per_token * size // 2
    length = min(MAX_LEN, shape.positions or MAX_LEN)
    full, left = (max_batch + 1) * length * per_token, budget - sum(part.total for part in parts)
    if kv_gb and kv_gb * GIB > left:
        fits = int(max(0, left) / GIB * 10) / 10  # rounded down: the number has to fit
        raise ModelError(
            f"[llm] kv_gb = {kv_gb:g} does not fit: {sum_text(budget, parts)}; "
            + (f"lower it to {fits:.1f} or set it to 0" if left >= 2 * MIN_LEN * per_token else _smaller())
        )
    kv = int(kv_gb * GIB) if kv_gb else min(full, left)
    tokens = max(0, kv) // per_token
    answers = max(1, min(max_batch, tokens // length - 1))
    held = min(length, tokens // (answers + 1))
    if held < min(length, MIN_LEN):
        raise ModelError(f"there is no room for [llm] model: {sum_text(budget, parts)}; {_smaller()}")
    return Cache(kv, answers, held, answers * held)


def sum_text(budget: int, parts: Sequence[Part]) -> str:
    """The sum in words, for messages."""
    taken = ", ".join(f"{part.name} {part.total / GIB:.1f}" for part in parts)
    left = (budget - sum(part.total for part in parts)) / GIB
    return f"of {budget / GIB:.1f} GB, {taken} leave {max(0.0, left):.1f} GB"


def _smaller() -> str:
    return (
        "choose a smaller [llm] model or quantization = 4bit, put embedder and reranker on another device, "
        "or raise [gpu] memory_gb"
    )
