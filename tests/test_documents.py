"""Reading folders: what is in them becomes a document, or a failure that says why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.base import KnowledgeError
from rag.documents import Document, Failure, decode, read_documents, unsupported


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text("# Setup\n\nInstall it.\n", "utf-8")
    return tmp_path / "docs"


def read(*roots: Path, max_file_mb: float = 20) -> tuple[dict[str, Document], dict[str, str]]:
    items = list(read_documents(roots, max_file_mb))
    return (
        {item.uri: item for item in items if isinstance(item, Document)},
        {item.uri: item.reason for item in items if isinstance(item, Failure)},
    )


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root reads everything, so permissions are tried as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_files_are_read_with_uri_title_and_text(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "plain.txt").write_text("# not a heading\n", "utf-8")
    documents, failures = read(folder)
    assert list(documents) == ["good.md", "sub/plain.txt"]
    assert documents["good.md"].title == "Setup"
    assert documents["sub/plain.txt"].title == "plain.txt"
    assert failures == {}


def test_a_comment_in_a_code_block_is_no_title(folder: Path) -> None:
    (folder / "a.md").write_text("```bash\n# comment\n```\n\nReal title\n==========\n", "utf-8")
    assert read(folder)[0]["a.md"].title == "Real title"


def test_a_title_loses_its_mark_up(folder: Path) -> None:
    (folder / "a.md").write_text("# ![logo](x.png) The [guide](y.md) of `tool` <a id=1></a> ##\n", "utf-8")
    assert read(folder)[0]["a.md"].title == "The guide of tool"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_common_encodings_are_recognised(folder: Path, encoding: str) -> None:
    (folder / "zh.txt").write_bytes("知识库的安装与配置\r\n第二行".encode(encoding))
    assert read(folder)[0]["zh.txt"].text == "知识库的安装与配置\n第二行"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (bytes(range(1, 32)) * 20, "binary"),
        (b"caf\xe9 is latin-1", "undecodable"),
        ("für Größe und Übung".encode("cp1252"), "undecodable"),
        (b"\xff\xfe\x00\xd8\x00", "undecodable"),
    ],
)
def test_a_file_that_is_no_text_is_reported_and_the_rest_is_read(folder: Path, data: bytes, reason: str) -> None:
    (folder / "bad.txt").write_bytes(data)
    documents, failures = read(folder)
    assert reason in failures["bad.txt"]
    assert "good.md" in documents


def test_a_file_of_50_mb_is_reported_with_the_limit(folder: Path) -> None:
    with (folder / "big.txt").open("wb") as file:
        file.truncate(50_000_000)
    reason = read(folder)[1]["big.txt"]
    assert "50.0 MB" in reason
    assert "max_file_mb" in reason


def test_an_unreadable_file_and_folder_are_reported(folder: Path, unprivileged: None) -> None:
    euid = os.geteuid()
    if os.getuid() == 0:
        os.seteuid(0)
    (folder / "secret.md").write_text("x", "utf-8")
    (folder / "closed").mkdir()
    for path in (folder, *folder.parents):
        if path.is_relative_to("/tmp") and path != Path("/tmp") and os.geteuid() == 0:
            path.chmod(0o755)
    (folder / "secret.md").chmod(0)
    (folder / "closed").chmod(0)
    os.seteuid(euid)
    _, failures = read(folder)
    assert "Permission denied" in failures["secret.md"]
    assert "Permission denied" in failures["closed"]


def test_symlink_loops_and_broken_links_are_reported(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self.md").symlink_to(folder / "self.md")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    documents, failures = read(folder)
    assert "symlink loop" in failures["sub/up"]
    assert "symlink loop" in failures["self.md"]
    assert "points to nothing" in failures["gone.md"]
    assert list(documents) == ["good.md"]


def test_a_link_to_a_folder_outside_is_followed_and_one_to_within_is_read_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.md").write_text("more", "utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "in.md").write_text("in", "utf-8")
    (folder / "outside").symlink_to(tmp_path / "other")
    (folder / "again").symlink_to(folder / "sub")
    assert list(read(folder)[0]) == ["good.md", "outside/more.md", "sub/in.md"]


def test_a_pipe_is_reported_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    assert "regular" in read(folder)[1]["pipe.txt"]


def test_a_file_that_vanishes_meanwhile_is_reported(folder: Path) -> None:
    (folder / "z.md").write_text("soon gone", "utf-8")
    items = read_documents([folder])
    first = next(items)
    (folder / "z.md").unlink()
    assert isinstance(first, Document)
    assert [item.reason for item in items if isinstance(item, Failure)] == ["it vanished while the folder was read"]


def test_hidden_files_tool_folders_and_other_types_are_left_out(folder: Path) -> None:
    for name in (".git", "node_modules", ".github"):
        (folder / name).mkdir()
        (folder / name / "x.md").write_text("x", "utf-8")
    (folder / ".hidden.md").write_text("x", "utf-8")
    (folder / "tune.mp3").write_bytes(b"\0")
    assert sorted(read(folder)[0]) == [".github/x.md", "good.md"]
    assert read(folder)[1] == {}


def test_files_of_other_types_are_counted_and_links_to_within_once(folder: Path) -> None:
    (folder / "deck.ODP").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "a.pdf").write_bytes(b"x")
    (folder / "again").symlink_to(folder)
    assert unsupported([folder]) == {".odp": 1}


def test_a_file_name_that_is_not_utf8_becomes_printable(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.md")).write_text("x", "utf-8")
    assert "\\xff\\xfe.md" in read(folder)[0]


def test_several_roots_keep_their_files_apart(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "b" / "docs").mkdir(parents=True)
    (tmp_path / "b" / "docs" / "good.md").write_text("other", "utf-8")
    assert list(read(folder, tmp_path / "b" / "docs")[0]) == ["docs/good.md", "docs-2/good.md"]


def test_a_single_file_may_be_a_root(folder: Path) -> None:
    assert list(read(folder / "good.md")[0]) == ["good.md"]


def test_the_digest_follows_content_and_place(folder: Path) -> None:
    before = read(folder)[0]["good.md"].digest
    assert read(folder)[0]["good.md"].digest == before
    (folder / "copy.md").write_bytes((folder / "good.md").read_bytes())
    assert read(folder)[0]["copy.md"].digest != before


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path / "missing", "create it"),
        (lambda path: path, "none is of a format that is read"),
    ],
)
def test_a_missing_or_empty_folder_is_an_error_that_names_the_fix(
    tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    with pytest.raises(KnowledgeError, match=says):
        list(read_documents([make(tmp_path)]))


def test_no_folder_at_all_is_an_error() -> None:
    with pytest.raises(KnowledgeError, match=r"config\.ini"):
        list(read_documents([]))


@given(st.text())
def test_any_text_survives_utf8(text: str) -> None:
    data = text.encode("utf-8", "ignore")
    try:
        decoded = decode(data)
    except ValueError:
        return
    assert "\r" not in decoded


@given(st.binary())
def test_any_bytes_are_text_or_a_value_error(data: bytes) -> None:
    try:
        assert isinstance(decode(data), str)
    except ValueError as error:
        assert str(error)
