"""Vectors that need no computing again: of passages that stay, and of a build that was cut off."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import finish, start
from hypothesis import given
from hypothesis import strategies as st
from model_server import serving

from rag.base import FloatArray
from rag.build import BuildReport, build, indexed_text
from rag.embedder import LexicalEmbedder
from rag.knowledge import Version, open_current, version_names
from rag.reuse import VectorLog, distinct, find, text_keys

DIM = 64


class CountingEmbedder:
    """A real embedder under another name, so that it counts as one whose vectors are worth keeping."""

    def __init__(self, name: str = "counting") -> None:
        self.id, self.dim = name, DIM
        self.texts: list[str] = []
        self._lexical = LexicalEmbedder(DIM)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        self.texts += texts
        return self._lexical.embed(texts)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "long.md").write_text(long_document(), "utf-8")
    (folder / "short.md").write_text("# 短文\n\n只有一段。\n", "utf-8")
    return folder


def long_document(changed: int = -1) -> str:
    """30 sections, each a passage of its own."""
    body = "".join(f"## Part {n}\n\n{f'step {n} of {n + 1} 步骤 ' * 40}\n\n" for n in range(30))
    return "# Long\n\n" + body.replace(f"step {changed} of", f"otter {changed} of")


def run(documents: Path, embedder: Any, **options: Any) -> BuildReport:
    return build([documents], documents.parent / "knowledge", embedder, **options)


def current(documents: Path) -> Version:
    return open_current(documents.parent / "knowledge", "default")


def assert_true_vectors(version: Version) -> None:
    """Every vector is that of its passage, wherever it came from."""
    texts = [indexed_text(version.passage(row)) for row in range(len(version))]
    assert np.allclose(version.vectors, LexicalEmbedder(DIM).embed(texts), atol=1e-6)
    assert version.passage_keys is not None and (version.passage_keys == text_keys(texts)).all()


def test_one_edit_in_a_long_document_embeds_what_changed_alone(documents: Path) -> None:
    first, embedder = run(documents, CountingEmbedder()), CountingEmbedder()
    (documents / "long.md").write_text(long_document(changed=17), "utf-8")
    report = run(documents, embedder)
    assert first.embedded == first.passages > 30
    assert (report.changed, report.embedded, len(embedder.texts)) == (("long.md",), 1, 1)
    assert "otter 17" in embedder.texts[0]
    assert_true_vectors(current(documents))


def test_a_passage_put_in_at_the_top_embeds_itself_alone(documents: Path) -> None:
    run(documents, CountingEmbedder())
    text = long_document().replace("## Part 0\n", f"## New\n\n{'brand new words ' * 40}\n\n## Part 0\n")
    (documents / "long.md").write_text(text, "utf-8")
    embedder = CountingEmbedder()
    report = run(documents, embedder)
    assert report.embedded == len(embedder.texts) <= 2  # the new section, and the heading's passage where it moved
    assert_true_vectors(current(documents))


def test_a_renamed_or_moved_document_embeds_nothing(documents: Path) -> None:
    run(documents, CountingEmbedder())
    (documents / "below").mkdir()
    (documents / "long.md").rename(documents / "below" / "other.md")
    embedder = CountingEmbedder()
    report = run(documents, embedder)
    assert (report.added, report.removed, report.embedded) == (("below/other.md",), ("long.md",), 0)
    assert embedder.texts == []
    assert_true_vectors(current(documents))


def test_a_copied_document_embeds_nothing_and_twins_in_one_build_are_embedded_once(documents: Path) -> None:
    run(documents, CountingEmbedder())
    (documents / "copy.md").write_text(long_document(), "utf-8")
    for name in ("twin-a.md", "twin-b.md"):
        (documents / name).write_text("# Twins\n\nThe same text twice.\n", "utf-8")
    embedder = CountingEmbedder()
    assert run(documents, embedder).embedded == len(embedder.texts) == 1
    assert_true_vectors(current(documents))


def test_another_splitter_rebuilds_all_but_embeds_only_passages_that_are_new(documents: Path) -> None:
    run(documents, CountingEmbedder())
    report = run(documents, CountingEmbedder(), passage_chars=900)
    assert "splitter changed" in report.rebuilt
    assert report.embedded < report.passages
    assert_true_vectors(current(documents))


def test_another_embedder_embeds_everything(documents: Path) -> None:
    run(documents, CountingEmbedder())
    report = run(documents, CountingEmbedder("another"))
    assert "embedder changed" in report.rebuilt
    assert report.embedded == report.passages


def test_a_version_without_stored_hashes_is_built_on_all_the_same(documents: Path) -> None:
    version = run(documents, CountingEmbedder()).version
    folder = documents.parent / "knowledge" / "default" / version
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["files"]["passage_keys.npy"], manifest["checksum"]
    rewrite_manifest(folder, manifest)
    (folder / "passage_keys.npy").unlink()
    (documents / "long.md").write_text(long_document(changed=3), "utf-8")
    assert run(documents, CountingEmbedder()).embedded == 1
    assert_true_vectors(current(documents))


def rewrite_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    from rag.intact import manifest_checksum

    text = json.dumps({**manifest, "checksum": manifest_checksum(manifest)}, ensure_ascii=False)
    (folder / "manifest.json").write_text(text, "utf-8")


@given(st.lists(st.text(max_size=3), max_size=20), st.lists(st.text(max_size=3), max_size=20))
def test_keys_find_equal_texts_and_only_these(wanted: list[str], known: list[str]) -> None:
    rows = find(text_keys(wanted), text_keys(known))
    assert [known[row] if row >= 0 else None for row in rows] == [text if text in known else None for text in wanted]
    once, which = distinct(text_keys(wanted))
    assert [wanted[row] for row in once] == list(dict.fromkeys(wanted))
    assert [wanted[once[place]] for place in which] == wanted


def filled_log(path: Path) -> VectorLog:
    log = VectorLog(path, "e", 3)
    log.append(text_keys(["a", "b"]), np.arange(6, dtype=np.float32).reshape(2, 3))
    log.append(text_keys(["c"]), np.full((1, 3), 9, np.float32))
    return log


def test_a_log_gives_back_what_was_appended_and_more_can_follow(tmp_path: Path) -> None:
    filled_log(tmp_path / "log")
    again = VectorLog(tmp_path / "log", "e", 3)
    assert find(text_keys(["c", "x", "a"]), again.keys).tolist() == [2, -1, 0]
    assert again.vectors(np.array([2, 0])).tolist() == [[9, 9, 9], [0, 1, 2]]
    again.append(text_keys(["d"]), np.ones((1, 3), np.float32))
    assert len(VectorLog(tmp_path / "log", "e", 3).keys) == 4


@pytest.mark.parametrize("harm", ["torn", "flipped"])
def test_what_a_kill_tore_off_is_cut_away_and_the_rest_stays(tmp_path: Path, harm: str) -> None:
    filled_log(tmp_path / "log")
    data = bytearray((tmp_path / "log").read_bytes())
    if harm == "torn":
        del data[-5:]
    else:
        data[-9] ^= 1
    (tmp_path / "log").write_bytes(data)
    again = VectorLog(tmp_path / "log", "e", 3)
    assert find(text_keys(["a", "b", "c"]), again.keys).tolist() == [0, 1, -1]
    again.append(text_keys(["c"]), np.zeros((1, 3), np.float32))
    assert find(text_keys(["a", "c"]), VectorLog(tmp_path / "log", "e", 3).keys).tolist() == [0, 2]


@pytest.mark.parametrize(("embedder", "dim"), [("other", 3), ("e", 4)])
def test_a_log_of_another_embedder_is_thrown_away(tmp_path: Path, embedder: str, dim: int) -> None:
    filled_log(tmp_path / "log")
    assert len(VectorLog(tmp_path / "log", embedder, dim).keys) == 0
    assert not (tmp_path / "log").exists()


def test_a_log_that_cannot_be_written_stops_no_build(documents: Path) -> None:
    (documents.parent / "knowledge" / "default" / ".vectors").mkdir(parents=True)
    report = run(documents, CountingEmbedder())
    assert report.embedded == report.passages
    assert_true_vectors(current(documents))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_build_that_is_killed_while_it_embeds_goes_on_from_what_it_had(tmp_path: Path, how: signal.Signals) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(150):
        (docs / f"{n}.md").write_text(f"# Number {n}\n\nThe text of document {n}.\n", "utf-8")
    asked: list[str] = []
    stalling, stalled = True, threading.Event()

    def answer(_: str, body: dict[str, Any]) -> tuple[int, Any]:
        texts = [text for text in body["input"] if text != "dimension"]
        if stalling and len(asked) >= 96:
            stalled.set()
            return 200, None  # never answers: here the build hangs and is killed
        asked.extend(texts)
        vectors = LexicalEmbedder(DIM).embed(body["input"]).tolist()
        return 200, {"data": [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]}

    with serving(answer) as server:
        command = ("build", "docs", "--json", "--set", f"embedder.base_url={server.url}", "--set", "embedder.model=m")
        process = start(*command, cwd=tmp_path)
        assert stalled.wait(60), "the dimension and three batches are answered, the fourth is not"
        process.send_signal(how)
        server.released.set()
        with process:
            process.communicate(timeout=60)
        assert process.returncode != 0
        assert len(set(asked)) == 96
        assert version_names(tmp_path / "data" / "knowledge", "default") == []
        stalling = False
        done = finish(start(*command, cwd=tmp_path))
    report = json.loads(done.out)
    assert (report["passages"], report["embedded"]) == (150, 54)
    assert len(asked) == len(set(asked)) == 150, "nothing is asked twice"
    base = tmp_path / "data" / "knowledge" / "default"
    assert not (base / ".vectors").exists()
    assert_true_vectors(open_current(base.parent, "default"))
