"""Identifiers are found in whole and with one part left out, and the gate's numbers do not know of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.base import Passage
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.lexical import Vocabulary
from rag.names import PAIR, PARTIAL, SHOWN, asked_names, passage_names
from rag.naming import by_pairs
from rag.retriever import HybridRetriever
from rag.tokens import tokenize

EMBEDDER = LexicalEmbedder()
CODE = "# 缓冲\n\n```python\nreplay_buffer.put(item)\nsetStrideNd(2)\n```\n"
TALK = (
    "The buffer is put to replay. Replay it, put the buffer away; a stride may be set. 缓冲要怎么用，怎么设置。\n" * 3
)


def find(folder: Path, texts: dict[str, str]) -> HybridRetriever:
    (folder / "docs").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    build([folder / "docs"], folder / "knowledge", EMBEDDER)
    return HybridRetriever([open_current(folder / "knowledge", "default")], EMBEDDER)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    return find(tmp_path_factory.mktemp("names"), {"a_talk.md": TALK, "b_code.md": CODE})


def passage(text: str, position: int = 0) -> Passage:
    return Passage("", text, "title", "doc.md", (), position)


@pytest.mark.parametrize("name", ["replay_put", "buffer.put", "replay-buffer", "setStride", "strideNd", "StrideNd"])
def test_a_name_with_one_part_missing_finds_the_code_that_has_it(retriever: HybridRetriever, name: str) -> None:
    assert retriever.search(f"{name} 怎么用", 2).hits[0].passage.uri == "b_code.md"


def test_every_way_to_leave_one_part_out_is_indexed() -> None:
    terms = set(passage_names(passage("```\nload_ckptFile\n```")))
    assert {PARTIAL + "load_ckpt", PARTIAL + "load_file", PARTIAL + "ckpt_file"} <= terms
    assert SHOWN + "load_ckptfile" in terms


def test_prose_shows_no_name_and_gives_no_single_words_away() -> None:
    terms = set(passage_names(passage("Call load_file to begin with pre-trained weights.")))
    assert SHOWN + "load_file" not in terms
    assert PARTIAL + "load" not in terms


def test_code_that_began_in_the_passage_before_is_code() -> None:
    text = "import torch\nmodel = build_model(cfg)\nmodel.eval()\n```\n\nThen go on."
    assert SHOWN + "build_model" in passage_names(passage(text, 1))


def test_latin_words_are_names_in_chinese_questions_alone() -> None:
    assert PARTIAL + "buffer" in asked_names("buffer 怎么用", tokenize("buffer 怎么用"))
    english = asked_names("how to use the buffer of MyModel", tokenize("how to use the buffer of MyModel"))
    assert PARTIAL + "buffer" not in english
    assert PARTIAL + "my_model" in english


def test_names_change_neither_lengths_nor_the_numbers_that_the_gate_reads(
    retriever: HybridRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, named = Vocabulary(), Vocabulary()
    texts = [CODE, TALK]
    without = plain.count(texts)
    assert (named.count(texts, [passage_names(passage(text)) for text in texts]).lengths == without.lengths).all()
    with_names = retriever.search("replay_put 怎么设置", 5)
    monkeypatch.setattr("rag.naming.asked_names", lambda *_: [])
    plainly = retriever.search("replay_put 怎么设置", 5)
    assert with_names.bm25.tolist() == plainly.bm25.tolist()
    assert with_names.dense.tolist() == plainly.dense.tolist()
    assert with_names.terms == plainly.terms
    assert with_names.hits[0].passage.uri == "b_code.md"


def test_measuring_for_the_gate_is_searching_without_hits(retriever: HybridRetriever) -> None:
    for text in ("replay_put 怎么设置", "缓冲", "nix", ""):
        searched, measured = retriever.search(text, 5), retriever.measure(text, 5)
        assert measured.hits == ()
        assert measured.terms == searched.terms
        assert measured.bm25.tolist() == searched.bm25.tolist()
        assert measured.dense.tolist() == searched.dense.tolist()


def test_a_document_that_has_more_such_names_goes_before_one_that_has_one(tmp_path: Path) -> None:
    filler = "再说一些别的事情，与它没有关系。" * 30
    once = f"# 节9\n\n```\nconv_pool(x)\n```\n\n{filler}\n\n# 节8\n\n{filler}\n"
    often = "".join(
        f"# 节{n}\n\n```\nconv_{name}(x)\n```\n\n{filler}\n\n" for n, name in enumerate(("norm", "act", "bias"))
    )
    others = {f"c{n}.md": f"# 其他{n}\n\n{filler}\n" for n in range(5)}
    hits = find(tmp_path, {"a_once.md": once, "b_often.md": often} | others).search("conv 怎么用", 4).hits
    assert hits[0].passage.uri == "b_often.md"


def test_a_word_left_of_a_name_of_two_parts_finds_the_only_document_that_shows_the_name(tmp_path: Path) -> None:
    filler = "再说一些别的事情，与它没有关系。" * 30
    common = {f"a{n}.md": f"# 令牌{n}\n\n```\napp_token = token\nuser_token\n```\n\n{filler}\n" for n in range(9)}
    rare = {"z_rare.md": f"# 回调\n\n{filler}\n\n```\nverification_token = x\n```\n\n{filler}\n"}
    retriever = find(tmp_path, common | rare)
    assert "z_rare.md" in [hit.passage.uri for hit in retriever.search("token 在哪里配置", 3).hits]
    told = retriever.search(
        "token 令牌 怎么用", 3
    ).hits  # the other word tells what is meant, and keeps its document first
    assert told[0].passage.uri != "z_rare.md"


def test_a_name_counts_the_less_the_more_documents_show_it(tmp_path: Path) -> None:
    texts = {
        "a.md": "# 一\n\n```\nload_model\nload_model\nsave_model\n```\n",
        "b.md": "# 二\n\n```\nload.model\n```\n\nsave_model 不在代码里。\n",
    }
    retriever = find(tmp_path, texts)
    rarity, rows = by_pairs(retriever._lexical, retriever._owners, "model")
    assert rarity.tolist() == pytest.approx([1 / 4 + 1, 1 / 4])
    assert {retriever.passage(int(row)).uri for row in rows} == {"a.md", "b.md"}
    assert not by_pairs(retriever._lexical, retriever._owners, "nowhere")[1].size


def test_only_shown_names_of_two_parts_are_pairs() -> None:
    terms = [
        term
        for term in passage_names(passage("call prose_name\n\n```\nconv_norm conv_norm a_b_c x.y_z\n```"))
        if term[0] == PAIR
    ]
    assert terms == [PAIR + "doc_md", PAIR + "conv_norm", PAIR + "y_z"]
