"""InternLM2's published architecture written out in float64, and random checkpoints of it, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

TINY: dict[str, Any] = {
    "model_type": "internlm2",
    "architectures": ["InternLM2ForCausalLM"],
    "vocab_size": 96,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1_000_000,
    "hidden_act": "silu",
    "bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}
DYNAMIC = {"type": "dynamic", "factor": 2.0}


def random_state(config: dict[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights under InternLM2's names."""
    generator = torch.Generator().manual_seed(seed)
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim = hidden // heads

    def weight(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * 0.2

    state = {"model.tok_embeddings.weight": weight(config["vocab_size"], hidden)}
    for n in range(config["num_hidden_layers"]):
        state |= {
            f"model.layers.{n}.attention.wqkv.weight": weight((heads + 2 * groups) * head_dim, hidden),
            f"model.layers.{n}.attention.wo.weight": weight(hidden, hidden),
            f"model.layers.{n}.feed_forward.w1.weight": weight(wide, hidden),
            f"model.layers.{n}.feed_forward.w3.weight": weight(wide, hidden),
            f"model.layers.{n}.feed_forward.w2.weight": weight(hidden, wide),
            f"model.layers.{n}.attention_norm.weight": 1 + weight(hidden),
            f"model.layers.{n}.ffn_norm.weight": 1 + weight(hidden),
        }
    return state | {"model.norm.weight": 1 + weight(hidden), "output.weight": weight(config["vocab_size"], hidden)}


def write_config(folder: Path, config: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))


def reference_logits(state: dict[str, torch.Tensor], config: dict[str, Any], ids: list[int]) -> torch.Tensor:
    """Logits of every position, shape (tokens, vocabulary), float64."""
    w = {name: tensor.double() for name, tensor in state.items()}
    x = w["model.tok_embeddings.weight"][torch.tensor(ids)]
    cos, sin = _rotation(config, len(ids))
    for n in range(config["num_hidden_layers"]):
        layer = {name.split(f"layers.{n}.")[1]: t for name, t in w.items() if f"layers.{n}." in name}
        x = x + _attention(_norm(x, layer["attention_norm.weight"], config), layer, config, cos, sin)
        y = _norm(x, layer["ffn_norm.weight"], config)
        gate = y @ layer["feed_forward.w1.weight"].T
        x = (
            x
            + (gate * torch.sigmoid(gate) * (y @ layer["feed_forward.w3.weight"].T)) @ layer["feed_forward.w2.weight"].T
        )
    return _norm(x, w["model.norm.weight"], config) @ w["output.weight"].T


def _norm(x: torch.Tensor, weight: torch.Tensor, config: dict[str, Any]) -> torch.Tensor:
    return weight * x / torch.sqrt((x * x).mean(-1, keepdim=True) + config["rms_norm_eps"])


def _rotation(config: dict[str, Any], tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    base, limit = float(config["rope_theta"]), config["max_position_embeddings"]
    scaling = config.get("rope_scaling")
    if scaling and tokens > limit:
        factor = scaling["factor"]
        base *= (factor * tokens / limit - (factor - 1)) ** (head_dim / (head_dim - 2))
    frequencies = base ** (-torch.arange(0, head_dim, 2).double() / head_dim)
    angles = torch.arange(tokens).double()[:, None] * frequencies
    return torch.cat([angles.cos()] * 2, 1), torch.cat([angles.sin()] * 2, 1)


def _attention(
    x: torch.Tensor, layer: dict[str, torch.Tensor], config: dict[str, Any], cos: torch.Tensor, sin: torch.Tensor
) -> torch.Tensor:
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    per_group, head_dim, tokens = heads // groups, config["hidden_size"] // heads, len(x)
    packed = x @ layer["attention.wqkv.weight"].T
    mask = torch.full((tokens, tokens), -torch.inf, dtype=torch.float64).triu(1)
    outputs = []
    for group in range(groups):
        start = group * (per_group + 2) * head_dim
        rows = [packed[:, start + i * head_dim : start + (i + 1) * head_dim] for i in range(per_group + 2)]
        *queries, key, value = rows
        for query in queries:
            scores = _rotate(query, cos, sin) @ _rotate(key, cos, sin).T / head_dim**0.5 + mask
            outputs.append(torch.softmax(scores, -1) @ value)
    return torch.cat(outputs, 1) @ layer["attention.wo.weight"].T


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin
