"""Answering on one GPU: random weights of real shapes, checked against transformers' `generate`, then timed.

``python tests/bench/gpu_answering.py [--only NAME ...] [--shape 7b]``. Needs torch with CUDA and transformers alone.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from rag.neural.engine.engine import Engine

PROMPT, ANSWER = 3000, 128
SHAPES = {
    "7b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
           "num_key_value_heads": 8, "vocab_size": 92544, "max_position_embeddings": 32768},
    "tiny": {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8,
             "num_key_value_heads": 2, "vocab_size": 1000, "max_position_embeddings": 4096},
}  # fmt: skip


def say(text: str) -> None:
    """One line, at once."""
    print(f"[{time.perf_counter() - START:6.1f} s] {text}", flush=True)


def build(config: Any, dtype: torch.dtype, seed: int = 0) -> Any:
    """Random weights made on the device."""
    torch.manual_seed(seed)
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.eval()
    model.generation_config.eos_token_id = None
    return model


def prompt(length: int, seed: int, vocabulary: int) -> list[int]:
    """Random tokens."""
    made = torch.randint(0, vocabulary, (length,), generator=torch.Generator().manual_seed(seed))
    return [int(token) for token in made]


async def answer(engine: Engine, ids: list[int], count: int) -> tuple[list[int], list[float]]:
    """All tokens, and when each arrived."""
    tokens: list[int] = []
    times: list[float] = []
    async for new in engine.stream(ids, max_tokens=count):
        tokens += new
        times += [time.perf_counter()] * len(new)
    return tokens, times


def reference(model: Any, ids: list[int], count: int) -> tuple[list[int], torch.Tensor]:
    """`generate`, greedy, and the logits of every step as float32 has them."""
    inputs = torch.tensor([ids], device="cuda")
    out = model.generate(inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=count, do_sample=False)
    precise = copy.deepcopy(model).float()(out).logits[0, len(ids) - 1 : -1]
    return out[0, len(ids) :].tolist(), precise


def check(name: str, config: Any, dtype: torch.dtype) -> None:
    """Alone and in a crowd with a shared beginning: equal in float32; a small gap where bfloat16 first differs."""
    model = build(config, dtype)
    start = prompt(60, 99, config.vocab_size)
    prompts = [prompt(n, n, config.vocab_size) for n in (1, 7, 64, 200, 333)]
    prompts += [start + prompt(n, n, config.vocab_size) for n in (5, 40, 90)]
    model.set_attn_implementation("sdpa")
    with torch.no_grad():
        wanted = [reference(model, ids, 40) for ids in prompts]
    engine = Engine(model, max_batch=4, max_len=512, kv_gb=1, chunk=128)
    engine.start()

    async def crowd() -> list[list[int]]:
        first = (await answer(engine, prompts[3], 40))[0]
        rest = await asyncio.gather(*(answer(engine, ids, 40) for ids in prompts))
        assert dtype != torch.float32 or first == rest[3][0], "alone and in a crowd differ"
        return [tokens for tokens, _ in rest]

    got = asyncio.run(crowd())
    engine.close()
    equal, worst = 0, 0.0
    for tokens, (tokens_wanted, logits) in zip(got, wanted, strict=True):
        differing = [i for i, pair in enumerate(zip(tokens, tokens_wanted, strict=True)) if pair[0] != pair[1]]
        equal += not differing
        if differing:
            top = logits[differing[0]].topk(2).values
            worst = max(worst, float(top[0] - top[1]))
    fine = equal == len(got) if dtype == torch.float32 else worst < 0.05
    spread = float(torch.cat([logits for _, logits in wanted]).std())
    say(f"check {name} {dtype}: {equal} of {len(got)} equal, worst gap {worst:.4f} (logits' spread {spread:.2f}): "
        f"{'ok' if fine else 'WRONG'}")  # fmt: skip


def checks() -> None:
    """Every kind of model and type."""
    for dtype in (torch.float32, torch.bfloat16):
        check("llama", LlamaConfig(**SHAPES["tiny"], initializer_range=0.05), dtype)
        check("qwen3", Qwen3Config(**SHAPES["tiny"], head_dim=96, initializer_range=0.05), dtype)


def floors(config: Any) -> tuple[float, float]:
    """Seconds of one token at batch 1 by bandwidth, and of reading one prompt by matmul rate."""
    from rag.neural.memory import weight_bytes

    source = torch.empty(2 << 30, dtype=torch.uint8, device="cuda").random_()
    target = torch.empty_like(source)
    bandwidth = 2 * source.numel() / timed(lambda: target.copy_(source))
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    rate = 2 * 8192**3 / timed(lambda: a @ a)
    read = weight_bytes(config, torch.bfloat16) - 2 * config.vocab_size * config.hidden_size
    say(f"card: {torch.cuda.get_device_name()}, copy {bandwidth / 1e12:.2f} TB/s, matmul {rate / 1e12:.0f} TFLOP/s")
    return read / bandwidth, PROMPT * read / rate


def timed(work: Callable[[], object], repeats: int = 10) -> float:
    """Median seconds on the device."""
    spans = []
    for _ in range(repeats + 2):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        spans.append(begin.elapsed_time(end) / 1e3)
    return sorted(spans[2:])[repeats // 2]


async def alone(engine: Engine, config: Any, floor: float) -> None:
    """Batch 1: first token, time a token."""
    for seed in (1, 2):
        begin = time.perf_counter()
        _, times = await answer(engine, prompt(PROMPT, seed, config.vocab_size), ANSWER)
        step = (times[-1] - times[0]) / (ANSWER - 1)
        say(f"batch 1: first token {1e3 * (times[0] - begin):.0f} ms, then {1e3 * step:.2f} ms a token = "
            f"{step / floor:.2f} x floor; {1 / (times[-1] - begin):.2f} requests/s")  # fmt: skip


async def crowd(engine: Engine, config: Any, count: int, turn: int) -> None:
    """Many at once."""
    begin = time.perf_counter()
    prompts = [prompt(PROMPT, 10_000 * turn + 100 * count + n, config.vocab_size) for n in range(count)]
    begin = time.perf_counter()
    done = await asyncio.gather(*(answer(engine, ids, ANSWER) for ids in prompts))
    total = time.perf_counter() - begin
    last = max(times[0] for _, times in done) - begin
    say(f"{count} at once: {count / total:.2f} requests/s, {total:.2f} s; all reading done at {last:.2f} s, "
        f"{1e3 * (total - last) / (ANSWER - 1):.2f} ms a token after that")  # fmt: skip


async def prefix(engine: Engine, config: Any) -> None:
    """A second request that shares 2,000 tokens."""
    start = prompt(2000, 5, config.vocab_size)
    spans = []
    for seed in (6, 7, 8):
        begin = time.perf_counter()
        _, times = await answer(engine, start + prompt(100, seed, config.vocab_size), 4)
        spans.append(1e3 * (times[0] - begin))
    say(f"prefix of 2,000 tokens: first token {spans[0]:.0f} ms, then {spans[1]:.0f} and {spans[2]:.0f} ms = "
        f"{min(spans[1:]) / spans[0]:.2f}")  # fmt: skip


def steps(engine: Engine) -> None:
    """Each captured graph by itself, with slots of 3,000 tokens."""
    for size, reading in sorted(engine.runner._readings.items()):
        say(f"reading of {size} (start of a prompt): {1e3 * timed(reading.graph.replay):.2f} ms")
    lengths = engine.runner._lengths
    kept = lengths.clone()
    for size, (graph, places, _) in sorted(engine.runner._graphs.items()):
        places.copy_(torch.arange(size, device="cuda"))

        def replay(graph: torch.cuda.CUDAGraph = graph) -> None:
            graph.replay()

        lengths.fill_(PROMPT)
        say(f"graph of {size}: {1e3 * timed(replay):.2f} ms")
    lengths.copy_(kept)
    engine.runner._row_set = ()


def timings(shape: str) -> None:
    """The table."""
    config = LlamaConfig(**SHAPES[shape], rope_theta=1e6)
    token_floor, prompt_floor = floors(config)
    say(f"floors: {1e3 * token_floor:.2f} ms a token, {1e3 * prompt_floor:.0f} ms a prompt")
    model = build(config, torch.bfloat16)
    say(f"model of {sum(p.numel() for p in model.parameters()) / 1e9:.2f}B built")
    engine = Engine(model, max_batch=64, max_len=4096, kv_gb=40)
    engine.start()
    say(f"engine ready: {len(engine.runner._graphs)} graphs, {torch.cuda.memory_allocated() / 1e9:.1f} GB")
    attempt(lambda: steps(engine))
    attempt(lambda: asyncio.run(alone(engine, config, token_floor)))
    for turn, count in enumerate((16, 16, 64, 64)):
        attempt(lambda count=count, turn=turn: asyncio.run(crowd(engine, config, count, turn)))
    attempt(lambda: asyncio.run(prefix(engine, config)))
    engine.close()


def attempt(part: Callable[[], object]) -> None:
    """Go on with the next part where one fails."""
    try:
        part()
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()


START = time.perf_counter()

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", nargs="*", default=["checks", "timings"])
    options.add_argument("--shape", default="7b", choices=list(SHAPES))
    chosen = options.parse_args()
    if "checks" in chosen.only:
        attempt(checks)
    if "timings" in chosen.only:
        attempt(lambda: timings(chosen.shape))
