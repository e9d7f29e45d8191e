"""Memory that a model needs against memory that is free. Knows configurations by their usual names, and no weights."""

from __future__ import annotations

from typing import Any

import torch

GIB = 1 << 30


def memory_free(device: torch.device) -> int:
    """Bytes that can still be taken; 0 where the device does not say (the CPU)."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0


def weight_bytes(config: Any, dtype: torch.dtype) -> int:
    """The weights of a decoder of Llama's build, estimated from its configuration."""
    hidden, layers = config.hidden_size, config.num_hidden_layers
    head = head_dim(config)
    attention = hidden * head * (2 * config.num_attention_heads + 2 * kv_heads(config))
    mlp = 3 * hidden * config.intermediate_size
    tied = bool(getattr(config, "tie_word_embeddings", False))
    words = config.vocab_size * hidden * (1 if tied else 2)
    return int((layers * (attention + mlp) + words) * dtype.itemsize)


def kv_bytes_per_token(config: Any, dtype: torch.dtype) -> int:
    """What one token takes in the cache, all layers together."""
    return int(2 * config.num_hidden_layers * kv_heads(config) * head_dim(config) * dtype.itemsize)


def kv_heads(config: Any) -> int:
    """Heads of keys and values."""
    return int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)


def head_dim(config: Any) -> int:
    """Width of one head."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
