"""Versions swapped under load: no question fails, and no answer mixes two versions."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

import pytest
from group import write_documents
from test_library import Held, opened, prepared

from bot.builder import build_base
from bot.engine.threads import ThreadEngine
from rag.base import Question
from rag.knowledge import version_names
from rag.snapshot import Snapshot

SWAPS = 8
ASKERS = 8
STATE = re.compile(r"第 (\d+) 版")


def write_state(folder: Path, state: int) -> None:
    """Every document says which state of the folder it belongs to."""
    texts = {
        f"part{n}.md": f"# 部件 {n}\n\n部件 {n} 的安装说明属于第 {state} 版，安装部件 {n} 时先看第 {state} 版的清单。\n"
        for n in range(6)
    }
    write_documents(folder, texts)


async def ask(held: Held, number: int) -> int:
    """The one state that all found passages and all citations come from."""
    question = Question(f"部件 {number % 6} 怎么安装？安装说明属于哪一版？", mentioned=True)
    judgement = await held.engine.judge("fake:g1", question)
    states = {found for hit in judgement.evidence.hits for found in STATE.findall(hit.passage.text)}
    answer = await held.engine.quote(question, judgement.evidence)
    assert answer is not None and answer.citations
    cited = {found for citation in answer.citations for found in STATE.findall(citation.quote)}
    assert len(states) == 1 and cited == states == set(STATE.findall(answer.text))
    return int(states.pop())


@pytest.mark.parametrize("computing", ["thread", "process"])
async def test_many_questions_during_many_swaps_all_get_answers_of_one_version_each(
    tmp_path: Path, computing: str
) -> None:
    settings = prepared(
        tmp_path, f"bot.computing={computing}", "knowledge.keep_versions=1", "gate.unwanted_per_1000=500"
    )
    write_state(tmp_path / "docs", 0)
    await asyncio.to_thread(build_base, settings, "default")
    seen: Counter[int] = Counter()
    async with opened(settings) as held:
        swapping = asyncio.ensure_future(swap_again_and_again(held, tmp_path, seen))

        async def asker(number: int) -> None:
            latest = 0
            while not swapping.done():
                state = await ask(held, number)
                assert state >= latest, "an asker never goes back to an earlier version"
                latest = state
                seen[state] += 1
                number += ASKERS
            seen[await ask(held, number)] += 1

        await asyncio.gather(*map(asker, range(ASKERS)), swapping)
    assert set(seen) == set(range(SWAPS + 1))
    assert len(version_names(settings.data / "knowledge", "default")) <= 2


async def swap_again_and_again(held: Held, folder: Path, seen: Counter[int]) -> None:
    for state in range(SWAPS + 1):
        if state:
            write_state(folder / "docs", state)
            await asyncio.to_thread(build_base, held.library._settings, "default")
            await held.library._swap()
        while not seen[state]:  # noqa: ASYNC110 - the askers run on this loop
            await asyncio.sleep(0)


async def test_versions_that_were_swapped_out_are_freed(tmp_path: Path) -> None:
    """Their folders are pruned only once nobody has them, so that what is left on the disk says what is held."""
    settings = prepared(tmp_path, "knowledge.keep_versions=1")
    async with opened(settings) as held:
        for state in range(3):
            write_state(tmp_path / "docs", state)
            await asyncio.to_thread(build_base, settings, "default")
            await held.library._swap()
        write_state(tmp_path / "docs", 3)
        await asyncio.to_thread(build_base, settings, "default")
        assert len(version_names(settings.data / "knowledge", "default")) == 2, "the new one, and the one in use"


async def test_a_question_keeps_the_version_that_it_began_with(tmp_path: Path) -> None:
    settings = prepared(tmp_path, "knowledge.keep_versions=1")
    write_state(tmp_path / "docs", 0)
    await asyncio.to_thread(build_base, settings, "default")
    async with opened(settings) as held:
        assert isinstance(held.engine, ThreadEngine)
        snapshot = held.engine.core.snapshot
        assert isinstance(snapshot, Snapshot) and snapshot.default is not None
        for state in (1, 2):
            write_state(tmp_path / "docs", state)
            await asyncio.to_thread(build_base, settings, "default")
            await held.library._swap()
        hits = snapshot.default.search("部件 3 怎么安装").hits
        assert {found for hit in hits for found in STATE.findall(hit.passage.text)} == {"0"}


async def test_a_new_version_does_not_wait_for_a_training_and_the_training_follows(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    async with opened(settings) as held:
        write_state(tmp_path / "docs", 1)
        await asyncio.to_thread(build_base, settings, "default")
        await held.library._swap()
        assert await ask(held, 0) == 1
        assert not held.engine.facts.trained
        running = asyncio.ensure_future(held.library.run())
        async with asyncio.timeout(60):
            while not held.engine.facts.trained:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        assert await ask(held, 1) == 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
