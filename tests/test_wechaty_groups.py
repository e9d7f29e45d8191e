"""What members of WeChat groups say, as the core gets it through a real gateway; and replies as members see them."""

from __future__ import annotations

import base64

import pytest
from wechaty_gateway import ANN, BOB, BOT, OTHER_ROOM, ROOM, Gateway, fresh_gateway
from wechaty_running import running

from adapters.base import AdapterError, Attachment, Citation, Recalled, Reply

DASHES = "- - - - - - - - - - - - - - -"
ODD_NAME = "🐼 阿\n强@\u202e\u2005"


@pytest.fixture
def gateway() -> Gateway:
    return fresh_gateway()


async def test_messages_carry_names_group_and_direct_place(gateway: Gateway) -> None:
    async with running(gateway, direct=True) as bot:
        group = await bot.heard("怎么安装？")
        direct = await bot.heard("怎么卸载？", room="")
    assert (group.sender.id, group.sender.name, group.conversation.group) == (ANN, "Ann", f"wechaty:{ROOM}")
    assert (direct.conversation.kind, direct.conversation.chat, direct.sender.name) == ("direct", ANN, "Ann")


async def test_only_the_groups_of_the_settings_are_read_by_id_or_topic(gateway: Gateway) -> None:
    async with running(gateway, rooms=("群答用户群",)) as bot:
        gateway.say("别的群", room=OTHER_ROOM)
        gateway.say("私聊", room="")
        assert (await bot.heard("怎么安装？")).text == "怎么安装？"
        gateway.ask("room", id=ROOM, topic="改名了")
        gateway.say("已经不是那个群名", room=ROOM)
        gateway.ask("room", id=OTHER_ROOM, topic="群答用户群")
        assert (await bot.heard("这个群现在叫这个名字", room=OTHER_ROOM)).conversation.chat == OTHER_ROOM
        assert bot.adapter.health().counters["ignored: other conversation"] == 3
    gateway.ask("room", id=ROOM, topic="群答用户群")
    gateway.ask("room", id=OTHER_ROOM, topic="闲聊群")
    async with running(gateway, rooms=(OTHER_ROOM,)) as bot:
        gateway.say("不读", room=ROOM)
        assert (await bot.heard("读", room=OTHER_ROOM)).text == "读"


