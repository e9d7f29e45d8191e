"""What every engine must do, as tests: a subclass says how to make one for given settings."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import group
import pytest
from group import make_settings
from loguru import logger
from model_server import serving
from pydantic import SecretStr

from bot.builder import build_base
from bot.config import Settings
from bot.engine import Engine, EngineError
from bot.store.groups import Example
from bot.teachings import Teachings
from rag.base import KnowledgeError, NoKnowledgeError, Question, RagError
from rag.build import build
from rag.embedder import LexicalEmbedder

INSTALL = Question("Zephyrlink 怎么安装", mentioned=True)
CHATTER = Question("中午吃什么")


def with_reranker(settings: Settings, url: str) -> Settings:
    chosen = {"base_url": url, "api_key": SecretStr("s3cret"), "model": "m"}
    return settings.model_copy(update={"reranker": settings.reranker.model_copy(update=chosen)})


class AnotherEmbedder(LexicalEmbedder):
    """One whose vectors nobody else can use."""

    def __init__(self) -> None:
        super().__init__()
        self.id = "another"


def taught(*texts: str, label: str = "bad", scope: str = "fake:g1", revision: int = 1, dial: str = "") -> Teachings:
    now = datetime(2025, 1, 6, tzinfo=UTC)
    examples = [
        Example(crc32(text.encode()), scope, text, label, "fake:root", now, "m1", None)  # type: ignore[arg-type]
        for text in texts
    ]
    return Teachings(examples, {scope: {"dial": dial}} if dial else {}, revision)


async def probability(engine: Engine, place: str, text: str) -> float:
    return (await engine.judge(place, Question(text))).decision.probability


class EngineContract:
    """The whole suite."""

    def make(self, settings: Settings) -> Engine:
        """An engine that has not begun."""
        raise NotImplementedError

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        settings = make_settings(tmp_path)
        shutil.copytree(group.built_data(), settings.data)
        return settings

    @asynccontextmanager
    async def made(self, settings: Settings) -> AsyncIterator[Engine]:
        engine = self.make(settings)
        try:
            yield engine
        finally:
            await engine.close()

    @asynccontextmanager
    async def opened(self, settings: Settings, teachings: Teachings | None = None) -> AsyncIterator[Engine]:
        async with self.made(settings) as engine:
            await engine.remake(teachings or Teachings(), reopen=True)
            yield engine

    @pytest.fixture
    def logged(self) -> Iterator[list[str]]:
        lines: list[str] = []
        number = logger.add(lines.append, format="{level} {name} {message} {extra}", level="INFO")
        yield lines
        logger.remove(number)

    async def test_what_is_known_is_found_judged_and_quoted(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            judgement = await engine.judge("fake:g1", INSTALL)
            assert judgement.decision.answer and judgement.decision.reasons
            assert judgement.evidence.hits[0].passage.uri == "install.md"
            answer = await engine.quote(INSTALL, judgement.evidence)
            assert answer is not None and "pip install zephyrlink" in answer.text
            assert answer.citations[0].uri == "install.md"

    async def test_without_a_model_it_has_no_opinion_on_what_bears_out_a_sentence(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            assert await engine.entails("日志保留三十天", ["日志会保留三十天"]) is None

    async def test_what_no_answer_needs_does_not_come_along(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            silent = await engine.judge("fake:g1", CHATTER)
            assert not silent.decision.answer and silent.evidence.hits == ()
            asked = await engine.judge("fake:g1", INSTALL)
            assert asked.evidence.vector is None and asked.evidence.terms

    async def test_a_training_whose_versions_are_about_to_go_ends_and_can_be_begun_again(
        self, settings: Settings
    ) -> None:
        teachings = taught("Zephyrlink 的吉祥物是什么")
        async with self.opened(settings) as engine:
            training = asyncio.ensure_future(engine.remake(teachings, reopen=False))
            while not training.done():
                await engine.hurry()
                await asyncio.sleep(0)
            assert isinstance(training.exception(), RagError)
            await engine.remake(teachings, reopen=False)
            assert engine.facts.trained

    async def test_new_versions_are_in_use_before_their_gates_are_trained(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            group.write_documents(settings.root / "docs", {"mascot.md": "# 吉祥物\n\nZephyrlink 的吉祥物是水獭。\n"})
            await asyncio.to_thread(build_base, settings, "default")
            await engine.remake(Teachings(), reopen=True)
            assert not engine.facts.trained
            hits = (await engine.judge("fake:g1", Question("吉祥物", mentioned=True))).evidence.hits
            assert hits[0].passage.uri == "mascot.md"
            await engine.remake(Teachings(), reopen=False)
            assert engine.facts.trained

    async def test_without_knowledge_asking_says_so_until_there_is_some(self, tmp_path: Path) -> None:
        settings = make_settings(tmp_path)
        async with self.opened(settings) as engine:
            assert engine.facts.of("fake:g1") is None and len(engine.facts.warnings) == 1
            with pytest.raises(NoKnowledgeError):
                await engine.judge("fake:g1", INSTALL)
            await asyncio.to_thread(build_base, settings, "default")
            await engine.remake(Teachings(), reopen=True)
            assert (await engine.judge("fake:g1", INSTALL)).evidence.hits

    async def test_it_tells_what_is_in_use(self, settings: Settings) -> None:
        async with self.opened(settings, taught("x", dial="7")) as engine:
            everybody, one = engine.facts.of("fake:g2"), engine.facts.of("fake:g1")
            assert everybody is not None and one is not None
            assert (everybody.dial, one.dial) == (20, 7)
            assert all(everybody.notes[language] for language in ("zh", "en"))
            base = engine.facts.bases["default"]
            assert (base.version, base.documents, base.fallen_back) == (everybody.versions["default"], 2, False)
            assert engine.facts.warnings == ()

    async def test_what_is_learnt_counts_at_once_where_it_was_taught(self, settings: Settings) -> None:
        text = "Zephyrlink 的吉祥物是什么"
        async with self.opened(settings) as engine:
            before = await probability(engine, "fake:g1", text)
            await engine.learn(taught(text, dial="50"))
            assert await probability(engine, "fake:g1", text) < before
            assert await probability(engine, "fake:g2", text) == before
            seen = engine.facts.of("fake:g1")
            assert seen is not None and seen.dial == 50

    async def test_what_is_undone_is_forgotten_at_once(self, settings: Settings) -> None:
        text = "Zephyrlink 的吉祥物是什么"
        async with self.opened(settings) as engine:
            before = await probability(engine, "fake:g1", text)
            await engine.learn(taught(text))
            training = asyncio.ensure_future(engine.remake(taught(text), reopen=False))
            await asyncio.sleep(0)
            await engine.learn(Teachings(revision=2))
            during = await probability(engine, "fake:g1", text)
            await training  # it learnt from what is undone: it is given up, or brought up to date
            assert during == await probability(engine, "fake:g1", text) == pytest.approx(before)

    async def test_what_is_learnt_during_a_training_outlasts_it(self, settings: Settings) -> None:
        text = "Zephyrlink 的端口要改成多少才吉利"
        async with self.opened(settings) as engine:
            before = await probability(engine, "fake:g1", text)
            training = asyncio.ensure_future(engine.remake(taught("扯淡", scope="fake:g2"), reopen=False))
            await asyncio.sleep(0)  # asked first
            await engine.learn(taught(text, revision=2))
            during = await probability(engine, "fake:g1", text)
            await training
            assert max(during, await probability(engine, "fake:g1", text)) < before
            await engine.learn(taught(revision=1))  # a late word of what was known before
            assert await probability(engine, "fake:g1", text) < before

    async def test_a_question_is_answered_from_the_version_that_judged_it(self, settings: Settings) -> None:
        documents = settings.root / "docs"
        async with self.opened(settings) as engine:
            before = await engine.judge("fake:g1", INSTALL)
            (documents / "install.md").write_text("# 安装 Zephyrlink\n\n用 `apt install zephyrlink` 安装。", "utf-8")
            await asyncio.to_thread(build_base, settings, "default")
            swap = asyncio.ensure_future(engine.remake(Teachings(), reopen=True))
            judged = [await engine.judge("fake:g1", INSTALL)]
            while not swap.done():
                judged.append(await engine.judge("fake:g1", INSTALL))
            await swap
            judged.append(await engine.judge("fake:g1", INSTALL))
            words = []
            for judgement in (before, *judged):
                answer = await engine.quote(INSTALL, judgement.evidence)
                texts = " ".join(hit.passage.text for hit in judgement.evidence.hits)
                assert ("pip" in texts) != ("apt" in texts)  # never both versions in one
                assert answer is not None and ("pip" in answer.text) == ("pip" in texts)
                words.append("apt" in answer.text)
            assert words == sorted(words) and (words[0], words[-1]) == (False, True)

    async def test_a_remake_that_fails_says_why_and_leaves_what_was_in_use(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            await asyncio.to_thread(build, [settings.root / "docs"], settings.data / "knowledge", AnotherEmbedder())
            with pytest.raises(KnowledgeError, match="run `qunda build` to rebuild"):
                await engine.remake(Teachings(), reopen=True)
            assert (await engine.judge("fake:g1", INSTALL)).decision.answer

    async def test_settings_that_name_no_model_are_told_as_such_and_words_serve(self, settings: Settings) -> None:
        wrong = settings.model_copy(update={"embedder": settings.embedder.model_copy(update={"model": "nix"})})
        async with self.opened(wrong) as engine:
            (fault,) = engine.facts.faults
            assert (fault.part, fault.state) == ("embedder", "out") and "nix" in fault.detail
            assert (await engine.judge("fake:g1", INSTALL)).decision.answer

    async def test_a_reranker_is_asked_with_its_key_orders_what_was_found_and_the_gate_learns_from_it(
        self, settings: Settings
    ) -> None:
        def likes_ports(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            texts = body["documents"]
            scores = [0.9 if "8080" in text else 0.1 + len(text) / 1e5 for text in texts]
            return 200, {"results": [{"index": n, "relevance_score": score} for n, score in enumerate(scores)]}

        with serving(likes_ports) as server:
            async with self.opened(with_reranker(settings, server.url)) as engine:
                assert len(server.requests) >= 10, len(server.requests)  # the examples
                learnt = len(server.requests)
                judgement = await engine.judge("fake:g1", INSTALL)
                assert len(server.requests) == learnt + 1
                await engine.remake(taught("Zephyrlink 的吉祥物是什么"), reopen=False)
                assert len(server.requests) == learnt + 2
            assert {headers["Authorization"] for *_, headers in server.requests} == {"Bearer s3cret"}
            async with self.opened(with_reranker(settings, server.url)):
                assert len(server.requests) == learnt + 3  # the gate was kept; one to try the reranker
        assert judgement.evidence.hits[0].passage.uri == "config.md"
        assert "reranker" in {reason.name for reason in judgement.decision.reasons}

    async def test_a_reranker_that_fails_holds_nothing_up(
        self, settings: Settings, logged: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with self.opened(settings) as engine:
            plain = await engine.judge("fake:g1", INSTALL)
        kept = set((settings.data / "gates").iterdir())
        with serving(lambda *_: (401, {})) as server:
            async with self.opened(with_reranker(settings, server.url)) as engine:
                judgement = await engine.judge("fake:g1", INSTALL)
        assert judgement.decision == plain.decision
        assert len(server.requests) == 2  # tried when made and when the knowledge was opened; for no question
        told = [*logged, *caplog.messages]
        assert sum("refused the key" in line and "QUNDA_RERANKER_API_KEY" in line for line in told) == 1
        assert not any("s3cret" in line for line in told)
        assert set((settings.data / "gates").iterdir()) == kept  # what was learnt without scores is not kept

    async def test_many_questions_at_once_get_each_their_own_decision(self, settings: Settings) -> None:
        texts = [f"{text} {n}" for n in range(20) for text in ("Zephyrlink 怎么安装", "中午吃什么", "port 怎么改")]
        async with self.opened(settings) as engine:
            alone = [await probability(engine, "fake:g1", text) for text in texts]
            assert await asyncio.gather(*(probability(engine, "fake:g1", text) for text in texts)) == alone

    async def test_a_caller_that_is_cancelled_is_let_go_and_the_others_are_served(self, settings: Settings) -> None:
        async with self.opened(settings) as engine:
            tasks = [asyncio.ensure_future(engine.judge("fake:g1", INSTALL)) for _ in range(12)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
            assert not any(isinstance(result, BaseException) for result in results[1::2])

    async def test_its_warnings_reach_the_log(self, settings: Settings, logged: list[str]) -> None:
        (settings.root / "good.json").write_text("[", "utf-8")
        async with self.opened(settings) as engine:
            assert any("good.json" in warning for warning in engine.facts.warnings)
        assert any(line.startswith("WARNING bot.views") and "good.json" in line for line in logged), logged

    async def test_closed_it_takes_nothing_and_ends_what_runs(self, settings: Settings) -> None:
        engine = self.make(settings)
        await engine.remake(Teachings(), reopen=True)
        training = asyncio.ensure_future(engine.remake(taught("新的"), reopen=False))
        await asyncio.sleep(0)
        await engine.close()
        await asyncio.gather(training, return_exceptions=True)
        assert training.done()
        with pytest.raises(EngineError, match="stopping"):
            await engine.judge("fake:g1", INSTALL)
        await engine.close()
