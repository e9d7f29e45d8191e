"""Follow-ups by rules: golden conversations in both languages, and which rewrites of a model are let through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.base import Question, Turn, detect_language
from rag.followup import is_faithful, is_follow_up, needs_context
from rag.gate import asked_text, standalone_text

FOLDER = Path(__file__).parent / "data" / "conversations"
GOLDEN = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
]


def question_of(case: dict[str, Any]) -> Question:
    return Question(
        case["question"],
        detect_language(case["question"]),
        case.get("mentioned", False),
        quoted_text=case.get("quoted", ""),
        history=tuple(Turn(**turn) for turn in case["history"]),
    )


@pytest.mark.parametrize("case", GOLDEN)
def test_a_golden_conversation_gives_the_expected_question(case: dict[str, Any]) -> None:
    question = question_of(case)
    text = standalone_text(question)
    assert text.endswith(asked_text(question))
    if "standalone" in case:
        assert text == case["standalone"]
    for term in case.get("terms", ()):
        assert term in text
    for term in case.get("absent", ()):
        assert term not in text


@pytest.mark.parametrize("text", ["", "   ", "？", "😀", "x" * 10_000, "那" * 10_000, "https://example.org/a?b=c"])
def test_odd_text_is_no_follow_up_and_breaks_nothing(text: str) -> None:
    history = (Turn("李", "怎么安装 qunda", same_sender=True),)
    assert not is_follow_up(text)
    assert standalone_text(Question(text, history=history)) == text.strip()


ASKED = Question(
    "那 0.6 版本呢？",
    history=(Turn("李", "怎么用 docker 部署 qunda", same_sender=True), Turn("王", "我用 podman")),
)


@pytest.mark.parametrize(
    ("rewrite", "faithful"),
    [
        ("怎么用 docker 部署 qunda 0.6 版本？", True),
        ("怎么用 docker 部署 qunda？", False),  # the version is lost
        ("怎么用 docker 部署 qunda 0.7 版本而不是 0.6？", False),  # a number that nobody has said
        ("怎么用 kubernetes 部署 qunda 0.6？", False),  # a name that nobody has said
        ("运行 docker compose up 部署 qunda 0.6 即可。", False),  # an answer with words of its own
        ("How do I deploy qunda 0.6 with docker?", False),  # another language
        ("", False),
        ("怎么部署 qunda 0.6？\n第二行", False),
        ("怎么部署 qunda 0.6？" * 40, False),
    ],
)
def test_a_rewrite_keeps_names_and_numbers_and_adds_none(rewrite: str, faithful: bool) -> None:
    assert is_faithful(ASKED, rewrite) is faithful


def test_a_model_is_asked_only_where_a_question_leans_on_something() -> None:
    assert needs_context(ASKED)
    assert not needs_context(Question("那 0.6 版本呢？"))
    assert not needs_context(Question("怎么用 docker 部署 qunda 的 0.6 版本？", history=ASKED.history))


def test_what_a_model_rewrote_is_what_is_searched() -> None:
    question = Question("那 0.6 版本呢？", history=ASKED.history, rewritten="怎么部署 qunda 0.6 版本")
    assert standalone_text(question) == "怎么部署 qunda 0.6 版本"
    assert asked_text(question) == ""
