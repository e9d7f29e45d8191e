"""Terms: what people type finds what documents say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.tokens import classify, fold, tokenize


def test_han_text_becomes_unigrams_and_bigrams() -> None:
    assert tokenize("安装环境") == ["安", "装", "环", "境", "安装", "装环", "环境"]


def test_latin_words_are_lower_cased_and_widths_are_folded() -> None:
    assert tokenize("Ｈｅｌｌｏ World") == ["hello", "world"]


@pytest.mark.parametrize(
    ("identifier", "asked"),
    [
        ("topdown_demo_with_mmdet.py", ["topdown_demo_with_mmdet.py", "topdown_demo_with_mmdet", "mmdet", "demo_with"]),
        ("mmdet3d", ["mmdet3d", "mmdet", "3d"]),
        ("config.ini", ["config.ini", "config", "ini"]),
        ("--work-dir", ["work-dir", "work", "dir", "work_dir"]),
        ("mmcv.runner", ["mmcv.runner", "mmcv", "runner"]),
        ("AutoTokenizer.from_pretrained", ["autotokenizer", "from_pretrained", "tokenizer"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("configs/demo/base_model.py", ["configs", "base_model.py", "base_model", "model"]),
        ("C++", ["c++"]),
    ],
)
def test_an_identifier_is_found_whole_and_in_parts(identifier: str, asked: list[str]) -> None:
    assert set(asked) <= set(tokenize(f"请问 {identifier} 怎么用"))


def test_a_version_is_found_with_and_without_its_last_number() -> None:
    assert tokenize("v1.2.3") == ["1.2.3", "1.2"]
    assert tokenize("0.6版本")[0] == "0.6"


def test_latin_inside_han_text_stands_alone() -> None:
    assert "mmpose" in tokenize("安装mmpose时报错")


def test_invisible_marks_do_not_split_a_word() -> None:
    assert tokenize("con\u200bfig\u202e") == tokenize("config")


@pytest.mark.parametrize("text", ["", " \n", "😀🎉", "。！？", "\u202e\u200b", "___", "--", "\ud800"])
def test_text_without_words_has_no_terms(text: str) -> None:
    assert tokenize(text) == []


def test_a_blob_of_a_megabyte_is_cut_and_not_stored_whole() -> None:
    terms = tokenize("a" * 1_000_000 + " " + "b_" * 500_000)
    assert max(map(len, terms)) <= 120


@pytest.mark.parametrize(
    ("term", "kind"),
    [
        ("安", "han"),
        ("安装", "han"),
        ("config", "latin"),
        ("0.6", "number"),
        ("mmdet3d", "identifier"),
        ("a_b", "identifier"),
    ],
)
def test_terms_are_classified(term: str, kind: str) -> None:
    assert classify(term) == kind


@given(st.text(max_size=200))
def test_any_text_gives_terms_without_blanks_and_folding_twice_changes_nothing(text: str) -> None:
    terms = tokenize(text)
    assert all(term and not any(char.isspace() for char in term) for term in terms)
    assert {classify(term) for term in terms} <= {"han", "latin", "identifier", "number"}
    assert tokenize(text) == terms
    assert isinstance(fold(text), str)
