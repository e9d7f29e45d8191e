"""The command line as a whole: help, global options, exit statuses, and errors in one line."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import environment, prepare, qunda

from adapters.base import AdapterError, InboxError
from bot import VERSION
from bot.cli import doctor
from bot.cli.parser import make_parser, run
from bot.config import ConfigError
from bot.store import StoreError
from rag.base import NoKnowledgeError

HEAVY = (
    "numpy",
    "sklearn",
    "faiss",
    "torch",
    "transformers",
    "openai",
    "rich",
    "pydantic",
    "aiohttp",
    "bm25s",
    "scipy",
)


def parsers() -> list[argparse.ArgumentParser]:
    subparsers = next(a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return list(subparsers.choices.values())


def commands() -> list[str]:
    return [parser.prog.split()[-1] for parser in parsers()]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["build", "--help"], []])
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = f"import sys; from bot.cli.parser import run; run({arguments!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded.isdisjoint(HEAVY)
    assert "qunda" in done.stdout


def test_every_command_has_a_module_with_its_function() -> None:
    assert set(commands()) >= {"demo", "build", "ask", "chat", "eval", "eval-retrieval", "replay", "run", "doctor"}
    for parser in parsers():
        module, function = parser.get_default("module"), parser.get_default("function")
        assert callable(getattr(importlib.import_module(f"bot.cli.{module}"), function))


def test_the_guide_lists_every_command_and_option() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "command-line.md").read_text("utf-8")
    for name in commands():
        assert f"`{name}" in guide, name
    actions = [action for parser in parsers() for action in parser._actions]
    for option in {option for action in actions for option in action.option_strings if option.startswith("--")}:
        assert option in guide, option


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert qunda("--version", cwd=tmp_path).out == f"qunda {VERSION}\n"


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    done = qunda(cwd=tmp_path)
    assert (done.status, "qunda demo" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "invalid choice: 'serve'"),
        (["ask"], 'qunda ask "TEXT"'),
        (["ask", "hi", "--sample", "x.json"], "give one question, or a list"),
        (["eval"], "FILE.jsonl"),
        (["demo", "--speed", "fast"], "--speed"),
        (["demo", "--speed", "-1"], "must be 0 or more"),
        (["knowledge", "show"], "qunda knowledge show FILE"),
        (["build", "--base", "nix"], "[knowledge:nix]"),
        (["--config", "nix.ini", "doctor"], "no config file nix.ini"),
        (["--set", "gate", "doctor"], "section.key=value"),
        (["--set", "gate.unwanted_per_1000", "doctor"], "section.key=value"),
        (["--set", "gate.unwanted_per_1000=many", "doctor"], "unwanted_per_1000 = 'many'"),
        (["--set", "gate.unwanted_per_thousand=5", "doctor"], "did you mean 'unwanted_per_1000'?"),
        (["--set", "gates.unwanted_per_1000=5", "doctor"], "no section [gates]; did you mean 'gate'?"),
        (["run"], "no adapter is enabled"),
    ],
)
def test_wrong_usage_says_what_is_right(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(("qunda: ", "usage: "))
    assert said in shown.err


def test_a_local_model_without_a_name_is_a_finding(tmp_path: Path) -> None:
    done = qunda("doctor", "--quiet", "--set", "llm.backend=transformers", cwd=tmp_path)
    assert (done.status, "set [llm] model" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gate]\nunwanted_per_thousand = 5\n", "[gate] has no key 'unwanted_per_thousand'; did you mean"),
        ("[knowlege]\n", "no section [knowlege]; did you mean 'knowledge'?"),
        ("admins = x\n", "line 1: no [section] above this line"),
        ("[bot]\nadmins\n", "line 2: neither a [section] nor key = value"),
        ("[group:feishu]\n", "must be [group:<platform>:<chat id>]"),
        ("[group:feishu:oc]\nknowledge = nix\n", "has no section [knowledge:nix]"),
        ("[knowledge]\n[knowledge:default]\n", "are the same base"),
        ("[knowledge:a/b]\n", "needs a name"),
        ("[bot]\nlanes = 0\n", "greater than or equal to 1"),
    ],
)
def test_a_wrong_config_names_the_file_the_place_and_what_would_be_right(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.ini").write_text(text, "utf-8")
    assert run(["doctor", "--config", str(tmp_path / "config.ini")]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("qunda: ") and said in shown and "config.ini" in shown


def test_global_options_stand_before_the_command_after_it_or_both(tmp_path: Path) -> None:
    config = prepare(tmp_path / "home")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    data, dial = tmp_path / "home" / "data", "gate.unwanted_per_1000=7"
    listings = [
        qunda("--config", config, "--data", data, "knowledge", "--json", cwd=elsewhere),
        qunda("knowledge", "--json", "--config", config, "--data", data, cwd=elsewhere),
        qunda("--config", "nix.ini", "--data", data, "knowledge", "--config", config, "--json", cwd=elsewhere),
    ]
    assert [done.status for done in listings] == [0, 0, 0]
    assert len({done.out for done in listings}) == 1
    assert json.loads(listings[0].out)[0]["documents"] == 2
    wrong = qunda("--set", dial, "knowledge", "--set", "gate.expected_share=7", "--config", config, cwd=elsewhere)
    assert "expected_share" in wrong.err  # both lists of --set count: the first one is right, the second is not
    wrong = qunda("--set", "gate.expected_share=7", "knowledge", "--set", dial, "--config", config, cwd=elsewhere)
    assert "expected_share" in wrong.err
    assert list(elsewhere.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext")
    for arguments in (["build", "docs"], ["ask", "hi"], ["demo"]):
        done = qunda(*arguments, "--data", tmp_path / "data", cwd=tmp_path)
        assert (done.status, done.err.count("\n")) == (1, 1), done.err


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    config = prepare(tmp_path)
    code = f"exec {sys.executable} -m bot --config {config} knowledge show install.md 2>err | head -c 1"
    subprocess.run(["bash", "-c", code], cwd=tmp_path, env=environment(), capture_output=True, check=True)
    assert (tmp_path / "err").read_text() == ""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StoreError("the store is locked"), 1, "qunda: the store is locked\n"),
        (ExceptionGroup("a", [ExceptionGroup("b", [InboxError("not stored")])]), 1, "qunda: not stored\n"),
        (ExceptionGroup("a", [AdapterError("first"), NoKnowledgeError("second")]), 1, "qunda: first\n"),
        (ExceptionGroup("a", [ConfigError("wrong key")]), 2, "qunda: wrong key\n"),
        (PermissionError(13, "Permission denied", "x.jsonl"), 1, "qunda: x.jsonl: Permission denied\n"),
    ],
)
def test_whatever_a_command_fails_of_is_one_line(
    error: Exception,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(doctor, "doctor", fail)
    assert run(["doctor", "--data", str(tmp_path)]) == status
    assert capsys.readouterr().err == said


def test_a_bug_beside_an_expected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> int:
        raise ExceptionGroup("a", [StoreError("locked"), KeyError("bug")])

    monkeypatch.setattr(doctor, "doctor", fail)
    with pytest.raises(ExceptionGroup):
        run(["doctor", "--data", str(tmp_path)])
