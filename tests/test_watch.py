"""Watching document folders: every change of a document is told, and what no document can come from is not."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from bot import watch as watch_module
from bot.watch import DocumentWatch

Changes = AsyncGenerator[frozenset[str], None]


@asynccontextmanager
async def watching(roots: dict[str, list[Path]], mode: str, **options: list[Path]) -> AsyncIterator[Changes]:
    """Changes from the moment on at which the system listens."""
    watch = DocumentWatch(roots, poll=mode == "poll", **options)
    async with aclosing(watch.changes()) as changes, asyncio.timeout(60):
        assert await anext(changes) == frozenset(roots), "what happened before is not known"
        yield changes


@pytest.fixture(params=["listen", "poll"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LOOK_S", 0.1)
    monkeypatch.setattr(watch_module, "QUIET_S", 0.05)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "below").mkdir(parents=True)
    (folder / "a.md").write_text("# A\n\none\n", "utf-8")
    (folder / "below" / "b.md").write_text("# B\n\ntwo\n", "utf-8")
    return folder


async def test_saving_adding_and_removing_are_told(docs: Path, mode: str) -> None:
    async with watching({"base": [docs]}, mode) as changes:
        for change in (
            lambda: (docs / "a.md").write_text("# A\n\nother\n", "utf-8"),
            lambda: (docs / "below" / "new.md").write_text("new", "utf-8"),
            lambda: (docs / "below" / "b.md").unlink(),
        ):
            change()
            assert await anext(changes) == {"base"}


async def test_a_save_by_way_of_a_temporary_file_is_told(docs: Path, mode: str) -> None:
    async with watching({"base": [docs]}, mode) as changes:
        (docs / ".a.md.swp").write_text("# A\n\nother\n", "utf-8")
        (docs / ".a.md.swp").replace(docs / "a.md")
        assert await anext(changes) == {"base"}


async def test_a_new_folder_with_documents_and_a_folder_moved_away_are_told(docs: Path, mode: str) -> None:
    async with watching({"base": [docs]}, mode) as changes:
        (docs / "deep" / "deeper").mkdir(parents=True)
        (docs / "deep" / "deeper" / "c.md").write_text("c", "utf-8")
        assert await anext(changes) == {"base"}
        (docs / "deep").rename(docs.parent / "elsewhere")
        assert await anext(changes) == {"base"}


async def test_only_the_base_of_the_folder_is_told(docs: Path, mode: str) -> None:
    other = docs.parent / "other"
    other.mkdir()
    async with watching({"one": [docs], "two": [other], "both": [docs, other]}, mode) as changes:
        (other / "new.md").write_text("new", "utf-8")
        assert await anext(changes) == {"two", "both"}


async def test_a_folder_that_is_deleted_and_made_again_is_watched_again(docs: Path, mode: str) -> None:
    async with watching({"base": [docs]}, mode) as changes:
        shutil.rmtree(docs)
        assert await anext(changes) == {"base"}
        make_again(docs)
        assert await anext(changes) == {"base"}
        await settled(changes, docs)
        (docs / "more.md").write_text("more", "utf-8")
        assert await anext(changes) == {"base"}


def make_again(docs: Path) -> None:
    docs.mkdir()
    (docs / "again.md").write_text("again", "utf-8")


def read_all(docs: Path) -> list[str]:
    return [path.read_text("utf-8") for path in docs.rglob("*.md")]


async def settled(changes: Changes, docs: Path) -> None:
    """Until a change that only a watch of the new folder can have seen has come: others may come before it."""
    for n in range(20):
        (docs / f"probe{n}.md").write_text("probe", "utf-8")
        await anext(changes)
        if n > 2:
            return


async def test_a_folder_that_is_not_there_yet_is_told_when_it_comes(tmp_path: Path, mode: str) -> None:
    async with watching({"base": [tmp_path / "later"]}, mode) as changes:
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "a.md").write_text("a", "utf-8")
        assert await anext(changes) == {"base"}


async def test_a_link_that_is_turned_to_another_folder_is_told(docs: Path, mode: str) -> None:
    (docs.parent / "v2").mkdir()
    link = docs.parent / "current"
    link.symlink_to(docs)
    async with watching({"base": [link]}, mode) as changes:
        (docs.parent / "new-link").symlink_to(docs.parent / "v2")
        (docs.parent / "new-link").replace(link)
        assert await anext(changes) == {"base"}


async def test_a_checkout_of_a_thousand_files_is_told_in_a_few_words(docs: Path, mode: str) -> None:
    async with watching({"base": [docs], "end": [docs.parent / "end"]}, mode) as changes:
        for n in range(1000):
            (docs / f"{n}.md").write_text(f"# {n}\n", "utf-8")
        (docs.parent / "end").mkdir()
        told: list[frozenset[str]] = []
        while not any("end" in bases for bases in told):
            told.append(await anext(changes))
        assert 1 <= sum("base" in bases for bases in told) <= 4, told


async def test_what_no_document_can_come_from_is_not_told(docs: Path, mode: str) -> None:
    """A change of the second base afterwards shows that nothing came before it."""
    other, data = docs.parent / "other", docs / "data"
    other.mkdir()
    for folder in (".git", "node_modules/x", "data/knowledge"):
        (docs / folder).mkdir(parents=True)
    async with watching({"one": [docs], "two": [other]}, mode, ignored=[data]) as changes:
        (docs / ".git" / "notes.md").write_text("x", "utf-8")
        (docs / "node_modules" / "x" / "README.md").write_text("x", "utf-8")
        (data / "knowledge" / "vocabulary.txt").write_text("x", "utf-8")
        for name in (".hidden.md", ".a.md.swp", "a.md~", "#a.md#", ".#a.md", "~$a.md", "program.exe", "4913"):
            (docs / name).write_text("x", "utf-8")
        (other / "new.md").write_text("new", "utf-8")
        assert await anext(changes) == {"two"}


async def test_reading_the_documents_tells_nothing(docs: Path, mode: str) -> None:
    other = docs.parent / "other"
    other.mkdir()
    async with watching({"one": [docs], "two": [other]}, mode) as changes:
        assert len(read_all(docs)) == 2
        (other / "new.md").write_text("new", "utf-8")
        assert await anext(changes) == {"two"}


async def test_links_in_a_circle_are_watched_all_the_same(docs: Path, mode: str) -> None:
    (docs / "below" / "up").symlink_to(docs)
    (docs / "self").symlink_to(docs / "self")
    async with watching({"base": [docs]}, mode) as changes:
        (docs / "below" / "b.md").write_text("# B\n\nother\n", "utf-8")
        assert await anext(changes) == {"base"}


async def test_where_the_system_cannot_listen_folders_are_looked_at(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the limit on watches is used up."""
    import watchfiles

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    async with watching({"base": [docs]}, "listen") as changes:
        (docs / "a.md").write_text("# A\n\nother\n", "utf-8")
        assert await anext(changes) == {"base"}


@pytest.mark.skipif(os.geteuid() != 0, reason="changing another user's rights needs root")
async def test_a_folder_without_rights_hides_no_other(docs: Path, mode: str) -> None:
    (docs / "below").chmod(0)
    async with watching({"base": [docs]}, mode) as changes:
        (docs / "a.md").write_text("# A\n\nother\n", "utf-8")
        assert await anext(changes) == {"base"}
    (docs / "below").chmod(0o755)
