"""The verdict on an answer: stored with the outcome, told by ``/why`` in both languages, and gone with the texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import ADMIN, make_settings, open_group
from language_models import smollm2
from llm_server import LLMServer

from bot.config import Settings
from bot.outcome import Outcome
from bot.texts import TEXTS
from bot.verdict import abstained_because, verdict_lines, verdict_of
from rag.answer import LLMAnswerer
from rag.base import Abstention, Answer, Checked, Evidence, Hit, Passage, Question
from rag.neural.engine.engine import Engine
from rag.neural.generator import LocalGenerator
from rag.verify import check_sentence
from rag.verify.check import Fault

WRITTEN = "运行 `pip install zephyrlink` 即可安装 [1]。需要 Python 3.9 和 8 GB 内存 [1]。"


def llm_settings(tmp_path: Path, url: str) -> Settings:
    options = (f"llm.base_url={url}", "llm.backend=openai", "llm.model=scripted", "llm.max_retries=0")
    return make_settings(tmp_path, *options)


async def test_why_tells_what_was_dropped_in_the_language_of_who_asks(tmp_path: Path) -> None:
    async with LLMServer().run() as server:
        server.script = lambda body: WRITTEN
        async with open_group(tmp_path, settings=llm_settings(tmp_path, server.url)) as group:
            done = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
            why = (await group.say("/why", sender=ADMIN))["replies"][0]
            asked = await group.say("How to install zephyrlink?", mentions_bot=True)
            server.script = lambda body: "需要 Python 3.9 [1]。"
            refused = await group.say("Zephyrlink 怎么安装呢？", mentions_bot=True)
            why_not = (await group.say("/why", sender=ADMIN))["replies"][0]
    assert done["answer"] == "运行 `pip install zephyrlink` 即可安装 [1]。"
    assert "核对：保留 1 句" in why and "删去 1 句" in why
    assert "3.9" in why
    assert done["verdict"]["how"] == "verified"
    assert [piece["fate"] for piece in done["verdict"]["pieces"]] == ["kept", "dropped"]
    assert asked["outcome"] == "abstained"  # Chinese words for an English question
    assert refused["outcome"] == "abstained" and "没有找到" in refused["replies"][0]
    assert "没有通过核对" in why_not and "删去 1 句" in why_not


async def test_an_answer_in_the_documents_own_words_is_marked_so(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say("Zephyrlink 怎么安装？", mentions_bot=True)
        why = (await group.say("/why", sender=ADMIN))["replies"][0]
    assert "逐字一致" in why
    assert "verdict" not in done


def test_a_verdict_reads_in_both_languages_and_survives_the_store() -> None:
    pieces = (
        Checked("The port is 9090.", "dropped", "number", "9090"),
        Checked("Run it.", "kept", marks=(1,)),
        Checked("Stop it.", "moved", "cover", marks=(2,)),
    )
    verdict = verdict_of(Answer("Run it [1].", (), pieces))
    assert verdict_lines(verdict, "en") == [
        "check: 1 sentences kept, 1 with other marks, 1 dropped",
        "dropped “The port is 9090.”: another number: 9090",
        "other marks for “Stop it.”",
    ]
    assert verdict_lines(verdict, "zh")[1] == "删“The port is 9090.”：数字不符：9090"
    outcome = Outcome("answered", verdict=verdict)
    assert Outcome.from_dict(outcome.as_dict()) == outcome
    old = {name: value for name, value in outcome.as_dict().items() if name != "verdict"}
    assert Outcome.from_dict(old).verdict == {}
    assert verdict_lines({}, "zh") == []
    assert verdict_of(None) == {}


def test_every_fault_has_words_in_both_languages() -> None:
    reasons = {*Fault.__args__, "code", "order", "repeated"} - {""}  # type: ignore[attr-defined]
    assert all(f"fault_{reason}" in TEXTS for reason in reasons)
    for reason in ("unsupported", "leak", "loop", "long", "language"):
        assert abstained_because(Abstention(reason)) == f"reason_{reason}"
    assert abstained_because(None) == abstained_because(Abstention("refused")) == "reason_abstained"


@pytest.mark.parametrize(
    ("text", "language"), [("How do I make the bot load its documents again?", "en"), ("怎么重新加载知识库？", "zh")]
)
async def test_whatever_a_real_model_writes_ends_in_a_verified_answer_or_an_abstention(
    text: str, language: str
) -> None:
    model, tokenizer = smollm2()
    passages = [
        Passage("a", "Send /reload to load the documents again. Only admins may do that.", "Commands", "commands.md"),
        Passage("b", "The documents lie in the docs folder, as Markdown or PDF.", "Knowledge", "knowledge.md"),
    ]
    evidence = Evidence(text, tuple(Hit(passage, 1.0) for passage in passages))
    engine = Engine(model, max_batch=1, max_len=1500, kv_gb=0.2)
    engine.start()
    async with LocalGenerator(engine, tokenizer, max_tokens=48, temperature=0) as generator:
        question = Question(text, "en" if language == "en" else "zh", mentioned=True)
        parts = [part async for part in LLMAnswerer(generator).answer(question, evidence)]
    end = parts[-1]
    assert isinstance(end, Answer | Abstention)
    assert not any(isinstance(part, str) and "NO_ANSWER" in part for part in parts)
    if isinstance(end, Answer):
        assert end.citations and end.verdict
        for checked in end.verdict:
            if checked.fate in ("kept", "moved") and not checked.text.startswith("```") and "…" not in checked.text:
                cited = [passages[n - 1].text for n in checked.marks]
                assert check_sentence(checked.text, cited).supported
