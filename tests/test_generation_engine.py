"""The generation engine writes what `generate` writes, whoever else is there, and its faults stay with one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
import torch
from language_models import small, smollm2, written

from rag.base import GeneratorError, ModelError
from rag.neural.engine.engine import Engine
from rag.neural.engine.steps import Chosen, Runner

PROMPTS = (
    "The capital of France is",
    "def fib(n):\n",
    "Hello",
    "Water boils at a temperature of one hundred degrees, and ice melts at",
    "1 2 3 4 5",
)


@asynccontextmanager
async def running(model: Any, **settings: Any) -> AsyncIterator[Engine]:
    engine = Engine(model, **{"max_batch": 3, "max_len": 512, "kv_gb": 0.5, "chunk": 16, **settings})
    engine.start()
    try:
        yield engine
    finally:
        await asyncio.to_thread(engine.close)


async def write(engine: Engine, ids: Sequence[int], count: int = 12, **settings: Any) -> list[int]:
    return [token async for new in engine.stream(ids, max_tokens=count, **settings) for token in new]


def some(length: int, seed: int = 0) -> list[int]:
    made = torch.randint(1, 300, (length,), generator=torch.Generator().manual_seed(seed))
    return [int(token) for token in made]


async def leave_after(engine: Engine, ids: Sequence[int], count: int) -> None:
    async with aclosing(engine.stream(ids, max_tokens=200)) as tokens:  # type: ignore[type-var]
        seen = 0
        async for new in tokens:
            seen += len(new)
            if seen >= count:
                return


async def test_real_weights_alone_and_in_a_crowd_with_joins_and_cancels_write_what_generate_writes() -> None:
    model, tokenizer = smollm2()
    prompts = [tokenizer(text)["input_ids"] for text in PROMPTS]
    wanted = [written(model, ids, 8) for ids in prompts]
    stop = int(tokenizer.eos_token_id)
    wanted = [tokens[: tokens.index(stop)] if stop in tokens else tokens for tokens in wanted]
    async with running(model, max_len=256) as engine:
        assert await write(engine, prompts[0], 8, stops=[stop]) == wanted[0]
        async with asyncio.TaskGroup() as group:
            group.create_task(leave_after(engine, prompts[3], 2))
            tasks = [group.create_task(write(engine, ids, 8, stops=[stop])) for ids in prompts]
    assert [task.result() for task in tasks] == wanted


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "mistral"])
async def test_every_family_writes_what_generate_writes_in_a_crowd_larger_than_the_batch(kind: str) -> None:
    model = small(kind, **({"head_dim": 24} if kind == "qwen3" else {}))
    start = some(40, 99)
    prompts = [some(length, length) for length in (1, 5, 17, 90)] + [[*start, *some(n, n)] for n in (3, 30)]
    wanted = [written(model, ids, 20) for ids in prompts]
    async with running(model) as engine:
        got = await asyncio.gather(*(write(engine, ids, 20) for ids in prompts))
        assert got == wanted
        assert await write(engine, prompts[5], 20) == wanted[5]


async def test_a_reused_beginning_changes_no_token() -> None:
    model = small()
    start = some(100)
    async with running(model) as engine:
        first = await write(engine, [*start, 1, 2, 3], 20)
        again = await write(engine, [*start, 1, 2, 3], 20)
        other = await write(engine, [*start, 4, 5], 20)
        turn = await write(engine, [*start, 1, 2, 3, *first, 9], 20)
    assert first == again == written(model, [*start, 1, 2, 3], 20)
    assert other == written(model, [*start, 4, 5], 20)
    assert turn == written(model, [*start, 1, 2, 3, *first, 9], 20)


async def test_a_model_that_never_stops_ends_at_the_limit_and_a_stop_token_is_not_told() -> None:
    model = small()
    async with running(model) as engine:
        tokens = await write(engine, some(9), 40)
        assert len(tokens) == 40
        stop = tokens[5]
        assert await write(engine, some(9), 40, stops=[stop]) == tokens[: tokens.index(stop)]


async def test_closing_the_iterator_frees_the_place() -> None:
    async with running(small(), max_batch=1) as engine:
        for _ in range(5):
            await leave_after(engine, some(20), 3)
        assert len(await write(engine, some(20), 5)) == 5
        assert not engine._scheduler.busy


async def test_a_late_answer_is_a_timeout_and_frees_the_place() -> None:
    async with running(small(), max_batch=1) as engine:
        with pytest.raises(GeneratorError) as failure:
            await write(engine, some(20), 400, timeout_s=0.0001)
        assert failure.value.kind == "timeout"
        assert len(await write(engine, some(20), 5)) == 5


async def test_prompts_that_cannot_be_answered_are_refused_with_the_reason() -> None:
    async with running(small()) as engine:
        for ids, kind, reason in (
            ([], "empty", "no tokens"),
            (some(100_000), "config", "max_context_chars"),
            ([5, 300], "config", "tokenizer does not fit"),
        ):
            with pytest.raises(GeneratorError, match=reason) as failure:
                await write(engine, ids)
            assert failure.value.kind == kind
        assert len(await write(engine, some(500), 12)) == 12


def fails_for(engine: Engine, name: str, unlucky: Callable[[Any], bool], error: Exception) -> None:
    """Let a step of the runner fail where its arguments are unlucky: what a full or broken card does."""
    real = getattr(engine.runner, name)

    def step(*arguments: Any) -> Chosen:
        if unlucky(arguments):
            raise error
        result: Chosen = real(*arguments)
        return result

    setattr(engine.runner, name, step)


async def test_no_memory_while_reading_fails_that_request_alone() -> None:
    model = small()
    async with running(model, chunk=64) as engine:
        fails_for(
            engine, "prefill", lambda given: any(9 in part.tokens for part in given[1]), torch.OutOfMemoryError("full")
        )
        lucky = [[token for token in some(12, seed) if token != 9] for seed in (1, 2)]
        got = await asyncio.gather(*(write(engine, ids) for ids in (*lucky, [9, 9])), return_exceptions=True)
    assert got[:2] == [written(model, ids, 12) for ids in lucky]
    assert isinstance(got[2], GeneratorError) and got[2].kind == "server" and "kv_gb" in str(got[2])


async def test_no_memory_while_writing_fails_one_request_and_the_rest_goes_on() -> None:
    model = small()
    async with running(model) as engine:
        fails_for(engine, "decode", lambda given: len(given[0]) > 2, torch.OutOfMemoryError("full"))
        prompts = [some(12, seed) for seed in (1, 2, 3)]
        got = await asyncio.gather(*(write(engine, ids) for ids in prompts), return_exceptions=True)
    failed = [result for result in got if isinstance(result, GeneratorError)]
    fine = [result == written(model, ids, 12) for result, ids in zip(got, prompts, strict=True)]
    assert (len(failed), fine.count(True)) == (1, 2)


async def test_a_broken_step_ends_its_answers_and_the_next_question_is_served() -> None:
    model = small()
    async with running(model) as engine:
        fails_for(engine, "decode", lambda given: len(given[0]) == 2, ZeroDivisionError("broken"))
        got = await asyncio.gather(*(write(engine, some(12, seed)) for seed in (1, 2)), return_exceptions=True)
        assert [type(result) for result in got] == [GeneratorError, GeneratorError]
        assert await write(engine, some(12, 1)) == written(model, some(12, 1), 12)


async def test_closing_the_engine_ends_the_answers_and_refuses_new_ones() -> None:
    engine = Engine(small(), max_len=2000, kv_gb=0.5)
    engine.start()
    answer = asyncio.create_task(write(engine, some(9), 1500))
    await asyncio.sleep(0)
    await asyncio.to_thread(engine.close)
    with pytest.raises(GeneratorError, match="stopped"):
        await answer
    with pytest.raises(GeneratorError, match="stopped"):
        await write(engine, some(9))


async def test_a_warm_answer_varies_and_a_cold_one_beside_it_does_not() -> None:
    model = small()
    async with running(model) as engine:
        warm, other, cold = await asyncio.gather(
            write(engine, some(9), 30, temperature=1.5),
            write(engine, some(9), 30, temperature=1.5),
            write(engine, some(9), 30),
        )
    assert cold == written(model, some(9), 30)
    assert warm != other


def test_a_cache_without_room_names_the_setting_and_slots_give_way_before_length() -> None:
    with pytest.raises(ModelError, match="kv_gb"):
        Engine(small(), max_len=2000, kv_gb=0.0001)
    per_token = 2 * 3 * 2 * 8 * 4
    engine = Engine(small(), max_batch=16, max_len=1000, kv_gb=5000 * per_token / (1 << 30))
    assert (engine.runner.slots, engine.max_len) == (4, 1000)


def test_the_window_and_the_positions_of_a_model_bound_the_length() -> None:
    assert Engine(small("mistral", sliding_window=700), max_len=4000, kv_gb=0.5).max_len == 700
    assert Engine(small(), max_len=4000, kv_gb=0.5).max_len == 2048


def test_a_model_that_is_no_plain_decoder_is_refused() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=100))
    with pytest.raises(ModelError, match="Llama"):
        Runner(model, slots=2, max_len=64, chunk=16)
