"""`.qundaignore`: its patterns mean what they mean in a .gitignore, as git itself sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import Document, read_documents
from rag.ignore import ignored, parse_rules

PATHS = (
    "a.md",
    "b.txt",
    "docs/a.md",
    "docs/draft/x.md",
    "docs/draft.md",
    "x/y/z.md",
    "build/out.md",
    "#odd.md",
    "!a.md",
)
PATTERNS = (
    "a.md", "/a.md", "*.md", "docs/", "docs/*.md", "docs/**", "**/draft", "draft/", "x/**/z.md", "!a.md", "\\#odd.md",
    "# comment", "", "b.tx?", "[ab].*", "[!a].md", "build", "**", "*", "docs/draft/*", "!docs/draft/x.md", "\\!a.md",
)  # fmt: skip


def by_git(folder: Path, text: str) -> set[str]:
    """The files that git would leave out."""
    (folder / ".gitignore").write_text(text)
    run = ("git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    listed = subprocess.run(run, cwd=folder, check=True, capture_output=True, text=True).stdout
    return set(listed.split("\0")) - {"", ".gitignore"}


def by_us(text: str) -> set[str]:
    """A folder that is left out takes along what is in it."""
    rules, out = parse_rules(text), set()
    for path in PATHS:
        parts = path.split("/")
        above = ("/".join(parts[:n]) for n in range(1, len(parts)))
        if any(ignored(folder, True, rules) for folder in above) or ignored(path, False, rules):
            out.add(path)
    return out


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(("git", "init", "-q", folder), check=True)
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")
    return folder


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_leaves_out_what_git_leaves_out(pattern: str, tree: Path) -> None:
    assert by_us(pattern) == by_git(tree, pattern)


@pytest.mark.parametrize(
    "lines", [("*.md", "!a.md"), ("docs/*", "!docs/draft/"), ("!a.md", "a.md"), ("*", "!x/", "x/y")]
)
def test_the_last_line_that_matches_decides_as_in_git(lines: tuple[str, ...], tree: Path) -> None:
    assert by_us("\n".join(lines)) == by_git(tree, "\n".join(lines))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_line_raises(text: str, path: str) -> None:
    ignored(path, False, parse_rules(text))


def test_what_the_file_names_is_no_document(tmp_path: Path) -> None:
    (tmp_path / ".qundaignore").write_text("drafts/\n*.tmp.md\n!keep.tmp.md\n", "utf-8")
    for name in ("a.md", "b.tmp.md", "keep.tmp.md", "drafts/c.md", "below/drafts/d.md", "below/e.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# title\n\ntext", "utf-8")
    uris = [item.uri for item in read_documents([tmp_path]) if isinstance(item, Document)]
    assert uris == ["a.md", "keep.tmp.md", "below/e.md"]
