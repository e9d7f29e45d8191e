"""A chat model on this machine: prompt -> its chat template -> the engine -> pieces of text. Knows no retrieval."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from rag.base import GeneratorError, ModelError, Prompt
from rag.neural.budget import llm_part
from rag.neural.chat import ChatTemplate
from rag.neural.checkpoint import is_internlm, llama_config, load_internlm
from rag.neural.device import pick_device, pick_dtype
from rag.neural.engine.engine import Engine
from rag.neural.files import check_folder
from rag.neural.internlm import load_tokenizer, stop_ids
from rag.neural.loading import check_tokenizer, check_weights, loading
from rag.neural.memory import memory_free
from rag.neural.quantize import Quantization, bitsandbytes_config
from rag.neural.shapes import GIB, read_shape, weight_bytes
from rag.neural.text import TextStream
from rag.usage import Usage
from rag.visible import Visible


class LocalGenerator:
    """Streams answers of one local model to any number of callers at once; close it with `aclose` or ``async with``."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: Any,
        *,
        model: str = "",
        stops: Sequence[int] = (),
        stop_strings: Sequence[str] = (),
        max_tokens: int = 800,
        temperature: float = 0.1,
        timeout_s: float = 60,
    ) -> None:
        self.model, self.base_url = model, f"this machine ({engine.runner.device})"
        self._engine, self._tokenizer = engine, tokenizer
        self._template = ChatTemplate(tokenizer)
        self._stops, self._stop_strings = tuple(stops), tuple(stop_strings)
        # A short context leaves at least half of itself to the question.
        self._max_tokens = min(max_tokens, engine.max_len // 2)
        self._temperature, self._timeout_s = temperature, timeout_s

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        model: str = "",
        device: str = "auto",
        dtype: str = "auto",
        max_batch: int = 16,
        max_len: int = 8192,
        kv_gb: float = 8,
        quantization: Quantization = "",
        max_tokens: int = 800,
        temperature: float = 0.1,
        timeout_s: float = 60,
    ) -> Self:
        """Read a checkpoint and start its engine; takes seconds to minutes.

        Raises:
            ModelError: the files, the device or the memory do not do; the message names the fix.
        """
        place = pick_device(device)
        loaded, tokenizer = load_model(folder, place, pick_dtype(place, dtype), quantization)
        compiled = False if quantization else None  # bitsandbytes' layers keep state that the compiler cannot see into
        with loading(f"[llm] model = {folder.name}", folder, "lower [llm] kv_gb or max_batch", "choose another model"):
            engine = Engine(loaded, max_batch=max_batch, max_len=max_len, kv_gb=kv_gb, compiled=compiled)
        settings = loaded.generation_config
        generator = cls(
            engine,
            tokenizer,
            model=model or folder.name,
            stops=stop_tokens(settings, tokenizer),
            stop_strings=_listed(getattr(settings, "stop_strings", None)),
            max_tokens=max_tokens,
            temperature=temperature,
            timeout_s=timeout_s,
        )
        engine.start()
        return generator

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all answers and the engine's thread."""
        await asyncio.to_thread(self._engine.close)

    async def stream(self, prompt: Prompt, usage: Usage | None = None) -> AsyncIterator[str]:
        """Yield pieces of text. Closing the iterator frees the answer's place within one step.

        ``usage`` grows with every token.

        Raises:
            GeneratorError: the kind says how it failed and the message what to do.
        """
        if not any(text.strip() for _, text in prompt.turns):
            raise GeneratorError("empty", "there is nothing to answer: the prompt is empty")
        ids = await asyncio.to_thread(self._template.tokens, prompt, self._engine.max_len - self._max_tokens)
        usage = usage or Usage()
        usage.prompt = len(ids)
        text, visible, told = TextStream(self._tokenizer, self._stop_strings), Visible(), False
        tokens = self._engine.stream(
            ids,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            stops=self._stops,
            timeout_s=self._timeout_s,
        )
        async with aclosing(tokens) as arriving:  # type: ignore[type-var]
            async for new in arriving:
                usage.completion += len(new)
                if piece := visible.feed(text.feed(new)):
                    told = True
                    yield piece
                if text.stopped:
                    break
        if piece := visible.feed(text.flush()) + visible.flush():
            told = True
            yield piece
        if not told:
            raise GeneratorError("empty", f"{self.model} wrote nothing; ask again or choose another [llm] model")


def load_model(folder: Path, device: torch.device, dtype: torch.dtype, quantization: Quantization) -> tuple[Any, Any]:
    """A decoder of transformers on its device, with its tokenizer; code that comes with a checkpoint is never run.

    Raises:
        ModelError: it cannot be read, is no chat decoder, or does not fit into memory.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    quantized = {"quantization_config": bitsandbytes_config(quantization, dtype)} if quantization else {}
    check_folder(folder)
    no_room = "choose a smaller [llm] model or quantization = 4bit"
    advice = "choose a chat model that transformers reads without code of its own, or run `qunda models pull` again"
    with loading(f"[llm] model = {folder.name}", folder, no_room, advice):
        llama_config(folder) if is_internlm(folder) else AutoConfig.from_pretrained(folder, **options)
        _check_memory(folder, dtype, device, quantization)
        if is_internlm(folder):
            return _load_internlm(folder, device, dtype, quantization)
        model, loaded = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, device_map={"": device}, output_loading_info=True, **quantized, **options
        )
        check_weights(loaded["missing_keys"], f"[llm] model = {folder.name}, read as a chat decoder")
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        check_tokenizer(tokenizer, model.config, f"[llm] model = {folder.name}")
    return model, tokenizer


def _load_internlm(
    folder: Path, device: torch.device, dtype: torch.dtype, quantization: Quantization
) -> tuple[Any, Any]:
    model = load_internlm(folder, device, dtype, quantization=quantization)
    tokenizer = load_tokenizer(folder, model.config.vocab_size)
    model.generation_config.eos_token_id = stop_ids(tokenizer)
    return model, tokenizer


def stop_tokens(settings: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end an answer: the model's own and the tokenizer's."""
    named = settings.eos_token_id if settings is not None else None
    ends = [*_listed(named), tokenizer.eos_token_id]
    return tuple(dict.fromkeys(int(token) for token in ends if token is not None))


def _check_memory(folder: Path, dtype: torch.dtype, device: torch.device, quantization: Quantization) -> None:
    free = memory_free(device)
    weights = weight_bytes(folder, str(dtype).removeprefix("torch."), quantization)
    needed = llm_part(weights, read_shape(folder), dtype.itemsize).total
    if device.type == "cuda" and needed > free:
        raise ModelError(
            f"the model needs about {needed / GIB:.1f} GB and {free / GIB:.1f} GB of the card are free; choose a "
            "smaller [llm] model, quantization = 4bit, or device = cpu"
        )


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
