"""What the engine has to know of transformers' decoders: where their attention is and how long they can read."""

from __future__ import annotations

from typing import Any

import torch

from rag.base import ModelError


def attention_modules(model: Any) -> list[torch.nn.Module]:
    """The attention of every layer.

    Raises:
        ModelError: it is not one a layer: no plain decoder.
    """
    found = [
        module for module in model.modules() if all(hasattr(module, name) for name in ("layer_idx", "k_proj", "o_proj"))
    ]
    if len(found) != model.config.num_hidden_layers or not getattr(model, "_supports_attention_backend", False):
        raise ModelError(
            f"{type(model).__name__} is no decoder that the local engine can drive; choose a model of the Llama, "
            "InternLM, Qwen2, Qwen3 or Mistral family, or serve this one with vLLM and [llm] preset = vllm"
        )
    return found


def longest(config: Any) -> int:
    """How many tokens the model takes at most, without rescaling its positions and within its attention window."""
    limits = [int(config.max_position_embeddings)]
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope" and rope.get("original_max_position_embeddings"):
        limits.append(int(rope["original_max_position_embeddings"]))
    kinds = getattr(config, "layer_types", None)
    window = getattr(config, "sliding_window", None)
    if window and (kinds is None or "sliding_attention" in kinds):
        limits.append(int(window))
    return min(limits)


def freeze_positions(model: Any) -> None:
    """Within `longest`, dynamic scaling changes nothing; it would only look at every length on the host."""
    for module in model.modules():
        if getattr(module, "rope_type", None) in ("dynamic", "longrope"):
            module.rope_type = "default"
