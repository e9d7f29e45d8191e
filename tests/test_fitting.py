"""What a passage covers of a question, its headings, its language and its code decide between passages alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.asked import asked
from rag.base import Evidence
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.fitting import covered, name_alone, wanted
from rag.index import IntArray
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

EMBEDDER = LexicalEmbedder()
OTHERS = {f"z{n}.md": f"# 别的 {n}\n\n这里讲别的事情，第 {n} 件，与它无关。" for n in range(12)}


def find(root: Path, texts: dict[str, str]) -> HybridRetriever:
    (root / "documents").mkdir()
    for name, text in (texts | OTHERS).items():
        (root / "documents" / name).write_text(text, "utf-8")
    build([root / "documents"], root / "knowledge", EMBEDDER)
    return HybridRetriever([open_current(root / "knowledge", "default")], EMBEDDER)


def order(retriever: HybridRetriever, question: str) -> list[str]:
    return list(dict.fromkeys(hit.passage.uri for hit in retriever.search(question, 8).hits))


def test_all_words_once_go_before_one_word_many_times(tmp_path: Path) -> None:
    texts = {
        "neck.md": "# neck\n\n" + "neck 接在 backbone 后面，neck 有很多种，neck 可以换。" * 6,
        "freeze.md": "# 训练技巧\n\n冻结 neck 的权重时，把 freeze_all 设为 True。",
    }
    assert order(find(tmp_path, texts), "怎么冻结 neck 的权重")[0] == "freeze.md"


def test_the_heading_that_is_asked_goes_before_one_that_is_not(tmp_path: Path) -> None:
    body = "先准备环境，再运行下面的命令。量化模型之前先看文档。\n\n```bash\nmake it\n```\n"
    texts = {"a.md": f"# 部署模型\n\n{body}量化模型见别处。", "b.md": f"# 量化模型\n\n{body}环境在前，别的在后。"}
    assert order(find(tmp_path, texts), "怎么量化模型")[0] == "b.md"


def test_twins_are_told_by_the_language_of_the_question(tmp_path: Path) -> None:
    code = "```bash\ntool serve api_server --server-port 23333 --tp 2\n```\n"
    texts = {"en.md": f"# Serving\n\nStart api_server so:\n\n{code}", "zh.md": f"# 服务\n\n这样启动：\n\n{code}"}
    retriever = find(tmp_path, texts)
    assert order(retriever, "api_server 的 --server-port 怎么写")[0] == "zh.md"
    assert order(retriever, "How do I set --server-port of api_server?")[0] == "en.md"


def test_a_passage_in_another_language_is_found_where_there_is_no_other(tmp_path: Path) -> None:
    texts = {"en.md": "# Serving\n\nStart api_server with `--server-port 23333`."}
    assert order(find(tmp_path, texts), "api_server 的 --server-port 怎么写")[0] == "en.md"


def test_whoever_asks_how_gets_the_passage_with_the_command(tmp_path: Path) -> None:
    texts = {
        "a.md": "# 回归测试\n\n回归测试脚本检查每个版本。\n",
        "b.md": "# 回归测试\n\n回归测试脚本检查每个版本。\n\n```bash\npython regression.py\n```\n",
    }
    retriever = find(tmp_path, texts)
    assert order(retriever, "怎么运行回归测试脚本")[0] == "b.md"


def test_forms_of_an_english_word_cover_it(tmp_path: Path) -> None:
    retriever = find(tmp_path, {"a.md": "# Notes\n\nIt was quantized and serving.", "b.md": "# Notes\n\nNothing else."})
    evidence = retriever.search("How to quantize?", 4)
    question = asked(evidence)
    rows = evidence_rows(retriever, "a.md", "b.md")
    had = covered(question, retriever._lexical, rows).tolist()
    assert had[0] > had[1] == 0


def evidence_rows(retriever: HybridRetriever, *uris: str) -> IntArray:
    return np.array([n for uri in uris for n in range(len(retriever)) if retriever.passage(n).uri == uri])


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("freeze_all 这个参数怎么设置", True),
        ("冻结权重用 freeze_all 还是别的办法，会影响精度吗", False),
        ("怎么冻结权重", False),
    ],
)
def test_a_name_is_alone_where_the_other_words_only_ask(tmp_path: Path, question: str, alone: bool) -> None:
    retriever = find(tmp_path, {"a.md": "# 冻结\n\n冻结权重：`freeze_all=True`。精度会受影响，办法有几种。"})
    want = wanted(retriever.search(question, 4), retriever._lexical, retriever._folders)
    assert (name_alone(want.question, retriever._lexical) == 1) == alone
    assert want.told == 1 - name_alone(want.question, retriever._lexical)


@pytest.mark.parametrize("text", ["", "？", "的", "in", "x" * 3000])
def test_odd_questions_are_searched_without_a_fit(tmp_path: Path, text: str) -> None:
    retriever = find(tmp_path, {"a.md": "# 一\n\n内容。"})
    evidence = retriever.search(text, 4)
    assert isinstance(evidence, Evidence)
    assert all(0 <= hit.score <= 1.001 for hit in evidence.hits)
