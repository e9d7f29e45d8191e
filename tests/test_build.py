"""Builds: incremental ones equal full ones, and whatever fails leaves the current version alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.base import KnowledgeError
from rag.build import BuildCancelledError, BuildReport, Progress, build
from rag.embedder import LexicalEmbedder
from rag.knowledge import Version, open_current, read_current, version_names
from rag.publish import build_lock
from rag.retriever import HybridRetriever

EMBEDDER = LexicalEmbedder(64)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "install.md").write_text("# Install\n\nRun the installer with --work-dir.\n", "utf-8")
    (folder / "zh.md").write_text("# 配置\n\n在 config.ini 里填写应用的密钥。\n", "utf-8")
    (folder / "old.txt").write_text("An old note about pressure valves.", "utf-8")
    return folder


def run(documents: Path, **options: object) -> BuildReport:
    return build([documents], documents.parent / "knowledge", EMBEDDER, **options)  # type: ignore[arg-type]


def current(documents: Path) -> Version:
    return open_current(documents.parent / "knowledge", "default")


def content(version: Version) -> tuple[list[object], list[object], list[list[float]]]:
    retriever = HybridRetriever([version], EMBEDDER)
    passages: list[object] = [version.passage(row) for row in range(len(version))]
    evidence = retriever.search("installer config.ini 密钥 note b", 5)
    found: list[object] = [*evidence.terms, *((hit.passage.id, round(hit.score, 4)) for hit in evidence.hits)]
    return passages, found, np.round(version.vectors, 5).tolist()


def test_a_first_build_reports_what_it_read(documents: Path) -> None:
    (documents / "bad.txt").write_bytes(b"\0\0")
    report = run(documents)
    assert report.added == ("install.md", "old.txt", "zh.md")
    assert [(failure.uri, failure.reason) for failure in report.failed] == [("bad.txt", "binary, not text")]
    assert report.passages == 3
    assert report.is_new
    assert current(documents).id == report.version
    assert current(documents).manifest.failed == report.failed


def test_without_a_change_the_current_version_stays(documents: Path) -> None:
    first, second = run(documents), run(documents)
    assert second.version == first.version
    assert (second.unchanged, second.is_new) == (3, False)
    assert len(version_names(documents.parent / "knowledge", "default")) == 1


def test_added_changed_and_removed_documents_are_told_apart(documents: Path) -> None:
    run(documents)
    (documents / "install.md").write_text("# Install\n\nDifferent now.\n", "utf-8")
    (documents / "new.md").write_text("# New\n\nFresh.\n", "utf-8")
    (documents / "old.txt").unlink()
    report = run(documents)
    assert (report.added, report.changed, report.removed) == (("new.md",), ("install.md",), ("old.txt",))
    assert report.unchanged == 1
    hits = HybridRetriever([current(documents)], EMBEDDER).search("pressure valves", 3).hits
    assert all(hit.passage.uri != "old.txt" for hit in hits)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.text("abc 配置\n#", min_size=1), min_size=1),
        min_size=2,
        max_size=4,
    )
)
def test_a_chain_of_incremental_builds_equals_one_full_build(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("chain") / "documents"
    folder.mkdir()
    for state in states:
        for path in folder.iterdir():
            path.unlink()
        for name, text in state.items():
            (folder / f"{name}.md").write_text(f"{name} {text}", "utf-8")
        build([folder], folder.parent / "chain", EMBEDDER)
    build([folder], folder.parent / "full", EMBEDDER)
    chained, full = (open_current(folder.parent / name, "default") for name in ("chain", "full"))
    assert content(chained) == content(full)
    assert set(chained.terms) == set(full.terms)


def test_only_what_changed_is_embedded(documents: Path) -> None:
    run(documents)
    (documents / "new.md").write_text("new", "utf-8")
    steps: list[Progress] = []
    run(documents, progress=steps.append)
    assert {step.total for step in steps if step.stage == "embed"} == {1}
    assert [step.uri for step in steps if step.stage == "count"] == ["new.md"]


@pytest.mark.parametrize(("change", "why"), [("embedder", "embedder changed"), ("splitter", "splitter changed")])
def test_another_embedder_or_splitter_rebuilds_all_and_says_why(documents: Path, change: str, why: str) -> None:
    run(documents)
    root = documents.parent / "knowledge"
    if change == "embedder":
        report = build([documents], root, LexicalEmbedder(32))
    else:
        report = run(documents, passage_chars=300)
    assert why in report.rebuilt
    assert report.is_new
    assert report.unchanged == 3


def test_a_cancelled_build_leaves_the_current_version_and_no_trace(documents: Path) -> None:
    first = run(documents)
    (documents / "new.md").write_text("new", "utf-8")
    seen: list[Progress] = []
    with pytest.raises(BuildCancelledError):
        run(documents, progress=seen.append, cancelled=lambda: any(step.stage == "embed" for step in seen))
    assert current(documents).id == first.version
    assert sorted(path.name for path in (documents.parent / "knowledge" / "default").iterdir()) == [
        ".lock", first.version, "CURRENT",
    ]  # fmt: skip


def test_old_versions_are_pruned_but_never_the_current_one(documents: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    names = []
    for n in range(5):
        (documents / "new.md").write_text(f"state {n}", "utf-8")
        names.append(run(documents, keep_versions=2, now=lambda n=n: start + timedelta(hours=n)).version)
    assert version_names(documents.parent / "knowledge", "default") == names[-2:]
    assert current(documents).id == names[-1]


def test_a_clock_that_jumps_back_still_gives_a_newer_name(documents: Path) -> None:
    later, earlier = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    first = run(documents, now=lambda: later)
    (documents / "new.md").write_text("new", "utf-8")
    second = run(documents, now=lambda: earlier)
    assert second.version > first.version


def test_a_second_build_of_the_same_base_is_refused_with_the_pid(documents: Path) -> None:
    root = documents.parent / "knowledge"
    with build_lock(root, "default"):
        with pytest.raises(KnowledgeError, match=rf"pid {os.getpid()}"):
            run(documents)
        run(documents, base="other")
    run(documents)


def test_what_a_killed_build_left_is_cleared(documents: Path) -> None:
    left = documents.parent / "knowledge" / "default" / ".new-20200101T000000-0000"
    left.mkdir(parents=True)
    (left / "vectors.npy").write_bytes(b"half")
    run(documents)
    assert not left.exists()


def test_a_folder_without_documents_is_an_error_and_keeps_the_version(documents: Path) -> None:
    first = run(documents)
    for path in documents.iterdir():
        path.unlink()
    with pytest.raises(KnowledgeError, match="no documents"):
        run(documents)
    assert current(documents).id == first.version


LIMITED = textwrap.dedent("""
    import resource, signal, sys
    from pathlib import Path
    from rag.base import KnowledgeError
    from rag.build import build
    from rag.embedder import LexicalEmbedder
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write over the limit is an OSError, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        build([Path(sys.argv[1])], Path(sys.argv[2]), LexicalEmbedder(64))
    except KnowledgeError as error:
        print(error)
