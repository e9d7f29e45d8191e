"""Models that fail, at the start or while the bot serves: it goes on with what works, counts it and says so."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import group
import numpy as np
import pytest
from command_line import prepare, qunda
from engine_contract import CHATTER, INSTALL, AnotherEmbedder, probability, taught
from fakes import FakeClock
from group import make_settings
from loguru import logger
from model_server import ModelServerStandIn, serving
from test_remote_models import embeddings

from bot import faults as faults_module
from bot import library as library_module
from bot.builder import build_base
from bot.config import Settings
from bot.engine import Engine, open_engine
from bot.engine.threads import ThreadEngine
from bot.faults import ModelFault, Watch
from bot.library import Library
from bot.models import open_answerer
from bot.standby import StandbyAnswerer
from bot.store import Store
from bot.teachings import Teachings
from bot.texts import fault_text
from rag.answer import ExtractiveAnswerer
from rag.base import Answer, Evidence, FloatArray, GeneratorError, GeneratorFault, KnowledgeError, ModelError, Question
from rag.build import build

GONE = "embedder.model=./models/gone"
QUESTIONS = [INSTALL, CHATTER, Question("日志级别怎么改"), Question("Zephyrlink 的端口怎么改"), Question("哈哈哈")]


class NoiseEmbedder(AnotherEmbedder):
    """Vectors that say nothing: compared with others, they would spoil every order."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        noise = np.random.default_rng(1).normal(size=(len(texts), self.dim)).astype(np.float32)
        return np.asarray(noise / np.linalg.norm(noise, axis=1, keepdims=True), np.float32)


