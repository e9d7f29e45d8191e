"""docs/wechat.md against the code: its settings load, its messages exist, and both languages say as much."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import load
from bot.config_wechat import WECHAT_SECTIONS

PROJECT = Path(__file__).parent.parent
TEXT = (PROJECT / "docs/wechat.md").read_text("utf-8")
CHINESE, ENGLISH = re.split(r"^# English$", TEXT, flags=re.MULTILINE)
SOURCES = "\n".join(
    file.read_text("utf-8")
    for folder in ("adapters/wechat", "bot")
    for file in sorted((PROJECT / folder).rglob("*.py"))
)
FENCES = re.findall(r"^ *```(\w*)\n(.*?)^ *```", TEXT, flags=re.MULTILINE | re.DOTALL)


def trouble(part: str) -> list[str]:
    """What the tables under 'something is wrong' say that is seen: the first column's code, cut at what varies."""
    rows = re.findall(r"^\| ([^|]*)\|[^|]*\|$", part, flags=re.MULTILINE)
    return [piece.strip() for row in rows for code in re.findall(r"`([^`]+)`", row) for piece in code.split("…")]


@pytest.mark.parametrize("part", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_message_of_the_tables_is_one_that_the_code_writes(part: str) -> None:
    pieces = [re.sub(r"^N | wss://$| at$", "", piece) for piece in trouble(part) if piece]
    assert len(pieces) > 15
    flat = re.sub(r'"\s*\n\s*f?"', "", SOURCES)
    assert [piece for piece in pieces if piece not in flat] == []


@pytest.mark.parametrize("block", [text for kind, text in FENCES if kind == "ini"])
def test_every_example_of_the_settings_loads(block: str, tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text(block, "utf-8")
    load(tmp_path / "config.ini", environ={})


@pytest.mark.parametrize("block", [text for kind, text in FENCES if kind == "bash"])
def test_every_command_is_one_that_a_shell_reads_and_qunda_knows(block: str) -> None:
    subprocess.run(["bash", "-n"], input=block, text=True, check=True)
    for words in (shlex.split(line.partition("#")[0]) for line in block.splitlines() if line.startswith("qunda ")):
        done = subprocess.run([sys.executable, "-m", "bot", words[1], "--help"], cwd=PROJECT, capture_output=True)
        assert done.returncode == 0, words
    for variable in re.findall(r"QUNDA_([A-Z_]+)", block):
        section, _, key = variable.lower().partition("_")
        assert key in WECHAT_SECTIONS[section].model_fields, variable


def test_both_languages_have_the_same_parts_and_name_the_same_settings() -> None:
    def shape(part: str) -> list[tuple[int, int]]:
        sections = re.split(r"^##+ ", part, flags=re.MULTILINE)
        return [(len(re.findall(r"^\|", one, re.MULTILINE)), one.count("```")) for one in sections]

    assert shape(CHINESE) == shape(ENGLISH)
    keys = {key for model in WECHAT_SECTIONS.values() for key in model.model_fields}
    chinese, english = (code_words(part) & keys for part in (CHINESE, ENGLISH))
    assert chinese == english
    assert keys - chinese <= {"host", "port", "url", "callback_secret"}  # config.ini says enough about these


def code_words(part: str) -> set[str]:
    """The words of what is set as code."""
    return set(re.findall(r"[a-z]+(?:_[a-z]+)*", " ".join(re.findall(r"```.*?```|`[^`]*`", part, re.DOTALL))))
