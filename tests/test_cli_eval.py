"""`qunda eval` and `qunda eval-retrieval` as processes: names of numbers, files that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import prepare, qunda

from bot.cli.eval_retrieval import read_questions
from bot.cli.evaluate import read_items
from bot.config import ConfigError

NUMBERS = ["threshold", "f1", "precision", "recall", "unwanted_per_1000"]
WANTED = [
    "Zephyrlink 怎么安装到服务器",
    "端口在哪里改",
    "zephyr.toml 的 port 不生效",
    "Windows 上怎么装",
    "日志级别怎么调",
]
UNWANTED = ["今晚吃火锅吗", "哈哈太逗了", "早", "谁去打球", "收到谢谢"]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def labelled(copies: int) -> list[dict[str, Any]]:
    pairs = list(zip(WANTED, UNWANTED, strict=True))
    rows = []
    for block in range(copies):
        for good, bad in pairs:
            rows.append({"text": f"{good} {block}", "answer": True, "block": block})
            rows.append({"text": f"{bad} {block}", "answer": False, "block": block})
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    prepare(folder)
    write_lines(folder / "labelled.jsonl", labelled(6))
    return folder


def test_the_figures_have_the_documented_names(home: Path, tmp_path: Path) -> None:
    done = qunda("eval", "labelled.jsonl", "--json", "--predictions", tmp_path / "p.jsonl", cwd=home)
    assert (done.status, done.err) == (0, "")
    report = json.loads(done.out)
    assert list(report) == ["n", "positives", "roc_auc", "ece", "best_f1", "dial"]
    assert (report["n"], report["positives"]) == (60, 30)
    assert list(report["best_f1"]) == NUMBERS
    assert list(report["dial"]) == [*NUMBERS, "asked"]
    assert report["dial"]["asked"] == 20
    assert report["roc_auc"] > 0.9
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == [row["text"] for row in labelled(6)]
    assert set(rows[0]) == {"text", "answer", "block", "probability", "answered"}
    right = sum(row["answered"] and row["answer"] for row in rows)
    assert right / 30 == pytest.approx(report["dial"]["recall"])


def test_people_get_a_table_and_the_dial_can_be_set(home: Path) -> None:
    done = qunda("eval", "labelled.jsonl", "--set", "gate.unwanted_per_1000=50", cwd=home)
    assert (done.status, done.err) == (0, "")
    assert "60 messages, 30 want an answer (measured only)" in done.out
    assert "dial at 50" in done.out and "best F1 of the training side" in done.out


def test_training_examples_that_stand_in_the_file_are_named(home: Path) -> None:
    done = qunda("eval", "labelled.jsonl", "--train", "labelled.jsonl", cwd=home)
    assert done.status == 0
    assert "learnt from 60 of these 60 messages" in done.err


def test_training_examples_may_be_of_one_kind(home: Path, tmp_path: Path) -> None:
    train = write_lines(tmp_path / "train.jsonl", [{"text": "求推荐好吃的", "answer": False}])
    assert qunda("eval", "labelled.jsonl", "--train", train, cwd=home).status == 0


def test_cross_validation_keeps_blocks_whole_and_repeats_with_its_seed(home: Path, tmp_path: Path) -> None:
    common = ("eval", "labelled.jsonl", "--cross-validate", 3, "--json")
    first = qunda(*common, "--train", "labelled.jsonl", "--predictions", tmp_path / "p.jsonl", cwd=home)
    assert (first.status, first.err) == (0, "")
    assert list(json.loads(first.out)) == ["n", "positives", "roc_auc", "ece", "best_f1", "dial"]
    assert len((tmp_path / "p.jsonl").read_text("utf-8").splitlines()) == 60
    # What FILE has as well is left out of --train: otherwise every fold had seen what it is measured on.
    assert qunda(*common, cwd=home).out == first.out
    wrong = qunda("eval", "labelled.jsonl", "--cross-validate", 7, cwd=home)
    assert (wrong.status, "takes 2 to 6 here" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"text": "a", "answer": true}\n{"text": "b"}\n', "line 2: "),
        ('{"text": "a", "answer": "yes"}\n', "line 1: "),
        ('\n\n{"text": "a", "answer": true, "block": [1]}\n', "line 3: block"),
        ("[1]\n", "line 1 is not a JSON object"),
        ("{\n", "line 1 is not JSON"),
        ("[" * 100_000, "line 1 is not JSON"),
        ('{"text": "a", "answer": true, "block": true}\n', "line 1: block"),
        ("", "is empty"),
        ("\n \n", "is empty"),
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nix.jsonl"], "nix.jsonl cannot be read"),
        (["one-class.jsonl"], "answer is true in every line"),
        (["both.jsonl", "--cross-validate", "2"], "is not possible here"),
        (["both.jsonl", "--cross-validate", "0"], "is not possible here"),
        (["both.jsonl", "--train", "nix.jsonl"], "nix.jsonl cannot be read"),
        (["both.jsonl", "--predictions", "nix/p.jsonl"], "there is no folder"),
        (["both.jsonl", "--plot", "nix/p.svg"], "there is no folder"),
        (["both.jsonl", "--plot", "."], "is a folder"),
        (["both.jsonl", "--predictions", "both.jsonl"], "would be overwritten"),
        (["both.jsonl", "--train", "one-class.jsonl", "--plot", "one-class.jsonl"], "would be overwritten"),
        (["both.jsonl", "--seed", "-1"], "--seed takes 0 or more"),
    ],
)
def test_what_cannot_be_measured_is_said_before_any_work(arguments: list[str], said: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "one-class.jsonl", [{"text": text, "answer": True} for text in WANTED])
    write_lines(tmp_path / "both.jsonl", [{"text": str(n), "answer": n > 1, "block": "same"} for n in range(4)])
    done = qunda("eval", *arguments, cwd=tmp_path)
    assert (done.status, said in done.err) == (2, True), done.err


@pytest.mark.parametrize("blocks", [1, 12])
def test_folds_that_leave_too_little_to_learn_from_are_measured_and_named(
    home: Path, tmp_path: Path, blocks: int
) -> None:
    good = [{"text": text, "answer": True, "block": n % blocks} for n, text in enumerate(WANTED)]
    bad = [{"text": text, "answer": False, "block": 100 + n % blocks} for n, text in enumerate(UNWANTED)]
    file = write_lines(tmp_path / "m.jsonl", [*good, *bad])
    done = qunda("eval", file, "--cross-validate", 2, "--plot", tmp_path / "m.svg", cwd=home)
    assert done.status == 0
    assert "2 of 2 folds leave too few labels" in done.err
    assert "10 messages, 5 want an answer" in done.out


def test_measuring_leaves_no_gates_behind(home: Path) -> None:
    before = sorted((home / "data" / "gates").iterdir())
    qunda("eval", "labelled.jsonl", "--train", "labelled.jsonl", cwd=home)
    qunda("eval", "labelled.jsonl", "--cross-validate", 2, cwd=home)
    assert sorted((home / "data" / "gates").iterdir()) == before


@pytest.mark.parametrize("command", ["eval", "eval-retrieval"])
def test_without_knowledge_there_is_nothing_to_measure(command: str, tmp_path: Path) -> None:
    rows = [{"text": "a", "answer": n > 0, "question": "a", "relevant": ["a.md"]} for n in range(2)]
    done = qunda(command, write_lines(tmp_path / "f.jsonl", rows), cwd=tmp_path)
    assert (done.status, "qunda build" in done.err) == (1, True), done.err


def test_the_search_is_measured_fused_and_alone(home: Path, tmp_path: Path) -> None:
    rows = [
        {"question": "zephyrlink-setup.exe", "relevant": ["install.md"]},
        {"question": "log_level debug", "relevant": "config.md"},
        {"question": "port 8080", "relevant": ["config.md", "nix.md"]},
    ]
    path = write_lines(tmp_path / "retrieval.jsonl", rows)
    done = qunda("eval-retrieval", path, "--json", cwd=home)
    assert done.status == 0
    assert "1 relevant documents are not in the knowledge" in done.err and "line 3: nix.md" in done.err
    report = json.loads(done.out)
    assert list(report) == ["n", "fused", "bm25", "dense"]
    assert report["n"] == 3
    for name in ("fused", "bm25", "dense"):
        assert list(report[name]) == ["recall@1", "recall@5", "mrr", "ndcg"]
    assert report["bm25"]["recall@1"] == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-6)
    assert report["bm25"]["mrr"] == 1
    shown = qunda("eval-retrieval", path, "--set", "retrieval.dense_weight=0.3", cwd=home).out
    assert "3 questions" in shown and "fused (1 x bm25 + 0.3 x dense)" in shown
    missing = qunda("eval-retrieval", path, "--base", "nix", cwd=home)
    assert (missing.status, "nix" in missing.err) == (1, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"question": "a"}, "line 1"),
        ({"question": "a", "relevant": []}, "line 1"),
        ({"question": "a", "relevant": [1]}, "list of document uris"),
        ({"relevant": ["a.md"]}, "line 1"),
    ],
)
def test_a_wrong_retrieval_file_names_the_line(line: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        read_questions(write_lines(tmp_path / "wrong.jsonl", [line]))


def test_the_picture_shows_precision_reliability_and_the_learning_curve(home: Path, tmp_path: Path) -> None:
    rows = [
        {"text": f"{text} {n}", "answer": good, "block": n % 6}
        for n in range(18)
        for good, texts in ((True, WANTED), (False, UNWANTED))
        for text in texts[:2]
    ]
    file, picture = write_lines(tmp_path / "m.jsonl", rows), tmp_path / "plot.svg"
    assert qunda("eval", str(file), "--plot", str(picture), cwd=home).status == 0
    svg = ElementTree.parse(picture)
    texts = [element.text or "" for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    for panel in ("precision", "reliability", "learning curve"):
        assert any(panel in text for text in texts), panel
