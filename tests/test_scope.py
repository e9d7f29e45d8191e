"""A word that names a folder chooses among passages like a filter, and says nothing of what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import pruning
from rag.base import Hit
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.fitting import wanted
from rag.knowledge import open_current
from rag.retriever import HybridRetriever
from rag.scope import names_left

EMBEDDER = LexicalEmbedder()


NAMES = ("ropefish", "glassfrog", "mothlight")


def product(name: str) -> dict[str, str]:
    """Four pages of a product that speak of it all the time; one tells how it is installed, beside the others."""
    others = " ".join(f"`{other}` 与 {other}" for other in NAMES if other != name)
    install = "# 安装\n\n## 从源码安装\n\n```bash\npip install -e .\n```\n\n"
    return {
        f"{name}/docs/install.md": f"{install}可以同 {others} 一起安装。",
        f"{name}/docs/intro.md": f"# {name} 介绍\n\n{name} 很快。{name} 很小。{name} 由社区维护。"
        + f"{name} 好用。" * 8,
        f"{name}/docs/train.md": f"# 训练\n\n用 {name} 训练模型，`{name} train` 开始。{name} 会保存权重。",
        f"{name}/docs/news.md": f"# 新闻\n\n{name} 发布了新版本。`{name}` 和 `{name}.cli` 都有改动。",
    }


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    return find(tmp_path_factory.mktemp("scope"), product("ropefish") | product("glassfrog") | product("mothlight"))


def find(root: Path, texts: dict[str, str]) -> HybridRetriever:
    for name, text in texts.items():
        (root / "documents" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "documents" / name).write_text(text, "utf-8")
    build([root / "documents"], root / "knowledge", EMBEDDER)
    return HybridRetriever([open_current(root / "knowledge", "default")], EMBEDDER)


def first(retriever: HybridRetriever, question: str) -> Hit:
    return retriever.search(question, 4).hits[0]


@pytest.mark.parametrize("name", ["ropefish", "Glassfrog", "mothlight"])
def test_the_product_chooses_the_folder_and_the_other_words_the_passage(retriever: HybridRetriever, name: str) -> None:
    assert first(retriever, f"{name} 怎么从源码安装？").passage.uri == f"{name.lower()}/docs/install.md"


def test_the_beginning_of_a_name_that_nobody_writes_is_none(retriever: HybridRetriever) -> None:
    folders = retriever._folders
    assert folders.scope(["glassfrog"]).words == {"glassfrog"}
    assert not folders.scope(["glass"]).words  # nobody writes it here


def test_a_short_name_that_the_folder_uses_is_one(tmp_path: Path) -> None:
    texts = product("ropefish") | product("glassfrog") | product("mothlight")
    texts |= {f"glassfrog/docs/{n}.md": f"# 第 {n} 页\n\nglass 是简称，第 {n} 次。" for n in range(3)}
    assert find(tmp_path, texts)._folders.scope(["glass", "训练"]).words == {"glass"}


def test_folders_that_every_product_has_and_words_of_no_folder_choose_nothing(retriever: HybridRetriever) -> None:
    assert not retriever._folders.scope(["docs", "训练", "install", "2"]).words


def test_a_question_of_the_name_alone_asks_for_the_name(retriever: HybridRetriever) -> None:
    evidence = retriever.search("glassfrog 是什么", 4)
    want = wanted(evidence, retriever._lexical, retriever._folders)
    assert not want.about.words
    assert evidence.hits[0].passage.uri.startswith("glassfrog/")


def test_two_products_named_share_the_choice(retriever: HybridRetriever) -> None:
    scope = retriever._folders.scope(["glassfrog", "ropefish", "训练"])
    shares = scope.share(retriever._owners)
    uris = [retriever.passage(row).uri for row in range(len(retriever))]
    assert {uri.split("/")[0] for uri, share in zip(uris, shares.tolist(), strict=True) if share} == {
        "glassfrog",
        "ropefish",
    }
    assert max(shares.tolist()) == 0.5


def test_the_gate_reads_the_plain_numbers(retriever: HybridRetriever) -> None:
    question = "glassfrog 怎么从源码安装"
    searched, measured = retriever.search(question, 4), retriever.measure(question, 4)
    assert searched.bm25.tolist() == measured.bm25.tolist()
    assert {term.text for term in searched.terms} >= {"glassfrog", "安装"}


def test_long_lists_are_pruned_with_a_folder_too(retriever: HybridRetriever, monkeypatch: pytest.MonkeyPatch) -> None:
    about = retriever._folders.scope(["glassfrog"])
    whole = retriever._lexical.search(["安装", "源码"], 3, about.postings)
    for module in ("rag.pruning.BUDGET", "rag.lexical.BUDGET"):
        monkeypatch.setattr(module, 1)
    pruned = retriever._lexical.search(["安装", "源码"], 3, about.postings)
    assert pruning.BUDGET == 1
    assert pruned.sums.tolist() == pytest.approx(whole.sums.tolist())


def test_marked_names_of_folders_are_left_out() -> None:
    assert names_left(["\u0001glassfrog", "\u0002glassfrog", "\u0002train"], {"glassfrog"}) == ["\u0002train"]


def test_an_empty_base_has_no_folders(tmp_path: Path) -> None:
    retriever = find(tmp_path, {"one.md": "# 一\n\n只有一页。"})
    assert not retriever._folders.scope(["default", "one"]).words
