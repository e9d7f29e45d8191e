"""`qunda models pull` against a hub on this machine: whole, broken off, killed, changed on the way, out of reach."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import environment, finish, qunda, start
from model_hub import LARGE, WEIGHTS, Hub, serving_hub

CHOSEN = ("models", "pull", "own/model")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving_hub() as hub:
        yield hub


@pytest.fixture
def env(hub: Hub, tmp_path: Path) -> dict[str, str]:
    off = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    return {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub"), "HF_TOKEN": "hf_own", **off}


def weights(out: str) -> bytes:
    return (Path(out.rpartition("  in ")[2].strip()) / LARGE).read_bytes()


def incomplete(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("*.incomplete"))


def test_a_model_is_downloaded_once_and_without_code(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    chosen = ("models", "pull", "--set", "embedder.model=own/model")
    done = qunda(*chosen, cwd=tmp_path, env=env)
    assert done.status == 0, done.err
    assert weights(done.out) == WEIGHTS
    assert sorted(hub.taken) == ["config.json", LARGE, "tokenizer.json"]
    again = qunda(*chosen, cwd=tmp_path, env=env)
    assert (again.status, len(hub.taken)) == (0, 3)
    assert not incomplete(tmp_path) and not list(tmp_path.rglob("*.incomplete.lock"))


def test_the_key_goes_to_the_hub_and_not_to_its_storage(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    assert qunda(*CHOSEN, cwd=tmp_path, env=env).status == 0
    assert "Bearer hf_own" in hub.keys["hub"]
    assert hub.keys["storage"] == {""}


def test_a_transfer_that_breaks_off_goes_on_at_its_byte(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    hub.cuts = [100_000, 7]
    done = qunda(*CHOSEN, cwd=tmp_path, env=env)
    assert done.status == 0, done.err
    assert weights(done.out) == WEIGHTS
    assert hub.ranges == ["bytes=100000-", "bytes=100007-"]


def test_a_pull_that_was_killed_goes_on_at_its_byte(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    hub.hangs_after = 100_000
    killed = start(*CHOSEN, cwd=tmp_path, env=env)
    assert killed.stderr is not None
    assert any(f"{LARGE} 40%" in line for line in iter(killed.stderr.readline, ""))
    killed.kill()
    killed.communicate()
    (part,) = incomplete(tmp_path)
    there = part.stat().st_size
    assert 80_000 <= there <= 100_000
    hub.hangs_after = None
    hub.released.set()
    done = qunda(*CHOSEN, cwd=tmp_path, env=env)
    assert done.status == 0, done.err
    assert weights(done.out) == WEIGHTS
    assert hub.ranges == [f"bytes={there}-"]


def test_a_file_that_was_changed_on_the_way_is_not_kept(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    hub.changed = True
    wrong = qunda(*CHOSEN, cwd=tmp_path, env=env)
    assert wrong.status == 1
    assert f"{LARGE} arrived damaged" in wrong.err and "another HF_ENDPOINT" in wrong.err
    assert not incomplete(tmp_path) and not list(tmp_path.rglob(LARGE))
    hub.changed = False
    assert weights(qunda(*CHOSEN, cwd=tmp_path, env=env).out) == WEIGHTS


def test_progress_is_lines_in_a_log_and_a_bar_on_a_terminal(hub: Hub, env: dict[str, str], tmp_path: Path) -> None:
    hub.cuts = [30_000, 50_000]
    logged = qunda(*CHOSEN, cwd=tmp_path, env=env)
    assert f"  {LARGE} 10% of 0.2 MB\n" in logged.err and f"  {LARGE} 100% of 0.2 MB\n" in logged.err
    assert "\r" not in logged.err and "\x1b" not in logged.err
    ours, theirs = pty.openpty()
    shown = start(*CHOSEN, cwd=tmp_path, env={**env, "HF_HOME": str(tmp_path / "2"), "TERM": "xterm"}, stderr=theirs)
    os.close(theirs)
    bar = b""
    try:
        while piece := os.read(ours, 65536):
            bar += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert finish(shown).status == 0
    assert LARGE.encode() in bar and b"\x1b[" in bar and "━".encode() in bar


def test_an_unknown_model_and_a_hub_out_of_reach_are_named_with_the_fix(
    hub: Hub, env: dict[str, str], tmp_path: Path
) -> None:
    unknown = qunda("models", "pull", "own/other", cwd=tmp_path, env=env)
    assert unknown.status == 1 and "no model own/other" in unknown.err
    dead = qunda(*CHOSEN, cwd=tmp_path, env={**env, "HF_ENDPOINT": "http://127.0.0.1:9"})
    assert dead.status == 1 and "out of reach" in dead.err and "source = modelscope" in dead.err
    offline = qunda(*CHOSEN, cwd=tmp_path, env={**env, "HF_HUB_OFFLINE": "1"})
    assert offline.status == 1 and "HF_HUB_OFFLINE" in offline.err
    nothing = qunda("models", "pull", cwd=tmp_path, env=env)
    assert nothing.status == 0 and "names no model" in nothing.out


@pytest.mark.parametrize(("path", "fix"), [("/", "HTTPS_PROXY"), ("/api", "a mirror (HF_ENDPOINT)")])
def test_a_hub_that_takes_the_connection_and_says_nothing_fails_early(
    hub: Hub, env: dict[str, str], tmp_path: Path, path: str, fix: str
) -> None:
    hub.silent_at = path
    code = "from rag.neural.pull import pull; pull('own/model', timeout_s=1)"
    run = [sys.executable, "-c", code]
    failed = subprocess.run(
        run, cwd=tmp_path, env=environment(**env), capture_output=True, encoding="utf-8", timeout=60
    )
    last = failed.stderr.strip().splitlines()[-1]
    assert last.startswith("rag.base.ModelError") and "timed out" in last and fix in last