""")


def test_a_write_that_fails_keeps_the_old_version_and_leaves_nothing(documents: Path) -> None:
    root = documents.parent / "knowledge"
    first = run(documents)
    (documents / "big.txt").write_text("word and more words, and so on. " * 20_000, "utf-8")
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(documents), str(root)], capture_output=True, text=True, check=True
    )
    assert "File too large" in result.stdout
    assert "old one stays in use" in result.stdout
    assert read_current(root, "default") == first.version
    assert version_names(root, "default") == [first.version]
    assert not list((root / "default").glob(".new-*"))


def test_a_full_disk_keeps_the_old_version(documents: Path) -> None:
    """A real small file system where one may be mounted."""
    disk = documents.parent / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no right to mount a small file system here; the file size limit above stands in")
    try:
        first = build([documents], disk, EMBEDDER)
        (documents / "big.txt").write_text("".join(f"word{n} and more. " for n in range(40_000)), "utf-8")
        with pytest.raises(KnowledgeError, match="No space left on device"):
            build([documents], disk, EMBEDDER)
        assert open_current(disk, "default").id == first.version
        assert not list((disk / "default").glob(".new-*"))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_read_only_data_folder_is_an_error_that_names_the_fix(documents: Path) -> None:
    (documents.parent / "knowledge").write_text("a file where the folder should be", "utf-8")
    with pytest.raises(KnowledgeError, match="--data"):
        run(documents)


def test_a_damaged_current_version_is_replaced_even_without_a_change(documents: Path) -> None:
    first = run(documents)
    path = documents.parent / "knowledge" / "default" / first.version / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-8])
    report = run(documents)
    assert report.version != first.version
    assert any("damaged" in warning for warning in report.warnings)
    assert current(documents).warnings == ()


def test_the_manifest_is_plain_json_and_nothing_is_pickled(documents: Path) -> None:
    version = documents.parent / "knowledge" / "default" / run(documents).version
    assert json.loads((version / "manifest.json").read_text("utf-8"))["embedder"] == EMBEDDER.id
    for path in version.glob("*.npy"):
        np.load(path, allow_pickle=False)
    assert {path.suffix for path in version.iterdir()} == {".npy", ".json", ".jsonl", ".txt"}


def test_what_was_said_of_a_file_stays_while_it_does_not_change(documents: Path) -> None:
    files = Path(__file__).resolve().parent / "data" / "formats" / "files"
    (documents / "deck.pptx").write_bytes((files / "deck.pptx").read_bytes())
    (documents / "bad.pdf").write_bytes(b"%PDF-1.5 nothing in it")
    first = run(documents)
    assert [(one.uri, one.reason) for one in first.partial] == [("deck.pptx", "the hidden slide 3 was left out")]
    assert [one.uri for one in first.failed] == ["bad.pdf"]
    (documents / "new.md").write_text("new", "utf-8")
    second = run(documents)
    assert (second.partial, second.failed, second.added) == (first.partial, first.failed, ("new.md",))
    assert current(documents).manifest.partial == first.partial
    third = run(documents)
    assert (third.version, third.is_new, third.failed) == (second.version, False, first.failed)


def test_a_file_that_fails_from_now_on_is_noted_in_a_new_version(documents: Path) -> None:
    first = run(documents)
    (documents / "bad.pdf").write_bytes(b"%PDF-1.5 nothing in it")
    second = run(documents)
    assert second.is_new
    assert second.version != first.version
    assert [failure.uri for failure in current(documents).manifest.failed] == ["bad.pdf"]


def test_a_version_of_an_earlier_format_is_rebuilt_and_the_report_says_why(documents: Path) -> None:
    first = run(documents)
    manifest = documents.parent / "knowledge" / "default" / first.version / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"format": 2', '"format": 1'), "utf-8")
    second = run(documents)
    assert second.is_new
    assert any("another release" in warning and "format 1" in warning for warning in second.warnings)


def test_passages_keep_their_place_in_a_stored_version(documents: Path) -> None:
    files = Path(__file__).resolve().parent / "data" / "formats" / "files"
    (documents / "manual.pdf").write_bytes((files / "manual.pdf").read_bytes())
    run(documents)
    version = current(documents)
    places = [version.passage(row).place for row in range(len(version)) if version.passage(row).uri == "manual.pdf"]
    assert places == ["page=1", "page=2", "page=3"]
