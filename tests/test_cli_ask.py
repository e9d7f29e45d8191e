"""`qunda ask` as a process: text, mention, lists of questions, JSON, and what it says without knowledge."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from command_line import ROOT, prepare, qunda

from bot.cli.ask import read_sample
from bot.config import ConfigError

KEYS = ["outcome", "probability", "threshold", "reasons", "answer", "citations"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ask")
    prepare(folder)
    return folder


def test_a_question_is_answered_with_its_reasons_and_sources(home: Path) -> None:
    done = qunda("ask", "Zephyrlink 怎么安装", cwd=home)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("✓ Zephyrlink 怎么安装\n")
    assert "pip install zephyrlink" in done.out and "install.md" in done.out and "门槛" in done.out


def test_the_json_has_the_documented_shape(home: Path) -> None:
    answer = json.loads(qunda("ask", "--json", "Zephyrlink 怎么安装", cwd=home).out)
    assert list(answer) == KEYS
    assert answer["outcome"] == "answered" and answer["probability"] >= answer["threshold"]
    assert [list(citation) for citation in answer["citations"]] == [["n", "source", "uri", "text"]] * len(
        answer["citations"]
    )
    assert answer["citations"][0]["n"] == 1 and "[1]" in answer["answer"]
    silent = json.loads(qunda("ask", "--json", "哈哈哈哈", cwd=home).out)
    assert list(silent) == KEYS
    assert (silent["outcome"], silent["answer"], silent["citations"]) == ("silent", None, [])
    assert silent["reasons"]


def test_a_mention_is_told_that_the_knowledge_does_not_cover_it(home: Path) -> None:
    overheard = qunda("ask", "量子纠缠的本征态怎么塌缩", cwd=home)
    mentioned = qunda("ask", "量子纠缠的本征态怎么塌缩", "--mention", cwd=home)
    assert (overheard.status, mentioned.status) == (0, 0)
    assert len(mentioned.out) > len(overheard.out)
    assert json.loads(qunda("ask", "--json", "--mention", "量子纠缠的本征态怎么塌缩", cwd=home).out)["outcome"] == (
        "abstained"
    )


def test_a_title_that_a_word_list_objects_to_is_not_named_to_one_who_asks_in_vain(home: Path, tmp_path: Path) -> None:
    question, copy = "Zephyrlink 的股票代码是多少", tmp_path / "home"
    shutil.copytree(home, copy)
    named = qunda("ask", "--mention", question, cwd=copy).out
    assert "Zephyrlink 配置" in named
    (copy / "words.txt").write_text("Zephyrlink 配置\n", "utf-8")
    done = qunda("ask", "--mention", question, "--set", "safety.word_lists=words.txt", cwd=copy)
    assert done.status == 0 and "没有" in done.out
    assert "Zephyrlink 配置" not in done.out


def test_a_greeting_is_greeted_and_an_empty_text_is_no_question(home: Path) -> None:
    greeted = qunda("ask", "你好", "--mention", cwd=home)
    assert greeted.status == 0 and "/help" in greeted.out and "没有找到" not in greeted.out
    empty = json.loads(qunda("ask", "--json", " ", cwd=home).out)
    assert (empty["outcome"], empty["probability"], empty["reasons"]) == ("silent", None, ["没有文字"])


def test_a_text_to_somebody_else_is_judged_as_in_a_group(home: Path) -> None:
    overheard = json.loads(qunda("ask", "--json", "@bob Zephyrlink 怎么安装", cwd=home).out)
    assert (overheard["outcome"], overheard["reasons"][0]) == ("silent", "是对别人说的")
    mentioned = json.loads(qunda("ask", "--json", "--mention", "@bob Zephyrlink 怎么安装", cwd=home).out)
    assert mentioned["probability"] >= mentioned["threshold"]


def test_odd_texts_are_decided_like_any_other_and_cannot_steer_the_terminal(home: Path, tmp_path: Path) -> None:
    odd = ["", "   ", "😀😀", "\u202eabc\u2066", "a" * 100_000, "a\x1b[31mb\x07", "[bold]x[/]", "\ud83d 怎么安装"]
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    done = qunda("ask", "--sample", tmp_path / "odd.json", cwd=home)
    assert (done.status, done.err) == (0, "")
    assert sum(line.startswith(("– ", "✓ ", "✗ ")) for line in done.out.splitlines()) == len(odd)
    assert not set("\x1b\x07\u202e\u2066") & set(done.out)
    assert "– a\\x1b[31mb\\x07\n" in done.out and "– [bold]x[/]\n" in done.out
    rows = json.loads(qunda("ask", "--json", "--sample", tmp_path / "odd.json", cwd=home).out)
    assert [list(row) for row in rows] == [["text", *KEYS]] * len(odd)
    assert [row["text"] for row in rows[:6]] == odd[:6]


def test_an_argument_that_is_no_unicode_and_a_terminal_that_knows_only_ascii_do(home: Path) -> None:
    done = qunda("ask", "caf\udce9 怎么安装", cwd=home, env={"PYTHONIOENCODING": "ascii"})
    assert (done.status, done.err) == (0, "")
    assert "caf\\udce9" in done.out and "\\u2013" in done.out


@pytest.mark.parametrize(
    "items",
    [
        ["Zephyrlink 怎么安装", "哈哈哈", "「某人: 端口怎么改」\n—————\n我也想知道"],
        [{"text": "Zephyrlink 怎么安装"}, {"text": "哈哈哈"}],
        [{"query": "Zephyrlink 怎么安装", "answer": None}, {"query": "哈哈哈"}],
        [{"question": "Zephyrlink 怎么安装", "part": "...", "full": "..."}, "哈哈哈"],
    ],
)
def test_every_shape_of_a_sample_file_is_read(items: list[object], home: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text("\ufeff" + json.dumps(items, ensure_ascii=False), "utf-8")
    done = qunda("ask", "--sample", tmp_path / "sample.json", cwd=home)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert sum(line.startswith("  接受") for line in lines) >= 1
    assert sum(line.startswith("  拒绝") for line in lines) >= 1
    assert sum(line.startswith(("  接受", "  拒绝")) for line in lines) == len(items)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "must be a JSON list of questions"),
        (b'{"a": 1}', "must be a JSON list of questions"),
        (b'["a", 3]', "entry 2 is no question"),
        (b'["a", {"id": 1}]', "an object with text or query or question"),
        (b'["a",]', "is not JSON"),
        (b'["\xff"]', "save it as UTF-8"),
        (b"[" * 100_000, "is not JSON"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_sample_file_says_what_it_should_be(content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "sample.json").write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        read_sample(tmp_path / "sample.json")
    assert "sample.json" in str(raised.value)


def test_a_wrong_sample_file_is_wrong_usage(tmp_path: Path) -> None:
    done = qunda("ask", "--sample", "nix.json", cwd=tmp_path)
    assert (done.status, done.err) == (2, "qunda: nix.json cannot be read: No such file or directory\n")


def test_without_knowledge_the_error_is_one_line_that_names_the_command(tmp_path: Path) -> None:
    done = qunda("ask", "hi", cwd=tmp_path)
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert "qunda build" in done.err


def test_the_ancestors_folder_works_unchanged(tmp_path: Path) -> None:
    """As its README says, from another directory."""
    folder = ROOT / "examples" / "huixiangdou"
    common = ("--config", folder / "config.ini", "--data", tmp_path / "data")
    built = qunda(*common, "build", cwd=tmp_path)
    assert (built.status, built.err) == (0, "")
    done = qunda(*common, "ask", "--sample", folder / "test_queries.json", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    for text in json.loads((folder / "test_queries.json").read_text("utf-8")):
        verdict, reason = done.out.split(f" {text}\n", 1)[1].splitlines()[:2]
        assert verdict.strip().split(" · ")[0] in ("接受", "拒绝", "accepted", "refused"), text
        assert reason.startswith("  · "), text


def test_a_language_model_that_fails_is_a_failure_with_its_reason(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "data", tmp_path / "data")
    model = ("--set", "llm.backend=openai", "--set", "llm.base_url=http://127.0.0.1:9/v1", "--set", "llm.model=m")
    options = (*model, "--set", "llm.max_retries=0", "--config", home / "config.ini", "--data", tmp_path / "data")
    done = qunda("ask", "Zephyrlink 怎么安装", *options, cwd=tmp_path)
    assert done.status == 1
    assert "✗ Zephyrlink" in done.out and "127.0.0.1:9" in done.out
    assert json.loads(qunda("ask", "Zephyrlink 怎么安装", "--json", *options, cwd=tmp_path).out)["outcome"] == (
        "failed:generate"
    )


def test_a_curated_question_gets_its_answer_from_the_folder_to_the_command_line(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text("# Guide\n\nThe pump has to be oiled.\n", "utf-8")
    (docs / "faq.csv").write_text("问题,答案\n怎么给泵上油？,每月滴两滴 [专用油]。\n", "utf-8")
    assert qunda("build", "docs", cwd=tmp_path).status == 0
    answer = json.loads(qunda("ask", "--json", "请问如何给泵上油呢", cwd=tmp_path).out)
    assert (answer["outcome"], answer["answer"]) == ("answered", "每月滴两滴 [专用油]。 [1]")
    assert answer["citations"][0]["uri"] == "faq.csv"
    assert answer["reasons"][0] == "问答对里有“怎么给泵上油？”"
    assert json.loads(qunda("ask", "--json", "怎么不给泵上油", cwd=tmp_path).out)["answer"] != answer["answer"]
