"""Loads InternLM2, 2.5 and 3 checkpoints onto transformers' own Llama, tensor by tensor and without remote code.

Knows files and names of weights, not texts. InternLM2 packs query, key and value of each KV group into one matrix:
its query heads, then one key head, then one value head (https://arxiv.org/abs/2403.17297, section 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from rag.base import ModelError
from rag.neural.files import check_shard, read_json, weight_files
from rag.neural.quantize import Quantization, quantized, replace_layers

FAMILIES = ("internlm2", "internlm3")
_COPIED = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
           "num_key_value_heads", "hidden_act", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings",
           "bos_token_id", "eos_token_id", "pad_token_id")  # fmt: skip
_PARTS = {
    "model.tok_embeddings": "model.embed_tokens",
    "model.norm": "model.norm",
    "output": "lm_head",
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w3": "mlp.up_proj",
    "feed_forward.w2": "mlp.down_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)")
_PACKED = "attention.wqkv"


def is_internlm(folder: Path) -> bool:
    """Whether this module loads the checkpoint in ``folder``."""
    return read_json(folder / "config.json").get("model_type") in FAMILIES


def llama_config(folder: Path, max_tokens: int | None = None) -> Any:
    """The configuration of the Llama that equals the checkpoint's model.

    ``max_tokens``: no sequence will be longer. Within what the model was trained for, the dynamic rope scaling of 2.5
    and 3 does nothing, so it is left out then: the model needs no look at the positions in each step.

    Raises:
        ModelError: it is another architecture.
    """
    from transformers import LlamaConfig

    raw = read_json(folder / "config.json")
    family = raw.get("model_type")
    if family not in FAMILIES:
        raise ModelError(
            f"{folder} holds a {family!r} model, not InternLM2, 2.5 or 3: use transformers' own loader for it"
        )
    missing = [
        name for name in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads") if name not in raw
    ]
    if missing:
        raise ModelError(f"{folder}/config.json lacks {missing[0]}: run `qunda models pull` again")
    bias = bool(raw.get("bias", False))
    return LlamaConfig(
        **{name: raw[name] for name in _COPIED if name in raw},
        head_dim=raw.get("head_dim") or raw["hidden_size"] // raw["num_attention_heads"],
        attention_bias=bias or bool(raw.get("qkv_bias", False)),
        mlp_bias=bias and family == "internlm3",
        rope_parameters=_rope(raw, max_tokens),
    )


def _rope(raw: dict[str, Any], max_tokens: int | None) -> dict[str, Any]:
    scaling = raw.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    theta = float(raw.get("rope_theta", 10_000.0))
    if kind == "dynamic" and max_tokens is not None and max_tokens <= raw.get("max_position_embeddings", 0):
        kind = "default"
    if kind == "default":
        return {"rope_type": "default", "rope_theta": theta}
    if kind not in ("dynamic", "linear"):
        raise ModelError(
            f"rope_scaling of type {kind!r} is not InternLM's: use the config.json that came with the model"
        )
    return {"rope_type": kind, "rope_theta": theta, "factor": float(scaling["factor"])}


def load_internlm(
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    max_tokens: int | None = None,
    quantization: Quantization = "",
) -> Any:
    """The model on ``device`` in ``dtype``; on the host it needs one tensor at a time beside what is mapped.

    Quantized, a matrix is whole for the moment only in which it is packed.

    Raises:
        ModelError: a file is missing or cut short, or the weights are not those of the configuration.
    """
    from transformers import LlamaForCausalLM
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    config = llama_config(folder, max_tokens)
    shards = weight_files(folder)
    for shard in shards:
        check_shard(shard)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    wanted = {name: parameter.shape for name, parameter in model.named_parameters(remove_duplicate=False)}
    if quantization:
        replace_layers(model, quantization, dtype)
    for shard in shards:
        for name, tensor in _tensors(shard):
            for target, part in renamed(name, tensor, config):
                if target not in wanted:
                    raise ModelError(
                        f"{shard} has a weight {name} that its config.json knows nothing of: pull both again"
                    )
                if wanted.pop(target) != part.shape:
                    raise ModelError(
                        f"{shard}: {name} has shape {tuple(part.shape)}, config.json says otherwise: pull again"
                    )
                _put(model, target, part, device, dtype)
    _fill_missing(model, wanted, config, device, dtype, folder)
    # The frequencies are computed, not stored: on the meta device they have no values.
    with device:
        model.model.rotary_emb = LlamaRotaryEmbedding(config)
    return model.eval().requires_grad_(False)


def renamed(name: str, tensor: torch.Tensor, config: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights of Llama that one weight of the checkpoint holds; InternLM3's have Llama's names already."""
    stem, _, kind = name.rpartition(".")
    if kind == "inv_freq":
        return
    layer = _LAYER.fullmatch(stem)
    prefix, rest = (f"model.layers.{layer[1]}.", layer[2]) if layer else ("", stem)
    if rest == _PACKED:
        for letter, part in zip("qkv", unpack_qkv(tensor, config), strict=True):
            yield f"{prefix}self_attn.{letter}_proj.{kind}", part
    else:
        yield f"{prefix}{_PARTS.get(rest, rest)}.{kind}", tensor


def unpack_qkv(packed: torch.Tensor, config: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows of query, key and value, from (groups x (queries per group + 2) x head_dim) rows.

    Raises:
        ModelError: there are not so many rows.
    """
    groups, head_dim = config.num_key_value_heads, config.head_dim
    per_group = config.num_attention_heads // groups
    if packed.shape[0] != groups * (per_group + 2) * head_dim:
        raise ModelError(
            f"wqkv has {packed.shape[0]} rows, but {groups} groups of {per_group} + 2 heads of {head_dim} "
            "are expected: config.json and weights are of different models"
        )
    rest = packed.shape[1:]
    grouped = packed.reshape(groups, per_group + 2, head_dim, *rest)
    query, key, value = grouped[:, :per_group], grouped[:, per_group], grouped[:, per_group + 1]
    return query.reshape(-1, *rest), key.reshape(-1, *rest), value.reshape(-1, *rest)


def _tensors(shard: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """Name and tensor of one file, mapped rather than read, so that pages of it come and go."""
    if shard.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(shard), framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    yield name, file.get_tensor(name)
        except SafetensorError as error:
            raise ModelError(f"{shard} is damaged: delete it and run `qunda models pull` again") from error
        return
    from pickle import UnpicklingError

    try:
        state = torch.load(shard, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, UnpicklingError, EOFError) as error:
        raise ModelError(f"{shard} is damaged or holds more than weights: run `qunda models pull` again") from error
    while state:
        yield state.popitem()


def _put(model: Any, name: str, tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> None:
    path, _, attribute = name.rpartition(".")
    owner = model.get_submodule(path)
    made = quantized(owner, attribute, tensor.to(dtype), device)
    if made is None:
        made = torch.nn.Parameter(tensor.to(device, dtype, copy=True), requires_grad=False)
    setattr(owner, attribute, made)


def _fill_missing(
    model: Any, missing: dict[str, Any], config: Any, device: torch.device, dtype: torch.dtype, folder: Path
) -> None:
    """Tie what is shared; Llama's output projection has a bias where the others have one, InternLM3's never."""
    if config.tie_word_embeddings and missing.pop("lm_head.weight", None):
        model.lm_head.weight = model.model.embed_tokens.weight
    for name in [name for name in missing if name.endswith("o_proj.bias")]:
        _put(model, name, torch.zeros(missing.pop(name)), device, dtype)
    if missing:
        raise ModelError(f"{folder} lacks the weight {min(missing)}: a shard is missing; run `qunda models pull` again")
