"""Commands in a group: who may use them, under which names, and what they change."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import make_message
from group import ADMIN, open_group

from adapters.base import AdapterError


@pytest.mark.parametrize(
    "command",
    ["/status", "/reload", "/why", "/good", "/bad", "/recall", "/pause", "/resume", "/dial", "/重载", "/撤回"],
)
async def test_members_are_refused_in_one_clear_line(tmp_path: Path, command: str) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say(command)
    assert done["outcome"] == "command"
    assert len(done["replies"]) == 1
    assert "管理员" in done["replies"][0] or "admins" in done["replies"][0]
    assert "\n" not in done["replies"][0]


async def test_anyone_may_see_the_commands_and_their_own_id(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        whoami = await group.say("/whoami", sender="carol")
        chinese = await group.say("/我是谁", sender="carol")
        listed = await group.say("/帮助")
    assert "fake:carol" in whoami["replies"][0]
    assert "fake:g1" in chinese["replies"][0]
    for name in (
        "/help",
        "/status",
        "/reload",
        "/why",
        "/good",
        "/bad",
        "/recall",
        "/pause",
        "/resume",
        "/dial",
        "/whoami",
        "/重载",
    ):
        assert name in listed["replies"][0]


async def test_a_path_in_a_question_is_no_command_and_an_unknown_one_is_named_where_the_bot_was_addressed(
    tmp_path: Path,
) -> None:
    async with open_group(tmp_path) as group:
        path = await group.say("/etc/zephyr.toml 怎么改端口")
        mentioned = await group.say("/frobnicate", mentions_bot=True)
        overheard = await group.say("/frobnicate")
    assert path["outcome"] != "command"
    assert "/help" in mentioned["replies"][0]
    assert overheard["replies"] == []


async def test_why_explains_the_last_and_the_quoted_decision(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        asked = await group.say("Zephyrlink 怎么安装？")
        await group.say("哈哈哈")
        last = await group.say("/why", sender=ADMIN)
        quoted = await group.say("/为什么", sender=ADMIN, quote=asked["message"])
        answer = await group.say("/why", sender=ADMIN, quoted_id=asked["posts"][0].id, quote="…")
        stranger = await group.say("/why", sender=ADMIN, quote=make_message("never seen"))
        elsewhere = await group.say("/why", sender=ADMIN, chat="g2", quote=asked["message"])
    assert "哈哈哈" in last["replies"][0]
    assert "沉默" in last["replies"][0]  # a command is in no language: the group's counts
    assert "怎么安装" in quoted["replies"][0]
    assert "门槛" in quoted["replies"][0]
    assert "install.md" in quoted["replies"][0]
    assert "怎么安装" in answer["replies"][0]
    assert "not seen" in stranger["replies"][0]  # the quoted text is English
    assert "怎么安装" not in elsewhere["replies"][0]


async def test_what_a_group_was_taught_outlasts_a_restart(tmp_path: Path) -> None:
    text = "Zephyrlink 怎么修改端口？"
    async with open_group(tmp_path) as group:
        asked = await group.say(text)
        await group.say("/bad", sender=ADMIN, quote=asked["message"])
        await group.say("/dial 5", sender=ADMIN)
    async with open_group(tmp_path) as group:
        assert (await group.say(text))["outcome"] == "silent"
        assert "5 " in (await group.say("/dial", sender=ADMIN))["replies"][0]


async def test_recall_withdraws_the_last_answer_of_this_group_only(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        asked = await group.say("Zephyrlink 怎么安装？")
        elsewhere = await group.say("/recall", sender=ADMIN, chat="g2")
        foreign = await group.say("/recall", sender=ADMIN, chat="g2", quoted_id=asked["posts"][0].id, quote="…")
        done = await group.say("/撤回", sender=ADMIN, quoted_id=asked["posts"][0].id, quote="…")
    assert "没有可以撤回" in elsewhere["replies"][0]
    assert "没有可以撤回" in foreign["replies"][0]
    assert "已撤回" in done["replies"][0]
    assert asked["posts"][0].recalled


async def test_recall_passes_over_what_the_bot_said_about_itself(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        asked = await group.say("Zephyrlink 怎么安装？")
        await group.say("/status", sender=ADMIN)
        await group.say("/recall", sender=ADMIN)
        again = await group.say("/recall", sender=ADMIN)
    assert asked["posts"][0].recalled
    assert "没有可以撤回" in again["replies"][0]
    assert [post.recalled for post in group.adapter.posts].count(True) == 1


async def test_a_recall_that_the_platform_refuses_is_reported(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        asked = await group.say("Zephyrlink 怎么安装？")

        async def refuse(sent: object) -> None:
            raise AdapterError("too old", permanent=True)

        group.adapter.recall = refuse  # type: ignore[method-assign]
        done = await group.say("/recall", sender=ADMIN, quote=asked["message"])
    assert "too old" in done["replies"][0]


async def test_a_paused_group_answers_commands_only_also_after_a_restart(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        await group.say("/pause", sender=ADMIN)
        assert (await group.say("Zephyrlink 怎么安装？", mentions_bot=True))["outcome"] == "silent"
        assert (await group.say("Zephyrlink 怎么安装？", chat="g2"))["outcome"] == "answered"
    async with open_group(tmp_path) as group:
        assert (await group.say("Zephyrlink 怎么安装？"))["outcome"] == "silent"
        await group.say("/恢复", sender=ADMIN)
        assert (await group.say("Zephyrlink 怎么安装？"))["outcome"] == "answered"


@pytest.mark.parametrize(
    "value", ["abc", "0", "-3", "901", "nan", "inf", "1_0", "1e2", "1e-300", "0x10", "5 10", "十", "½"]
)
async def test_a_dial_that_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    async with open_group(tmp_path) as group:
        done = await group.say(f"/dial {value}", sender=ADMIN)
        shown = await group.say("/dial", sender=ADMIN)
    assert "900" in done["replies"][0]
    assert "20 " in shown["replies"][0]


async def test_the_dial_of_a_group_moves_its_threshold_and_no_others(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        before = await group.say("Zephyrlink 怎么安装？")
        await group.say("/dial 1", sender=ADMIN)
        quieter = await group.say("Zephyrlink 怎么安装？")
        elsewhere = await group.say("Zephyrlink 怎么安装？", chat="g2")
        await group.say("/dial default", sender=ADMIN)
        back = await group.say("Zephyrlink 怎么安装？")
    assert quieter["threshold"] > before["threshold"]
    assert elsewhere["threshold"] == back["threshold"] == before["threshold"]


async def test_reload_takes_new_documents_while_questions_are_answered(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        question = "Quokkabase 的备份命令是什么？"
        assert (await group.say(question, mentions_bot=True))["outcome"] == "abstained"
        (group.documents / "backup.md").write_text(
            "# Quokkabase 备份\n\nQuokkabase 的备份命令是 `quokka dump --all`。\n", "utf-8"
        )
        (group.documents / "broken.md").write_bytes(b"\x00\x01\x02" * 100)
        reload = group.post("/重载", sender=ADMIN)
        meanwhile = [await group.say("Zephyrlink 怎么安装？", chat=f"c{i}") for i in range(3)]
        done = await group.wait(reload)
        await group.reported(reload, "新增 1")
        answered = await group.say(question, mentions_bot=True)
    assert all(one["outcome"] == "answered" for one in meanwhile)
    assert done["outcome"] == "command"
    assert "broken.md" in group.adapter.posts_of(reload)[-1]
    assert answered["outcome"] == "answered"
    assert "quokka dump --all" in answered["answer"]


async def test_a_reload_that_fails_keeps_the_old_knowledge_and_says_why(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        for file in group.documents.iterdir():
            file.unlink()
        reload = group.post("/reload", sender=ADMIN)
        await group.wait(reload)
        await group.reported(reload, "继续用原来的版本")
        assert (await group.say("Zephyrlink 怎么安装？"))["outcome"] == "answered"


async def test_status_shows_adapters_knowledge_gate_and_counts(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        await group.say("Zephyrlink 怎么安装？")
        await group.say("哈哈哈")
        text = (await group.say("/状态", sender=ADMIN))["replies"][0]
    for part in ("fake", "default", "2 个文档", "已回答 1", "沉默 1", "存储"):
        assert part in text


async def test_a_command_is_answered_in_the_language_of_the_talk_around_it(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        await group.say("How do I install Zephyrlink on Windows?")
        english = await group.say("/status", sender=ADMIN)
        await group.say("好的，谢谢")
        chinese = await group.say("/status", sender=ADMIN)
        asked = await group.say("/whoami what is my id", sender=ADMIN)
    assert "last 24 hours" in english["replies"][0]
    assert "最近 24 小时" in chinese["replies"][0]
    assert "You are" in asked["replies"][0]
