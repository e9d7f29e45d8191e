"""The shapes that well-known models publish in their config.json, with the number of parameters that they state."""

from __future__ import annotations

from typing import Any

_XLMR = {"model_type": "xlm-roberta", "vocab_size": 250_002, "type_vocab_size": 1}
_QWEN3 = {"model_type": "qwen3", "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 40_960}
_INTERNLM2 = {"model_type": "internlm2", "num_key_value_heads": 8, "vocab_size": 92_544, "head_dim": 128,
              "max_position_embeddings": 32_768}  # fmt: skip
_SMALL_QWEN3 = {"vocab_size": 151_669, "tie_word_embeddings": True, "max_position_embeddings": 32_768}


def _shape(family: dict[str, Any], hidden: int, layers: int, heads: int, intermediate: int, **more: Any) -> Any:
    sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads}
    return {**family, **sizes, "intermediate_size": intermediate, **more}


BASE = _shape(_XLMR, 768, 12, 12, 3072, max_position_embeddings=514)
LARGE = _shape(_XLMR, 1024, 24, 16, 4096, max_position_embeddings=8194)
ONE_LABEL = {"id2label": {"0": "LABEL_0"}, "architectures": ["XLMRobertaForSequenceClassification"]}

EMBEDDERS: dict[str, tuple[Any, float]] = {
    "maidalun1020/bce-embedding-base_v1": (BASE, 0.278e9),
    "BAAI/bge-m3": (LARGE, 0.568e9),
    "Qwen/Qwen3-Embedding-0.6B": (_shape(_QWEN3, 1024, 28, 16, 3072, **_SMALL_QWEN3), 0.596e9),
}
RERANKERS: dict[str, tuple[Any, float]] = {
    "maidalun1020/bce-reranker-base_v1": ({**BASE, **ONE_LABEL}, 0.278e9),
    "BAAI/bge-reranker-v2-m3": ({**LARGE, **ONE_LABEL}, 0.568e9),
    "Qwen/Qwen3-Reranker-0.6B": (_shape(_QWEN3, 1024, 28, 16, 3072, **_SMALL_QWEN3), 0.596e9),
}
WRITERS: dict[str, tuple[Any, float]] = {
    "internlm/internlm2_5-1_8b-chat": (_shape(_INTERNLM2, 2048, 24, 16, 8192), 1.889e9),
    "internlm/internlm2_5-7b-chat": (_shape(_INTERNLM2, 4096, 32, 32, 14_336), 7.738e9),
    "internlm/internlm2_5-20b-chat": (_shape(_INTERNLM2, 6144, 48, 48, 16_384), 19.86e9),
    "internlm/internlm3-8b-instruct": (
        _shape(
            {**_INTERNLM2, "model_type": "internlm3", "num_key_value_heads": 2, "vocab_size": 128_512},
            4096, 48, 32, 10_240,
        ),
        8.804e9,
    ),
    "Qwen/Qwen3-4B": (_shape(_QWEN3, 2560, 36, 32, 9728, vocab_size=151_936, tie_word_embeddings=True), 4.022e9),
    "Qwen/Qwen3-8B": (_shape(_QWEN3, 4096, 36, 32, 12_288, vocab_size=151_936), 8.191e9),
    "Qwen/Qwen3-14B": (_shape(_QWEN3, 5120, 40, 40, 17_408, vocab_size=151_936), 14.77e9),
    "Qwen/Qwen3-32B": (_shape(_QWEN3, 5120, 64, 64, 25_600, vocab_size=151_936), 32.76e9),
    "meta-llama/Llama-3.1-8B-Instruct": (
        _shape(
            {"model_type": "llama", "num_key_value_heads": 8, "vocab_size": 128_256},
            4096, 32, 32, 14_336, max_position_embeddings=131_072,
        ),
        8.030e9,
    ),
}  # fmt: skip
