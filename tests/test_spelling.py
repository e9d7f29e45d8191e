"""A slip of the finger is put right where the knowledge base leaves no doubt, and nothing else is touched."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_retriever import EMBEDDER, TEXTS, make

from rag.retriever import HybridRetriever
from rag.spelling import LONGEST, mended

KNOWN = {"config": 9, "configs": 2, "docker": 5, "qunda": 7, "deploy": 3, "dense_weight": 1}


def passages(word: str) -> int:
    return KNOWN.get(word, 0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("confgi", "config"),
        ("cnfig", "config"),
        ("connfig", "config"),
        ("conrig", "config"),
        ("dockers", "docker"),
        ("denseweight", "dense_weight"),
        ("quna", "quna"),  # too short
        ("bonfig", "bonfig"),  # the first letter is rarely wrong
        ("cmfog", "cmfog"),  # two edits
        ("12345", "12345"),
        ("知识库在哪里", "知识库在哪里"),
        ("", ""),
    ],
)
def test_one_slip_is_put_right(typed: str, meant: str) -> None:
    assert mended(typed, passages) == meant


@given(st.text(string.ascii_lowercase + string.digits + "_知", max_size=LONGEST + 4))
def test_what_comes_back_is_known_or_what_was_given(word: str) -> None:
    found = mended(word, passages)
    assert found == word or found in KNOWN


def test_a_mistyped_name_is_searched_as_the_one_that_is_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    retriever = HybridRetriever([make(tmp_path_factory.mktemp("spelling"), "default", TEXTS)], EMBEDDER)
    evidence = retriever.search("where does trainign start", 3)
    assert evidence.hits[0].passage.uri == "train.md"
    assert {term.text: term.df for term in evidence.terms}["training"] == 1
