"""What ships as content: examples, the demo's chat and guide, config.ini, the pages and their links."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot import config

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "bot" / "demo"
GUIDE = DEMO / "knowledge"
DEFAULTS = ROOT / "rag" / "defaults"
EXAMPLE = ROOT / "examples" / "huixiangdou"
QUESTION_FILES = sorted([*DEMO.glob("*.json"), *DEFAULTS.glob("*_questions.json"), *EXAMPLE.glob("*.json")])
FOLDERS = (ROOT, ROOT / "docs", ROOT / "deploy", EXAMPLE, GUIDE)
PAGES = sorted(page for folder in FOLDERS for page in folder.glob("*.md"))
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read_questions(path: Path) -> list[str]:
    return list(json.loads(path.read_text("utf-8")))


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def plain(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def chat_lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DEMO / "chat.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("path", QUESTION_FILES, ids=relative)
def test_a_question_file_is_a_json_list_of_distinct_clean_strings(path: Path) -> None:
    questions = json.loads(path.read_text("utf-8"))
    assert isinstance(questions, list)
    assert questions
    assert all(isinstance(question, str) and question == question.strip() and question for question in questions)
    repeated = [text for text, count in Counter(map(str.casefold, questions)).items() if count > 1]
    assert repeated == []
    assert [text for text in questions if len(text) > 400 or any(ord(char) < 32 for char in text)] == []


@pytest.mark.parametrize(
    ("path", "least_chinese", "least_english"),
    [
        (DEFAULTS / "bad_questions.json", 200, 80),
        (DEFAULTS / "good_questions.json", 40, 15),
        (DEMO / "bad_questions.json", 20, 3),
        (DEMO / "good_questions.json", 20, 3),
    ],
    ids=lambda value: relative(value) if isinstance(value, Path) else "",
)
def test_the_examples_cover_both_languages(path: Path, least_chinese: int, least_english: int) -> None:
    questions = read_questions(path)
    chinese = sum(map(is_chinese, questions))
    assert chinese >= least_chinese
    assert len(questions) - chinese >= least_english


@pytest.mark.parametrize("folder", [DEFAULTS, DEMO, EXAMPLE], ids=relative)
def test_no_text_is_a_good_and_a_bad_question(folder: Path) -> None:
    good, bad = (set(map(plain, read_questions(folder / f"{kind}_questions.json"))) for kind in ("good", "bad"))
    assert good & bad - {""} == set()


def test_the_default_lists_hold_long_texts_on_both_sides() -> None:
    """So that length alone tells a learner nothing."""
    for kind, least in (("good", 3), ("bad", 8)):
        texts = read_questions(DEFAULTS / f"{kind}_questions.json")
        assert sum(len(text) >= 50 for text in texts) >= least


def test_the_demo_is_not_rigged_its_messages_are_in_no_example_list() -> None:
    files = [*DEFAULTS.glob("*.json"), *DEMO.glob("*.json")]
    known = {plain(text) for path in files for text in read_questions(path)}
    rigged = [line["text"] for line in chat_lines() if len(plain(line["text"])) > 4 and plain(line["text"]) in known]
    assert rigged == []


def test_the_chat_has_well_formed_lines_in_time_order() -> None:
    lines = chat_lines()
    assert 40 <= len(lines) <= 60
    allowed = {"id", "conversation", "sender", "sent_at", "text", "mentions_bot", "quote", "expect"}
    assert [line["id"] for line in lines if set(line) - allowed or not line["text"] or not line["sender"]] == []
    assert len({line["id"] for line in lines}) == len(lines)
    times = [datetime.fromisoformat(line["sent_at"]) for line in lines]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert all(time.tzinfo for time in times)
    assert [gap for gap in gaps if not 20 <= gap <= 60] == []


def test_the_chat_has_every_kind_of_message_and_is_mostly_chatter() -> None:
    lines = chat_lines()
    expected = Counter(line["expect"] for line in lines)
    assert set(expected) == {"answer", "silent", "abstain", "command"}
    assert expected["silent"] > len(lines) / 2
    assert expected["answer"] >= 10
    assert all(line.get("mentions_bot") for line in lines if line["expect"] == "abstain")
    passive = [line for line in lines if line["expect"] == "answer" and not line.get("mentions_bot")]
    assert {is_chinese(line["text"]) for line in passive} == {True, False}


def test_a_quote_of_the_chat_repeats_an_earlier_message() -> None:
    earlier: dict[str, dict[str, Any]] = {}
    quotes = 0
    for line in chat_lines():
        if quote := line.get("quote"):
            quotes += 1
            said = earlier[quote["id"]]
            assert (quote["sender"], quote["text"]) == (said["sender"], said["text"])
        earlier[line["id"]] = line
    assert quotes


def test_every_guide_page_exists_in_both_languages_with_as_many_sections() -> None:
    topics = {path.name.split(".")[0] for path in GUIDE.glob("*.md")}
    assert len(topics) >= 8
    for topic in sorted(topics):
        sections = [
            len(re.findall(r"^## ", FENCE.sub("", (GUIDE / f"{topic}.{language}.md").read_text("utf-8")), re.MULTILINE))
            for language in ("zh", "en")
        ]
        assert sections[0] == sections[1] >= 3, topic


def test_the_guide_index_names_every_guide_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert [path.name for path in GUIDE.glob("*.md") if path.name not in index] == []


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    text = FENCE.sub("", path.read_text("utf-8"))
    targets = [target.partition("#")[0] for target in LINK.findall(text) if not re.match(r"[a-z]+:|#", target)]
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "README_zh.md"])
def test_a_readme_names_only_commands_that_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)(?=\s{2,}#|`)", text))
    assert used >= {"demo", "test"}
    assert used <= targets
    assert text.count("<!-- transcript:begin -->") == text.count("<!-- transcript:end -->") == 1


def test_both_readmes_say_the_same_in_structure_and_links() -> None:
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README_zh.md"))
    for pattern in (r"^## ", r"^\d\. ", r"^- ", r"^\|"):
        counts = {len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)}
        assert len(counts) == 1, pattern

    def links(text: str) -> set[str]:
        return {re.sub(r"(\.en\.md|\.zh\.md|README(_zh)?\.md)$", "", target) for target in LINK.findall(text)}

    assert links(english) == links(chinese)


def config_text() -> str:
    return (ROOT / "config.ini").read_text("utf-8")


def named_keys(section: str) -> set[str]:
    """Keys set or shown as ``# key = value`` between ``[section]`` (itself maybe in a comment) and the next one."""
    block = re.search(rf"^(?:# )?\[{section}\]$(.*?)(?=^(?:# )?\[|\Z)", config_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^(?:# )?([a-z_0-9]+) =", block[1], re.MULTILINE)) if block else set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_states_the_real_defaults(language: str) -> None:
    """Every ``key = value`` of the configuration page is what the program does without a config file."""
    page = FENCE.sub("", (GUIDE / f"config.{language}.md").read_text("utf-8"))
    defaults = config.Settings()
    stated = 0
    for section, block in re.findall(r"^## \[(\w+)\](.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL):
        values = defaults.knowledge["default"] if section == "knowledge" else getattr(defaults, section, None)
        for key, value in re.findall(r"`(\w+) = ([\d.]+)`", block):
            assert getattr(values, key) == float(value), (section, key)
            stated += 1
    assert stated >= 10


@pytest.mark.parametrize("path", [ROOT / "config.ini", EXAMPLE / "config.ini"], ids=relative)
def test_a_config_file_loads_and_its_paths_exist(path: Path) -> None:
    settings = config.load(path, environ={})
    base = settings.knowledge["default"]
    assert [name for name in base.documents if not settings.resolve(name).is_dir()] == []
    files = [name for name in (base.good_questions, base.bad_questions) if name]
    assert [name for name in files if not settings.resolve(name).is_file()] == []


def test_config_ini_names_every_key_of_every_section_and_no_other() -> None:
    group = r"group:console:demo"
    for section, model in {**config.SINGLE, "knowledge": config.KnowledgeSettings, group: config.GroupSettings}.items():
        assert named_keys(section) == set(model.model_fields), section


def test_config_ini_shows_the_real_defaults(tmp_path: Path) -> None:
    """Taking each ``# key = value`` out of its comment changes nothing, apart from the values that are examples."""
    live = re.split(r"^# 单个群的设置", config_text(), flags=re.MULTILINE)[0]
    shown = tmp_path / "config.ini"
    examples = {
        "admins",
        "good_questions",
        "bad_questions",
        "preset",
        "base_url",
        "model",
        "api_key",
        "callback_url",
        "forward",
        "allowed_domains",
        "hours",
        "days",
    }
    lines = []
    for line in re.sub(r"^# \[knowledge:.*?\n\n", "", live, flags=re.MULTILINE | re.DOTALL).splitlines():
        match = re.match(r"# ([a-z_0-9]+) =", line)
        lines.append(line[2:] if match and match[1] not in examples else line)
    shown.write_text("\n".join(lines), "utf-8")
    settings = config.load(shown, environ={})
    defaults = config.Settings()
    for section in config.SINGLE:
        assert getattr(settings, section) == getattr(defaults, section), section
    untouched = settings.knowledge["default"].model_copy(update={"documents": ()})
    assert untouched == defaults.knowledge["default"]


def test_the_mapping_from_huixiangdou_names_only_our_sections_or_says_planned() -> None:
    rows = re.findall(r"^\| `.*\|$", (ROOT / "docs" / "from-huixiangdou.md").read_text("utf-8"), re.MULTILINE)
    wrong = []
    for row in rows:
        for section, key in re.findall(r"`\[([a-z]+)\] ?([a-z_0-9]*)", row.split("|")[2]):
            model = {**config.SINGLE, **config.PREFIXED}.get(section)
            known = model is not None and (not key or key in model.model_fields)
            if not known and "planned" not in row:
                wrong.append(row)
    assert len(rows) >= 50
    assert wrong == []
