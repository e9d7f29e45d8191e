"""Tokens become text: whole characters, nothing from a stop string on, prompts shortened by whole passages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_models import ByteTokenizer

from rag.base import GeneratorError, ModelError, Passage, Prompt, Question
from rag.neural.chat import ChatTemplate
from rag.neural.text import TextStream
from rag.prompts import answer_prompt


@given(st.text(max_size=40), st.lists(st.integers(1, 5), max_size=60))
def test_no_piece_ever_holds_half_a_character_and_all_of_them_make_the_text(text: str, sizes: list[int]) -> None:
    text = text.replace("\ufffd", "")
    stream, data, pieces = TextStream(ByteTokenizer()), list(text.encode()), []
    for size in [*sizes, *[1] * len(data)]:
        pieces.append(stream.feed(data[:size]))
        data = data[size:]
    pieces.append(stream.flush())
    assert "\ufffd" not in "".join(pieces)
    assert "".join(pieces) == text


def test_half_a_character_at_the_end_is_dropped() -> None:
    stream = TextStream(ByteTokenizer())
    assert stream.feed(list("好的".encode())[:-1]) + stream.flush() == "好"


def test_a_stop_string_ends_the_text_even_across_pieces() -> None:
    stream = TextStream(ByteTokenizer(), ("</s>",))
    told = "".join(stream.feed([byte]) for byte in b"a < b</s>never")
    assert (told, stream.stopped, stream.flush()) == ("a < b", True, "")


def test_what_only_begins_like_a_stop_string_is_told_at_the_end() -> None:
    stream = TextStream(ByteTokenizer(), ("</s>",))
    assert "".join(stream.feed([byte]) for byte in b"x </") == "x "
    assert stream.flush() == "</"


def passages(count: int, chars: int = 200) -> Prompt:
    found = [Passage(str(n), f"{n}." + "x" * chars, "doc", "doc.md") for n in range(1, count + 1)]
    return answer_prompt(Question("how?", "en"), found)


def test_too_long_a_prompt_loses_its_last_passages_whole() -> None:
    template = ChatTemplate(ByteTokenizer())
    whole = bytes(template.tokens(passages(6), 10_000)).decode()
    short = bytes(template.tokens(passages(6), len(whole) - 300)).decode()
    assert len(short) <= len(whole) - 300
    assert [f"\n{n}.{'x' * 200}\n</passage>" in short for n in range(1, 7)] == [True] * 4 + [False] * 2
    assert short.endswith("<question>\nhow?\n</question>\x01assistant\x02")


def test_the_first_passage_stays_and_old_turns_go_before_an_error_does() -> None:
    template = ChatTemplate(ByteTokenizer())
    talk = Prompt("", (("user", "a" * 500), ("assistant", "b" * 500), ("user", "c" * 50)))
    assert bytes(template.tokens(talk, 200)).decode() == f"\x01user\x02{'c' * 50}\x01assistant\x02"
    with pytest.raises(GeneratorError, match="tokens, and 100 fit") as failure:
        template.tokens(passages(1), 100)
    assert failure.value.kind == "config"


def test_a_prompt_of_a_million_characters_is_shortened() -> None:
    assert len(ChatTemplate(ByteTokenizer()).tokens(passages(1000, 1000), 5000)) <= 5000


def test_a_base_model_without_chat_template_is_named() -> None:
    tokenizer = ByteTokenizer()
    tokenizer.chat_template = ""
    with pytest.raises(ModelError, match="-Instruct"):
        ChatTemplate(tokenizer)
