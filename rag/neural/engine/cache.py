"""Keys and values of all layers in fixed slots, allocated once. Knows which slot, not whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rag.base import ModelError
from rag.neural.engine.scheduler import Copy
from rag.neural.memory import GIB, head_dim, kv_bytes_per_token, kv_heads

KEYS, VALUES = "slot_keys", "slot_values"


class SlotCache:
    """``slots`` rows of ``max_len`` tokens a layer, and one more that padded rows write into.

    Each attention module gets its own pair as buffers, where a compiled layer finds them without an index.
    """

    def __init__(self, model: Any, modules: Sequence[torch.nn.Module], slots: int, max_len: int) -> None:
        config, dtype = model.config, model.dtype
        self.slots, self.max_len, self.spare = slots, max_len, slots
        shape = (slots + 1, max_len, kv_heads(config), head_dim(config))
        self._pairs: list[tuple[torch.Tensor, torch.Tensor]] = []
        try:
            for _ in modules:
                pair = tuple(torch.zeros(shape, dtype=dtype, device=model.device) for _ in range(2))
                self._pairs.append((pair[0], pair[1]))
        except torch.OutOfMemoryError as error:
            self._pairs.clear()
            needed = (slots + 1) * max_len * kv_bytes_per_token(config, dtype) / GIB
            raise ModelError(
                f"the cache of {slots} answers of {max_len} tokens takes {needed:.1f} GB, which the card does not have "
                "beside the model; lower [llm] kv_gb or [llm] max_batch"
            ) from error
        for module, (keys, values) in zip(modules, self._pairs, strict=True):
            module.register_buffer(KEYS, keys, persistent=False)
            module.register_buffer(VALUES, values, persistent=False)

    def copy(self, copies: Sequence[Copy]) -> None:
        """Repeat the beginning of one slot in another."""
        for copy in copies:
            for pair in self._pairs:
                for tensor in pair:
                    tensor[copy.target, : copy.length].copy_(tensor[copy.source, : copy.length])


def plan_cache(config: Any, dtype: torch.dtype, *, max_batch: int, max_len: int, budget: int) -> tuple[int, int]:
    """Slots and tokens a slot that fit into ``budget`` bytes: fewer slots first, then shorter ones.

    Raises:
        ModelError: not even one short slot fits.
    """
    tokens = budget // kv_bytes_per_token(config, dtype)
    slots = max(1, min(max_batch, tokens // max_len - 1))
    length = min(max_len, tokens // (slots + 1))
    if length < min(max_len, 512):
        raise ModelError(
            f"[llm] kv_gb = {budget / GIB:.2f} holds {max(length, 0)} tokens of this model, too few for a question "
            f"with passages; {2 * max_len * kv_bytes_per_token(config, dtype) / GIB:.1f} would do"
        )
    return slots, length
