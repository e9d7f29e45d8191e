"""Recorded events of Feishu and what the bot makes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.base import Attachment, Message, Pressed, Quote, Reacted, Recalled
from adapters.feishu.parse import Ignored, parse
from bot.store.codec import dump_message, load_message

EVENTS = Path(__file__).parent / "data" / "feishu"
BOT = "ou_b07b07b07b07b07b07b07b07b07b07b0"
ASKER, LI = "ou_84aad35d084aa403a838cf73ee180001", "ou_84aad35d084aa403a838cf73ee180002"
CHAT = "oc_5ad11d72b830411d72b836c20"


def recorded(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return event


def message(name: str) -> Message:
    parsed = parse(recorded(name), BOT)
    assert isinstance(parsed, Message), parsed
    return parsed


def test_a_text_is_complete_and_its_time_is_utc() -> None:
    heard = message("text")
    raw = recorded("text")
    assert (heard.text, heard.mentions_bot, heard.quote, heard.mentions) == ("怎么安装？", False, None, ())
    assert heard.id == raw["event"]["message"]["message_id"] and heard.event_id == raw["header"]["event_id"]
    assert heard.conversation.group == f"feishu:{CHAT}" and heard.conversation.kind == "group"
    assert heard.sender.key == f"feishu:{ASKER}" and not heard.sender.is_bot
    assert heard.sent_at == datetime(2025, 1, 6, 9, 0, tzinfo=UTC)


def test_the_bots_own_mention_is_cut_and_others_become_names() -> None:
    assert message("mention").mentions_bot and message("mention").text == "怎么安装？"
    heard = message("mention_others")
    assert heard.text == "@李四 你看 说的 @王 五 对吗？"
    assert [person.name for person in heard.mentions] == ["李四", "王 五"]
    assert heard.mentions_bot


def test_the_bot_is_known_by_its_id_and_never_by_its_name() -> None:
    heard = message("namesake")
    assert not heard.mentions_bot and heard.text == "@群答 在吗？"


def test_a_mention_of_everybody_is_none_of_the_bot() -> None:
    heard = message("everybody")
    assert (heard.text, heard.mentions_bot, heard.mentions) == ("@所有人 明天放假", False, ())


def test_a_direct_chat_is_one() -> None:
    assert message("direct").conversation.kind == "direct"


def test_links_arrive_as_text() -> None:
    text = "见 安装指南 (https://example.com/a?b=1)、https://example.com 或 我 (me@example.com)"
    assert message("links").text == text


def test_a_reply_quotes_its_parent() -> None:
    assert message("quote").quote == Quote("om_parent1", None, "")
    assert message("quote").conversation.thread is None


def test_in_a_thread_the_root_is_a_quote_only_for_what_is_asked_of_the_bot() -> None:
    overheard, asked = message("thread"), message("thread_mention")
    assert overheard.conversation.thread == asked.conversation.thread == "omt_d4be107c616a"
    assert overheard.quote is None and asked.quote == Quote("om_root1", None, "")


def test_a_rich_text_arrives_as_clean_text_with_links_code_and_images() -> None:
    heard = message("post")
    assert heard.text == (
        "安装报错\n运行到这里就停了，日志 (https://example.com/log) @李四\n\n"
        "import qunda\nqunda.run()\n\n谁见过？[SMILE]"
    )
    assert heard.mentions_bot and [person.id for person in heard.mentions] == [LI]
    assert heard.attachments == (Attachment("image", "", f"{heard.id}/img_v2_041b28e3-5680-48c2-9af2-497ace79333g"),)


def test_a_rich_text_under_a_language_is_read_as_well() -> None:
    assert message("post_language").text == "看 指南 (https://example.com/guide) **第二节**\n@所有人"


@pytest.mark.parametrize(
    ("name", "kind", "file_name"), [("image", "image", ""), ("file", "file", "错误.log"), ("video", "file", "录屏.mp4")]
)
def test_a_file_is_an_attachment_without_text(name: str, kind: str, file_name: str) -> None:
    heard = message(name)
    (attachment,) = heard.attachments
    assert (heard.text, attachment.kind, attachment.name) == ("", kind, file_name)
    assert attachment.ref.startswith(f"{heard.id}/")


IGNORED = {
    "audio": "audio",
    "sticker": "sticker",
    "merge_forward": "merge_forward",
    "system": "system",
    "another_bot": "another bot",
    "own": "own message",
    "broken_content": "malformed",
    "own_reaction": "reaction of a bot",
    "button_without_name": "action without a name",
    "joined": "event type",
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_none_of_the_bots_business_is_ignored_with_a_reason(name: str) -> None:
    assert parse(recorded(name), BOT) == Ignored(IGNORED[name])


def test_a_recall_by_the_author_names_nobody_and_one_by_a_manager_names_somebody_else() -> None:
    own, managed = parse(recorded("recalled"), BOT), parse(recorded("recalled_by_manager"), BOT)
    assert isinstance(own, Recalled) and isinstance(managed, Recalled)
    assert own.message_id == "om_recalled" and own.by is None and own.conversation.chat == CHAT
    assert managed.by is not None and managed.by.id == "group_manager"


def test_reactions_come_and_go() -> None:
    added, gone = parse(recorded("reaction"), BOT), parse(recorded("reaction_gone"), BOT)
    assert isinstance(added, Reacted) and isinstance(gone, Reacted)
    assert (added.emoji, added.added, gone.added, added.by.id) == ("THUMBSUP", True, False, ASKER)


def test_a_pressed_button_says_which() -> None:
    pressed = parse(recorded("button"), BOT)
    assert isinstance(pressed, Pressed)
    assert (pressed.action, pressed.message_id, pressed.by.id, pressed.conversation.chat) == (
        "good",
        "om_ours",
        ASKER,
        CHAT,
    )


def made(content: Any, kind: str = "post", **changes: Any) -> dict[str, Any]:
    """The recorded mention with another content."""
    payload = recorded("mention")
    payload["event"]["message"] |= {"message_type": kind, "content": json.dumps(content), **changes}
    return payload


@pytest.mark.parametrize("content", [{}, {"title": "报错"}, {"title": "报错", "content": None}, {"zh_cn": "报错"}])
def test_a_rich_text_without_a_body_is_its_title(content: dict[str, Any]) -> None:
    heard = parse(made(content), BOT)
    assert isinstance(heard, Message) and heard.text == content.get("title", "")


@pytest.mark.parametrize(
    "piece", [{"tag": "text"}, {"tag": "a"}, {"tag": "at"}, {"tag": "img"}, {"tag": "media"}, {"tag": ["x"]}, {}, 5]
)
def test_a_piece_that_cannot_be_read_does_not_cost_the_question(piece: Any) -> None:
    heard = parse(made({"content": [[piece, {"tag": "text", "text": "怎么安装？"}]]}), BOT)
    assert isinstance(heard, Message)
    assert heard.text == "怎么安装？" and heard.attachments == ()


@pytest.mark.parametrize("mention", [{}, {"id": {"open_id": BOT}}, None, "@_user_2"])
def test_a_mention_that_cannot_be_read_does_not_cost_the_others(mention: Any) -> None:
    payload = made({"text": "@_user_1 怎么安装？"}, "text")
    payload["event"]["message"]["mentions"].insert(0, mention)
    heard = parse(payload, BOT)
    assert isinstance(heard, Message) and heard.mentions_bot and heard.text == "怎么安装？"


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("[草稿] 指南", "https://example.com/a"),
        ("指南", "https://example.com/a_(b)"),
        ("指南 (1)", "https://example.com/"),
    ],
)
def test_brackets_in_a_link_leave_no_markup_behind(label: str, address: str) -> None:
    typed = parse(made({"text": f"见 [{label}]({address}) 第一节"}, "text", mentions=[]), BOT)
    rich = parse(made({"content": [[{"tag": "a", "text": label, "href": address}]]}), BOT)
    assert isinstance(typed, Message) and typed.text == f"见 {label} ({address}) 第一节"
    assert isinstance(rich, Message) and rich.text == f"{label} ({address})"


@pytest.mark.parametrize("sender_id", [None, {}, {"open_id": None}, {"open_id": "ou_ci"}])
def test_another_bot_is_one_whatever_it_calls_itself(sender_id: Any) -> None:
    payload = made({"text": "done"}, "text")
    payload["event"]["sender"] = {"sender_id": sender_id, "sender_type": "app"}
    assert parse(payload, BOT) == Ignored("another bot")


def test_a_content_nested_without_end_and_an_id_that_cannot_be_stored_are_malformed() -> None:
    nested = made({}, "text")
    nested["event"]["message"]["content"] = "[" * 100_000
    assert parse(nested, BOT) == Ignored("malformed")
    assert parse(made({"text": "hi"}, "text", message_id="om_\ud800"), BOT) == Ignored("malformed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_payload_that_is_damaged_anywhere_is_read_or_ignored_and_never_raises(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["mention_others", "post", "quote", "image", "recalled", "reaction", "button"]))
    payload = recorded(name)
    if name == "post":
        payload["event"]["message"]["content"] = json.loads(payload["event"]["message"]["content"])
    *way, last = data.draw(st.sampled_from([place for place in places(payload) if place]))
    target: Any = payload
    for step in way:
        target = target[step]
    target[last] = data.draw(JSON)
    body = payload.get("event") if isinstance(payload.get("event"), dict) else {}
    inner = body.get("message") if isinstance(body, dict) else None
    if isinstance(inner, dict) and not isinstance(inner.get("content"), str):
        inner["content"] = json.dumps(inner.get("content"))
    parsed = parse(payload, BOT)
    if isinstance(parsed, Message):
        parsed.text.encode("utf-8", "surrogatepass")
        assert all(isinstance(person.name, str) and isinstance(person.id, str) for person in parsed.mentions)
        assert load_message(dump_message(parsed)) == parsed, "it can be stored"
