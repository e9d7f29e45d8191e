"""Versions that somebody uses stay whole, whatever is built, pruned or deleted meanwhile."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command_line import environment

from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current, version_names
from rag.lexical import pool
from rag.retriever import HybridRetriever

EMBEDDER = LexicalEmbedder(64)
HOLDER = """
import sys
from pathlib import Path
from rag.knowledge import open_current
version = open_current(Path(sys.argv[1]), "default")
print(version.id, flush=True)
sys.stdin.read(1)
print(version.passage(0).text, version.terms[0] != "", version.vectors.shape[0], flush=True)
"""


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def publish(documents: Path, state: int, keep: int = 1) -> str:
    (documents / "a.md").write_text(f"# State {state}\n\nThe state is {state}, 状态 {state}。\n", "utf-8")
    root = documents.parent / "knowledge"
    return build([documents], root, EMBEDDER, keep_versions=keep).version


def test_with_one_version_kept_the_one_before_goes_at_once(documents: Path) -> None:
    publish(documents, 0)
    new = publish(documents, 1)
    assert version_names(documents.parent / "knowledge", "default") == [new]


def test_a_version_that_another_process_has_open_is_pruned_when_that_has_ended(documents: Path) -> None:
    root = documents.parent / "knowledge"
    first = publish(documents, 0)
    command = [sys.executable, "-c", HOLDER, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == first
        names = [publish(documents, state) for state in (1, 2)]
        assert version_names(root, "default") == [first, names[-1]]
        out, _ = holder.communicate("x", timeout=60)
    assert "The state is 0" in out and "True 1" in out
    assert version_names(root, "default") == [first, names[-1]]
    last = publish(documents, 3)
    assert version_names(root, "default") == [last]


def test_a_version_is_pruned_once_nobody_in_this_process_has_it(documents: Path) -> None:
    root = documents.parent / "knowledge"
    publish(documents, 0)
    retriever = HybridRetriever([open_current(root, "default")], EMBEDDER)
    publish(documents, 1)
    assert len(version_names(root, "default")) == 2
    del retriever
    gc.collect()
    assert version_names(root, "default")[1:] and publish(documents, 2)
    assert len(version_names(root, "default")) == 1


def test_everything_of_an_open_version_can_be_read_though_its_folder_is_gone(documents: Path) -> None:
    root = documents.parent / "knowledge"
    publish(documents, 7)
    version = open_current(root, "default")
    shutil.rmtree(root)
    assert "The state is 7" in version.passage(0).text
    assert len(version.vectors) == len(version.counts) == len(version) == 1
    assert pool([(version.ids, version.counts)])[0].keys() == set(version.terms)
    hits = HybridRetriever([version, version], EMBEDDER).search("状态", 3).hits
    assert hits and "状态 7" in hits[0].passage.text


def test_opening_while_versions_come_and_go_always_gives_a_whole_one(documents: Path) -> None:
    root = documents.parent / "knowledge"
    publish(documents, 0)
    ended = threading.Event()

    def come_and_go() -> None:
        for state in range(1, 25):
            publish(documents, state)
        ended.set()

    builder = threading.Thread(target=come_and_go)
    builder.start()
    opened = set()
    while not ended.is_set():
        version = open_current(root, "default")
        assert version.warnings == ()
        assert "The state is" in version.passage(0).text
        opened.add(version.id)
    builder.join()
    assert len(opened) > 1
