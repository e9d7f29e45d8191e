"""`qunda doctor`: what it finds wrong, and what it says to do."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, prepare, qunda
from llm_server import LLMServer

from bot.cli.doctor import faiss_finding, space_finding
from bot.config import load, unknown_variables


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    prepare(folder)
    return folder


def doctor(home: Path, *arguments: object, env: dict[str, str] | None = None) -> tuple[Done, dict[str, dict[str, Any]]]:
    """Run it; the findings by subject."""
    done = qunda("doctor", "--json", "--config", home / "config.ini", *arguments, cwd=home, env=env)
    return done, {finding["subject"]: finding for finding in json.loads(done.out)}


def test_a_set_up_without_faults_is_status_0_and_quiet_shows_only_what_needs_attention(home: Path) -> None:
    done, found = doctor(home)
    assert (done.status, done.err) == (0, "")
    assert {f["state"] for subject, f in found.items() if subject != "adapters"} == {"ok"}
    assert set(found) >= {"python", "config", "faiss", "data", "knowledge default", "good questions", "answers"}
    quiet = qunda("doctor", "--quiet", cwd=home)
    assert (quiet.status, "✓" in quiet.out, "! adapters" in quiet.out) == (0, False, True)
    assert "✓ python: 3." in qunda("doctor", cwd=home).out


def test_a_fresh_folder_is_told_the_first_step_and_nothing_is_made(tmp_path: Path) -> None:
    done = qunda("doctor", "--quiet", cwd=tmp_path)
    assert (done.status, "→ qunda build" in done.out) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_little_space_is_a_warning_that_names_the_folder() -> None:
    low = space_finding(42_000_000, Path("/srv/qunda"))
    assert (low.state, low.detail) == ("warning", "42 MB left for /srv/qunda")
    assert "free some space" in low.fix
    assert space_finding(5_000_000_000, Path("/srv/qunda")).state == "ok"


def test_both_faiss_packages_at_once_are_told_with_the_commands_that_mend_it() -> None:
    both = faiss_finding(["faiss-cpu", "faiss-gpu"])
    assert (both.state, "pip uninstall -y faiss-cpu faiss-gpu && pip install 'qunda[cpu]'" in both.fix) == (
        "error",
        True,
    )
    assert "qunda[gpu]" in both.fix
    assert faiss_finding([]).state == "warning"


def test_both_faiss_packages_are_recognised_among_installed_ones(home: Path, tmp_path: Path) -> None:
    for name in ("faiss_cpu", "faiss_gpu"):
        folder = tmp_path / f"{name}-9.9.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 9.9\n")
    done, found = doctor(home, env={"PYTHONPATH": str(tmp_path)})
    assert (done.status, found["faiss"]["state"]) == (1, "error")
    assert "pip uninstall -y faiss-cpu faiss-gpu" in found["faiss"]["fix"]
    shutil.rmtree(tmp_path / "faiss_cpu-9.9.dist-info")


def test_a_documents_folder_that_is_missing_or_of_another_base(home: Path) -> None:
    done, found = doctor(home, "--set", "knowledge.documents=nix", "--set", "knowledge:b.documents=docs")
    assert done.status == 1
    assert str(home / "nix") in found["documents default"]["detail"]
    assert found["documents default"]["fix"] == "create it, or correct documents in [knowledge]"
    assert found["knowledge b"] == {
        "state": "error",
        "subject": "knowledge b",
        "detail": f"none in {home / 'data' / 'knowledge' / 'b'} yet",
        "fix": "qunda build --base b",
    }


def test_a_file_may_be_a_documents_folder(home: Path) -> None:
    assert "documents default" not in doctor(home, "--set", "knowledge.documents=docs/install.md")[1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_and_a_read_only_store(home: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir(mode=0)
    (tmp_path / "data").mkdir(mode=0o500)
    common = ("--data", tmp_path / "data", "--set", f"knowledge.documents={tmp_path / 'docs'}")
    done, found = doctor(home, *common)
    assert done.status == 1
    assert found["documents default"]["fix"] == "mend its permissions"
    assert found["data"]["state"] == "error"


def test_a_store_that_is_none_or_cannot_be_made(home: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "qunda.db").write_bytes(b"this is no database at all" * 50)
    damaged = doctor(home, "--data", tmp_path / "data")[1]["data"]
    assert (damaged["state"], "qunda.db" in damaged["detail"]) == ("error", True)
    (tmp_path / "file").write_text("")
    assert doctor(home, "--data", tmp_path / "file")[1]["data"]["state"] == "error"
    # Nobody can write there, not even root.
    assert doctor(home, "--data", "/proc/qunda")[1]["data"]["state"] == "error"


@contextmanager
def llm_server() -> Iterator[LLMServer]:
    """The scripted server on a thread, so that a process can talk to it."""
    server, ready, loop = LLMServer(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with server.run():
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_the_language_model_is_asked_for_one_word(home: Path) -> None:
    with llm_server() as server:
        common = ("--set", "llm.backend=openai", "--set", f"llm.base_url={server.url}", "--set", "llm.max_retries=0")
        good, found = doctor(home, *common, "--set", "llm.model=m", env={"QUNDA_LLM_API_KEY": "sk-right"})
        assert (good.status, found["answers"]["state"]) == (0, "ok")
        assert server.keys == ["Bearer sk-right"]
        bad, found = doctor(home, *common, "--set", "llm.model=unauthorized", env={"QUNDA_LLM_API_KEY": "sk-wrong"})
        assert (bad.status, found["answers"]["state"]) == (1, "error")
        assert "api_key" in found["answers"]["detail"] and "sk-wrong" not in bad.out + bad.err
        html, found = doctor(home, *common, "--set", "llm.model=html", env={"QUNDA_LLM_API_KEY": "k"})
        assert (html.status, found["answers"]["state"]) == (1, "error")
    gone, found = doctor(home, *common, "--set", "llm.model=m", env={"QUNDA_LLM_API_KEY": "k"})
    assert (gone.status, found["answers"]["state"]) == (1, "error")


def test_a_variable_that_looks_like_a_setting_and_is_none_is_named(home: Path) -> None:
    done, found = doctor(home, env={"QUNDA_LLM_APIKEY": "k"})
    assert done.status == 0
    assert found["environment"]["fix"] == "did you mean 'QUNDA_LLM_API_KEY'?"
    assert unknown_variables({"QUNDA_LLM_API_KEY": "k", "HOME": "/"}) == []


def test_a_wrong_environment_is_as_wrong_as_a_file(home: Path) -> None:
    done = qunda("doctor", cwd=home, env={"QUNDA_BOT_LANES": "none"})
    assert (done.status, "[bot] lanes = 'none'" in done.err) == (2, True)
    assert load(home / "config.ini", environ={"QUNDA_KNOWLEDGE_DOCUMENTS": "a, b"}).knowledge["default"].documents == (
        "a",
        "b",
    )
