"""Runs an encoder over texts laid end to end, without padding: one row of tokens, attention within each text only.

Knows token ids and hidden states; tokenizing, pooling and batching are the embedder's. The layout is transformers' own
for flash attention (``cu_seq_lens_q``), so its models run unchanged with the attention function registered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention

from rag.neural.types import IdArray

ATTENTION = "qunda_packed"
_OFFSET_FAMILIES = ("roberta", "xlm-roberta", "camembert")  # positions start behind the padding id
_FAMILIES = ("bert", *_OFFSET_FAMILIES, "qwen3", "llama")
_LENGTH_STEP = 64  # the longest length is rounded up: the kernel wants a bound only, and compiled code few values


try:
    from torch.nn.attention.varlen import varlen_attn as _varlen_attn
except ImportError:  # before torch 2.10
    _varlen_attn = None
_VARLEN_OPTIONS = frozenset(signature(_varlen_attn).parameters) if _varlen_attn is not None else frozenset()


@dataclass(frozen=True, slots=True)
class Packed:
    """``ids`` and ``positions`` of shape (1, tokens); ``bounds`` of shape (texts + 1,), int32; ``longest`` a bound."""

    ids: torch.Tensor
    positions: torch.Tensor
    bounds: torch.Tensor
    longest: int


def can_pack(config: Any, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether this model runs packed at full speed here: a known family, a card and a type with the flash kernel."""
    if device.type != "cuda" or dtype == torch.float32 or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    return is_known(config) and _varlen_attn is not None


def is_known(config: Any) -> bool:
    """Whether the family's positions and attention are those that this module knows."""
    if getattr(config, "use_sliding_window", False) or getattr(config, "is_decoder", False):
        return False
    absolute = getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
    return config.model_type in _FAMILIES and absolute


def first_position(config: Any) -> int:
    """The position id of a text's first token."""
    return int(config.pad_token_id) + 1 if config.model_type in _OFFSET_FAMILIES else 0


def use_packed_attention(model: Any) -> None:
    """Let a transformers model use the attention function of this module."""
    from transformers import AttentionInterface

    AttentionInterface.register(ATTENTION, packed_attention)
    model.set_attn_implementation(ATTENTION)


def pack(texts: Sequence[IdArray], first: int, device: torch.device) -> Packed:
    """Lay token ids end to end; one pinned copy brings all of it to the device."""
    lengths = np.array([len(ids) for ids in texts], np.int64)
    ends = np.concatenate(([0], np.cumsum(lengths)))
    total, longest = int(ends[-1]), int(lengths.max())
    host = torch.empty(2 * total + len(ends), dtype=torch.int32, pin_memory=device.type == "cuda")
    view = host.numpy()
    np.concatenate(texts, out=view[:total])
    view[total : 2 * total] = np.arange(total) - np.repeat(ends[:-1], lengths) + first
    view[2 * total :] = ends
    ids, positions, bounds = host.to(device, non_blocking=True).split([total, total, len(ends)])
    rounded = -(-longest // _LENGTH_STEP) * _LENGTH_STEP
    # Copies, so that compiled code does not see addresses whose alignment changes with the sizes.
    return Packed(ids[None].long(), positions[None].long(), bounds.clone(), rounded)


def encode(model: Any, packed: Packed) -> torch.Tensor:
    """Last hidden states, shape (tokens, hidden)."""
    extra = {"token_type_ids": torch.zeros_like(packed.ids)} if hasattr(model, "embeddings") else {"use_cache": False}
    output = model(
        input_ids=packed.ids,
        position_ids=packed.positions,
        cu_seq_lens_q=packed.bounds,
        cu_seq_lens_k=packed.bounds,
        max_length_q=packed.longest,
        max_length_k=packed.longest,
        **extra,
    )
    hidden: torch.Tensor = output.last_hidden_state[0]
    return hidden


def unpack(hidden: torch.Tensor, bounds: torch.Tensor, longest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded states of shape (texts, longest, hidden) and their mask: what pooling layers take."""
    lengths = bounds.diff()
    offsets = torch.arange(longest, device=hidden.device)
    mask = offsets[None] < lengths[:, None]
    rows = (bounds[:-1, None] + offsets[None]).clamp_(max=len(hidden) - 1)
    return hidden[rows], mask.long()


def packed_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor,
    max_length_q: int,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of transformers' interface, (1, heads, tokens, head_dim) in, (1, tokens, heads, head_dim) out."""
    causal = bool(getattr(module, "is_causal", False))
    grouped = query.shape[1] != key.shape[1]
    q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
    if not q.is_cuda or q.dtype == torch.float32:
        return _by_text(query, key, value, cu_seq_lens_q, scaling, causal, grouped)[None], None
    if grouped:  # before torch 2.11 the kernel wants as many key heads as query heads
        k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], 1) for x in (k, v))
    out = _varlen_attn(q, k, v, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, **_options(causal, scaling))
    return out[None], None


def _options(causal: bool, scaling: float | None) -> dict[str, Any]:
    """What the kernel of this torch calls its options; its default scale is that of every family here."""
    names = _VARLEN_OPTIONS
    options: dict[str, Any] = {"scale": scaling} if "scale" in names else {}
    if "window_size" in names:
        return {**options, "window_size": (-1, 0) if causal else (-1, -1)}
    return {**options, "is_causal": causal}


def _by_text(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor,
    scaling: float | None,
    causal: bool,
    grouped: bool,
) -> torch.Tensor:
    """The same without the kernel, text by text: for the CPU and for float32."""
    parts = []
    edges = bounds.tolist()
    for start, end in pairwise(edges):
        q, k, v = (x[:, :, start:end] for x in (query, key, value))
        parts.append(scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scaling, enable_gqa=grouped)[0])
    return torch.cat(parts, dim=1).transpose(0, 1)
