"""Attention over slots, put into transformers' registry, so that its models run unchanged. Knows no request.

A step says through `Work` which rows it computes; the models only hand over queries, keys and values. The operator is
opaque to the compiler, so that one compiled layer serves reading and decoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

from rag.base import ModelError
from rag.neural.engine.cache import KEYS, VALUES

NAME = "qunda_slots"
UNSUPPORTED = ("softcap", "s_aux", "position_bias")


@dataclass(frozen=True, slots=True)
class Stretch:
    """``length`` queries of one slot, from ``offset`` of the packed ones, after ``start`` tokens."""

    slot: int
    start: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Packed:
    """Stretches as tensors, for a captured graph: everything that differs between two readings is on the device.

    ``rows`` says where in the flat cache each token goes, ``bounds`` where the queries of each part begin and end,
    ``begins`` where its keys begin in the flat cache, ``used`` how many they are.
    """

    rows: torch.Tensor
    bounds: torch.Tensor
    begins: torch.Tensor
    used: torch.Tensor
    longest: int
    max_len: int


@dataclass(frozen=True, slots=True)
class Work:
    """What the running step computes: stretches, or one token for each of ``slots`` at ``positions`` (decoding)."""

    stretches: tuple[Stretch, ...] = ()
    packed: Packed | None = None
    slots: torch.Tensor | None = None
    positions: torch.Tensor | None = None
    splits: int = 1


class _Current:
    """The work of the one engine step that runs; each engine sets it before its own step, on its own thread."""

    work = Work()


def set_work(work: Work) -> None:
    """Say what the next forward pass computes."""
    _Current.work = work


def register() -> None:
    """Make the attention known to transformers by `NAME`."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, slot_attention)


def slot_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """What transformers' attention modules call: (1, heads, tokens, width) each; the mask is always None."""
    for name in UNSUPPORTED:
        if kwargs.get(name) is not None:
            raise ModelError(f"this model's attention uses {name}, which the local engine does not have")
    packed = [tensor.squeeze(0).transpose(0, 1).contiguous() for tensor in (query, key, value)]
    scale = scaling if scaling is not None else float(query.shape[-1] ** -0.5)
    out = torch.ops.qunda.slot_attention(*packed, getattr(module, KEYS), getattr(module, VALUES), scale)
    return out.unsqueeze(0), None


@torch.library.custom_op("qunda::slot_attention", mutates_args=("keys", "values"))
def _slot_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    work = _Current.work
    out = torch.empty_like(query)
    if work.slots is not None and work.positions is not None:
        from rag.neural.engine.kernels import decode

        decode(out, query, key, value, keys, values, work.slots, work.positions, scale, work.splits)
        return out
    if work.packed is not None:
        return _attend_packed(query, key, value, keys, values, work.packed, scale)
    for part in work.stretches:
        rows = slice(part.offset, part.offset + part.length)
        end = part.start + part.length
        keys[part.slot, part.start : end] = key[rows]
        values[part.slot, part.start : end] = value[rows]
        out[rows] = _attend(query[rows], keys[part.slot, :end], values[part.slot, :end], part, scale)
    return out


@_slot_attention.register_fake
def _(query: torch.Tensor, *rest: object) -> torch.Tensor:
    return torch.empty_like(query)


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, part: Stretch, scale: float) -> torch.Tensor:
    """Queries (n, heads, width) see the keys (m, kv heads, width) up to their own place at the end."""
    mask = None
    if part.length > 1 and part.start:
        mask = torch.ones(len(q), len(k), dtype=torch.bool, device=q.device).tril(part.start)
    query, key, value = (tensor.transpose(0, 1).unsqueeze(0) for tensor in (q, k, v))
    causal = part.length > 1 and mask is None
    out = sdpa(query, key, value, attn_mask=mask, is_causal=causal, scale=scale, enable_gqa=q.shape[1] != k.shape[1])
    return out.squeeze(0).transpose(0, 1)


def can_flash(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch's own flash kernel is there for this device and type."""
    if not torch.backends.cuda.is_flash_attention_available():
        return False
    return device.type == "cuda" and dtype.itemsize == 2 and torch.cuda.get_device_capability(device) >= (8, 0)


def _attend_packed(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    packed: Packed,
    scale: float,
) -> torch.Tensor:
    flat_keys, flat_values = keys.flatten(0, 1), values.flatten(0, 1)
    flat_keys.index_copy_(0, packed.rows, key)
    flat_values.index_copy_(0, packed.rows, value)
    out: torch.Tensor = torch.ops.aten._flash_attention_forward(
        query, flat_keys, flat_values, packed.bounds, packed.begins, packed.longest, packed.max_len, 0.0, True, False,
        scale=scale, seqused_k=packed.used,
    )[0]  # fmt: skip
    return out