class FlakyEmbedder(AnotherEmbedder):
    """Fails while it is told to; ``calls`` counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.broken, self.calls = False, 0

    def embed(self, texts: Sequence[str]) -> FloatArray:
        self.calls += 1
        if self.broken:
            raise ModelError("the GPU fell off the bus: put it back")
        return super().embed(texts)


def built_with(folder: Path, embedder: AnotherEmbedder, *overrides: str) -> Settings:
    settings = make_settings(folder, "bot.computing=thread", *overrides)
    build(
        [settings.resolve(path) for path in settings.knowledge["default"].documents],
        settings.data / "knowledge",
        embedder,
    )
    return settings


@asynccontextmanager
async def engine_of(settings: Settings, embedder: AnotherEmbedder | None = None) -> AsyncIterator[ThreadEngine]:
    engine = ThreadEngine(settings, embedder)
    try:
        await engine.remake(Teachings(), reopen=True)
        yield engine
    finally:
        await engine.close()


def only_fault(engine: Engine) -> ModelFault:
    (fault,) = engine.facts.faults
    return fault


async def test_a_base_of_an_embedder_that_does_not_load_is_searched_and_judged_by_words(tmp_path: Path) -> None:
    plain = make_settings(tmp_path / "plain", "bot.computing=thread")
    shutil.copytree(group.built_data(), plain.data)
    broken = built_with(tmp_path / "broken", NoiseEmbedder(), GONE)
    async with engine_of(plain) as usual, engine_of(broken) as degraded:
        fault = only_fault(degraded)
        assert (fault.part, fault.state) == ("embedder", "out") and "there is no folder" in fault.detail
        for question in QUESTIONS:
            before, after = [await engine.judge("fake:g1", question) for engine in (usual, degraded)]
            assert after.decision.answer == before.decision.answer, question.text
            assert after.decision.probability == pytest.approx(before.decision.probability, abs=0.15)
            assert [hit.passage.uri for hit in after.evidence.hits[:1]] == [
                hit.passage.uri for hit in before.evidence.hits[:1]
            ]
        found = await degraded.judge("fake:g1", INSTALL)
        answer = await degraded.quote(INSTALL, found.evidence)
        assert answer is not None and "pip install zephyrlink" in answer.text


async def test_without_a_weight_for_words_they_are_searched_all_the_same(tmp_path: Path) -> None:
    settings = built_with(tmp_path, NoiseEmbedder(), GONE, "retrieval.bm25_weight=0", "retrieval.dense_weight=1")
    async with engine_of(settings) as engine:
        assert (await engine.judge("fake:g1", INSTALL)).evidence.hits[0].passage.uri == "install.md"


async def test_in_a_process_of_its_own_it_is_the_same(tmp_path: Path) -> None:
    settings = built_with(tmp_path, NoiseEmbedder(), GONE, "bot.computing=process")
    async with open_engine(settings) as engine:
        await engine.remake(Teachings(), reopen=True)
        assert only_fault(engine).state == "out"
        assert (await engine.judge("fake:g1", INSTALL)).decision.answer


async def test_an_embedder_that_works_still_refuses_what_another_one_made(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="run `qunda build`"):
        async with engine_of(built_with(tmp_path, NoiseEmbedder())):
            pass


async def test_an_encoder_that_fails_leaves_the_question_to_words_and_is_asked_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = FlakyEmbedder()
    async with engine_of(built_with(tmp_path, embedder), embedder) as engine:
        assert engine.facts.faults == ()
        embedder.broken = True
        blind = await engine.judge("fake:g1", INSTALL)
        assert blind.decision.answer and blind.evidence.hits[0].passage.uri == "install.md"
        assert (only_fault(engine).state, only_fault(engine).missed) == ("failing", 1)
        asked = embedder.calls
        assert not (await engine.judge("fake:g1", CHATTER)).decision.answer
        assert (embedder.calls, only_fault(engine).missed) == (asked, 2)  # it rests
        embedder.broken = False
        monkeypatch.setattr(engine.core._models._embedding, "_rests_until", 0.0)
        assert (await engine.judge("fake:g1", INSTALL)).decision.answer
        assert embedder.calls > asked and only_fault(engine).state == "recovered"


async def test_what_is_taught_while_the_encoder_fails_counts_once_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults_module, "MIN_REST_S", 0.0)
    monkeypatch.setattr(faults_module, "REST_TIMES", 0.0)
    text, embedder = "Zephyrlink 的吉祥物是什么", FlakyEmbedder()
    async with engine_of(built_with(tmp_path, embedder), embedder) as engine:
        before = await probability(engine, "fake:g1", text)
        embedder.broken = True
        await engine.learn(taught(text, dial="5"))
        facts = engine.facts.of("fake:g1")
        assert facts is not None and facts.dial == 5
        embedder.broken = False
        await engine.learn(taught(text, dial="5", revision=2))
        assert await probability(engine, "fake:g1", text) < before - 0.1


async def test_an_encoder_that_fails_over_the_first_training_leaves_the_bot_to_words(tmp_path: Path) -> None:
    embedder = FlakyEmbedder()
    settings = built_with(tmp_path, embedder)
    embedder.broken = True
    async with engine_of(settings, embedder) as engine:
        assert only_fault(engine).state == "out"
        assert (await engine.judge("fake:g1", INSTALL)).decision.answer


def down(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    return 404, {}


async def test_a_server_that_is_down_at_the_start_is_used_once_it_is_up(tmp_path: Path) -> None:
    with serving(embeddings) as server:
        settings = make_settings(
            tmp_path, "bot.computing=thread", f"embedder.base_url={server.url}", "embedder.model=m"
        )
        await asyncio.to_thread(build_base, settings, "default")
        server.answer = down
        async with engine_of(settings) as engine:
            assert only_fault(engine).state == "out" and "404" in only_fault(engine).detail
            assert (await engine.judge("fake:g1", INSTALL)).decision.answer
            server.answer = embeddings
            await engine.remake(Teachings(), reopen=True)
            assert engine.facts.faults == ()
            asked = len(server.requests)
            assert (await engine.judge("fake:g1", INSTALL)).evidence.hits
            assert len(server.requests) == asked + 1


async def test_the_library_tries_a_server_again_and_the_status_tells_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "WATCH_S", 0.0)
    monkeypatch.setattr(library_module, "RETRY_S", 0.0)
    with serving(embeddings) as server:
        settings = make_settings(tmp_path, f"embedder.base_url={server.url}", "bot.computing=thread")
        await asyncio.to_thread(build_base, settings, "default")
        server.answer = down
        store = await asyncio.to_thread(Store.open, settings.data / "qunda.db")
        async with open_engine(settings) as engine:
            library = Library(settings, store, engine)
            await library.open()
            assert any("embedder out of use" in line for line in library.status_lines("fake:g1", "en"))
            assert any("只按词语检索和判断" in line for line in library.status_lines("fake:g1", "zh"))
            server.answer, works, remake = embeddings, asyncio.Event(), engine.remake

            async def remade(teachings: Teachings, *, reopen: bool) -> None:
                await remake(teachings, reopen=reopen)
                if not engine.facts.faults:
                    works.set()

            monkeypatch.setattr(engine, "remake", remade)
            watching = asyncio.create_task(library.run())
            await works.wait()
            watching.cancel()
        await store.close()


def shortest_first(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    found = [{"index": i, "relevance_score": 1 / len(text)} for i, text in enumerate(body["documents"])]
    return 200, {"results": found}


@pytest.mark.parametrize("at_start", [True, False])
async def test_a_reranker_that_fails_leaves_the_order_as_it_was(tmp_path: Path, at_start: bool) -> None:
    settings = make_settings(tmp_path, "bot.computing=thread")
    shutil.copytree(group.built_data(), settings.data)
    async with engine_of(settings) as plain:
        usual = [hit.passage.id for hit in (await plain.judge("fake:g1", INSTALL)).evidence.hits]
    with serving(down if at_start else shortest_first) as server:
        reranker = settings.reranker.model_copy(update={"base_url": server.url})
        async with engine_of(settings.model_copy(update={"reranker": reranker})) as engine:
            if not at_start:
                assert engine.facts.faults == ()
                assert [h.passage.id for h in (await engine.judge("fake:g1", INSTALL)).evidence.hits] != usual
                server.answer = down
            judged = await engine.judge("fake:g1", INSTALL)
            assert [hit.passage.id for hit in judged.evidence.hits] == usual
            fault = only_fault(engine)
            assert (fault.part, fault.state) == ("reranker", "out" if at_start else "failing")


class Broken:
    """An answerer whose model fails half-way."""

    def __init__(self, kind: GeneratorFault) -> None:
        self.kind: GeneratorFault = kind

    async def answer(self, question: Question, evidence: Evidence) -> AsyncIterator[str | Answer | None]:
        yield "Zephyr"
        raise GeneratorError(self.kind, "no memory left")


async def found(settings: Settings) -> Evidence:
    async with engine_of(settings) as engine:
        return (await engine.judge("fake:g1", INSTALL)).evidence


async def test_a_chat_model_that_breaks_is_stood_in_for_by_quoting(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, "bot.computing=thread")
    shutil.copytree(group.built_data(), settings.data)
    evidence, watch = await found(settings), Watch("llm")
    broken = StandbyAnswerer(Broken("server"), ExtractiveAnswerer(), watch)
    pieces = [piece async for piece in broken.answer(INSTALL, evidence)]
    assert pieces[0] == "Zephyr" and isinstance(pieces[-1], Answer) and "pip install" in pieces[-1].text
    assert watch.fault is not None and watch.fault.missed == 1
    late = StandbyAnswerer(Broken("timeout"), ExtractiveAnswerer(), watch)
    with pytest.raises(GeneratorError):
        [piece async for piece in late.answer(INSTALL, evidence)]


async def test_a_chat_model_that_does_not_load_leaves_answers_to_quoting(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, "llm.backend=transformers", "llm.model=./models/none")
    watch = Watch("llm")
    async with open_answerer(settings, None, watch) as answerer:
        assert isinstance(answerer, ExtractiveAnswerer)
    assert watch.fault is not None and (watch.fault.state, watch.fault.part) == ("out", "llm")
    assert "there is no folder" in fault_text(watch.fault, "en") and "摘引" in fault_text(watch.fault, "zh")


async def test_the_whole_bot_answers_and_tells_its_admin_what_is_broken(tmp_path: Path) -> None:
    broken = (GONE, "llm.backend=transformers", "llm.model=./models/none", "bot.computing=thread")
    async with group.open_group(tmp_path, *broken) as chat:
        told = await chat.say("Zephyrlink 怎么安装", mentions_bot=True)
        assert "pip install zephyrlink" in told["replies"][0]
        status = (await chat.say("/status", sender=group.ADMIN))["replies"][0]
        assert "向量模型没有启用" in status and "本机对话模型没有启用" in status


def test_asking_with_a_broken_model_warns_and_answers_and_building_says_that_nothing_was_built(tmp_path: Path) -> None:
    prepare(tmp_path)
    asked = qunda("ask", "--mention", "Zephyrlink 怎么安装", "--set", GONE, cwd=tmp_path)
    assert asked.status == 0 and "pip install zephyrlink" in asked.out
    assert "embedder out of use" in asked.err and "there is no folder" in asked.err
    built = qunda("build", "--set", GONE, cwd=tmp_path)
    assert built.status == 1 and "nothing was built, the current version stays" in built.err
    assert qunda("knowledge", "--set", GONE, cwd=tmp_path).status == 0


def test_a_model_that_failed_rests_in_proportion_and_is_logged_once_a_minute() -> None:
    clock, calls = FakeClock(), 0
    watch = Watch("embedder", clock.monotonic)

    def fails_slowly() -> None:
        nonlocal calls
        calls += 1
        clock.advance(3)
        raise ModelError("hangs")

    lines: list[str] = []
    number = logger.add(lines.append, format="{level} {message}", level="WARNING")
    for _ in range(40):
        with pytest.raises(ModelError, match="hangs"):
            watch.call(fails_slowly)
        clock.advance(1)
    logger.remove(number)
    assert calls == 2 and len(lines) == 1
    assert watch.fault is not None and (watch.fault.missed, watch.fault.state) == (40, "failing")
    clock.advance(31)
    watch.call(lambda: None)
    assert fault_text(watch.fault, "en").startswith("embedder failed and works again; 40 times")


def test_a_server_that_hangs_is_asked_once_for_a_question() -> None:
    def silent(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return 200, None

    def asked(server: ModelServerStandIn) -> int:
        return len(server.requests)

    from rag.remote import ModelServer
    from rag.remote_embedder import RemoteEmbedder

    with serving(silent) as server:
        embedder = RemoteEmbedder(ModelServer("embedder", server.url, timeout_s=0.05, wait=lambda _: None), model="m")
        embedder._dim = 3
        with pytest.raises(ModelError, match="timeout_s"):
            embedder.embed(["a question"])
        assert asked(server) == 1
        with pytest.raises(ModelError, match="timeout_s"):
            embedder.embed(["a passage", "another"])
        assert asked(server) == 4
