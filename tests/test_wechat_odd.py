"""What members and platforms send that nobody expects: no text stalls a route, invents words or fakes a mention."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_wechaty_messages import DASHES, Said
from test_wecom_messages import body
from wkteam_platform import BOT, NICK
from wkteam_running import ME, NOW, payload, quoting

from adapters.base import Conversation, Message, Person, Quote
from adapters.wechat.android.messages import Ask, read_post
from adapters.wechat.incoming import MALFORMED, Ignored
from adapters.wechat.mentions import END, mentions_any, shown_name, without_mentions
from adapters.wechat.wechaty.messages import Around, Own, parse
from adapters.wechat.wechaty.recent import Recent
from adapters.wechat.wecom.line import _parsed
from adapters.wechat.wecom.messages import read_message
from adapters.wechat.wkteam.messages import read_callback

PROJECT = Path(__file__).parent.parent
OWN = Own("wxid_bot", frozenset({"群答"}))
GROUP = Conversation("wechaty", "1@chatroom")
ANN, BOB, WE = (Person("wechaty", f"wxid_{name}", name, name == "bot") for name in ("ann", "bob", "bot"))


def said(text: str, *, mentions: tuple[str, ...] = (), room: str = "1@chatroom") -> Message:
    event = parse(Said(text=text, mention_ids=list(mentions), room_id=room), OWN, Around({}), NOW)
    assert isinstance(event, Message)
    return event


def heard(kind: str, **data: Any) -> Message:
    message = read_callback(payload(kind, **data), ME, NOW)
    assert isinstance(message, Message)
    return message


# --- nothing takes longer than the text is long ---


def test_a_megabyte_of_blanks_does_not_stop_the_loop() -> None:
    """In a process of its own, which a quadratic time would keep for many minutes; the limit is far from any clock."""
    texts = "' ' * 1_000_000 + 'x', '@a ' * 300_000 + 'x', '`@a `' * 200_000"
    code = f"from adapters.wechat.mentions import without_mentions as w; print([len(w(t, ['a'])) for t in ({texts})])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[1, 1, 1000000]"


def test_blanks_shrink_only_round_the_end_of_a_mention() -> None:
    assert without_mentions(f"a  b @Bob {END} c\n\n  d", []) == "a  b @Bob c\n\n  d"


# --- mentions ---


@pytest.mark.parametrize(
    "text",
    [
        "看这段：\n```python\n@群答 \ndef f(): ...\n```",
        "用 `@群答 x` 这样写",
        "```\n@群答 没有结尾的代码",
    ],
)
def test_an_at_sign_in_code_is_no_mention_and_stays(text: str) -> None:
    assert not mentions_any(text, ["群答"])
    assert without_mentions(text, ["群答"]) == text


@pytest.mark.parametrize("text", ["@群答 为什么 `x` 报错", "```\ncode\n```\n@群答 这段什么意思", f"`@群答{END}怎么装"])
def test_a_mention_beside_code_counts(text: str) -> None:
    assert mentions_any(text, ["群答"])
    assert "@群答" not in without_mentions(text, ["群答"])


@pytest.mark.parametrize("name", ["\u200b\u200d", "\u2060", "\u00ad", "\ufe0f", "\u3164"])
def test_a_name_of_nothing_visible_mentions_nobody(name: str) -> None:
    assert shown_name(name) == ""


def test_joined_emoji_stay_one() -> None:
    assert shown_name("👨\u200d👩\u200d👧 一家") == "👨\u200d👩\u200d👧 一家"


def test_an_announcement_to_all_is_no_mention_of_the_bot_and_lists_nobody() -> None:
    """Gateways list every member of the group for it, the bot among them."""
    for text in ("@所有人\n明天停机维护", f"@所有人{END}开会", "@All meeting", "开会 @all"):
        message = said(text, mentions=("wxid_ann", "wxid_bot", "wxid_bob"))
        assert (message.mentions_bot, message.mentions) == (False, ()), text
    both = said("@所有人 请看 @群答 怎么安装", mentions=("wxid_ann", "wxid_bot"))
    assert both.mentions_bot
    named = said(f"@群答{END}@allison 怎么安装", mentions=("wxid_bot", "wxid_allison"))
    assert named.mentions_bot and [person.id for person in named.mentions] == ["wxid_allison"]


def test_mentions_that_come_as_one_text_are_read_too() -> None:
    message = heard("80001", content=f"@群里的别名{END}怎么安装", atlist=f"{BOT},wxid_z")
    assert message.mentions_bot and [person.id for person in message.mentions] == ["wxid_z"]


# --- words that nobody said ---


@pytest.mark.parametrize("content", [None, 5, True, {"a": 1}, ["x"]])
def test_a_text_that_is_none_is_malformed_and_not_a_word(content: Any) -> None:
    assert read_message(body(text={"content": content}), "", NOW) is MALFORMED
    assert read_callback(payload("80014", title=content, content=quoting("wxid_b", 1, "x")), ME, NOW) is MALFORMED


@pytest.mark.parametrize("quote", [{"msgtype": "text"}, {"msgtype": "image", "image": {}}, {}, {"msgtype": "mixed"}])
def test_a_quote_that_cannot_be_read_costs_the_quote_and_not_the_question(quote: dict[str, Any]) -> None:
    message = read_message(body(quote=quote), "", NOW)
    assert isinstance(message, Message) and (message.text, message.quote) == ("hi", None)


@pytest.mark.parametrize(
    "xml", ["<msg>", "", "no xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><msg>&b;</msg>", "<msg>\x08</msg>"]
)
def test_a_quote_of_broken_xml_costs_the_quote_and_not_the_question(xml: str) -> None:
    message = heard("80014", title=f"@{NICK} 那 Windows 呢？", content=xml)
    assert (message.text, message.mentions_bot, message.quote) == ("那 Windows 呢？", True, None)


def test_a_bomb_of_entities_never_unfolds() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(12))
    assert read_callback(payload("80007", content=f"<!DOCTYPE x [{bomb}]><x>&e11;</x>"), ME, NOW) is MALFORMED
    assert read_callback(payload("80007", content="<msg><title>&unknown;</title></msg>"), ME, NOW) is MALFORMED


def test_a_document_nested_without_end_is_read_or_refused() -> None:
    deep = "<msg>" + "<a>" * 100_000 + "</a>" * 100_000 + "<title>t</title></msg>"
    assert heard("80007", content=deep).text == "t"


def test_a_frame_nested_without_end_means_nothing() -> None:
    assert _parsed("[" * 100_000) == {} == _parsed("5") == _parsed("")


@pytest.mark.parametrize(
    "kind", ["80003", "80004", "80005", "80008", "80011", "80013", "80018", "85008", "90001", "30001"]
)
def test_voice_video_files_red_packets_and_notices_of_wkteam_are_passed_over(kind: str) -> None:
    assert read_callback(payload(kind, content="<msg/>"), ME, NOW) == Ignored("message type")


def test_half_an_emoji_in_a_name_or_id_can_be_stored() -> None:
    """Programs that cut texts by UTF-16 units leave half a pair, which no database takes: it would block the line."""
    half = "阿强\ud83d"
    group, single = read_message(body(chatid=half), "", NOW), read_message(body(**{"from": {"userid": half}}), "", NOW)
    ask = read_post({"groupname": half, "username": half, "query": {"type": "text", "content": half}})
    wkteam = heard("80001", fromUser=half, fromGroup=half, newMsgId=half)
    assert isinstance(group, Message) and isinstance(single, Message) and isinstance(ask, Ask)
    ids = [group.conversation.chat, single.sender.id, ask.group, ask.person]
    ids += [wkteam.id, wkteam.sender.id, wkteam.conversation.chat]
    assert [one.encode().decode() for one in ids] == ["阿强\ufffd"] * 7


# --- quotes ---


@pytest.mark.parametrize(
    ("text", "author", "quoted", "left"),
    [
        (f"「Bob：「Ann：一」\n{DASHES}\n二」\n{DASHES}\n三", "Bob", "二", "三"),
        (f"「Bob：「Ann：「Carl：零」\n{DASHES}\n一」\n{DASHES}\n二」\n{DASHES}\n三", "Bob", "二", "三"),
        (f"「Bob：一」\n{DASHES}\n看「Ann：二」\n{DASHES}\n三", "Bob", "一", f"看「Ann：二」\n{DASHES}\n三"),
        (f"「Bob：半个「括号」\n{DASHES}\n好」", "Bob", "半个「括号", "好」"),
    ],
)
def test_a_quote_of_a_quote_quotes_what_was_said_last(text: str, author: str, quoted: str, left: str) -> None:
    message = said(text)
    assert message.quote is not None and message.quote.author is not None
    assert (message.quote.author.name, message.quote.text, message.text) == (author, quoted, left)


def quoting_message(name: str, words: str) -> Message:
    author = Person("wechaty", "wxid_bot" if name == "bot" else "", name, name == "bot")
    return Message("m9", "m9", GROUP, ANN, "?", NOW, quote=Quote("", author, words))


def test_a_quote_means_its_author_and_not_whoever_said_the_same_later() -> None:
    recent = Recent()
    recent.remember(GROUP, "m1", BOB, "好的")
    recent.remember(GROUP, "m2", ANN, "好的，明天见")
    recent.remember(GROUP, "m3", ANN, "好的")
    found = recent.completed(quoting_message("bob", "好的")).quote
    assert found is not None and (found.id, found.author) == ("m1", BOB)
    recent.remember(GROUP, "m4", ANN, "收到")
    assert recent.completed(quoting_message("bob", "收到")).quote == quoting_message("bob", "收到").quote
    renamed = recent.completed(quoting_message("Bobby", "好的，明天见")).quote
    assert renamed is not None and (renamed.id, renamed.author) == ("m2", ANN)


def test_a_quote_means_the_whole_message_before_a_longer_one() -> None:
    recent = Recent()
    recent.remember(GROUP, "m1", WE, "运行 make demo")
    recent.remember(GROUP, "m2", WE, "运行 make demo，然后重启")
    for words, message_id in (("运行 make demo", "m1"), ("运行 make demo，", "m2"), ("运行 make…", "m2")):
        found = recent.completed(quoting_message("bot", words)).quote
        assert found is not None and found.id == message_id, words


def test_two_groups_of_one_name_stay_two() -> None:
    assert said("x", room="1@chatroom").conversation != said("x", room="2@chatroom").conversation
    recent = Recent()
    recent.remember(Conversation("wechaty", "2@chatroom"), "m1", BOB, "好的")
    assert recent.completed(quoting_message("bob", "好的")).quote == quoting_message("bob", "好的").quote
