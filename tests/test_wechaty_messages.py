"""Payloads of a gateway become messages: a pure function, held against anything that a gateway may say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Message
from adapters.wechat.wechaty.messages import TEXT, Around, Own, parse, why_ignored
from adapters.wechat.wechaty.outages import Outages
from adapters.wechat.wechaty.shim import host_and_port

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OWN = Own("wxid_bot", frozenset({"群答", "Qunda"}))
DASHES = "- - - - - - - - - - - - - - -"


@dataclass
class Said:
    """The fields of a payload."""

    id: str = "m1"
    filename: str = ""
    text: str = ""
    timestamp: int = 1_760_000_000
    type: int = TEXT
    from_id: str = "wxid_ann"
    room_id: str = "1@chatroom"
    to_id: str = ""
    mention_ids: list[str] = field(default_factory=list)


def message(said: Said) -> Message:
    parsed = parse(said, OWN, Around({"wxid_ann": "Ann"}), NOW)
    assert isinstance(parsed, Message)
    return parsed


@given(
    st.builds(
        Said,
        id=st.text(min_size=1),
        text=st.text() | st.text(alphabet="「」：: -\n@群答\u2005a"),
        timestamp=st.integers(0, 2**64 - 1),
        type=st.sampled_from([1, 6, 7, 14]),
        room_id=st.sampled_from(["", "1@chatroom"]),
        mention_ids=st.lists(st.sampled_from(["", "wxid_bot", "wxid_ann", "wxid_x"])),
    )
)
def test_any_payload_becomes_a_message_of_its_sender(said: Said) -> None:
    got = message(said)
    assert (got.id, got.sender.id, got.sender.name) == (said.id, "wxid_ann", "Ann")
    assert got.conversation.kind == ("group" if said.room_id else "direct")
    assert got.mentions_bot >= ("wxid_bot" in said.mention_ids)
    assert "wxid_bot" not in {person.id for person in got.mentions}


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        (1_760_000_000, datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)),
        (1_760_000_000_123, datetime(2025, 10, 9, 8, 53, 20, 123_000, tzinfo=UTC)),
        (0, NOW),
        (2**64 - 1, NOW),
    ],
)
def test_times_may_be_seconds_or_milliseconds_or_nonsense(timestamp: int, sent_at: datetime) -> None:
    assert message(Said(timestamp=timestamp)).sent_at == sent_at


@pytest.mark.parametrize(
    ("text", "author", "quoted", "said"),
    [
        (f"「Bob：端口怎么改」\n{DASHES}\n同问", "Bob", "端口怎么改", "同问"),
        (f"「Bob：一\n二」\n{DASHES}\n三\n四", "Bob", "一\n二", "三\n四"),
        (f"「Bob：他说「好」」\n{DASHES}\n是吗", "Bob", "他说「好」", "是吗"),
        (f"「Bob: hi」\n{DASHES}\n", "Bob", "hi", ""),
        (f"「没有名字」\n{DASHES}\n嗯", None, "没有名字", "嗯"),
    ],
)
def test_a_quote_in_the_text_is_taken_apart(text: str, author: str | None, quoted: str, said: str) -> None:
    got = message(Said(text=text))
    assert got.quote is not None
    assert (got.quote.author.name if got.quote.author else None, got.quote.text, got.text) == (author, quoted, said)


@pytest.mark.parametrize("text", ["「Bob：端口」", "「Bob：端口」\n---\n不是", f"前面 「Bob：x」\n{DASHES}\n不是"])
def test_what_only_looks_like_a_quote_is_text(text: str) -> None:
    got = message(Said(text=text))
    assert (got.quote, got.text) == (None, text)


def test_a_quote_of_the_bot_is_known_by_either_of_its_names() -> None:
    for name in OWN.names:
        got = message(Said(text=f"「{name}：运行 make demo」\n{DASHES}\n不行"))
        assert got.quote and got.quote.author
        assert (got.quote.author.id, got.quote.author.is_bot) == ("wxid_bot", True)


@pytest.mark.parametrize(
    ("said", "why"),
    [(Said(from_id="wxid_bot"), "own"), (Said(from_id=""), "no sender"), (Said(type=2), "kind"), (Said(), "")],
)
def test_what_is_not_for_the_core_is_told_apart(said: Said, why: str) -> None:
    assert why_ignored(said, "wxid_bot") == why


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("127.0.0.1:8788", ("127.0.0.1", 8788)),
        ("http://gate.way:99/", ("gate.way", 99)),
        ("gate.way", ("gate.way", 8788)),
        ("[::1]:8788", ("::1", 8788)),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(endpoint: str, address: tuple[str, int]) -> None:
    assert host_and_port(endpoint) == address


def test_outages_are_told_only_once_there_had_been_a_connection() -> None:
    outages = Outages()
    outages.end()
    assert outages.text() == ""
    outages.begin()
    assert outages.text() == ""
    outages.end()
    assert outages.text().startswith("messages since ")
    outages.begin()
    assert outages.text().startswith("1 interruptions, the last ")
