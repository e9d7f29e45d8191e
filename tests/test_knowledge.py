"""Versions on disk: what was written comes back, and what is damaged is told and passed over."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.base import KnowledgeError, NoKnowledgeError
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import base_names, open_current, read_current, version_names

EMBEDDER = LexicalEmbedder(64)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two versions of the base ``default``."""
    documents = tmp_path / "documents"
    documents.mkdir()
    for text in ("# One\n\nThe first state.\n", "# Two\n\nThe second state, 第二。\n"):
        (documents / "a.md").write_text(text, "utf-8")
        build([documents], tmp_path / "knowledge", EMBEDDER)
    return tmp_path / "knowledge"


def test_a_passage_comes_back_as_it_was_cut(root: Path) -> None:
    passage = open_current(root, "default", EMBEDDER.id).passage(0)
    assert passage.id == "default/a.md#0"
    assert (passage.source, passage.uri, passage.headings) == ("Two", "a.md", ("Two",))
    assert passage.text == "# Two\n\nThe second state, 第二。"
    assert (passage.start, passage.end, passage.position) == (0, len(passage.text), 0)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "name", ["manifest.json", "passages.jsonl", "vectors.npy", "vocabulary.txt", "terms_ids.npy", "bm25_data.npy"]
)
@pytest.mark.parametrize("harm", [truncate, flip, Path.unlink])
def test_a_damaged_version_gives_way_to_the_last_good_one_and_it_is_said(
    root: Path, name: str, harm: Callable[[Path], None]
) -> None:
    old, new = version_names(root, "default")
    harm(root / "default" / new / name)
    version = open_current(root, "default")
    assert version.id == old
    assert version.passage(0).text.endswith("first state.")
    assert any(f"{new} is damaged" in warning and "qunda build" in warning for warning in version.warnings)
    assert any(f"using version {old}" in warning for warning in version.warnings)


def test_a_half_written_version_is_passed_over(root: Path) -> None:
    half = root / "default" / "99991231T235959-0000"
    half.mkdir()
    (root / "default" / "CURRENT").write_text(half.name, "utf-8")
    version = open_current(root, "default")
    assert version.id == version_names(root, "default")[-2]
    assert "manifest.json is missing" in version.warnings[0]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe\x00", None])
def test_without_a_right_pointer_the_newest_good_version_is_used(root: Path, content: bytes | None) -> None:
    pointer = root / "default" / "CURRENT"
    pointer.unlink() if content is None else pointer.write_bytes(content)
    version = open_current(root, "default")
    assert version.id == version_names(root, "default")[-1]
    assert "CURRENT" in version.warnings[0]


def test_a_sound_version_has_no_warnings(root: Path) -> None:
    assert open_current(root, "default").warnings == ()
    assert read_current(root, "default") == version_names(root, "default")[-1]


def test_no_version_at_all_is_an_error_that_names_the_command(root: Path, tmp_path: Path) -> None:
    named = "qunda build --base other"
    for where, base, command in ((root, "other", named), (tmp_path / "nowhere", "default", "qunda build")):
        with pytest.raises(NoKnowledgeError, match=f"run `{command}`"):
            open_current(where, base)


def test_only_damaged_versions_are_an_error_that_tells_the_damage(root: Path) -> None:
    for name in version_names(root, "default"):
        (root / "default" / name / "manifest.json").write_text("[]", "utf-8")
    with pytest.raises(NoKnowledgeError, match="damaged"):
        open_current(root, "default")


def test_a_version_of_a_later_format_is_not_misread(root: Path) -> None:
    for name in version_names(root, "default"):
        manifest = root / "default" / name / "manifest.json"
        manifest.write_text(manifest.read_text("utf-8").replace('"format": 2', '"format": 9'), "utf-8")
    with pytest.raises(NoKnowledgeError, match="format 9"):
        open_current(root, "default")


def test_another_embedder_is_an_error_that_names_both_and_the_fix(root: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"lexical-v1-64.*lexical-v1-512.*qunda build"):
        open_current(root, "default", "lexical-v1-512")


def test_bases_are_listed_once_they_have_a_version(root: Path) -> None:
    (root / "empty").mkdir()
    shutil.copytree(root / "default", root / "second")
    assert base_names(root) == ["default", "second"]
    assert base_names(root / "nowhere") == []
