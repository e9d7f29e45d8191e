"""What wkteam's callbacks mean: texts, quotes, links, images, mentions, and what is none of the bot's business."""

from __future__ import annotations

from typing import Any

import pytest
from wkteam_platform import BOT, NICK
from wkteam_running import ME, NOW, payload, quoting

from adapters.base import Message
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.wkteam.messages import read_callback


def test_a_quote_carries_what_it_answers_and_knows_the_bot() -> None:
    quote = payload("80014", title="那 Windows 呢？", content=quoting(BOT, 1, "运行 make demo"))
    message = read_callback(quote, ME, NOW)
    assert isinstance(message, Message) and message.quote is not None and message.quote.author is not None
    assert (message.text, message.quote.id, message.quote.text) == ("那 Windows 呢？", "77", "运行 make demo")
    assert message.quote.author.is_bot and message.quote.author.name == "小明"


def test_a_quoted_link_is_its_title_and_a_quoted_image_has_no_words() -> None:
    inner = "&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;安装指南&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;"
    for kind, content, text in ((49, inner, "安装指南"), (3, "&lt;msg&gt;&lt;img/&gt;&lt;/msg&gt;", ""), (3, "x", "")):
        message = read_callback(payload("80014", title="?", content=quoting("wxid_b", kind, content)), ME, NOW)
        assert isinstance(message, Message) and message.quote is not None and message.quote.text == text


def test_images_and_links_are_attachments() -> None:
    image = read_callback(payload("80002", content="<msg><img/></msg>"), ME, NOW)
    page = (
        "<msg><appmsg><title>指南</title><des>怎么装</des><url>https://example.org/a?b=1&amp;c=2</url></appmsg></msg>"
    )
    link = read_callback(payload("80007", content=page), ME, NOW)
    assert isinstance(image, Message) and [a.kind for a in image.attachments] == ["image"] and image.text == ""
    assert isinstance(link, Message) and link.text == "指南\n怎么装"
    assert [(a.kind, a.name, a.ref) for a in link.attachments] == [("link", "指南", "https://example.org/a?b=1&c=2")]


@pytest.mark.parametrize(
    ("text", "atlist", "mentioned", "left"),
    [
        (f"@{NICK}\u2005怎么安装", [BOT], True, "怎么安装"),
        (f"@{NICK} 怎么安装", [], True, "怎么安装"),
        ("@群里的别名\u2005怎么安装", [BOT], True, "怎么安装"),
        ("@张三\u2005怎么安装", ["wxid_z"], False, "@张三 怎么安装"),
        ("@所有人\u2005开会", ["notify@all"], False, "@所有人 开会"),
        (f"me@{NICK}.com", [], False, f"me@{NICK}.com"),
    ],
)
def test_mentions_are_seen_in_the_list_or_in_the_text(text: str, atlist: list[str], mentioned: bool, left: str) -> None:
    message = read_callback(payload("80001", content=text, atlist=atlist), ME, NOW)
    assert isinstance(message, Message)
    assert (message.mentions_bot, message.text) == (mentioned, left)
    assert [person.id for person in message.mentions] == [wxid for wxid in atlist if wxid.startswith("wxid_z")]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (payload("80001", self=True), "own message"),
        (payload("80001", fromUser=BOT), "own message"),
        (payload("80099"), "message type"),
        ({"messageType": "00000", "data": {}}, "test"),
        ({"messageType": "30000"}, "offline notice"),
        ({**payload("80001"), "wcId": "wxid_another"}, "another account"),
    ],
)
def test_what_is_not_for_the_bot_is_ignored_by_name(changed: dict[str, Any], reason: str) -> None:
    assert read_callback(changed, ME, NOW) == Ignored(reason)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"messageType": "80001"},
        {"messageType": "80001", "data": []},
        payload("80001", content=None),
        payload("80001", newMsgId=None),
        payload("80001", fromUser=""),
        payload("80001", fromGroup=None),
        payload("80014", content="<msg>"),
        payload("80007", content="no xml"),
        payload("80007", content="<!DOCTYPE a [<!ENTITY b 'c'>]><msg>&b;</msg>"),
        payload("80001", atlist=5),
    ],
)
def test_a_callback_of_another_shape_is_malformed(broken: dict[str, Any]) -> None:
    assert read_callback(broken, ME, NOW) == MALFORMED
