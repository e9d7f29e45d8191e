"""A saved file is answered from within seconds: the whole bot, watching its documents."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from group import ADMIN, Group, make_settings, open_group, write_documents
from loguru import logger
from model_server import serving

from bot import build_process
from bot import rebuilds as rebuilds_module
from bot.build_process import Builder
from bot.config import ConfigError, load
from rag.knowledge import read_current, version_names
from rag.publish import build_lock

MASCOT = "# 吉祥物\n\nZephyrlink 的吉祥物是一只{animal}。\n"
QUESTION = "Zephyrlink 的吉祥物是什么？"


class Watched:
    """A group whose bot watches, and what its log said about it."""

    def __init__(self, group: Group, lines: list[str]) -> None:
        self.group = group
        self.lines = lines

    @property
    def docs(self) -> Path:
        return self.group.documents

    def version(self) -> str:
        return read_current(self.group.settings.data / "knowledge", "default")

    def save(self, animal: str, name: str = "mascot.md") -> None:
        write_documents(self.docs, {name: MASCOT.format(animal=animal)})

    def said(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]

    async def until(self, reached: Callable[[], Any]) -> None:
        async with asyncio.timeout(60):
            while not reached():  # noqa: ASYNC110 - files and processes have no event
                await asyncio.sleep(0.02)

    async def in_use(self, count: int) -> None:
        """So many builds of changes have been swapped in."""
        await self.until(lambda: len(self.said("in use after")) >= count)

    async def until_answered(self, word: str) -> None:
        async with asyncio.timeout(60):
            while word not in await self.answer():  # noqa: ASYNC110 - each turn asks anew
                await asyncio.sleep(0.2)

    async def answer(self) -> str:
        done = await self.group.say(QUESTION, mentions_bot=True)
        return "\n".join(done["replies"])


@asynccontextmanager
async def watched(folder: Path, *overrides: str, watch: str = "yes") -> AsyncIterator[Watched]:
    """The bot, once the build with which watching begins is over."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message.record["message"])), level="DEBUG")
    try:
        async with open_group(folder, f"knowledge.watch={watch}", *overrides) as group:
            held = Watched(group, lines)
            await held.until(lambda: held.said("nothing has changed"))
            yield held
    finally:
        logger.remove(sink)


@pytest.mark.parametrize(("watch", "computing"), [("yes", "process"), ("yes", "thread"), ("poll", "thread")])
async def test_what_is_saved_edited_and_removed_counts_without_anybody_asking_for_it(
    tmp_path: Path, watch: str, computing: str
) -> None:
    async with watched(tmp_path, f"bot.computing={computing}", watch=watch) as held:
        assert "水獭" not in await held.answer()
        held.save("水獭")
        await held.in_use(1)
        assert "水獭" in await held.answer()
        held.save("海豚")
        await held.in_use(2)
        answer = await held.answer()
        assert "海豚" in answer and "水獭" not in answer
        (held.docs / "mascot.md").unlink()
        await held.in_use(3)
        assert "海豚" not in await held.answer()
        assert len(held.said(r"1 added, 0 changed, 0 removed, 0 failed; 1 passages embedded, in use after")) == 1
        assert len(held.said(r"0 added, 1 changed, 0 removed, 0 failed; 1 passages embedded, in use after")) == 1
        assert len(held.said(r"0 added, 0 changed, 1 removed, 0 failed; 0 passages embedded, in use after")) == 1


async def test_what_changed_while_the_bot_was_down_is_found_at_its_start(tmp_path: Path) -> None:
    async with watched(tmp_path):
        pass
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message.record["message"])), level="INFO")
    write_documents(tmp_path / "docs", {"mascot.md": MASCOT.format(animal="水獭")})
    async with open_group(tmp_path, "knowledge.watch=yes") as group:
        held = Watched(group, lines)
        await held.in_use(1)
        assert "水獭" in await held.answer()
    logger.remove(sink)


async def test_a_file_that_cannot_be_read_is_counted_and_the_rest_is_built(tmp_path: Path) -> None:
    async with watched(tmp_path) as held:
        (held.docs / "broken.md").write_bytes(b"\0\0")
        held.save("水獭")
        await held.in_use(1)
        assert "水獭" in await held.answer()
        assert held.said(r"1 added, .* 1 failed")


