"""What an adapter may add to the core: who has a say in a group, and the text of a quoted message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fakes import make_message
from group import ADMIN, Group, open_group

from adapters.base import Message, Person, Quote

QUESTION = "Zephyrlink 怎么安装？"


def teach(group: Group, **hooks: Any) -> None:
    """Give the adapter further abilities."""
    for name, hook in hooks.items():
        setattr(group.adapter, name, hook)


async def test_whoever_asked_may_recall_the_answer_and_nobody_else(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        asked = await group.say(QUESTION, sender="alice")
        stranger = await group.say("/recall", sender="bob", quoted_id=asked["posts"][0].id, quote="x")
        assert not asked["posts"][0].recalled and stranger["outcome"] == "command"
        await group.say("/recall", sender="alice", quoted_id=asked["posts"][0].id, quote="x")
    assert asked["posts"][0].recalled


async def test_the_list_of_commands_says_who_may_recall(tmp_path: Path) -> None:
    async with open_group(tmp_path) as group:
        listed = await group.say("/help please", sender="alice")
    line = next(line for line in listed["replies"][0].splitlines() if "/recall" in line)
    assert "whoever asked" in line


async def test_whom_the_platform_knows_as_an_admin_counts_as_one(tmp_path: Path) -> None:
    async def is_admin(message: Message) -> bool:
        return message.sender.id == "owner"

    async with open_group(tmp_path) as group:
        before = await group.say("/pause", sender="owner")
        teach(group, is_admin=is_admin)
        refused = await group.say("/pause", sender="alice")
        after = await group.say("/pause", sender="owner")
        await group.say("/resume", sender=ADMIN)
    assert "管理员" in before["replies"][0] and before["replies"] == refused["replies"]
    assert after["replies"][0].startswith("已暂停")


async def test_a_quoted_message_is_read_when_the_bot_is_asked_about_it_and_only_then(tmp_path: Path) -> None:
    read: list[str] = []

    async def quoted(message: Message) -> Quote | None:
        read.append(message.text)
        assert message.quote
        return Quote(message.quote.id, Person("fake", "bob", "Bob"), QUESTION)

    def quoting(group: Group, text: str, **options: Any) -> Message:
        group.clock.advance(1)
        message = make_message(text, quote=Quote("m-old", None, ""), sent_at=group.clock.now(), **options)
        group.adapter.outbound.put_nowait(message)
        return message

    async with open_group(tmp_path) as group:
        teach(group, quoted=quoted)
        asked = await group.wait(quoting(group, "", mentions_bot=True))
        await group.wait(quoting(group, "那个我也不会"))
        taught = await group.wait(quoting(group, "/good", sender=ADMIN))
        examples = await group.store.examples.active("fake:g1")
    assert read == ["", "/good"]
    assert asked["outcome"] == "answered" and "pip install" in asked["replies"][0]
    assert taught["outcome"] == "command" and [example.text for example in examples] == [QUESTION]
