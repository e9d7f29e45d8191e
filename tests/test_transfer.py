"""One file over HTTP: what is here already is not fetched again, and what cannot be had says why and what to do."""

from __future__ import annotations

import hashlib
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from model_hub import LARGE, WEIGHTS, Hub, serving_hub

from rag.base import ModelError
from rag.neural.transfer import ATTEMPTS, RemoteFile, fetch


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving_hub() as hub:
        yield hub


def remote(hub: Hub) -> RemoteFile:
    url = f"{hub.url}/own/model/resolve/main/{LARGE}"
    return RemoteFile(LARGE, url, len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())


def start_with(target: Path, content: bytes) -> Path:
    part = target.with_name(f"{target.name}.incomplete")
    part.write_bytes(content)
    return part


def test_only_what_is_missing_is_fetched_and_told(hub: Hub, tmp_path: Path) -> None:
    target, told = tmp_path / "file", list[tuple[str, int, int]]()
    start_with(target, WEIGHTS[:150_001])
    fetch(remote(hub), target, lambda *step: told.append(step))
    assert target.read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=150001-"]
    assert told[0][1] > 150_001 and told[-1] == (LARGE, len(WEIGHTS), len(WEIGHTS))
    fetch(remote(hub), target, lambda *step: told.append(step))
    assert len(hub.taken) == 1


def test_a_server_that_sends_the_whole_again_is_taken_from_the_beginning(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "file"
    start_with(target, WEIGHTS[:150_001])
    hub.ignores_ranges = True
    fetch(remote(hub), target, lambda *_: None)
    assert target.read_bytes() == WEIGHTS


@pytest.mark.parametrize("content", [b"x" * 1000, WEIGHTS + b"more"], ids=["of_another_file", "too_long"])
def test_a_beginning_that_is_wrong_costs_one_run(hub: Hub, tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "file"
    part = start_with(target, content)
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch(remote(hub), target, lambda *_: None)
    assert not part.exists() and not target.exists()
    fetch(remote(hub), target, lambda *_: None)
    assert target.read_bytes() == WEIGHTS


def test_a_server_that_gives_nothing_more_is_given_up_and_what_came_is_kept(hub: Hub, tmp_path: Path) -> None:
    target, waits = tmp_path / "file", list[float]()
    hub.cuts = [100_000] + [0] * ATTEMPTS
    with pytest.raises(ModelError, match=r"run the command again, it goes on after 0\.00 of 0\.00 GB"):
        fetch(remote(hub), target, lambda *_: None, wait=waits.append)
    assert waits == list(range(1, ATTEMPTS))
    assert (tmp_path / "file.incomplete").read_bytes() == WEIGHTS[:100_000]


def test_a_server_that_falls_silent_is_asked_again(hub: Hub, tmp_path: Path) -> None:
    waits = list[float]()
    hub.hangs_after = 100_000

    def told(_: str, done: int, total: int) -> None:
        if done == 100_000:
            hub.hangs_after = None

    fetch(remote(hub), tmp_path / "file", told, timeout_s=0.5, wait=waits.append)
    assert (tmp_path / "file").read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=100000-"]


def test_a_refusal_is_final_and_an_overload_is_not(hub: Hub, tmp_path: Path) -> None:
    waits = list[float]()
    hub.refuses = 403
    with pytest.raises(ModelError, match="the hub refuses it with status 403"):
        fetch(remote(hub), tmp_path / "file", lambda *_: None, wait=waits.append)
    assert waits == [] and len(hub.taken) == 1
    hub.refuses = 503

    def recover(_: float) -> None:
        hub.refuses = 0

    fetch(remote(hub), tmp_path / "file", lambda *_: None, wait=recover)
    assert (tmp_path / "file").read_bytes() == WEIGHTS


def test_a_full_disk_is_said_before_anything_is_asked_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1000))
    with pytest.raises(ModelError, match="HF_HOME to a folder on a larger disk"):
        fetch(remote(hub), tmp_path / "file", lambda *_: None)
    assert hub.taken == []


def test_two_programs_do_not_write_one_file(hub: Hub, tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "file.incomplete.lock"),
        pytest.raises(ModelError, match="another program is downloading"),
    ):
        fetch(remote(hub), tmp_path / "file", lambda *_: None)
    fetch(remote(hub), tmp_path / "file", lambda *_: None)
    assert (tmp_path / "file").read_bytes() == WEIGHTS
