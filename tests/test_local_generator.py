"""A chat model on this machine, from the checkpoint to pieces of text, and the settings that lead to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from language_models import ByteTokenizer, small, smollm2, written

from bot.cli.chat import run_chat
from bot.config import Settings
from bot.sections import LLMSettings
from rag.base import GeneratorError, ModelError, Prompt
from rag.neural.engine.engine import Engine
from rag.neural.generator import LocalGenerator, load_model, stop_tokens

HELLO = Prompt("", (("user", "hello"),))


@asynccontextmanager
async def bytes_generator(**settings: Any) -> AsyncIterator[LocalGenerator]:
    """A random model that writes bytes."""
    engine = Engine(small(), max_batch=2, max_len=600, kv_gb=0.1)
    engine.start()
    async with LocalGenerator(engine, ByteTokenizer(), **{"max_tokens": 60, "temperature": 0, **settings}) as generator:
        yield generator


async def told(generator: LocalGenerator, prompt: Prompt) -> str:
    return "".join([piece async for piece in generator.stream(prompt)])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2's real tokenizer with a small random model, as files."""
    folder = tmp_path_factory.mktemp("models") / "tiny-chat"
    _, tokenizer = smollm2()
    tokenizer.save_pretrained(folder)
    model = small(vocab_size=len(tokenizer), initializer_range=0.02)
    model.save_pretrained(folder)
    return folder


async def test_real_weights_chat_through_their_own_template() -> None:
    model, tokenizer = smollm2()
    engine = Engine(model, max_batch=2, max_len=256, kv_gb=0.1)
    engine.start()
    prompt = Prompt("", (("user", "What is the capital of France?"),))
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt.turns[0][1]}], tokenize=False, add_generation_prompt=True
    )
    wanted = written(model, tokenizer(chat, add_special_tokens=False)["input_ids"], 12)
    stops = stop_tokens(model.generation_config, tokenizer)
    async with LocalGenerator(engine, tokenizer, stops=stops, max_tokens=12, temperature=0) as generator:
        pieces = [piece async for piece in generator.stream(prompt)]
    assert "".join(pieces) == tokenizer.decode(wanted, skip_special_tokens=True) and len(pieces) > 1


async def test_an_empty_prompt_and_an_answer_without_text_are_errors_of_their_own() -> None:
    async with bytes_generator() as generator:
        with pytest.raises(GeneratorError, match="the prompt is empty"):
            await told(generator, Prompt("system", (("user", " "),)))
    async with bytes_generator(stops=range(300)) as generator:
        with pytest.raises(GeneratorError, match="wrote nothing"):
            await told(generator, HELLO)


async def test_too_long_a_question_is_told_and_the_next_one_is_answered() -> None:
    async with bytes_generator() as generator:
        with pytest.raises(GeneratorError, match="in fewer words"):
            await told(generator, Prompt("", (("user", "x" * 100_000),)))
        assert await told(generator, HELLO)


async def test_a_stop_string_ends_the_work_early() -> None:
    async with bytes_generator() as generator:
        whole = await told(generator, HELLO)
    stop = whole[3]
    async with bytes_generator(stop_strings=[stop]) as generator:
        assert await told(generator, HELLO) == whole[: whole.index(stop)]


async def test_a_late_answer_is_a_timeout() -> None:
    async with bytes_generator(timeout_s=0.0001) as generator:
        with pytest.raises(GeneratorError) as failure:
            await told(generator, HELLO)
    assert failure.value.kind == "timeout"


async def test_a_checkpoint_on_disk_is_loaded_and_writes_what_generate_writes(checkpoint: Path) -> None:
    model, tokenizer = load_model(checkpoint, torch.device("cpu"), torch.float32, "")
    ids = tokenizer("a few words", add_special_tokens=False)["input_ids"]
    wanted = written(model, ids, 9)
    generator = await asyncio.to_thread(
        LocalGenerator.load, checkpoint, device="cpu", max_tokens=16, temperature=0, kv_gb=0.1, max_len=256
    )
    async with generator:
        got = [token async for new in generator._engine.stream(ids, max_tokens=9) for token in new]
        assert generator.model == "tiny-chat"
    assert got == wanted


def test_files_that_are_missing_or_broken_are_named(checkpoint: Path, tmp_path: Path) -> None:
    device = torch.device("cpu")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        broken = tmp_path / name
        shutil.copytree(checkpoint, broken)
        (broken / name).write_bytes((checkpoint / name).read_bytes()[:100])
        with pytest.raises(ModelError, match=r"config\.json|safetensors|tokenizer|tiny-chat|cannot be loaded"):
            load_model(broken, device, torch.float32, "")


def test_chat_in_the_terminal_streams_from_the_local_model(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    llm = LLMSettings(
        backend="transformers", model=str(checkpoint), device="cpu", kv_gb=0.1, max_tokens=16, temperature=0
    )
    lines = iter(["hello", "again", "exit"])
    shown: list[str] = []
    assert run_chat(Settings(llm=llm), read=lambda _: next(lines), write=shown.append) == 0
    assert "this machine (cpu)" in shown[0]
    assert shown.count("\n") == 2 and len("".join(shown[1:]).strip()) > 5


def test_chat_with_a_model_that_is_not_there_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    llm = LLMSettings(backend="transformers", model=str(tmp_path / "nowhere"))
    assert run_chat(Settings(llm=llm), read=lambda _: "exit") == 2
    assert "nowhere" in capsys.readouterr().err
