"""Word lists: what they find however it is written, what they leave alone, and what a group reads where they hit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from group import ADMIN, make_settings, open_group
from llm_server import LLMServer

from adapters.base import Abilities
from bot.cli.doctor import examine
from bot.config import ConfigError
from bot.safety.lists import Filter, read_list, read_lists
from bot.safety.screen import Safety

LIST = """# 示例
敏感词
法外狂徒   # 说明
台灣大樂透
卖A片
吧台
ass
dirty word
C++
/加\\s*微\\s*信\\s*\\d{5,11}/
"""


def read(folder: Path, text: str | bytes = LIST, name: str = "words.txt") -> Filter:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Filter([read_list(path)])


@pytest.mark.parametrize(
    "text",
    [
        "这里有敏感词。",
        "敏 感 词",
        "敏*感-词",
        "敏\u200b感\u200d词",
        "敏，感。词",
        "敏😀感😀词",
        "敏感 词",
        "台湾大乐透怎么买",
        "台灣大乐透",
        "哪里卖Ａ片",
        "哪里卖 a 片",
        "ASS!",
        "你ass啊",
        "ａｓｓ",
        "a.s.s",
        "a s s",
        "a\u00ads\u200bs",
        "a dirty  word",
        "a DIRTY-WORD here",
        "用 c++ 写",
        "加微信12345678",
        "加 微 信 １２３４５６",
    ],
)
def test_an_entry_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert read(tmp_path).find(text)


@pytest.mark.parametrize(
    "text",
    [
        "class assert passage",
        "as soon as s",
        "was so",
        "敏感的词",
        "我们走吧。台上有人",
        "敏感，词语",
        "dirtyword dirty words wordy",
        "C 语言",
        "微信支付 12345678",
        "",
        "。。。",
    ],
)
def test_what_only_holds_its_letters_is_left_alone(tmp_path: Path, text: str) -> None:
    assert not read(tmp_path).find(text)


def test_the_place_of_an_entry_is_told_and_comments_do_not_count(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.find("法外狂徒") == "words.txt:3"
    assert not found.find("说明") and not found.find("示例")
    assert len(read_list(tmp_path / "words.txt")) == 9


def test_gb18030_is_read_as_well(tmp_path: Path) -> None:
    assert read(tmp_path, "敏感词\n".encode("gb18030")).find("敏感词")


def test_fifty_thousand_entries_are_all_found(tmp_path: Path) -> None:
    words = [chr(0x4E00 + n % 20000) + chr(0x4E00 + n * 7 % 20000) + chr(0x4E00 + n // 7) for n in range(50_000)]
    found = read(tmp_path, "\n".join(words))
    assert all(found.find(f"前文 {word} 后文") for word in words[::500])
    assert not found.find("how to install it on windows " * 100)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a+)+b", "repeats within a repetition"),
        ("(a{1,9}){1,9}", "repeats within a repetition"),
        ("(a|ab)*c", "choice within a repetition"),
        (".*x.*y.*z", "too many open repetitions"),
        ("(a)\\1", "back reference"),
        ("(?=a)b", "look-around"),
        ("a*", "matches the empty text"),
        ("(", "no regular expression"),
        ("x" * 201, "split it"),
    ],
)
def test_a_pattern_that_may_take_for_ever_is_refused(tmp_path: Path, pattern: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(tmp_path, f"好\n/{pattern}/\n")
    assert "line 2" in str(caught.value)


def test_a_pattern_that_is_allowed_ends_on_a_hostile_text(tmp_path: Path) -> None:
    found = read(tmp_path, "/a.*b.?c/\n/x[a-z]{0,40}y[a-z]{0,40}z/\n")
    assert not found.find("a" * 4000) and not found.find("xy" * 2000)


@pytest.mark.parametrize("name", ["gone.txt", "."])
def test_a_list_that_cannot_be_read_stops_the_start_and_names_the_fix(tmp_path: Path, name: str) -> None:
    settings = make_settings(tmp_path, f"safety.word_lists={name}")
    with pytest.raises(ConfigError, match=r"word list .*take it out of word_lists"):
        read_lists(settings)


def test_a_list_of_neither_encoding_and_an_entry_of_nothing_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read(tmp_path, b"\xff\xff\xff\n")
    with pytest.raises(ConfigError, match=r"line 1: .*over 100"):
        read(tmp_path, "字" * 101)
    with pytest.raises(ConfigError, match=r"line 2: .*invisible"):
        read(tmp_path, "好\n\u200b\n")


async def test_the_bot_does_not_start_without_its_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no word list .*gone\.txt"):
        async with open_group(tmp_path, "safety.word_lists=gone.txt"):
            pass


def test_the_doctor_counts_entries_and_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(LIST, "utf-8")
    settings = make_settings(tmp_path, "safety.word_lists=words.txt, gone.txt")
    found = [(finding.state, finding.detail) for finding in examine(settings) if finding.subject == "word list"]
    assert found[0] == ("ok", f"9 entries in {tmp_path / 'words.txt'}")
    assert found[1][0] == "error" and "gone.txt" in found[1][1]


def test_a_group_has_lists_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "all.txt").write_text("敏感词\n", "utf-8")
    (tmp_path / "own.txt").write_text("端口\n", "utf-8")
    overrides = ("safety.word_lists=all.txt", "group:fake:g1.word_lists=own.txt", "group:fake:g2.mode=passive")
    safety = Safety(make_settings(tmp_path, *overrides))
    assert safety.screen("fake:g1").filter.find("端口") and not safety.screen("fake:g1").filter.find("敏感词")
    assert all(safety.screen(group).filter.find("敏感词") for group in ("fake:g2", "fake:g9", ""))


INSTALL = "Zephyrlink 怎么安装？"


def words(folder: Path, *entries: str) -> str:
    (folder / "words.txt").write_text("\n".join(entries), "utf-8")
    return "safety.word_lists=words.txt"


async def test_a_question_that_hits_gets_silence_or_one_neutral_line(tmp_path: Path) -> None:
    async with open_group(tmp_path, words(tmp_path, "怎么安装")) as group:
        overheard = await group.say(INSTALL)
        assert (overheard["outcome"], overheard["replies"]) == ("silent", [])
        asked = await group.say(INSTALL, mentions_bot=True)
        assert (asked["outcome"], asked["replies"]) == ("abstained", ["这个问题我不便回答。"])
        assert (await group.say("日志级别怎么改？", mentions_bot=True))["outcome"] == "answered"
        quoted = await group.say("这是什么意思？", mentions_bot=True, quote=INSTALL)
        assert quoted["replies"] == ["这个问题我不便回答。"]
    (tmp_path / "words.txt").write_text("dirty word", "utf-8")
    async with open_group(tmp_path, settings=group.settings) as group:
        english = await group.say("how do I install a dirty-word?", mentions_bot=True)
        assert english["replies"] == ["I cannot help with this one."]


async def test_why_names_the_line_and_never_repeats_the_words(tmp_path: Path) -> None:
    async with open_group(tmp_path, words(tmp_path, "# x", "怎么安装")) as group:
        asked = await group.say(INSTALL, mentions_bot=True)
        why = await group.say("/why", sender=ADMIN, mentions_bot=True)
        assert "words.txt:2" in why["replies"][0] and "怎么安装" not in why["replies"][0]
        assert "怎么安装" not in str({key: asked[key] for key in ("reasons", "verdict", "replies")})


async def test_an_answer_that_hits_is_withheld(tmp_path: Path) -> None:
    async with open_group(tmp_path, words(tmp_path, "pip install")) as group:
        asked = await group.say(INSTALL, mentions_bot=True)
        assert (asked["outcome"], asked["replies"]) == ("abstained", ["这个问题我不便回答。"])
        assert asked["answer"] is None and asked["citations"] == []
        assert "pip install" not in str(asked["verdict"]) + str(asked["reasons"])
        overheard = await group.say(INSTALL)
        assert overheard["outcome"] != "answered" and not overheard["replies"]


async def test_a_document_is_not_named_where_its_title_hits(tmp_path: Path) -> None:
    async with open_group(tmp_path, words(tmp_path, "Zephyrlink 配置", "安装 Zephyrlink")) as group:
        asked = await group.say("Zephyrlink 端口的历史由来是谁决定的？", mentions_bot=True)
        assert asked["outcome"] == "abstained"
        assert not any("Zephyrlink" in text for text in asked["replies"])


@pytest.fixture
async def server() -> AsyncIterator[LLMServer]:
    async with LLMServer().run() as running:
        yield running


async def test_nothing_prohibited_is_shown_while_an_answer_streams(tmp_path: Path, server: LLMServer) -> None:
    server.script = lambda body: "用 pip install zephyrlink 安装 [1]。安装后运行 zephyrlink init 生成配置文件 [1]。"
    llm = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted", "llm.understand_timeout_s=0")
    streams = Abilities(stream=True, recall_within_s=120, max_chars=4000)
    async with open_group(tmp_path, words(tmp_path, "zephyrlink init"), *llm, abilities=streams) as group:
        asked = await group.say(INSTALL, mentions_bot=True)
        assert group.adapter.shown and not any("zephyrlink init" in text for text in group.adapter.shown)
        assert asked["outcome"] == "abstained" and group.adapter.visible == ["这个问题我不便回答。"]
        overheard = await group.say(INSTALL)
        assert not overheard["replies"]
        assert not any("zephyrlink init" in text for text in (*group.adapter.shown, *group.adapter.visible))


async def test_what_hits_is_not_told_to_the_model_as_history(tmp_path: Path, server: LLMServer) -> None:
    server.script = lambda body: "日志级别由 log_level 决定 [1]。"
    llm = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted")
    async with open_group(tmp_path, words(tmp_path, "敏感词"), *llm) as group:
        await group.say("大家好，敏 感 词")
        await group.say("我在看文档")
        await group.say("Zephyrlink 日志级别怎么改？", mentions_bot=True)
        prompts = str(server.requests)
        assert "我在看文档" in prompts and "敏 感 词" not in prompts


def test_a_list_finds_the_same_when_it_is_asked_again_and_an_empty_one_finds_nothing(tmp_path: Path) -> None:
    lists, long = read(tmp_path), "天气很好。" * 200
    for _ in range(2):
        assert lists.find("这里有敏感词。") == "words.txt:2"
        assert lists.find("这里没有。") == "" == lists.find(long)
        assert lists.find(long + "敏感词") == "words.txt:2"
    assert Filter([]).find("敏感词") == "" == read(tmp_path, "# 空").find("敏感词")
