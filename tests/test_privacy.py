"""Prompts: what identifies members is masked in all that they wrote, names stay, and so does what the documents say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import make_message
from group import open_group
from llm_server import LLMServer

from bot.context import Said
from bot.questions import make_question
from rag.base import Passage, Question, Turn
from rag.personal import without_personal
from rag.prompts import answer_prompt, keywords_prompt, rewrite_prompt

PERSONAL = {
    "发到 zhang.san+x@example.com.cn 吧": "zhang.san+x@example.com.cn",
    "电话13812345678": "13812345678",
    "打 +86 138-1234-5678": "138-1234-5678",
    "call +1 415 555 2671": "415 555 2671",
    "身份证 11010519491231002X": "11010519491231002X",
    "卡号 4111111111111111": "4111111111111111",
    "问 ou_7dab8a3d3cdcc9da365777c7ad535d62": "ou_7dab8a3d3cdcc9da365777c7ad535d62",
    "加 wxid_a1b2c3d4e5f6": "wxid_a1b2c3d4e5f6",
    "我的 QQ 是 3345678912": "3345678912",
    "微信号：zhang_san88": "zhang_san88",
}
HARMLESS = [
    "端口 8080，版本 1.13.0，2024-05-06 12:30",
    "错误码 13812345，PID 138123456789012",
    "commit 13812345678abcdef",
    "pip install foo==1.2.3",
    "张三问李四",
    "@张三 看这里",
    "loss 0.13812345678",
    "git clone git@github.com:x/y.git",
    "QQ 机器人 2024 版",
]


@pytest.mark.parametrize(("text", "value"), PERSONAL.items())
def test_what_identifies_a_person_is_masked(text: str, value: str) -> None:
    masked = without_personal(text)
    if value:
        assert value not in masked and "[" in masked
        assert without_personal(text, known=f"... {text} ...") == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_and_names_stay(text: str) -> None:
    assert without_personal(text) == text


MINE = "13812345678"
QUESTION = Question(
    f"怎么安装？我是 {MINE}",
    quoted_text=f"联系 li@example.com 或 {MINE}，密码：Qw3rty!7",
    history=(Turn("张三", f"我的号码 {MINE}，key 是 sk-3f9a1c5e7b2d4860a9c8e1f05b7d2346"),),
)


def test_every_prompt_masks_question_quote_and_history_but_keeps_names() -> None:
    passage = Passage("a", "请联系 support@example.com。", "支持", "a.md")
    for prompt in (answer_prompt(QUESTION, [passage]), rewrite_prompt(QUESTION), keywords_prompt(QUESTION)):
        text = prompt.turns[0][1]
        assert MINE not in text and "li@example.com" not in text and "Qw3rty" not in text and "3f9a1c" not in text
    assert "张三: 我的号码 [phone]" in answer_prompt(QUESTION, [passage]).turns[0][1]


def test_what_the_documents_say_is_no_members_own() -> None:
    asked = Question("support@example.com 是你们的邮箱吗？me@example.com")
    text = answer_prompt(asked, [Passage("a", "请联系 support@example.com。", "支持", "a.md")]).turns[0][1]
    assert text.count("support@example.com") == 2 and "me@example.com" not in text


def test_a_member_without_a_name_is_not_told_by_id() -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    earlier = tuple(
        Said("m", id, name, "x", at) for id, name in (("77001234567", "77001234567"), ("77001234567", "老王"))
    )
    turns = make_question(make_message("怎么装"), earlier, True, "zh").history
    assert turns[0].speaker.startswith("member-") and "7700" not in turns[0].speaker
    assert turns[1].speaker == "老王"


@pytest.fixture
async def server() -> AsyncIterator[LLMServer]:
    async with LLMServer().run() as running:
        yield running


async def test_what_a_model_server_receives_names_people_and_nothing_more_of_them(
    tmp_path: Path, server: LLMServer
) -> None:
    server.script = lambda body: "用 pip install zephyrlink 安装 [1]。"
    llm = ("llm.backend=openai", f"llm.base_url={server.url}", "llm.model=scripted")
    async with open_group(tmp_path, *llm) as group:
        quoted = f"有事打 {MINE}，或者写给 li@example.com"
        await group.say(quoted, sender="wxid_a1b2c3d4e5f6", name="李四")
        await group.say(
            "我的身份证 11010519491231002X 没用上", sender="ou_7dab8a3d3cdcc9da365777c7ad535d62", name="王五"
        )
        said = await group.say(f"Zephyrlink 怎么安装？装好打我 {MINE}", mentions_bot=True, quote=quoted)
        assert said["outcome"] == "answered"
    received = "\n".join(message["content"] for body in server.requests for message in body["messages"])
    assert "李四" in received and "王五" in received and "[phone]" in received
    for private in (MINE, "li@example.com", "11010519491231002X", "wxid_a1b2c3d4e5f6", "ou_7dab8a3d3cdc"):
        assert private not in received
