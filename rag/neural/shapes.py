"""What a model takes, from its config.json and its files alone: parameters, bytes of weights, cache and work.

Needs neither torch nor a card. Configurations are plain mappings; formulae are those of the published architectures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from rag.base import ModelError
from rag.neural.files import read_json, weight_files

GIB = 1 << 30
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_ALIASES = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "hidden_dim": "intermediate_size",
}  # DistilBERT's names
_DECODERS = ("llama", "mistral", "qwen2", "qwen3", "internlm2", "internlm3")
_ENCODERS = ("bert", "roberta", "xlm-roberta", "camembert")
# bitsandbytes: a byte or half a byte a weight, and a float32 for each 64 of the halves
_QUANTIZED = {"8bit": 1.0, "4bit": 0.5 + 4 / 64}
_STORED = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_WHOLE = ("embed", "output.weight", "lm_head", "norm", "bias")  # what quantization leaves as it is


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a transformer that memory follows from."""

    family: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    positions: int
    tied: bool
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Shape:
        """The shape that a config.json describes.

        Raises:
            ModelError: a number is missing that every transformer has.
        """
        raw = {**{name: raw[old] for old, name in _ALIASES.items() if old in raw}, **raw}
        try:
            hidden, heads = int(raw["hidden_size"]), int(raw["num_attention_heads"])
            return cls(
                family=str(raw.get("model_type", "")),
                hidden=hidden,
                layers=int(raw["num_hidden_layers"]),
                heads=heads,
                kv_heads=int(raw.get("num_key_value_heads") or heads),
                head_dim=int(raw.get("head_dim") or hidden // heads),
                intermediate=int(raw.get("intermediate_size") or 4 * hidden),
                vocabulary=int(raw["vocab_size"]),
                positions=int(raw.get("max_position_embeddings") or 0),
                tied=bool(raw.get("tie_word_embeddings", False)),
                raw=raw,
            )
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelError(
                f"its config.json does not say how large the model is ({error}): choose a text model of transformers"
            ) from error

    @property
    def parameters(self) -> int:
        """How many numbers the weights are.

        Raises:
            ModelError: no formula for this architecture is known here; its files tell.
        """
        if self.family in _ENCODERS:
            return self._of_encoder()
        if self.family in _DECODERS:
            return self._of_decoder()
        raise ModelError(f"there is no formula for the size of a {self.family or 'nameless'} model")

    @property
    def is_decoder(self) -> bool:
        """Whether it writes from left to right, as chat models do."""
        return self.family in _DECODERS

    @property
    def kv_bytes_per_token(self) -> int:
        """What one token takes in a cache of two bytes a number, all layers together."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_dim

    def _of_encoder(self) -> int:
        hidden, types = self.hidden, int(self.raw.get("type_vocab_size", 2))
        embeddings = (self.vocabulary + self.positions + types) * hidden + 2 * hidden
        attention = 4 * (hidden * hidden + hidden)
        mlp = 2 * hidden * self.intermediate + self.intermediate + hidden
        pooler = hidden * hidden + hidden  # or, in a classifier, its dense layer
        kinds = self.raw.get("architectures") or [""]
        labels = len(self.raw.get("id2label") or "01")  # two, unless it says otherwise
        head = (hidden + 1) * labels if str(kinds[0]).endswith("ForSequenceClassification") else 0
        return embeddings + self.layers * (attention + mlp + 4 * hidden) + pooler + head

    def _of_decoder(self) -> int:
        hidden, queries, keys = self.hidden, self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = 2 * hidden * queries + 2 * hidden * keys
        if self.family == "qwen2" or self.raw.get("qkv_bias") or self.raw.get("attention_bias"):
            attention += queries + 2 * keys
        if self.family == "qwen3":
            attention += 2 * self.head_dim  # norms of queries and keys
        mlp = 3 * hidden * self.intermediate
        words = self.vocabulary * hidden * (1 if self.tied or self._embeds else 2)
        return words + self.layers * (attention + mlp + 2 * hidden) + hidden

    @property
    def _embeds(self) -> bool:
        """Whether it is a decoder without an output matrix, as embedding models are."""
        return any(str(name).endswith("Model") for name in self.raw.get("architectures") or ())


def read_shape(folder: Path) -> Shape:
    """The shape of the model in ``folder``.

    Raises:
        ModelError: its config.json is missing or says too little.
    """
    return Shape.of(read_json(folder / "config.json"))


def weight_bytes(folder: Path, dtype: str, quantization: str = "") -> int:
    """What the weights in ``folder`` take once they are loaded as ``dtype``: counted from the files where they tell.

    Raises:
        ModelError: files are missing or broken.
    """
    shards = [*weight_files(folder), *sorted(folder.glob("*_*/model.safetensors"))]  # the latter: layers behind it
    config = read_json(folder / "config.json")
    if config.get("quantization_config"):  # stored as it is computed with
        return sum(shard.stat().st_size for shard in shards)
    size, rate = BYTES[dtype], _QUANTIZED.get(quantization, BYTES[dtype])
    total = 0.0
    for shard in shards:
        if shard.suffix == ".safetensors":
            total += sum(_loaded(name, shape, size, rate) for name, shape in _tensors(shard))
        else:  # torch's archive does not tell without being read
            stored = BYTES.get(str(config.get("torch_dtype") or config.get("dtype")), 4)
            total += shard.stat().st_size / stored * rate
    return int(total)


def _loaded(name: str, shape: tuple[int, ...], size: int, rate: float) -> float:
    whole = len(shape) < 2 or any(part in name for part in _WHOLE)
    return prod(shape) * (size if whole else rate)


def _tensors(shard: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and shape of each tensor of a safetensors file, from its header."""
    with shard.open("rb") as file:
        try:
            entries = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        except ValueError as error:
            raise ModelError(f"{shard} is no file of weights: delete it and run `qunda models pull` again") from error
    for name, entry in entries.items():
        if name != "__metadata__" and entry.get("dtype") in _STORED:
            yield name, tuple(entry["shape"])
