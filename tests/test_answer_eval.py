"""Measures of answers: folding, containment, abstention and citations; and ``qunda eval-answers`` as a process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from command_line import prepare, qunda
from llm_server import LLMServer

from bot.cli.eval_answers import read_items
from bot.config import ConfigError
from rag.answer_eval import Expected, Given, contains, folded, percentile, summarise

QUESTIONS: list[dict[str, Any]] = [
    {"question": "怎么安装 Zephyrlink？", "answer": "pip install zephyrlink", "sources": ["install.md"]},
    {"question": "Zephyrlink 的端口在哪里改？", "answer": ["port = 8080", "没有"], "sources": "config.md"},
    {"question": "Zephyrlink 日志级别默认是什么？", "answer": ["INFO"]},
    {"question": "Zephyrlink 一年的维护费多少钱？", "answer": None},
    {"question": "今天晚上哪里有烟花秀？", "answer": []},
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＩＮＦＯ，默认。 [1]", "info默认"),
        ("《青山镇》 建于 1923 年", "青山镇建于1923年"),
        ("`pip install  x`", "pip install x"),
        ("1,000 人", "1000人"),
        ("[1][2]", ""),
    ],
)
def test_widths_case_and_punctuation_do_not_count(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("answer", "expected", "there"),
    [
        ("共有14个。", "4", False),
        ("版本 4.5 起", "4", False),
        ("版本 4.5 起", "4.5", True),
        ("有4个。", "4", True),
        ("设置 port=8080 即可 [1]", "8080", True),
        ("installed", "install", False),
        ("石桥由周远设计", "周远", True),
        ("有 3 个 [4]", "4", False),
        ("anything", "？！", False),
    ],
)
def test_an_answer_contains_a_text_as_a_whole(answer: str, expected: str, there: bool) -> None:
    assert contains(answer, expected) is there


def test_shares_are_taken_of_what_they_speak_of() -> None:
    install = frozenset({"install.md"})
    report = summarise(
        [
            (Expected(("a",), (install,)), Given("A [1]", ("install.md", "other.md"), 10)),
            (Expected(("b",), (install,)), Given(None, (), 20)),
            (Expected(("c",)), Given("没有", ("other.md",), 30)),
            (Expected(()), Given(None, (), 40)),
            (Expected(()), Given("made up", ("x.md",), 50)),
        ]
    )
    assert (report["n"], report["answered"]) == (5, 0.6)
    assert (report["correct"], report["exact"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert report["false_abstention"] == pytest.approx(1 / 3)
    assert report["abstention"] == {"precision": 0.5, "recall": 0.5}
    assert report["citation"] == {"precision": 0.5, "recall": 0.5}
    assert report["p95_ms"] == 50


def test_nothing_to_take_a_share_of_is_none_and_no_error() -> None:
    report = summarise([])
    assert report["n"] == 0
    assert report["correct"] is None and report["p95_ms"] is None
    assert report["citation"] == {"precision": None, "recall": None}
    assert percentile([1, 2, 3], 0.95) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"question": "a", "answer": "b"}\n{"question": "b"}\n', "line 2: "),
        ('{"question": " ", "answer": "b"}\n', "line 1: "),
        ('{"answer": "b"}\n', "line 1: "),
        ('\n{"question": "a", "answer": 3}\n', "line 2: answer must be"),
        ('{"question": "a", "answer": ["b", ""]}\n', "line 1: answer must be"),
        ('{"question": "a", "answer": "b", "sources": [1]}\n', "line 1: sources must be"),
        ("[1]\n", "line 1 is not a JSON object"),
        ("{\n", "line 1 is not JSON"),
        ("", "is empty"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_file_names_the_line(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=said) as raised:
        read_items(path)
    assert "wrong.jsonl" in str(raised.value)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    prepare(folder)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in QUESTIONS)
    (folder / "questions.jsonl").write_text(lines, "utf-8")
    (folder / "elsewhere.jsonl").write_text('{"question": "怎么装", "answer": "x", "sources": ["nix.md"]}\n')
    return folder


def test_the_figures_have_the_documented_names(home: Path) -> None:
    done = qunda("eval-answers", "questions.jsonl", "--json", cwd=home)
    assert (done.status, done.err) == (0, "")
    report = json.loads(done.out)
    assert list(report)[:8] == [
        "n", "answered", "correct", "exact", "false_abstention", "abstention", "citation", "p95_ms",
    ]  # fmt: skip
    assert report["n"] == 5
    assert (report["correct"], report["false_abstention"]) == (1, 0)
    assert report["abstention"] == {"precision": 1, "recall": 1}
    assert report["citation"] == {"precision": 1, "recall": 1}
    assert report["p95_ms"] > 0


def test_people_get_a_table_and_questions_may_be_overheard(home: Path) -> None:
    done = qunda("eval-answers", "questions.jsonl", "--passive", cwd=home)
    assert (done.status, done.err) == (0, "")
    assert "5 questions, overheard, answered by extractive" in done.out
    assert "abstention recall" in done.out


def test_a_source_that_is_not_in_the_knowledge_is_named(home: Path) -> None:
    done = qunda("eval-answers", "elsewhere.jsonl", "--json", cwd=home)
    assert done.status == 0
    assert "1 sources are not in the knowledge and count as not cited, the first one in line 1: nix.md" in done.err
    assert json.loads(done.out)["citation"]["recall"] == 0


async def test_a_language_model_is_measured_the_same_way(home: Path) -> None:
    async with LLMServer().run() as server:
        server.script = lambda body: "用 pip install zephyrlink 安装 [1]。" if "<passage" in str(body) else "x"
        options = [f"llm.{key}={value}" for key, value in (("backend", "openai"), ("base_url", server.url))]
        arguments = [part for option in (*options, "llm.model=m") for part in ("--set", option)]
        done = await asyncio.to_thread(qunda, "eval-answers", "questions.jsonl", "--json", *arguments, cwd=home)
        assert done.status == 0
        assert json.loads(done.out)["correct"] == pytest.approx(1 / 3)
        broken = [part if part != "llm.model=m" else "llm.model=unauthorized" for part in arguments]
        done = await asyncio.to_thread(qunda, "eval-answers", "questions.jsonl", "--json", *broken, cwd=home)
    assert (done.status, "questions failed and are not counted" in done.err) == (1, True)
