"""The embedded embedder: deterministic everywhere, unit rows, alike texts near."""

from __future__ import annotations

import subprocess
import sys
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.embedder import LexicalEmbedder
from rag.protocols import Embedder

TEXTS = ["如何安装这个软件？", "How do I install mmdet3d?", "", "😀", "a" * 5000]
GOLDEN_PLACES = [1, 135, 139, 176, 192, 205, 284, 341, 364, 516, 524, 709, 749, 793, 819, 970]
GOLDEN_SUM = 3.50441
PROBE = (
    "import zlib, numpy as np\nfrom rag.embedder import LexicalEmbedder\n"
    f"v = LexicalEmbedder().embed({TEXTS!r})\nprint(zlib.crc32(np.round(v, 4).tobytes()))"
)


def test_it_is_an_embedder_whose_id_names_method_and_size() -> None:
    embedder = LexicalEmbedder()
    assert isinstance(embedder, Embedder)
    assert embedder.id == f"lexical-v1-{embedder.dim}"
    assert LexicalEmbedder(256).id != embedder.id


def test_rows_are_unit_vectors_and_zero_without_content() -> None:
    vectors = LexicalEmbedder().embed(["配置文件", "config", "", "。，！", "\u202e\u0007"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 0, 0], atol=1e-6)


def test_nothing_gives_no_rows() -> None:
    assert LexicalEmbedder().embed([]).shape == (0, LexicalEmbedder().dim)


def test_another_process_gives_the_same_vectors() -> None:
    here = zlib.crc32(np.round(LexicalEmbedder().embed(TEXTS), 4).tobytes())
    for seed in ("0", "1"):
        run = subprocess.run(
            [sys.executable, "-c", PROBE], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert int(run.stdout) == here


def test_the_vector_of_a_text_has_not_changed_since_version_1() -> None:
    """Stored vectors depend on it: a change needs a new id."""
    vector = LexicalEmbedder().embed(["知识库 config.ini"])[0]
    assert np.flatnonzero(vector).tolist() == GOLDEN_PLACES
    np.testing.assert_allclose(float(np.abs(vector).sum()), GOLDEN_SUM, rtol=1e-4)


def test_alike_questions_are_nearer_than_others() -> None:
    a, b, c = LexicalEmbedder().embed(["怎么安装环境依赖", "环境依赖要怎么安装呢", "今天中午吃什么"])
    assert a @ b > 0.6
    assert a @ c < 0.2


def test_width_and_case_do_not_matter() -> None:
    a, b = LexicalEmbedder().embed(["ＣＯＮＦＩＧ 文件", "config 文件"])
    np.testing.assert_allclose(a, b)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_a_text_has_the_same_vector_in_any_company(texts: list[str]) -> None:
    embedder = LexicalEmbedder(128)
    together = embedder.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_array_equal(embedder.embed([text])[0], vector)


def test_many_empty_texts_and_a_huge_one_are_embedded() -> None:
    vectors = LexicalEmbedder(64).embed([""] * 70_000 + ["x" * 1_000_000, "config"])
    assert np.count_nonzero(np.linalg.norm(vectors, axis=1)) == 2
