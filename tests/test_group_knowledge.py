"""Each group and the bases that it lists: nothing of another base ever shows, and one that is bad harms no other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from group import ADMIN, Group, make_settings, open_group, write_documents
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from test_library import opened, prepared

from bot import library as library_module
from bot.builder import build_base
from bot.config import ConfigError, Settings, load
from bot.engine import Engine
from bot.engine.threads import ThreadEngine
from rag.base import KnowledgeError, NoKnowledgeError, Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.intact import manifest_checksum
from rag.knowledge import read_current

SECRET = "rosebud"
OTHER = {
    "secret.md": f"# 海豚计划\n\n海豚计划的口令是 {SECRET}，端口 9999 只在内网开放。安装海豚计划要用 dolphin-setup。\n",
    "payroll.md": f"# Payroll of {SECRET}\n\nThe payroll server is installed with dolphin-pay and uses port 7777.\n",
}
SHARED = {"common.md": "# 公共\n\n值班电话是 12345，公共网盘在 share.example。\n"}
WORDS = [
    "安装",
    "端口",
    "口令",
    SECRET,
    "海豚计划",
    "zephyrlink",
    "payroll",
    "dolphin-setup",
    "值班电话",
    "port",
    "install",
]
OVERRIDES = (
    "knowledge:b.documents=other",
    "knowledge:b.good_questions=b_good.json",
    "knowledge:common.documents=shared",
    "group:fake:gb.knowledge=b",
    "group:fake:both.knowledge=default, common",
    "group:fake:gcommon.knowledge=common",
)
LISTED = {"fake:g1": {"default"}, "fake:gb": {"b"}, "fake:both": {"default", "common"}, "fake:gcommon": {"common"}}


def three_bases(folder: Path, *overrides: str) -> Settings:
    settings = prepared(folder, *OVERRIDES, *overrides)
    write_documents(folder / "other", OTHER)
    write_documents(folder / "shared", SHARED)
    (folder / "b_good.json").write_text(json.dumps([f"海豚计划的 {SECRET} 口令怎么用", f"{SECRET} 怎么安装"]), "utf-8")
    for base in ("b", "common"):
        build_base(settings, base)
    return settings


async def bases_of(engine: Engine, place: str, text: str) -> set[str]:
    judgement = await engine.judge(place, Question(text, mentioned=True))
    return {hit.passage.id.partition("/")[0] for hit in judgement.evidence.hits}


async def test_whatever_is_asked_a_group_finds_passages_of_its_own_bases_alone(tmp_path: Path) -> None:
    found: dict[str, set[str]] = {place: set() for place in LISTED}
    async with opened(three_bases(tmp_path)) as held:
        engine = held.engine
        assert isinstance(engine, ThreadEngine)

        def check(text: str, place: str) -> None:
            snapshot = engine.core.snapshot
            view = snapshot.view(place) if snapshot else None
            assert view is not None
            evidence = view.search(text)
            bases = {hit.passage.id.partition("/")[0] for hit in evidence.hits}
            assert bases <= LISTED[place]
            found[place] |= bases
            reasons = view.gate.decide(Question(text), evidence).reasons
            assert place == "fake:gb" or not any("口令怎么用" in reason.detail for reason in reasons)

        @hypothesis_settings(max_examples=30, deadline=None)
        @given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), st.sampled_from(sorted(LISTED)))
        def check_any(text: str, place: str) -> None:
            check(text, place)

        await asyncio.to_thread(check_any)
        for place in LISTED:
            check(" ".join(WORDS), place)
    assert found == LISTED, "and each of its own bases is found"


async def whole_talk(group: Group, chat: str) -> str:
    """All that a group can be told on things that stand elsewhere."""
    said = []
    for text in (f"{SECRET} 口令是什么", "海豚计划怎么安装？", f"How is the payroll of {SECRET} installed?"):
        done = await group.say(text, chat=chat, mentions_bot=True)
        said += [*done["replies"], *done["reasons"], str(done["citations"])]
        said += (await group.say("/why", chat=chat, sender=ADMIN))["replies"]
        overheard = await group.say(text, chat=chat)
        said += [*overheard["replies"], *overheard["reasons"], str(overheard["citations"])]
        said += (await group.say("/why", chat=chat, sender=ADMIN))["replies"]
    said += (await group.say("/status", chat=chat, sender=ADMIN))["replies"]
    reload = await group.say("/reload", chat=chat, sender=ADMIN)
    await group.reported(reload["message"], "1")
    said += group.adapter.posts_of(reload["message"])
    return "\n".join(said)


async def test_nothing_that_a_group_is_told_comes_from_a_base_that_it_does_not_list(tmp_path: Path) -> None:
    settings = three_bases(tmp_path)
    (tmp_path / "other" / "rosebud-broken.md").write_bytes(b"\0\0")
    async with open_group(tmp_path, settings=settings) as group:
        theirs = await whole_talk(group, "gb")
        assert "secret.md" in theirs and "dolphin-setup" in theirs
        assert "口令怎么用" in theirs, "their own example is named as a reason"
        assert "rosebud-broken.md" in theirs, "their own failed file is named"
        for chat in ("g1", "both", "gcommon"):
            said = await whole_talk(group, chat)
            for hidden in ("secret.md", "payroll.md", "dolphin", "9999", "7777", "rosebud-broken", "口令怎么用"):
                assert hidden not in said, f"{chat}: {said}"


async def test_a_group_whose_base_is_damaged_hears_so_and_the_others_go_on(tmp_path: Path) -> None:
    settings = three_bases(tmp_path)
    damage(settings, "b")
    async with opened(settings) as held:
        assert await bases_of(held.engine, "fake:g1", "安装 zephyrlink") == {"default"}
        with pytest.raises(NoKnowledgeError, match="--base b"):
            await held.engine.judge("fake:gb", Question("海豚计划", mentioned=True))
        theirs, ours = (held.library.status_lines(place, "en") for place in ("fake:gb", "fake:g1"))
        assert "no usable version" in theirs[0] and "damaged" in "".join(theirs)
        assert "damaged" not in "".join(ours) and "'b'" not in "".join(ours)
        await held.library.set_dial("fake:gb", 7.0)
        facts = held.engine.facts.of("fake:gb")
        assert facts is not None and (facts.dial, dict(facts.versions)) == (7.0, {})


def damage(settings: Settings, base: str) -> None:
    root = settings.data / "knowledge"
    (root / base / read_current(root, base) / "vectors.npy").write_bytes(b"")


async def test_without_the_default_base_the_groups_with_others_go_on(tmp_path: Path) -> None:
    settings = three_bases(tmp_path)
    damage(settings, "default")
    async with opened(settings) as held:
        assert await bases_of(held.engine, "fake:gb", "海豚计划 zephyrlink") == {"b"}
        assert await bases_of(held.engine, "fake:both", "值班电话 zephyrlink") == {"common"}
        with pytest.raises(NoKnowledgeError):
            await held.engine.judge("fake:g1", Question("zephyrlink 怎么安装", mentioned=True))


async def test_a_base_that_comes_while_the_bot_runs_is_picked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "WATCH_S", 0.01)
    settings = prepared(tmp_path, "knowledge:b.documents=other", "group:fake:gb.knowledge=b")
    write_documents(tmp_path / "other", OTHER)
    async with opened(settings) as held:
        running = asyncio.ensure_future(held.library.run())
        with pytest.raises(NoKnowledgeError):
            await held.engine.judge("fake:gb", Question("海豚计划", mentioned=True))
        await asyncio.to_thread(build_base, settings, "b")
        async with asyncio.timeout(60):
            while "b" not in held.engine.facts.bases:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        assert await bases_of(held.engine, "fake:gb", "海豚计划") == {"b"}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_base_that_stays_damaged_is_not_opened_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "WATCH_S", 0.001)
    settings = three_bases(tmp_path)
    damage(settings, "b")
    async with opened(settings) as held:
        looks, opens = 0, held.engine.facts.number
        currents = held.library._currents

        def counted() -> dict[str, str]:
            nonlocal looks
            looks += 1
            return currents()

        monkeypatch.setattr(held.library, "_currents", counted)
        running = asyncio.ensure_future(held.library.run())
        async with asyncio.timeout(60):
            while looks < 5:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        assert held.engine.facts.number == opens
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_bases_of_different_embedders_are_searched_by_words_with_a_warning(tmp_path: Path) -> None:
    settings = three_bases(tmp_path)
    root = settings.data / "knowledge"
    build([tmp_path / "shared"], root, LexicalEmbedder(32), base="common")
    async with opened(settings) as held:
        assert await bases_of(held.engine, "fake:both", "值班电话 zephyrlink 安装") == {"default", "common"}
        assert await bases_of(held.engine, "fake:gcommon", "值班电话") == {"common"}
        judgement = await held.engine.judge("fake:both", Question("值班电话是多少", mentioned=True))
        assert all(set(hit.scores) == {"bm25"} for hit in judgement.evidence.hits)
        judgement = await held.engine.judge("fake:g1", Question("Zephyrlink 怎么安装", mentioned=True))
        assert any("dense" in hit.scores for hit in judgement.evidence.hits), "its own base is whole"
        warned = "".join(held.library.status_lines("fake:both", "en"))
        assert "'common'" in warned and "lexical-v1-32" in warned and "words alone" in warned
        assert "words alone" not in "".join(held.library.status_lines("fake:g1", "en"))
        assert "Everything was rebuilt" in await held.library.reload("en", "fake:both")
        assert "words alone" not in "".join(held.library.status_lines("fake:both", "en"))


async def test_where_no_base_fits_the_embedder_the_start_is_refused_with_the_fix(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    build([tmp_path / "docs"], settings.data / "knowledge", LexicalEmbedder(32))
    with pytest.raises(KnowledgeError, match="qunda build"):
        async with opened(settings):
            pass


async def test_a_base_of_another_tokenizer_is_left_out_with_a_warning(tmp_path: Path) -> None:
    settings = three_bases(tmp_path)
    root = settings.data / "knowledge" / "common"
    manifest = root / read_current(root.parent, "common") / "manifest.json"
    body = {**json.loads(manifest.read_text("utf-8")), "tokenizer": "other"}
    del body["checksum"]
    manifest.write_text(json.dumps({**body, "checksum": manifest_checksum(body)}), "utf-8")
    async with opened(settings) as held:
        assert await bases_of(held.engine, "fake:both", "值班电话 zephyrlink") == {"default"}
        assert "tokenizer other" in "".join(held.library.status_lines("fake:both", "en"))


def test_a_group_with_an_unknown_base_is_an_error_that_names_the_valid_ones(tmp_path: Path) -> None:
    make_settings(tmp_path)
    overrides = ["knowledge:product-a.documents=a", "group:feishu:oc.knowledge=product-a, comon"]
    with pytest.raises(ConfigError, match=r"'comon'.*there are: default, product-a"):
        load(tmp_path / "config.ini", overrides=overrides, environ={})
