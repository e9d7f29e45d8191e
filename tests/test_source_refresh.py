"""Sources of several kinds in one base: fetched, remembered, reported, and fetched again in time."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from site_server import Site, page
from test_library import opened, prepared
from test_source_git import Repository, built, settings_for

from bot import library as library_module
from bot.build_process import Builder
from bot.builder import BaseBuild
from bot.cli.doctor_sources import examine_sources
from bot.config import Settings
from bot.reports import report_text
from bot.sources import refresh as refresh_module
from bot.sources.base import Shelf, SourceError, SourceReport
from bot.sources.entries import FeishuEntry
from bot.sources.refresh import is_due, last_report, refresh, shelf_of, split_entries


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "remote")
    made.push({"README.md": "# Manual\n\nA manual."})
    return made


async def test_sources_of_all_kinds_make_one_base_and_none_stops_another(
    tmp_path: Path, repository: Repository
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext", "utf-8")
    async with Site() as site:
        site.pages |= {"/a": page("<h1>Web A</h1>"), "/b": page("<h1>Web B</h1>"), "/c": 500}
        pages = [site.url(path) for path in ("/a", "/b", "/c", "/a")]
        settings = settings_for(tmp_path, "docs", repository.bare, *pages, "feishu:docx/doxAbc123")
        report, version = await asyncio.to_thread(built, settings)
        host = site.host.replace(":", "-")
        uris = list(version.manifest.documents)
        assert uris[:3] == ["a.md", "git:manual/README.md", f"web:{host}/a.md"]
        assert len(uris) == 4 and uris[3].startswith(f"web:{host}-") and uris[3].endswith("/b.md")
        assert [source.state for source in report.sources] == ["fresh", "fresh", "fresh", "failed", "failed"]
        assert "set [feishu] app_id" in report.sources[-1].detail
        links = [version.link(uri) for uri in uris]
        assert links == ["", "", site.url("/a"), site.url("/b")]
        again, _ = await asyncio.to_thread(built, settings)
        assert again.unchanged_build


def test_what_the_last_fetch_said_is_remembered(tmp_path: Path, repository: Repository) -> None:
    settings = settings_for(tmp_path, repository.bare, "feishu:docx/doxAbc123")
    (_, [git, feishu]) = split_entries(settings, "default")
    assert last_report(settings, git) is None
    report, _ = built(settings)
    assert [last_report(settings, entry) for entry in (git, feishu)] == list(report.sources)
    findings = list(examine_sources(settings, "default", [git, feishu]))
    assert [finding.state for finding in findings] == ["error", "ok", "error"]
    shelf_of(settings, git)._state.write_text("not json at all")
    assert last_report(settings, git) is None
    assert built(settings)[0].sources[0].state == "fresh"


def test_two_builds_never_fetch_into_one_folder(tmp_path: Path, repository: Repository) -> None:
    settings = settings_for(tmp_path, repository.bare)
    built(settings)
    [entry] = split_entries(settings, "default")[1]
    with shelf_of(settings, entry).held():
        report, version = built(settings)
        assert (report.sources[0].state, len(version.manifest.documents)) == ("kept", 1)
        assert "another build is fetching" in report.sources[0].detail
        with pytest.raises(SourceError), shelf_of(settings, entry).held():
            pass


def test_an_error_nobody_thought_of_keeps_the_last_copy(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path, repository.bare)
    built(settings)

    async def break_down(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(refresh_module, "fetch_repository", break_down)
    report, _ = built(settings)
    assert report.sources[0].state == "kept" and "a bug" in report.sources[0].detail


def test_folders_alone_are_read_without_any_fetching(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    sources = refresh(settings_for(tmp_path, "docs"), "default")
    assert (sources.folders, sources.prefixes, sources.reports) == ([tmp_path / "docs"], None, ())
    assert not (tmp_path / "data").exists()


def set_tried(settings: Settings, hours_ago: float) -> Shelf:
    [entry] = split_entries(settings, "default")[1]
    shelf = shelf_of(settings, entry)
    shelf.folder.mkdir(parents=True, exist_ok=True)
    shelf.write({"tried_at": (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()})
    return shelf


def test_a_source_is_due_after_its_hours_and_never_where_they_are_none(tmp_path: Path, repository: Repository) -> None:
    settings = settings_for(tmp_path, repository.bare, refresh_hours=2)
    assert is_due(settings, "default")
    set_tried(settings, 1.9)
    assert not is_due(settings, "default")
    set_tried(settings, 2.1)
    assert is_due(settings, "default")
    assert not is_due(settings_for(tmp_path, repository.bare, refresh_hours=0), "default")
    (tmp_path / "docs").mkdir()
    assert not is_due(settings_for(tmp_path, "docs"), "default")


async def test_a_running_bot_fetches_what_is_due_and_answers_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = await asyncio.to_thread(Repository, tmp_path / "remote")
    await asyncio.to_thread(repository.push, {"mascot.md": "# 吉祥物\n\nZephyrlink 的吉祥物是一只水獭。"})
    settings = prepared(tmp_path, f"knowledge.documents={tmp_path / 'docs'}, git+file://{repository.bare}")
    monkeypatch.setattr(library_module, "LOOK_FOR_DUE_S", 0.01)
    monkeypatch.setattr(library_module, "WATCH_S", 0.01)
    async with opened(settings) as held:
        assert not any("水獭" in passage.text for passage in await held.hits("fake:g1", "吉祥物"))
        before = held.engine.facts.bases["default"].version
        running = asyncio.ensure_future(held.library.run())
        async with asyncio.timeout(60):
            while held.engine.facts.bases["default"].version == before:  # noqa: ASYNC110 - the engine has no event
                await asyncio.sleep(0.05)
        assert any("水獭" in passage.text for passage in await held.hits("fake:g1", "吉祥物"))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_reload_tells_admins_of_sources_in_their_language(tmp_path: Path, repository: Repository) -> None:
    settings = settings_for(tmp_path, repository.bare, f"git+file://{tmp_path}/nix.git")
    builder = Builder(settings)
    report = await builder.build("default")
    await builder.close()
    english, chinese = report_text(report, "en"), report_text(report, "zh")
    assert "nix.git could not be fetched: git says" in english
    assert "nix.git 没有取到：git says" in chinese
    kept = SourceReport("https://a/*", "kept", 3, "HTTP 503", ("stopped",), tuple((f"p{n}", "why") for n in range(7)))
    made = BaseBuild("default", "v", 0, 0, 0, True, (), 3, 3, 0.1, sources=(kept,))
    assert report_text(made, "zh").splitlines()[1:] == [
        "- 来源 https://a/* 这次没有取到，继续用上次的内容：HTTP 503",
        "- 来源 https://a/*：stopped",
        *[f"- p{n}：why" for n in range(5)],
        "……另有 2 个",
    ]


def test_a_state_is_of_its_entry_alone(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "feishu:wiki/wikAbc12, feishu:docx/wikAbc12")
    first, second = split_entries(settings, "default")[1]
    assert isinstance(first, FeishuEntry) and shelf_of(settings, first).folder != shelf_of(settings, second).folder
    assert json.dumps(shelf_of(settings, first).read()) == "{}"
