"""Which chats the Android route reads, who speaks in them, and how several phones and pollers get along."""

from __future__ import annotations

import asyncio

from adapter_contract import Recorder
from android_app import GROUP, AndroidApp
from test_android import NAME, Clock, Scene, adapter_for, endpoint, running, until

from adapters.base import Reply


async def test_a_single_chat_is_passed_over_unless_it_is_wanted() -> None:
    for wanted in (False, True):
        bot, core = adapter_for(direct=wanted), Recorder()
        async with AndroidApp(endpoint(bot)) as app, running(bot, core):
            post = await app.see("在吗", person="爱丽丝", group="爱丽丝")
            await app.until(lambda post=post: post.status)
            await Scene(bot, app, core, Clock()).hear("怎么安装？")
        assert post.status == 200
        assert [message.conversation.kind for message in core.messages] == ["direct"] * wanted + ["group"]
        assert bot.health().counters.get("ignored: direct message", 0) == (not wanted)


async def test_groups_limit_what_is_read_by_name_without_the_number_of_members() -> None:
    bot, core = adapter_for(groups=(f"{GROUP}(12)",)), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        scene = Scene(bot, app, core, Clock())
        await app.see("别处", group="家人群(5)")
        await scene.hear("怎么安装？", group=f"{GROUP}(128)")
    assert [message.text for message in core.messages] == ["怎么安装？"]
    assert bot.health().counters["ignored: another group"] == 1


async def test_a_member_who_takes_the_name_of_the_group_stays_a_member() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        message = await Scene(bot, app, core, Clock()).hear("怎么安装？", person=GROUP, group=f"{GROUP}(128)")
    assert (message.conversation.kind, message.conversation.chat) == ("group", GROUP)


async def test_an_image_is_an_attachment() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        image = await Scene(bot, app, core, Clock()).hear("https://example.org/a.jpg", kind="image")
    assert [(a.kind, a.ref) for a in image.attachments] == [("image", "https://example.org/a.jpg")]


async def test_a_name_with_emoji_and_line_breaks_makes_a_mention_on_one_line() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        message = await Scene(bot, app, core, Clock()).hear("怎么安装？", person="🐼 阿\n强@\u202e")
        await bot.send(Reply(message, "运行 make demo", mention=True), "k1")
        await app.poll()
    assert [text for _, text in app.shown] == ["@🐼 阿 强\u2005运行 make demo"]


async def test_polls_at_the_same_time_hand_out_every_answer_once() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        message = await Scene(bot, app, core, Clock()).hear()
        for n in range(30):
            await bot.send(Reply(message, f"答案 {n}"), f"k{n}")
        await asyncio.gather(*(app.poll() for _ in range(12)))
    assert sorted(text for _, text in app.shown) == sorted(f"答案 {n}" for n in range(30))


async def test_our_own_name_is_not_taken_for_a_member_even_with_blanks_round_it() -> None:
    bot, core = adapter_for(), Recorder()
    async with AndroidApp(endpoint(bot)) as app, running(bot, core):
        await app.see("答案", person=f" {NAME} ")
        await until(lambda: bot.health().counters.get("ignored: own message") == 1)
    assert not core.messages
