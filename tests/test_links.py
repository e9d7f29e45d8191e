"""Addresses of documents: kept with a version, found by uri or by its beginning, shown where something is cited."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.answer import ExtractiveAnswerer
from rag.base import Passage, Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import Version, open_current
from rag.manifest import Manifest
from rag.retriever import HybridRetriever

EMBEDDER = LexicalEmbedder(64)
LINKS = {"web:a/page.md": "https://a/real?x=1", "git:r/": "https://github.com/o/r/blob/c0/", "git:r/sub/": "https://s/"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("plain.md", "git/a b.md", "git/sub/c.md", "web/page.md", "web/other.md"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {path.stem}\n\nThe pump of {path.stem} is drained with the blue lever.\n", "utf-8")
    (tmp_path / "plain").mkdir()
    (tmp_path / "docs" / "plain.md").rename(tmp_path / "plain" / "plain.md")
    return tmp_path


def made(folder: Path, links: dict[str, str]) -> Version:
    roots = [folder / "plain", folder / "docs" / "git", folder / "docs" / "web"]
    build(roots, folder / "knowledge", EMBEDDER, prefixes=["", "git:r/", "web:a/"], links=links)
    return open_current(folder / "knowledge", "default")


def test_the_longest_beginning_that_is_known_leads_to_the_page(folder: Path) -> None:
    version = made(folder, LINKS)
    assert {uri: version.link(uri) for uri in version.manifest.documents} == {
        "plain.md": "",
        "git:r/a b.md": "https://github.com/o/r/blob/c0/a%20b.md",
        "git:r/sub/c.md": "https://s/c.md",
        "web:a/other.md": "",
        "web:a/page.md": "https://a/real?x=1",
    }
    assert {version.passage(row).link for row in range(len(version))} == set(
        map(version.link, version.manifest.documents)
    )


def test_another_commit_alone_makes_no_new_version_and_uris_stay(folder: Path) -> None:
    before = made(folder, LINKS)
    assert made(folder, {**LINKS, "git:r/": "https://github.com/o/r/blob/c1/"}).id == before.id
    (folder / "docs" / "git" / "a b.md").write_text("# a b\n\nNow it is the red lever.\n", "utf-8")
    after = made(folder, {**LINKS, "git:r/": "https://github.com/o/r/blob/c1/"})
    assert after.manifest.documents.keys() == before.manifest.documents.keys()
    assert after.link("git:r/a b.md") == "https://github.com/o/r/blob/c1/a%20b.md"


async def test_an_answer_cites_the_address_where_there_is_one_and_else_the_uri(folder: Path) -> None:
    version = made(folder, LINKS)
    cited = set()
    for text in ("How is the pump of page drained?", "How is the pump of plain drained?"):
        evidence = HybridRetriever([version], EMBEDDER).search(text, 8)
        async for piece in ExtractiveAnswerer().answer(Question(text, "en", mentioned=True), evidence):
            if piece is not None and not isinstance(piece, str):
                cited |= {source.uri.partition("#")[0] for source in piece.citations}
    assert {"https://a/real?x=1", "plain.md"} <= cited


def test_links_are_read_as_they_were_written(folder: Path) -> None:
    data = json.loads(json.dumps(made(folder, LINKS).manifest.as_dict()))
    assert Manifest.from_dict(data).links == LINKS
    assert Passage("id", "text", "title", "uri").link == ""
