"""Plans a card before anything is loaded: which model runs where and as what, what it takes, and what the cache gets.

Looks at devices and at models' files; loads nothing. `rag.neural.budget` does the sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rag.base import ModelError
from rag.neural.budget import (
    BUILD,
    CONTEXT,
    MAX_LEN,
    Cache,
    Kind,
    Part,
    budget_of,
    build_part,
    encoder_part,
    index_part,
    llm_part,
    share,
    sum_text,
)
from rag.neural.device import choose_dtype, pick_device
from rag.neural.files import check_folder
from rag.neural.memory import memory_free
from rag.neural.shapes import BYTES, GIB, Shape, read_shape, weight_bytes

CPU_KV = 8 * GIB  # on the CPU memory is not shared out; more than this is of no use to it


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that the settings name; ``name`` is what they call it."""

    kind: Kind
    name: str
    folder: Path
    device: str = "auto"
    dtype: str = "auto"
    quantization: str = ""
    max_tokens: int = 512


@dataclass(frozen=True, slots=True)
class Placed:
    """Where and as what a model runs; ``why`` says why as that. ``part`` is what it takes."""

    model: LocalModel
    device: torch.device
    dtype: str
    why: str
    shape: Shape
    part: Part


@dataclass(frozen=True, slots=True)
class CardPlan:
    """One card: what the bot may take of it, what it takes, and the cache of the chat model, if that runs there."""

    device: torch.device
    budget: int
    parts: tuple[Part, ...]
    cache: Cache | None = None

    @property
    def text(self) -> str:
        """The sum in words."""
        return sum_text(self.budget, self.parts)

    @property
    def fits(self) -> bool:
        """Whether the parts are within the budget; a build may also wait until the bot is stopped."""
        return sum(part.total for part in self.parts if part.name != BUILD) <= self.budget

    @property
    def builds(self) -> bool:
        """Whether a build fits beside the bot."""
        return sum(part.total for part in self.parts) <= self.budget


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the card is to be shared: what the settings say beside the models.

    ``index``: passages and dimensions of what is searched on the first card. ``apart``: searching has a process of its
    own.
    """

    memory_gb: float = 0
    kv_gb: float = 0
    max_batch: int = 16
    index: tuple[int, int] = (0, 0)
    apart: bool = True


def place(model: LocalModel) -> Placed:
    """Where a model is to run, from its files.

    Raises:
        ModelError: files are missing or broken, or the device does not do.
    """
    check_folder(model.folder)
    shape = read_shape(model.folder)
    device = pick_device(model.device)
    kind, why = choose_dtype(device, model.dtype, shape.family if model.kind == "embedder" else "")
    dtype = str(kind).removeprefix("torch.")
    weights, size = weight_bytes(model.folder, dtype, model.quantization), BYTES[dtype]
    if model.kind == "llm":
        return Placed(model, device, dtype, why, shape, llm_part(weights, shape, size))
    part = encoder_part(model.kind, weights, shape, size, model.max_tokens)
    return Placed(model, device, dtype, why, shape, part)


def plan_card(placed: Sequence[Placed], sharing: Sharing, free: int | None = None) -> CardPlan | None:
    """The plan of the chat model's card, else of the first card that a model uses; None where none uses any.

    Raises:
        ModelError: the sum does not fit; the message has it, and the fix.
    """
    cards = [one for one in placed if one.device.type == "cuda"]
    writer = next((one for one in cards if one.model.kind == "llm"), None)
    if not cards:
        return None
    device = (writer or cards[0]).device
    free = memory_free(device) if free is None else free
    budget = budget_of(free, sharing.memory_gb)
    here = [one for one in cards if (one.device.index or 0) == (device.index or 0)]
    parts = [one.part for one in here]
    parts += [
        build_part(one.part.weights, one.shape, BYTES[one.dtype], free - budget)
        for one in here
        if one.model.kind == "embedder"
    ]
    encoders = [one for one in placed if one.model.kind != "llm"]
    if encoders and not device.index and all(sharing.index):
        parts.append(index_part(*sharing.index))
    searching = any(one.model.kind != "llm" for one in here)
    processes = 1 + (searching and writer is not None and sharing.apart)
    if not sharing.memory_gb:
        processes -= 1  # of what is free, this process has taken its share already
    if processes:
        parts.append(Part("processes", processes * CONTEXT))
    if writer is None:
        return CardPlan(device, budget, tuple(parts))
    cache = share(
        budget,
        parts,
        writer.shape,
        size=BYTES[writer.dtype],
        max_batch=sharing.max_batch,
        kv_gb=sharing.kv_gb,
    )
    return CardPlan(device, budget, tuple(parts), cache)


def plan_cache(models: Sequence[LocalModel], sharing: Sharing) -> float:
    """The gigabytes that the cache of the chat model among ``models`` gets; other models that are broken take none.

    Raises:
        ModelError: the chat model is broken, or there is no room for it.
    """
    placed = []
    for model in models:
        try:
            placed.append(place(model))
        except ModelError:
            if model.kind == "llm":
                raise
    writer = next(one for one in placed if one.model.kind == "llm")
    if writer.device.type != "cuda":
        per_token = writer.shape.kv_bytes_per_token * BYTES[writer.dtype] // 2
        length = min(MAX_LEN, writer.shape.positions or MAX_LEN)
        return sharing.kv_gb or min(CPU_KV, (sharing.max_batch + 1) * length * per_token) / GIB
    plan = plan_card(placed, sharing)
    assert plan is not None and plan.cache is not None
    return plan.cache.kv / GIB


@dataclass(frozen=True, slots=True)
class Card:
    """A card of this machine, memory in bytes."""

    number: int
    name: str
    capability: str
    total: int
    free: int


def cards() -> list[Card]:
    """The cards that torch sees."""
    found = []
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        free, total = torch.cuda.mem_get_info(number)
        found.append(Card(number, about.name, f"{about.major}.{about.minor}", total, free))
    return found


def no_card() -> str:
    """Why torch sees no card, in words."""
    if torch.version.cuda is None:
        return f"this torch ({torch.__version__}) is built without CUDA"
    return f"torch {torch.__version__} (CUDA {torch.version.cuda}) finds no card: is the NVIDIA driver installed?"
