"""What models take of a card beside their weights, against what `rag.neural.budget` reserves for it.

Run: python -m tests.bench.gpu_memory. Random weights of published shapes on the device; nothing is fetched.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from published_shapes import EMBEDDERS, WRITERS

from rag.neural.budget import CONTEXT, QUESTION_TOKENS, encoder_part, llm_part
from rag.neural.encoder import Encoder
from rag.neural.engine.engine import Engine
from rag.neural.shapes import GIB, Shape

LENGTH = 512


class First(torch.nn.Module):
    """Takes the first token."""

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        return {**features, "sentence_embedding": features["token_embeddings"][:, 0]}


def used() -> float:
    """GiB that are taken of the card, by anybody."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.check_output(query).split()[0]) / 1024


def context() -> None:
    """What a process takes that multiplies two matrices."""
    before = used()
    square = torch.randn(999, 999, device="cuda").half()
    torch.mm(square, square)
    torch.cuda.synchronize()
    print(
        f"process: {used() - before:.2f} GB, reserved {CONTEXT / GIB:.2f} ({torch.cuda.get_device_name()})", flush=True
    )


def config_of(raw: Any) -> Any:
    """transformers' own configuration of a published shape; InternLM's is a Llama's."""
    from transformers import LlamaConfig, Qwen3Config, XLMRobertaConfig

    kinds = {"xlm-roberta": XLMRobertaConfig, "qwen3": Qwen3Config}
    return kinds.get(raw["model_type"], LlamaConfig)(
        **{k: v for k, v in raw.items() if k != "model_type"}, pad_token_id=1
    )


def encoders() -> None:
    """The work on so many tokens, padded as a reranker reads them and packed as an embedder does."""
    from transformers import AutoModel

    for name, (raw, _) in EMBEDDERS.items():
        with torch.device("cuda"):
            model = AutoModel.from_config(config_of(raw), dtype=torch.float16)
        weights = torch.cuda.memory_allocated()
        for kind, packed in (("reranker", False), ("embedder", None)):
            encoder = Encoder(model, [First()], packed=packed, with_types=raw["model_type"] != "qwen3")
            torch.cuda.reset_peak_memory_stats()
            texts = [np.full(min(LENGTH, 500), 5, np.int32)] * (QUESTION_TOKENS // LENGTH)
            with encoder.on_stream():
                encoder.encode(texts)
            torch.cuda.synchronize()
            taken = (torch.cuda.max_memory_allocated() - weights) / GIB
            part = encoder_part(kind, 0, Shape.of(raw), 2)  # type: ignore[arg-type]
            print(f"{name} as {kind}: {taken:.2f} GB, reserved {part.work / GIB:.2f}", flush=True)
        del model, encoder
        torch.cuda.empty_cache()


def writer(name: str = "internlm/internlm2_5-7b-chat") -> None:
    """Sixteen answers at once after 6,000 tokens each."""
    from transformers import AutoModelForCausalLM

    raw = WRITERS[name][0]
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config_of(raw), dtype=torch.bfloat16).eval()
    weights, shape = torch.cuda.memory_allocated(), Shape.of(raw)
    cache = 17 * 8192 * shape.kv_bytes_per_token
    engine = Engine(model, max_batch=16, max_len=8192, kv_gb=cache / GIB)
    engine.start()

    async def one(number: int) -> None:
        async for _ in engine.stream([number + 5] * 6000, max_tokens=64):
            pass

    async def crowd() -> None:
        await asyncio.gather(*map(one, range(16)))

    asyncio.run(crowd())
    engine.close()
    taken = (torch.cuda.max_memory_allocated() - weights - cache) / GIB
    print(f"{name}: {taken:.2f} GB beside weights and cache, reserved {llm_part(0, shape, 2).work / GIB:.2f}")


if __name__ == "__main__":
    context()
    encoders()
    writer()
