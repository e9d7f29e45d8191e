"""What sentences show of a question's kind, and what they have of its words and characters."""

from __future__ import annotations

from typing import Any

import pytest

from rag.asked import Asked, asked, vocabulary
from rag.base import Evidence, RagError
from rag.cues import TYPES, shown
from rag.overlap import character_rows, word_rows
from rag.scoring import FEATURES, default_weights
from rag.tokens import tokenize


def terms(*sentences: str) -> list[frozenset[str]]:
    return [vocabulary(tokenize(sentence)) for sentence in sentences]


def question(text: str) -> Asked:
    return asked(Evidence(text, ()))


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("他是什么时候去世的？", "卒于山中。", "生于山中。"),
        ("桥是谁设计的？", "由周远设计。", "桥很长。"),
        ("潘某是哪里人？", "会稽县人。", "长于琴棋。"),
        ("它以什么为食？", "捕食小鱼。", "长约一米。"),
        ("When was it founded?", "It was established in 1901.", "It is large."),
    ],
)
def test_the_words_that_tell_what_is_asked_for_are_seen(text: str, right: str, wrong: str) -> None:
    (told, *types), (not_told, *others) = shown(text, [right, wrong])
    assert told + sum(types) > not_told + sum(others)


def test_only_what_is_asked_for_counts() -> None:
    assert shown("桥在哪里？", ["1923年。"])[0][1 + TYPES.index("date")] == 0
    assert shown("桥建于哪一年？", ["1923年。"])[0][1 + TYPES.index("date")] == 1
    assert shown("", ["1923年。"]) == [(0.0,) * (1 + len(TYPES))]


def test_what_was_said_fades_and_ends_where_a_sentence_does_not_go_on() -> None:
    rows = word_rows(question("石桥的长度"), terms("石桥很美。", "很多人来。", "花开了。"), [False, True, True])
    said = [row[2] for row in rows]
    assert said[0] > said[1] > said[2] > 0 and rows[1][0] == 0
    broken = word_rows(question("石桥的长度"), terms("石桥很美。", "很多人来。"), [False, False])
    assert broken[1][2] == 0


def test_characters_meet_where_words_do_not() -> None:
    sentences = terms("他于山中逝世。", "他于山中出家。")
    by_word, by_character = (
        rows(question("他何时去世？"), sentences, [False, True]) for rows in (word_rows, character_rows)
    )
    assert by_character[0][0] > by_character[1][0]
    assert by_character[0][0] > by_word[0][0]


def test_a_version_is_one_word_and_not_its_digits() -> None:
    asked_of, others = terms("| 2.24.1 | mmcv 1.3 |", "| 2.28.2 | mmcv 1.4 |")
    right, wrong = character_rows(question("mmcv 2.24.1 对应哪个版本"), [asked_of, others], [False, False])
    assert right[0] > wrong[0]


def test_no_sentences_and_no_words_are_nothing() -> None:
    assert word_rows(question("石桥"), [], []) == character_rows(question("？"), [], []) == []
    assert word_rows(question(""), terms("石桥。"), [False]) == [(0.0, 0.0, 0.0, 0.0)]


def test_weights_of_another_version_are_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(default_weights()) == FEATURES
    other = tmp_path / "scoring.json"
    other.write_text('{"rank": 1.0}', "utf-8")
    monkeypatch.setattr("rag.scoring.FILE", other)
    default_weights.cache_clear()
    with pytest.raises(RagError, match="install the package again"):
        default_weights()
    monkeypatch.undo()
    default_weights.cache_clear()
