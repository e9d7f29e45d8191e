"""Quoted answers over the guide that ships with the demo, through the real retriever: a floor under their quality.

The questions stand in data/demo_questions.jsonl; what was tuned was tuned on the even lines. ``document`` and
``contains`` are one string or several of which one will do; a line without a document must get no answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rag.base import Answer, Evidence
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.extractive import extract
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "bot" / "demo" / "knowledge"
CHAT = ROOT / "bot" / "demo" / "chat.jsonl"
QUESTIONS = Path(__file__).parent / "data" / "demo_questions.jsonl"


@dataclass(frozen=True)
class Asked:
    """A question of the list with its answer."""

    question: str
    documents: tuple[str, ...]
    contains: tuple[str, ...]
    answer: Answer | None

    @property
    def is_right(self) -> bool:
        return self.answer is not None and any(text in self.answer.text for text in self.contains)

    @property
    def has_right_documents(self) -> bool:
        return self.answer is not None and {source.uri for source in self.answer.citations} <= set(self.documents)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    root = tmp_path_factory.mktemp("knowledge")
    embedder = LexicalEmbedder()
    build([GUIDE], root, embedder)
    return HybridRetriever([open_current(root, "default")], embedder)


@pytest.fixture(scope="module")
def answers(retriever: HybridRetriever) -> list[Asked]:
    lines = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    return [
        Asked(
            line["question"],
            _several(line["document"]),
            _several(line["contains"]),
            extract(retriever.surrounded(retriever.search(line["question"], 8))),  # as the engine hands it on
        )
        for line in lines
    ]


def _several(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else ((value,) if value else ())


def test_most_questions_that_the_guide_answers_get_the_passage_that_does(answers: list[Asked]) -> None:
    answerable = [asked for asked in answers if asked.documents]
    assert len(answerable) >= 40
    wrong = [asked.question for asked in answerable if not asked.is_right]
    assert len(wrong) <= 0.2 * len(answerable), wrong


def test_most_answers_cite_nothing_but_the_right_documents(answers: list[Asked]) -> None:
    answerable = [asked for asked in answers if asked.documents]
    wrong = [asked.question for asked in answerable if not asked.has_right_documents]
    assert len(wrong) <= 0.15 * len(answerable), wrong


def test_questions_that_the_guide_does_not_answer_get_no_answer(answers: list[Asked]) -> None:
    unanswerable = [asked for asked in answers if not asked.documents]
    assert len(unanswerable) >= 8
    answered = [asked.question for asked in unanswerable if asked.answer is not None]
    assert len(answered) <= 1, answered


def test_every_expected_string_stands_in_its_document(answers: list[Asked]) -> None:
    guide = {page.name: page.read_text("utf-8") for page in GUIDE.glob("*.md")}
    lost = [
        asked.question
        for asked in answers
        if asked.documents and not any(text in guide[name] for text in asked.contains for name in asked.documents)
    ]
    assert lost == []


def test_answers_are_whole_markdown_with_their_marks(answers: list[Asked]) -> None:
    for asked in answers:
        if asked.answer is None:
            continue
        text = asked.answer.text
        assert text.count("```") % 2 == 0, text
        assert text.rstrip().endswith("]"), text
        assert all(f"[{source.n}]" in text for source in asked.answer.citations), text
        assert "](" not in text, text


def test_the_chat_of_the_demo_is_answered_where_it_says_so(retriever: HybridRetriever) -> None:
    earlier = ""
    for line in map(json.loads, CHAT.read_text("utf-8").splitlines()):
        text = str(line["text"])
        found = retriever.search(f"{earlier} {text}" if text.endswith("呢？") else text, 8)
        if line["expect"] == "answer":
            assert extract(found, text) is not None, text
            earlier = text
        elif line["expect"] == "abstain":
            assert extract(found, text) is None, text


def test_an_answer_to_a_follow_up_is_about_the_follow_up(retriever: HybridRetriever) -> None:
    text = "那 workdir 呢？"
    evidence: Evidence = retriever.search(f"从茴香豆迁移过来，good_questions.json 还能直接用吗 {text}", 8)
    answer = extract(evidence, text)
    assert answer is not None
    assert "群答不读取它" in answer.text
    assert "test_queries.json" not in answer.text
