"""Cutting replies into parts, and naming the parts."""

from __future__ import annotations

from fakes import make_message
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Citation, Reply
from bot.parts import reply_key, split_reply


def test_keys_are_short_and_differ_by_message_part_and_edition() -> None:
    one, two = make_message(), make_message()
    keys = {reply_key(one, 0), reply_key(one, 1), reply_key(one, 0, 1), reply_key(two, 0)}
    assert len(keys) == 4
    assert all(len(key) <= 50 for key in keys)
    assert reply_key(one, 0) == reply_key(one, 0)


def test_citations_go_with_the_part_that_shows_them() -> None:
    citations = tuple(Citation(n, f"t{n}", "u", "q") for n in (1, 2, 3))
    reply = Reply(make_message(), "first [1]\n\nsecond [2]", citations, confidence=0.8, mention=True)
    first, second = split_reply(reply, 12)
    assert [c.n for c in first.citations] == [1]
    assert [c.n for c in second.citations] == [2, 3]
    assert (first.mention, second.mention, first.confidence, second.confidence) == (True, False, None, 0.8)


def test_a_code_block_that_must_be_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line_{n} = {n}" for n in range(12))
    parts = [r.text for r in split_reply(Reply(make_message(), f"Run:\n\n```python\n{code}\n```\n\nDone."), 60)]
    assert len(parts) > 2
    for part in parts:
        assert len(part) <= 60
        assert part.count("```") % 2 == 0
    assert "\n".join(parts).replace("```python\n", "").replace("```\n", "").count("line_") == 12


paragraph = st.text(alphabet="ab 。.好\n`", max_size=60)


@given(st.lists(paragraph, max_size=8), st.integers(20, 80))
def test_parts_fit_and_lose_no_character(paragraphs: list[str], max_chars: int) -> None:
    text = "\n\n".join(paragraphs).replace("```", "")
    parts = [part.text for part in split_reply(Reply(make_message(), text), max_chars)]
    assert all(len(part) <= max_chars for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
