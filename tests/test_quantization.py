"""Models in 8 and 4 bits: close to whole weights, a fraction of their memory, and writing through the engine."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from internlm_reference import TINY, random_state, write_config
from language_models import small, smollm2, written
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, kl_div

from rag.base import ModelError
from rag.neural.checkpoint import load_internlm
from rag.neural.engine.engine import Engine
from rag.neural.generator import LocalGenerator, load_model
from rag.neural.quantize import Quantization

CPU = torch.device("cpu")
TEXT = (
    "The weather service issued a warning on Monday. Heavy rain is expected in the northern part of the country, and "
    "people who live near the river have been told to move to higher ground. Schools will stay closed until Wednesday."
)
# Divergence from whole weights on TEXT, and memory against float32. Measured: 0.02 and 41%, 0.25 and 31%.
# Rows and columns of real models are multiples of 64, which the 4-bit layers need on a CPU.
WIDE = {"hidden_size": 256, "intermediate_size": 512, "num_attention_heads": 4, "num_key_value_heads": 2}
BOUNDS: list[tuple[Quantization, float, float]] = [("8bit", 0.06, 0.45), ("4bit", 0.5, 0.35)]


@pytest.fixture(scope="module")
def original() -> tuple[Any, Any]:
    """A model of its own: engines of other tests change the one that they share."""
    return smollm2.__wrapped__()


@pytest.fixture(scope="module")
def checkpoint(original: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2's real weights as safetensors, which a quantizer can read."""
    from transformers import LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "smollm2"
    model, tokenizer = original
    config = copy.deepcopy(model.config)
    del config.quantization_config
    with torch.device("meta"):
        plain = LlamaForCausalLM(config)
    plain.load_state_dict(model.state_dict(), assign=True)
    plain.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def engine_writes(model: Any, ids: list[int], count: int) -> list[int]:
    engine = Engine(model, max_batch=2, max_len=256, kv_gb=0.1)
    engine.start()
    try:
        return [token async for new in engine.stream(ids, max_tokens=count) for token in new]
    finally:
        engine.close()


@pytest.mark.parametrize(("kind", "divergence", "memory"), BOUNDS)
async def test_a_quantized_model_says_nearly_the_same_in_less_memory(
    original: tuple[Any, Any], checkpoint: Path, kind: Quantization, divergence: float, memory: float
) -> None:
    whole, tokenizer = original
    model, _ = load_model(checkpoint, CPU, torch.float32, kind)
    ids = torch.tensor([tokenizer(TEXT)["input_ids"]])
    with torch.inference_mode():
        wanted, got = (made(ids).logits[0].log_softmax(-1) for made in (whole, model))
    assert 0 < kl_div(got, wanted, log_target=True, reduction="batchmean") < divergence
    losses = [cross_entropy(logits[:-1], ids[0, 1:]).item() for logits in (wanted, got)]
    assert abs(losses[1] - losses[0]) < 0.4
    assert model.get_memory_footprint() < memory * whole.get_memory_footprint()
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], tokenize=False, add_generation_prompt=True
    )
    prompt = tokenizer(chat, add_special_tokens=False)["input_ids"]
    alone = written(model, prompt, 7)
    assert await engine_writes(model, prompt, 7) == alone
    assert tokenizer.decode(alone).startswith("The capital of France is Paris")


@pytest.mark.parametrize("kind", ["8bit", "4bit"])
async def test_a_quantized_checkpoint_is_loaded_by_its_setting(kind: Quantization, tmp_path: Path) -> None:
    _, tokenizer = smollm2()
    tokenizer.save_pretrained(tmp_path)
    small(vocab_size=len(tokenizer), **WIDE).save_pretrained(tmp_path)
    generator = await asyncio.to_thread(
        LocalGenerator.load, tmp_path, device="cpu", quantization=kind, kv_gb=0.1, max_len=128
    )
    async with generator:
        layer = generator._engine.runner._model.model.layers[0].self_attn.q_proj
        assert type(layer).__name__ == {"8bit": "Linear8bitLt", "4bit": "Linear4bit"}[kind]
        tokens = [token async for new in generator._engine.stream([5, 6, 7], max_tokens=4) for token in new]
    assert len(tokens) == 4


@pytest.mark.parametrize(("kind", "error"), [("8bit", 0.02), ("4bit", 0.13)])
def test_internlm_is_quantized_while_it_is_unpacked(kind: Quantization, error: float, tmp_path: Path) -> None:
    config = {**TINY, **WIDE}
    write_config(tmp_path, config)
    save_file({name: tensor.clone() for name, tensor in random_state(config).items()}, tmp_path / "model.safetensors")
    whole = load_internlm(tmp_path, CPU, torch.float32)
    model = load_internlm(tmp_path, CPU, torch.float32, quantization=kind)
    with torch.inference_mode():
        for name in ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj"):
            layers = [made.get_submodule(f"model.layers.2.{name}") for made in (whole, model)]
            x = torch.randn(1, 9, layers[0].in_features, generator=torch.Generator().manual_seed(3))
            wanted, got = (layer(x) for layer in layers)
            assert 0 < (got - wanted).norm() / wanted.norm() < error, name
            assert layers[1].weight.dtype == {"8bit": torch.int8, "4bit": torch.uint8}[kind]
        assert model(torch.tensor([[1, 5, 17]]), use_cache=False).logits.isfinite().all()
    assert model.lm_head.weight.dtype == model.dtype == torch.float32


def test_without_its_library_the_setting_says_what_to_install(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.neural.quantize.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"pip install 'qunda\[quant\]'"):
        load_model(checkpoint, CPU, torch.float32, "4bit")


@pytest.mark.gpu
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "graphs"])
@pytest.mark.parametrize("kind", ["8bit", "4bit"])
async def test_a_quantized_model_writes_on_a_card_what_it_writes_alone(
    kind: Quantization, compiled: bool, tmp_path: Path
) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    _, tokenizer = smollm2()
    tokenizer.save_pretrained(tmp_path)
    small(vocab_size=len(tokenizer), **WIDE).save_pretrained(tmp_path)
    model, _ = load_model(tmp_path, torch.device("cuda"), torch.float16, kind)
    prompt = list(range(5, 25))
    alone = written(model, prompt, 8)
    engine = Engine(model, max_batch=2, max_len=256, kv_gb=0.1, compiled=compiled)
    await asyncio.to_thread(engine.start)
    try:
        together = [[token async for new in engine.stream(prompt, max_tokens=8) for token in new] for _ in range(2)]
    finally:
        engine.close()
    assert together[0] == together[1]
    assert together[0][0] == alone[0]
