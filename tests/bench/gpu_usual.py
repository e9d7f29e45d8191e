"""The usual ways of answering on one GPU, to read this project's figures beside: transformers' generate and batching.

Run: python -m tests.bench.gpu_usual [--only generate static ...]. Needs torch with CUDA and transformers alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, LlamaConfig, StoppingCriteria

from tests.bench.gpu_answering import ANSWER, PROMPT, SHAPES, attempt, build, floors, prompt, say


class Stamps(StoppingCriteria):
    """Notes when each token was chosen."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        torch.cuda.synchronize()
        self.times.append(time.perf_counter())
        return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)


def usual(model: Any, name: str, count: int, tokens: int = ANSWER, **options: Any) -> None:
    """Time a token (median) and requests a second; where it compiles, the first call is not counted."""
    ids = torch.tensor([prompt(PROMPT, seed, model.config.vocab_size) for seed in range(count)], device="cuda")
    run = {"max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": False, **options}
    for _ in range(3 if options else 1):
        stamps = Stamps()
        begin = time.perf_counter()
        model.generate(ids, attention_mask=torch.ones_like(ids), stopping_criteria=[stamps], **run)
        whole = time.perf_counter() - begin
    step = float(np.median(np.diff(stamps.times)))
    whole += step * (ANSWER - tokens)
    say(f"{name}, batch {count}: {1e3 * step:.1f} ms a token, {count / whole:.2f} requests/s of {ANSWER} tokens")


def generating(model: Any) -> None:
    """`generate` with its growing cache, one question at a time."""
    model.set_attn_implementation("sdpa")
    usual(model, "generate, dynamic cache", 1, tokens=32)


def static(model: Any, counts: Sequence[int] = (1, 16)) -> None:
    """`generate` with a static cache, compiled by transformers."""
    model.set_attn_implementation("sdpa")
    name = "generate, static cache, compiled"
    for count in counts:
        attempt(lambda count=count: usual(model, name, count, cache_implementation="static"))
        torch._dynamo.reset()


def batched(model: Any, name: str, count: int, tokens: int) -> None:
    """transformers' continuous batching."""
    prompts = [prompt(PROMPT, seed, model.config.vocab_size) for seed in range(count)]
    settings = GenerationConfig(max_new_tokens=tokens, do_sample=False, eos_token_id=-1, pad_token_id=0)
    model.generate_batch(inputs=prompts[:2], generation_config=settings, max_new_tokens=2)
    begin = time.perf_counter()
    model.generate_batch(inputs=prompts, generation_config=settings)
    took = time.perf_counter() - begin
    say(f"continuous batching, {name}, {count} at once, {tokens} tokens each: {count / took:.2f} requests/s")


def continuous(model: Any) -> None:
    """transformers' continuous batching with its own attention."""
    model.set_attn_implementation("paged|sdpa")
    for count, tokens in ((16, ANSWER), (64, 32)):
        attempt(lambda count=count, tokens=tokens: batched(model, "paged|sdpa", count, tokens))


PARTS = {
    "generate": generating,
    "static": static,
    "static16": lambda model: static(model, (16,)),
    "continuous": continuous,
}
DEFAULT = ("generate", "static", "continuous")


def main() -> None:
    """Print a line for each way."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", nargs="*", default=DEFAULT, choices=list(PARTS))
    options.add_argument("--shape", default="7b", choices=list(SHAPES))
    chosen = options.parse_args()
    config = LlamaConfig(**SHAPES[chosen.shape], rope_theta=1e6)
    token_floor, prompt_floor = floors(config)
    say(f"floors: {1e3 * token_floor:.2f} ms a token, {1e3 * prompt_floor:.0f} ms a prompt")
    model = build(config, torch.bfloat16)
    for name in chosen.only:
        with torch.no_grad():
            attempt(lambda name=name: PARTS[name](model))


if __name__ == "__main__":
    main()
