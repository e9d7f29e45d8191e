"""The library: what groups see, what people teach, and knowledge that changes while the bot answers."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import group
import pytest
from group import make_settings

from bot import library as library_module
from bot import views as views_module
from bot.builder import BaseBuild, build_base
from bot.config import Settings
from bot.engine import Engine, open_engine
from bot.engine.threads import ThreadEngine
from bot.library import Library
from bot.models import make_embedder
from bot.rebuilds import Rebuilds
from bot.reports import report_text
from bot.store import Store
from rag.base import KnowledgeError, NoKnowledgeError, Passage, Question
from rag.gate import TrainingCancelledError, train_gate
from rag.knowledge import read_current


class Held(NamedTuple):
    """An open library with what it works on."""

    library: Library
    store: Store
    engine: Engine

    async def probability(self, place: str, text: str) -> float:
        return (await self.engine.judge(place, Question(text))).decision.probability

    async def hits(self, place: str, text: str) -> list[Passage]:
        """The first passages that a mention finds."""
        judgement = await self.engine.judge(place, Question(text, mentioned=True))
        return [hit.passage for hit in judgement.evidence.hits]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Held]:
    store = await asyncio.to_thread(Store.open, settings.data / "qunda.db")
    try:
        async with open_engine(settings) as engine:
            library = Library(settings, store, engine)
            await library.open()
            try:
                yield Held(library, store, engine)
            finally:
                await library.close()
    finally:
        await store.close()


def prepared(folder: Path, *overrides: str) -> Settings:
    settings = make_settings(folder, *overrides)
    shutil.copytree(group.built_data(), settings.data)
    return settings


async def teach(held: Held, scope: str, text: str, label: str) -> int:
    example = await held.store.examples.add(scope, text, label, "fake:root")  # type: ignore[arg-type]
    await held.library.example_added(example)
    return example.id


async def test_without_knowledge_nobody_sees_anything_and_the_status_says_so(tmp_path: Path) -> None:
    async with opened(make_settings(tmp_path)) as held:
        library = held.library
        with pytest.raises(NoKnowledgeError):
            await held.probability("fake:g1", "Zephyrlink 怎么安装")
        assert library.gate_note("fake:g1", "en") == ""
        assert len(library.status_lines("fake:g1", "en")) == 1


async def test_groups_without_anything_of_their_own_share_one_view(tmp_path: Path) -> None:
    async with opened(prepared(tmp_path)) as (library, _, engine):
        assert engine.facts.of("fake:g1") is engine.facts.of("other:g2") is not None
        assert any("install" in line or "2" in line for line in library.status_lines("fake:g1", "en"))


async def test_the_dial_of_a_group_is_its_own_and_outlasts_a_restart(tmp_path: Path) -> None:
    settings = prepared(tmp_path, "group:fake:g2.unwanted_per_1000=5")
    async with opened(settings) as (library, _, engine):
        assert (library.dial("fake:g1"), library.dial("fake:g2")) == (20, 5)
        await library.set_dial("fake:g1", 50)
        await library.set_dial("fake:g2", 10)
        assert dials(engine, "fake:g1", "fake:g2", "fake:g3") == [50, 10, 20]
    async with opened(settings) as (library, _, engine):
        assert dials(engine, "fake:g1") == [50]
        assert library.dial("fake:g2") == 10
        await library.set_dial("fake:g2", None)
        assert library.dial("fake:g2") == 5


def dials(engine: Engine, *places: str) -> list[float]:
    seen = [engine.facts.of(place) for place in places]
    return [facts.dial for facts in seen if facts is not None]


async def test_a_pause_outlasts_a_restart(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    async with opened(settings) as (library, *_):
        await library.set_paused("fake:g1", True)
        assert (library.paused("fake:g1"), library.paused("fake:g2")) == (True, False)
    async with opened(settings) as (library, *_):
        assert library.paused("fake:g1")
        await library.set_paused("fake:g1", False)
        assert not library.paused("fake:g1")


@pytest.mark.parametrize(("scope", "taught", "untouched"), [("fake:g1", ["fake:g1"], ["fake:g2", "other:g1"])])
async def test_an_example_counts_at_once_and_only_where_it_was_given(
    scope: str, taught: list[str], untouched: list[str], tmp_path: Path
) -> None:
    text = "Zephyrlink 的吉祥物是什么"
    async with opened(prepared(tmp_path)) as held:
        before = await held.probability("fake:g1", text)
        await teach(held, scope, text, "bad")
        assert all([await held.probability(place, text) < before for place in taught])
        assert all([await held.probability(place, text) == before for place in untouched])


async def test_an_example_for_everybody_counts_everywhere_and_undoing_it_forgets_it(tmp_path: Path) -> None:
    text = "Zephyrlink 的吉祥物是什么"
    async with opened(prepared(tmp_path)) as held:
        before = await held.probability("fake:g1", text)
        number = await teach(held, "*", text, "bad")
        assert await held.probability("fake:g1", text) < before
        assert await held.probability("other:g2", text) < before
        await held.store.examples.undo(number, "fake:root")
        await held.library.examples_changed("*")
        assert await held.probability("fake:g1", text) == pytest.approx(before)


async def test_undoing_waits_for_no_long_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Zephyrlink 的吉祥物是什么"
    training, going_on = threading.Event(), threading.Event()
    async with opened(prepared(tmp_path)) as held:
        library, store, engine = held
        assert isinstance(engine, ThreadEngine)
        before = await held.probability("fake:g1", text)
        kept = await teach(held, "fake:g1", "哈哈哈笑死", "bad")
        number = await teach(held, "fake:g1", text, "bad")
        assert await held.probability("fake:g1", text) < before

        def train(*arguments: object, cancelled: Callable[[], bool] | None = None, **options: object) -> object:
            training.set()
            while not going_on.wait(0.01):
                if cancelled is not None and cancelled():
                    raise TrainingCancelledError("cancelled")
            return train_gate(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(views_module, "train_gate", train)
        monkeypatch.setattr(library_module, "UNDO_WAIT_S", 0.05)
        running = asyncio.ensure_future(library.run())
        await library.example_added((await store.examples.active("fake:g1"))[-1])  # trains with both
        await asyncio.to_thread(training.wait)
        await store.examples.undo(number, "fake:root")
        await library.examples_changed("fake:g1")
        assert await held.probability("fake:g1", text) == pytest.approx(before)
        going_on.set()
        async with asyncio.timeout(60):
            while (snapshot := engine.core.snapshot) is None or snapshot.view("fake:g1").gate.trained_on >= 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        known = [example.text for example in snapshot.view("fake:g1").gate.stores.examples if example.source == "group"]
        assert known == ["哈哈哈笑死"] and kept
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_reload_says_what_it_found_and_what_it_found_can_be_asked(tmp_path: Path) -> None:
    async with opened(prepared(tmp_path)) as held:
        library = held.library
        assert not any("水獭" in passage.text for passage in await held.hits("fake:g1", "吉祥物"))
        (tmp_path / "docs" / "mascot.md").write_text("# 吉祥物\n\nZephyrlink 的吉祥物是一只水獭。", "utf-8")
        report = await library.reload("zh")
        assert "水獭" in (await held.hits("fake:g1", "吉祥物"))[0].text
        assert "1" in report
        assert await library.reload("zh") != report  # nothing has changed since


async def test_a_reload_that_fails_keeps_the_old_knowledge_and_says_why(tmp_path: Path) -> None:
    async with opened(prepared(tmp_path)) as (library, _, engine):
        before = engine.facts
        shutil.rmtree(tmp_path / "docs")
        report = await library.reload("en")
        assert "there is no documents folder" in report
        assert engine.facts is before
        assert not library.reloading


async def test_a_second_reload_at_the_same_time_is_refused(tmp_path: Path) -> None:
    async with opened(prepared(tmp_path)) as (library, *_):
        first = asyncio.ensure_future(library.reload("en"))
        await asyncio.sleep(0)
        assert library.reloading
        second = await library.reload("en")
        assert second != await first


async def test_a_version_that_another_process_published_is_picked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "WATCH_S", 0.01)
    settings = prepared(tmp_path)
    async with opened(settings) as (library, _, engine):
        running = asyncio.ensure_future(library.run())
        (tmp_path / "docs" / "new.md").write_text("# 新\n\n海豚模式。", "utf-8")
        await asyncio.to_thread(build_base, settings, "default")
        published = read_current(settings.data / "knowledge", "default")
        async with asyncio.timeout(30):
            while engine.facts.bases["default"].version != published:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_damaged_new_version_leaves_the_last_good_one_in_use_with_a_warning(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    root = settings.data / "knowledge"
    good = read_current(root, "default")
    (tmp_path / "docs" / "new.md").write_text("# 新\n\n海豚模式。", "utf-8")
    build_base(settings, "default")
    (root / "default" / read_current(root, "default") / "vectors.npy").write_bytes(b"")
    async with opened(settings) as (library, _, engine):
        assert engine.facts.bases["default"].version == good
        assert any("is damaged" in line for line in library.status_lines("fake:g1", "en"))


async def test_a_group_sees_only_its_bases(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.md").write_text("# 密码\n\n海豚计划的口令是 rosebud。", "utf-8")
    settings = prepared(tmp_path, "knowledge:b.documents=other", "group:fake:g2.knowledge=b")
    build_base(settings, "b")
    async with opened(settings) as held:
        one, two = held.engine.facts.of("fake:g1"), held.engine.facts.of("fake:g2")
        assert one is not None and two is not None
        assert (set(one.versions), set(two.versions)) == ({"default"}, {"b"})
        assert all(passage.uri != "secret.md" for passage in await held.hits("fake:g1", "rosebud 海豚计划"))
        assert [passage.uri for passage in await held.hits("fake:g2", "zephyrlink rosebud")] == ["secret.md"]


async def test_knowledge_of_another_embedder_stops_the_start_with_its_fix(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    store = await asyncio.to_thread(Store.open, settings.data / "qunda.db")
    try:
        embedder = make_embedder(settings)
        embedder.id = "another"
        engine = ThreadEngine(settings, embedder)
        with pytest.raises(KnowledgeError, match="qunda build"):
            await Library(settings, store, engine).open()
        await engine.close()
    finally:
        await store.close()


def test_a_report_names_a_few_failed_files_and_counts_the_rest() -> None:
    failed = tuple((f"{n}.md", "empty") for n in range(8))
    report = BaseBuild("b", "v", 1, 2, 3, False, failed, 10, 20, 1.5)
    text = report_text(report, "en")
    assert text.startswith("[b] ") and "4.md" in text and "5.md" not in text and "3" in text.splitlines()[-1]


async def test_a_reading_that_began_before_a_teaching_and_ends_after_it_takes_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Zephyrlink 的端口要改成多少才吉利"
    async with opened(prepared(tmp_path)) as held:
        library, store, _ = held
        before = await held.probability("fake:g1", text)
        read, reading, go_on = store.settings.all, asyncio.Event(), asyncio.Event()

        async def slow_once() -> dict[str, dict[str, str]]:
            monkeypatch.setattr(store.settings, "all", read)
            reading.set()
            await go_on.wait()
            return await read()

        monkeypatch.setattr(store.settings, "all", slow_once)
        early = asyncio.ensure_future(library.set_dial("fake:g2", 1.0))
        await reading.wait()
        await library.example_added(await store.examples.add("fake:g1", text, "bad", "fake:root"))
        go_on.set()
        await early
        assert await held.probability("fake:g1", text) < before


async def test_what_several_admins_teach_at_once_all_counts_at_once(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    text = "Zephyrlink 的端口要改成多少才吉利"
    async with opened(settings) as held:
        library, store, engine = held
        before = await held.probability("fake:g1", text)
        places = [f"fake:g{n}" for n in range(6)]

        async def teach(place: str) -> None:
            await library.example_added(await store.examples.add(place, text, "bad", "fake:root"))

        remake = asyncio.ensure_future(library.examples_changed("*"))  # a training is under way meanwhile
        await asyncio.gather(*map(teach, places), library.set_dial("fake:g9", 1.0))
        taught = [await held.probability(place, text) for place in places]
        await remake
        assert dials(engine, "fake:g9") == [1.0]
        assert max(taught) < before
        assert max([await held.probability(place, text) for place in places]) < before
        assert await held.probability("fake:untaught", text) == pytest.approx(before)


async def test_a_base_that_cannot_be_built_is_told_beside_those_that_were(tmp_path: Path) -> None:
    settings = prepared(tmp_path, "knowledge:b.documents=nix")
    (tmp_path / "docs" / "mascot.md").write_text("# 吉祥物\n\nZephyrlink 的吉祥物是一只水獭。", "utf-8")
    swaps: list[int] = []

    async def swap() -> None:
        swaps.append(1)

    rebuilds = Rebuilds(settings, swap, swap)
    one, two = await rebuilds.all()
    await rebuilds.close()
    assert swaps == [1, 1]
    assert (one.base, one.error, one.added) == ("default", "", 1)
    assert (two.base, two.version) == ("b", "") and "there is no documents folder" in two.error
    assert report_text(two, "en").startswith("[b] The rebuild failed") and two.error in report_text(two, "en")


def test_a_file_name_with_a_line_end_stays_on_its_line_of_the_report() -> None:
    report = BaseBuild("default", "v", 1, 0, 0, False, (("a\nb.md", "empty"),), 1, 2, 1.5)
    assert report_text(report, "en").splitlines()[1:] == ["- a\\nb.md: empty"]


def test_a_report_names_what_was_read_in_part() -> None:
    report = BaseBuild("default", "v", 1, 0, 0, False, (), 1, 2, 1.5, partial=(("a.pdf", "2 of 3 pages scanned"),))
    assert report_text(report, "en").splitlines()[1:] == ["- a.pdf (kept, with a reservation): 2 of 3 pages scanned"]
    assert report_text(report, "zh").splitlines()[1:] == ["- a.pdf（已收录，但有保留）：2 of 3 pages scanned"]
