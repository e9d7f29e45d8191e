"""Forwarding between groups of wkteam: once, readable, and never what the bot said itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from adapter_contract import Recorder
from running import running, until
from wkteam_platform import NICK, NOT_A_MEMBER, OTHER_ROOM, ROOM, WkteamPlatform
from wkteam_running import adapter_for, quoting, up


@pytest.fixture
async def platform() -> AsyncIterator[WkteamPlatform]:
    async with WkteamPlatform() as running:
        yield running


def forwarded(platform: WkteamPlatform) -> list[tuple[str, str]]:
    return [(post.chat, post.text) for post in platform.world.posts]


async def test_what_is_said_in_one_group_is_shown_in_the_others_once(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM, "300@chatroom"))
    async with running(adapter, core):
        await up(adapter)
        first = await platform.say("怎么安装？", name="小明")
        await platform.repeat(first)
        await platform.say("别的群", chat="900@chatroom", name="小红")
        await platform.say("在吗", chat=OTHER_ROOM, name="小红")
        await platform.until(lambda: len(platform.world.posts) == 4 and all(d.status for d in platform.deliveries))
        await until(lambda: adapter.health().counters["forwarded"] == 4)
    assert forwarded(platform) == [
        (OTHER_ROOM, "[转发] 小明：怎么安装？"),
        ("300@chatroom", "[转发] 小明：怎么安装？"),
        (ROOM, "[转发] 小红：在吗"),
        ("300@chatroom", "[转发] 小红：在吗"),
    ]


async def test_our_own_words_commands_and_what_others_forwarded_are_not_forwarded(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM))
    async with running(adapter, core):
        await up(adapter)
        await platform.say("[转发] 小明：怎么安装？", self=True)
        await platform.say("[转发] 小明：怎么安装？", name="另一个机器人")
        await platform.say("/status", name="小明")
        await platform.say("广告", name="小明")
        await platform.say("广告", name="小明", chat=OTHER_ROOM)  # the same person says the same everywhere
        last = await platform.say("结束", name="小明")
        await platform.until(lambda: last.acked and len(platform.world.posts) == 2)
    assert forwarded(platform) == [(OTHER_ROOM, "[转发] 小明：广告"), (OTHER_ROOM, "[转发] 小明：结束")]


async def test_quotes_links_and_images_are_forwarded_so_that_they_can_be_understood(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM))
    page = "<msg><appmsg><title>指南</title><url>https://example.org/a</url></appmsg></msg>"
    async with running(adapter, core):
        await up(adapter)
        await platform.callback("80014", {"title": "那 Windows 呢", "content": quoting("wxid_b", 1, "运行 make demo")})
        await platform.callback("80007", {"content": page})
        await platform.callback("80002", {"content": "<msg/>"})
        await platform.until(lambda: len(platform.world.posts) == 3)
    assert [text for _, text in forwarded(platform)] == [
        "[转发] 群友：「运行 make demo」\n那 Windows 呢",
        "[转发] 群友：指南\nhttps://example.org/a",
        "[转发] 群友：[图片]",
    ]


async def test_what_cannot_be_forwarded_is_counted_and_the_next_goes_on(platform: WkteamPlatform) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM))
    platform.fail_next("/sendText", "lost")
    platform.fail_next("/sendText", NOT_A_MEMBER)
    async with running(adapter, core):
        await up(adapter)
        for text in ("一", "二", "三"):
            await platform.say(text, name="小明")
        await platform.until(lambda: any("三" in post.text for post in platform.world.posts))
    assert adapter.health().counters["not forwarded"] == 2


async def test_what_a_person_says_twice_in_one_group_or_shows_in_two_is_forwarded_each_time(
    platform: WkteamPlatform,
) -> None:
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM))
    async with running(adapter, core):
        await up(adapter)
        for _ in range(2):
            await platform.say("+1", name="小明")
            await platform.callback("80002", {"content": "<msg/>"})
        await platform.callback("80002", {"content": "<msg/>"}, chat=OTHER_ROOM)
        await platform.until(lambda: len(platform.world.posts) == 5)
    assert forwarded(platform) == [
        *[(OTHER_ROOM, "[转发] 小明：+1"), (OTHER_ROOM, "[转发] 小明：[图片]")] * 2,
        (ROOM, "[转发] 群友：[图片]"),
    ]


async def test_two_bots_that_forward_between_the_same_groups_do_not_answer_each_other(platform: WkteamPlatform) -> None:
    """What one forwards comes to the other as a stranger's words, also quoted, with a blank or a mention before it."""
    core, adapter = Recorder(), adapter_for(platform, forward=(ROOM, OTHER_ROOM))
    async with running(adapter, core):
        await up(adapter)
        for text in (
            "[转发] 小明：在吗",
            "\u200b[转发] 小明：在吗",
            " \n[转发] 小明：在吗",
            f"@{NICK}\u2005[转发] 小明：在吗",
        ):
            await platform.say(text, sender="wxid_other_bot", name="另一个")
        await platform.callback(
            "80014", {"title": "[转发] 小明：在吗", "content": quoting("wxid_b", 1, "x")}, sender="wxid_other_bot"
        )
        last = await platform.say("结束", name="小明")
        await platform.until(lambda: last.acked and platform.world.posts)
    assert forwarded(platform) == [(OTHER_ROOM, "[转发] 小明：结束")]
