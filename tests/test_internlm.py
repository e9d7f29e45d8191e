"""InternLM2 checkpoints on transformers' Llama: the same logits as the published architecture, and faults by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from internlm_reference import DYNAMIC, TINY, random_state, reference_logits, write_config
from safetensors.torch import save_file

from rag.base import ModelError
from rag.neural.checkpoint import is_internlm, llama_config, load_internlm
from rag.neural.internlm import load_tokenizer, stop_ids

CPU = torch.device("cpu")
SHORT, LONG = [1, 5, 17, 42, 90, 3, 3, 64], [(7 * i + 3) % 96 for i in range(50)]


def save(
    folder: Path, state: dict[str, Any], config: dict[str, Any], *, shards: int = 1, kind: str = "safetensors"
) -> Path:
    write_config(folder, config)
    names = list(state)
    stem = "model" if kind == "safetensors" else "pytorch_model"
    files: dict[str, str] = {}
    for n in range(shards):
        name = f"{stem}.{kind}" if shards == 1 else f"{stem}-{n + 1:05d}-of-{shards:05d}.{kind}"
        part = {key: state[key].clone() for key in names[n::shards]}
        save_file(part, folder / name) if kind == "safetensors" else torch.save(part, folder / name)
        files |= dict.fromkeys(part, name)
    if shards > 1:
        (folder / f"{stem}.{kind}.index.json").write_text(json.dumps({"weight_map": files}))
    return folder


def logits(folder: Path, ids: list[int], **options: Any) -> Any:
    model = load_internlm(folder, CPU, torch.float32, **options)
    with torch.inference_mode():
        return model(torch.tensor([ids]), use_cache=False).logits[0].double()


@pytest.mark.parametrize(("shards", "kind"), [(1, "safetensors"), (3, "safetensors"), (1, "bin"), (2, "bin")])
@pytest.mark.parametrize("ids", [SHORT, LONG], ids=["short", "beyond_the_trained_length"])
def test_logits_are_those_of_the_published_architecture(tmp_path: Path, shards: int, kind: str, ids: list[int]) -> None:
    config = {**TINY, "rope_scaling": DYNAMIC}
    state = random_state(config)
    folder = save(tmp_path, state, config, shards=shards, kind=kind)
    torch.testing.assert_close(logits(folder, ids), reference_logits(state, config, ids), atol=1e-4, rtol=0)


def test_rope_scaling_changes_what_is_beyond_the_trained_length_only(tmp_path: Path) -> None:
    state = random_state(TINY)
    plain, scaled = TINY, {**TINY, "rope_scaling": DYNAMIC}
    assert torch.equal(reference_logits(state, plain, SHORT), reference_logits(state, scaled, SHORT))
    assert not torch.allclose(reference_logits(state, plain, LONG), reference_logits(state, scaled, LONG), atol=1e-2)
    folder = save(tmp_path, state, scaled)
    assert llama_config(folder, max_tokens=32).rope_parameters["rope_type"] == "default"
    assert llama_config(folder, max_tokens=33).rope_parameters["rope_type"] == "dynamic"
    torch.testing.assert_close(
        logits(folder, SHORT, max_tokens=32), reference_logits(state, scaled, SHORT), atol=1e-4, rtol=0
    )


def test_internlm3_has_llamas_names_and_loads_alike(tmp_path: Path) -> None:
    from transformers import LlamaForCausalLM

    write_config(tmp_path, {**TINY, "model_type": "internlm3", "head_dim": 8, "qkv_bias": True})
    torch.manual_seed(0)
    original = LlamaForCausalLM(llama_config(tmp_path)).eval()
    state = {name: t for name, t in original.state_dict().items() if not name.endswith("o_proj.bias")}
    save_file({name: t.clone() for name, t in state.items()}, tmp_path / "model.safetensors")
    with torch.inference_mode():
        expected = original(torch.tensor([SHORT])).logits[0].double()
    torch.testing.assert_close(logits(tmp_path, SHORT), expected, atol=1e-5, rtol=0)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = save(tmp_path, random_state(TINY), TINY, shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model-00002-of-00003\.safetensors.*models pull"):
        load_internlm(folder, CPU, torch.float32)


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_a_truncated_shard_is_named(tmp_path: Path, kind: str) -> None:
    folder = save(tmp_path, random_state(TINY), TINY, kind=kind)
    path = next(folder.glob(f"*.{kind}"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=rf"{path.name} is cut short.*models pull"):
        load_internlm(folder, CPU, torch.float32)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    write_config(tmp_path, TINY)
    torch.save({"model.norm.weight": Path("x")}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="holds more than weights"):
        load_internlm(tmp_path, CPU, torch.float32)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path, random_state(TINY), {**TINY, "model_type": "qwen3"})
    assert not is_internlm(folder)
    with pytest.raises(ModelError, match=r"'qwen3'.*transformers' own loader"):
        load_internlm(folder, CPU, torch.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_key_value_heads": 3}, "wqkv has"),
        ({"num_hidden_layers": 4}, "lacks the weight"),
        ({"vocab_size": 95}, "shape"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path: Path, change: dict[str, int], message: str) -> None:
    folder = save(tmp_path, random_state(TINY), {**TINY, **change})
    with pytest.raises(ModelError, match=message):
        load_internlm(folder, CPU, torch.float32)


def test_no_weights_and_no_config_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_internlm(tmp_path, CPU, torch.float32)
    write_config(tmp_path, TINY)
    with pytest.raises(ModelError, match="has no weights"):
        load_internlm(tmp_path, CPU, torch.float32)


TEXTS = ["How do I install it?", "群答 怎么安装？", "a  b\n\n\tc 😀", "", "安装后运行 qunda demo 123", " leading space"]


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    words = [
        f"install the package number {i}, then run qunda demo; 先安装软件包，再运行群答演示 {i}" for i in range(300)
    ]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(words), model_prefix=str(folder / "tokenizer"), vocab_size=420, model_type="bpe",
        byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        minloglevel=2,
    )  # fmt: skip
    added = {str(n): {"content": c, "special": True} for n, c in ((418, "<|im_end|>"), (419, "<|im_start|>"))}
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    return folder


def test_texts_become_the_tokens_that_sentencepiece_makes(tokenizer_folder: Path) -> None:
    import sentencepiece

    exact = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer_folder / "tokenizer.model"))
    tokenizer = load_tokenizer(tokenizer_folder, 420)
    for text in TEXTS:
        assert tokenizer(text)["input_ids"] == [1, *exact.encode(text)]
        assert tokenizer.decode(exact.encode(text)) == text


def test_a_conversation_is_written_in_the_chat_format(tokenizer_folder: Path) -> None:
    tokenizer = load_tokenizer(tokenizer_folder, 420)
    turns = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "你好"}]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert (
        text == "<s><|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n"
    )
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids[0] == 1
    assert [ids.count(419), ids.count(418)] == [3, 2]
    assert stop_ids(tokenizer) == [2, 418]


def test_a_tokenizer_that_does_not_fit_is_refused(tokenizer_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another model's"):
        load_tokenizer(tokenizer_folder, 400)
    with pytest.raises(ModelError, match=r"tokenizer\.model is missing"):
        load_tokenizer(tmp_path, 420)
    (tmp_path / "tokenizer.model").write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelError, match="no SentencePiece model"):
        load_tokenizer(tmp_path, 420)