async def test_a_checkout_of_many_files_is_few_builds_and_a_reload_beside_it_collides_with_none(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as held:
        reload = held.group.post("/reload", sender=ADMIN)
        write_documents(held.docs, {f"{n}.md": f"# 编号 {n}\n\n第 {n} 条。\n" for n in range(1000)})
        held.save("水獭")
        await held.group.wait(reload)
        await held.group.reported(reload, "1")
        await held.until(lambda: "水獭" in passages_on_disk(held))
        await held.until_answered("水獭")
        assert len(version_names(held.group.settings.data / "knowledge", "default")) <= 3
        assert not held.said("another build|not built|stays in use")
        assert len(held.said("in use after")) <= 3


def passages_on_disk(held: Watched) -> str:
    """What the current version has on disk."""
    folder = held.group.settings.data / "knowledge" / "default" / held.version()
    try:
        return (folder / "passages.jsonl").read_text("utf-8")
    except OSError:
        return ""


async def test_a_deleted_folder_leaves_the_knowledge_and_one_that_comes_again_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilds_module, "RETRY_S", 0.05)
    async with watched(tmp_path) as held:
        shutil.rmtree(held.docs)
        await held.until(lambda: held.said("no documents"))
        assert "pip install zephyrlink" in await asked(held, "Zephyrlink 怎么安装")
        held.save("水獭")
        await held.in_use(1)
        assert "水獭" in await held.answer()
        assert len(held.said("there is no documents folder")) <= 1, "told once"


async def asked(held: Watched, text: str) -> str:
    return "\n".join((await held.group.say(text, mentions_bot=True))["replies"])


async def test_a_build_that_another_process_is_at_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilds_module, "RETRY_S", 0.05)
    async with watched(tmp_path) as held:
        with build_lock(held.group.settings.data / "knowledge", "default"):
            held.save("水獭")
            await held.until(lambda: held.said("another build of the knowledge base"))
        await held.in_use(1)
        assert "水獭" in await held.answer()


async def test_a_build_process_that_is_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilds_module, "RETRY_S", 0.05)
    async with watched(tmp_path) as held:
        (pid,) = children("bot.build_child")
        os.kill(pid, signal.SIGKILL)
        held.save("水獭")
        await held.in_use(1)
        assert "水獭" in await held.answer()
    assert children("bot.build_child") == []


def children(module: str) -> list[int]:
    """The processes of ours that run a module."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except (OSError, IndexError):
                continue
            if module.encode() in command and int(parent) == os.getpid():
                found.append(int(entry.name))
    return found


async def test_a_build_that_hangs_ends_with_whoever_wanted_it_and_the_next_one_is_not_held_up(tmp_path: Path) -> None:
    stalled = asyncio.Event()
    loop = asyncio.get_running_loop()

    def never(_: str, body: dict[str, Any]) -> tuple[int, Any]:
        loop.call_soon_threadsafe(stalled.set)
        return 200, None

    with serving(never) as server:
        builder = Builder(make_settings(tmp_path, f"embedder.base_url={server.url}"))
        building = asyncio.ensure_future(builder.build("default"))
        async with asyncio.timeout(60):
            await stalled.wait()
        nice = [os.getpriority(os.PRIO_PROCESS, pid) for pid in children("bot.build_child")]
        building.cancel()
        await asyncio.wait([building])
        async with asyncio.timeout(60):
            await builder.close()
    assert nice == [min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)]
    assert children("bot.build_child") == []


async def test_an_idle_build_process_ends_and_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_process, "IDLE_S", 0.05)
    builder = Builder(make_settings(tmp_path))
    assert (await builder.build("default")).added == 2
    async with asyncio.timeout(60):
        while children("bot.build_child"):  # noqa: ASYNC110 - the system has no event for it
            await asyncio.sleep(0.02)
    assert (await builder.build("default")).unchanged_build
    await builder.close()


@pytest.mark.parametrize(
    ("word", "means"), [("yes", "yes"), ("on", "yes"), ("True", "yes"), ("0", "no"), ("poll", "poll")]
)
def test_yes_and_no_may_be_written_as_elsewhere(tmp_path: Path, word: str, means: str) -> None:
    assert make_settings(tmp_path, f"knowledge.watch={word}").knowledge["default"].watch == means


def test_another_word_is_an_error_that_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="poll"):
        load(None, overrides=["knowledge.watch=pol"], environ={})
