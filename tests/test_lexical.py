"""BM25: the same scores however the passages were put together."""

from __future__ import annotations

import math

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import lexical
from rag.lexical import LexicalIndex, TermCounts, Vocabulary, compact, concatenate, pool, score_terms
from rag.tokens import tokenize

WORDS = st.lists(st.sampled_from(["alpha", "beta", "安装", "配置文件", "mmdet3d", "v1.2", "x_y_z", "的"]), max_size=12)
CORPUS = st.lists(WORDS.map(" ".join), min_size=1, max_size=8)


def index(texts: list[str]) -> LexicalIndex:
    vocabulary = Vocabulary()
    counts = vocabulary.count(texts)
    return LexicalIndex(vocabulary.ids, score_terms(counts, vocabulary.ids))


@given(CORPUS, WORDS)
def test_scores_are_those_of_bm25s_where_terms_weigh_alike(texts: list[str], query: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical, "weight_of", lambda _: 1.0)
        ours = index(texts).scores(tokenize(" ".join(query)))
    vocabulary = Vocabulary()
    vocabulary.count(texts)
    if not vocabulary.ids:
        assert not ours.any()
        return
    reference = bm25s.BM25(k1=lexical.K1, b=lexical.B, method="lucene")
    tokens = [[vocabulary.ids[term] for term in tokenize(text)] for text in texts]
    reference.scores = reference.build_index_from_ids(range(len(vocabulary)), tokens, show_progress=False)
    reference.nonoccurrence_array = None
    known = [vocabulary.ids[term] for term in tokenize(" ".join(query)) if term in vocabulary.ids]
    theirs = reference.get_scores_from_ids(known) if known else np.zeros(len(texts))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@given(CORPUS, CORPUS, WORDS)
def test_two_bases_pooled_score_like_one_base_of_both(a: list[str], b: list[str], query: list[str]) -> None:
    first, second = Vocabulary(), Vocabulary()
    parts = [(first.ids, first.count(a)), (second.ids, second.count(b))]
    ids, counts = pool(parts)
    terms = tokenize(" ".join(query))
    pooled, together = LexicalIndex(ids, score_terms(counts, ids)), index(a + b)
    np.testing.assert_allclose(pooled.scores(terms), together.scores(terms), rtol=1e-5)
    assert pooled.describe(terms) == together.describe(terms)


@given(CORPUS, CORPUS)
def test_leaving_passages_out_and_compacting_equals_counting_the_rest(gone: list[str], kept: list[str]) -> None:
    vocabulary = Vocabulary()
    counts = vocabulary.count(gone + kept)
    terms, rest = compact(list(vocabulary.ids), counts.select(len(gone), len(counts)))
    alone = Vocabulary()
    expected = alone.count(kept)
    assert set(terms) == set(alone.ids)
    for row in range(len(kept)):
        assert bag(terms, rest, row) == bag(list(alone.ids), expected, row)


def bag(terms: list[str], counts: TermCounts, row: int) -> dict[str, int]:
    one = counts.select(row, row + 1)
    return {terms[number]: int(count) for number, count in zip(one.ids, one.counts, strict=True)}


def test_nothing_concatenated_is_empty() -> None:
    assert len(concatenate([])) == 0


def test_terms_are_described_with_df_and_idf() -> None:
    found = index(["alpha beta", "alpha", "gamma"]).describe(["alpha", "beta", "nowhere", "alpha"])
    assert [(term.text, term.df, term.kind) for term in found] == [
        ("alpha", 2, "latin"),
        ("beta", 1, "latin"),
        ("nowhere", 0, "latin"),
    ]
    assert found[0].idf == pytest.approx(math.log(1 + 1.5 / 2.5))
    assert found[2].idf == pytest.approx(math.log(1 + 3.5 / 0.5))


def test_the_words_of_a_question_do_not_outweigh_its_subject() -> None:
    scores = index(["varifocal_loss is computed here", "怎么用这个工具", "something else", "and another"]).scores(
        tokenize("varifocal_loss 怎么用？")
    )
    assert scores.argmax() == 0


def test_an_unknown_query_and_an_empty_base_score_nothing() -> None:
    assert not index(["alpha"]).scores(["beta"]).any()
    assert index([]).scores(["beta"]).shape == (0,)
    assert index([]).describe(["beta"])[0].df == 0