async def test_its_own_posts_come_back_from_the_gateway_and_are_dropped(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("怎么安装？")
        await bot.adapter.send(Reply(message, "运行 make demo"), "k1")
        gateway.say("手机上自己说的话", sender=BOT)
        assert (await bot.heard("谢谢")).text == "谢谢"
        assert len(bot.core.messages) == 2
        assert bot.adapter.health().counters["ignored: own"] == 2


async def test_a_repeated_message_keeps_its_id_so_that_the_core_knows_it(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        gateway.say("怎么安装？", id="m1")
        gateway.ask("again", id="m1")
        await bot.until(lambda: bot.adapter.health().counters.get("repeated") == 1)
        assert {message.id for message in bot.core.messages} == {"m1"}


async def test_a_mention_by_text_alone_counts_and_is_taken_out(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        typed = await bot.heard("@群答\u2005怎么安装？")
        by_hand = await bot.heard("请问@群答 怎么安装？")
        longer_name = await bot.heard("@群答二号 怎么安装？")
        other = await bot.heard("@Bob\u2005怎么安装？", mentions=[BOB])
    assert (typed.mentions_bot, typed.text) == (True, "怎么安装？")
    assert (by_hand.mentions_bot, by_hand.text) == (True, "请问 怎么安装？")
    assert not longer_name.mentions_bot
    assert (other.mentions_bot, other.text, other.mentions[0].name) == (False, "@Bob 怎么安装？", "Bob")


async def test_a_reply_mentions_the_asker_and_lists_short_sources(gateway: Gateway) -> None:
    sources = (Citation(1, "安装指南", "docs/install.md", "…"), Citation(2, "站点", "https://e.x/a", "…"))
    async with running(gateway) as bot:
        message = await bot.heard("怎么安装？", mention=True)
        await bot.adapter.send(
            Reply(message, "运行 **make demo** [1]，见 [站点](https://e.x) [2]", sources, mention=True), "k"
        )
        [post] = gateway.posts()
    assert post["text"] == (
        "@Ann\u2005运行 make demo [1]，见 站点 (https://e.x) [2]\n\n来源：\n[1] 安装指南\n[2] 站点 https://e.x/a"
    )
    assert (post["conversationId"], post["mentionIdList"]) == (ROOM, [ANN])


async def test_a_name_with_emoji_and_line_breaks_makes_a_mention_on_one_line(gateway: Gateway) -> None:
    gateway.ask("contact", id="wxid_odd", name=ODD_NAME)
    gateway.ask("room", id=ROOM, topic="群答用户群")
    async with running(gateway) as bot:
        message = await bot.heard("怎么安装？", sender="wxid_odd")
        await bot.adapter.send(Reply(message, "运行 make demo", mention=True), "k")
        [post] = gateway.posts()
    assert post["text"] == "@🐼 阿 强\u2005运行 make demo"
    assert post["mentionIdList"] == ["wxid_odd"]


async def test_a_direct_reply_mentions_nobody(gateway: Gateway) -> None:
    async with running(gateway, direct=True) as bot:
        message = await bot.heard("怎么安装？", room="")
        await bot.adapter.send(Reply(message, "运行 make demo", mention=True), "k")
        [post] = gateway.posts()
    assert (post["conversationId"], post["text"], post["mentionIdList"]) == (ANN, "运行 make demo", [])


async def test_a_new_name_is_seen_when_the_gateway_says_that_it_changed(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        assert (await bot.heard("一", sender=BOB)).sender.name == "Bob"
        gateway.ask("contact", id=BOB, name="Robert")
        assert (await bot.heard("二", sender=BOB)).sender.name == "Robert"
        gateway.ask("contact", id=BOB, name="Bob")


async def test_names_are_asked_for_once(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        await bot.heard("一")
        before = gateway.ask("seen")["memberReads"]
        for n in range(5):
            await bot.heard(f"又一条 {n}")
        assert gateway.ask("seen")["memberReads"] == before


async def test_a_quote_finds_the_message_it_means(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        asked = await bot.heard("端口\n怎么改？", sender=BOB)
        about_bob = await bot.heard(f"「Bob：端口\n怎么改？」\n{DASHES}\n同问")
        sent = await bot.adapter.send(Reply(asked, "改 zephyr.toml"), "k1")
        about_bot = await bot.heard(f"「群答：改 zephyr.toml」\n{DASHES}\n@群答 改了没用")
        unknown = await bot.heard(f"「Carl：很久以前」\n{DASHES}\n同意")
    assert about_bob.quote and about_bob.quote.id == asked.id and about_bob.quote.author
    assert (about_bob.text, about_bob.quote.author.id, about_bob.quote.text) == ("同问", BOB, "端口\n怎么改？")
    assert about_bot.quote and about_bot.quote.id == sent.ids[0] and about_bot.quote.author
    assert about_bot.quote.author.is_bot and about_bot.mentions_bot and about_bot.text == "改了没用"
    assert unknown.quote and (unknown.quote.id, unknown.quote.text) == ("", "很久以前")


async def test_links_images_and_files_come_as_attachments(gateway: Gateway) -> None:
    picture = base64.b64encode(b"png").decode()
    page = {"title": "新手教程", "description": "三步上手", "url": "https://e.x/1"}
    async with running(gateway) as bot:
        link = await bot.heard("<xml/>", type=14, link=page)
        image = await bot.heard("<xml/>", type=6, file=picture)
        file = await bot.heard("<xml/>", type=1, file=picture)
        assert await bot.adapter.fetch(image.attachments[0], 100) == b"png"
        assert await bot.adapter.fetch(file.attachments[0], 100) == b"png"
        with pytest.raises(AdapterError) as refused:
            await bot.adapter.fetch(link.attachments[0], 100)
        assert refused.value.permanent
    assert link.attachments == (Attachment("link", "新手教程", "https://e.x/1"),)
    assert link.text == "新手教程\n三步上手"
    assert [(one.text, one.attachments[0].kind) for one in (image, file)] == [("", "image"), ("", "file")]


async def test_a_message_that_its_author_withdraws_is_told(gateway: Gateway) -> None:
    async with running(gateway) as bot:
        message = await bot.heard("说错了")
        gateway.say(message.id, type=13)
        await bot.core.until(lambda: len(bot.core.events) == 2)
    event = bot.core.events[1]
    assert isinstance(event, Recalled)
    assert (event.message_id, event.conversation, event.by) == (message.id, message.conversation, message.sender)
