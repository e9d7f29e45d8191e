"""Answers see the neighbours of what was found, where they fit, and cite the passage that they quote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.answer import LLMAnswerer, quote_passages
from rag.base import Answer, Evidence, Prompt, Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever
from rag.surroundings import widened

EMBEDDER = LexicalEmbedder()
STEPS = [
    f"第{n}步：{word}，" + "等待进度条走完，再核对日志里的每一行输出是否正常。" * 3
    for n, word in enumerate(("创建虚拟环境", "下载权重文件", "转换模型格式", "启动推理服务"), 1)
]
GUIDE = "# 部署手册\n\n" + "\n\n".join(STEPS) + "\n\n# 许可\n\n本手册按原样提供，" + "不作任何担保。" * 20 + "\n"


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    folder = tmp_path_factory.mktemp("surroundings")
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE, "utf-8")
    (folder / "docs" / "other.md").write_text("# 其他\n\n与部署无关的事情。\n", "utf-8")
    build([folder / "docs"], folder / "knowledge", EMBEDDER, passage_chars=120)
    return HybridRetriever([open_current(folder / "knowledge", "default")], EMBEDDER)


@pytest.fixture
def evidence(retriever: HybridRetriever) -> Evidence:
    return retriever.surrounded(retriever.search("怎么转换模型格式", 1))


class Writer:
    """A generator that writes one text and keeps the prompt."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.prompt = ""

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.prompt = prompt.turns[0][1]
        yield self.text


async def answer(writer: Writer, evidence: Evidence, max_chars: int) -> Answer | None:
    parts = [
        part
        async for part in LLMAnswerer(writer, max_context_chars=max_chars).answer(
            Question("怎么转换模型格式"), evidence
        )
    ]
    end = parts[-1]
    assert not isinstance(end, str)
    return end


def test_the_neighbours_are_those_before_and_behind_in_the_same_document(evidence: Evidence) -> None:
    hit = evidence.hits[0]
    assert hit.passage.text.startswith("第3步")
    assert [passage.position - hit.passage.position for passage in hit.around] == [-1, 1]
    assert {passage.uri for passage in hit.around} == {"guide.md"}


async def test_neighbours_that_fit_stand_in_the_prompt_in_the_documents_order(evidence: Evidence) -> None:
    writer = Writer("先下载权重文件，再转换模型格式 [1]。")
    await answer(writer, evidence, 6000)
    places = [writer.prompt.find(f"第{n}步") for n in (2, 3, 4)]
    assert places == sorted(places)
    assert min(places) >= 0
    assert writer.prompt.count("<passage ") == 1


async def test_neighbours_that_do_not_fit_are_left_out(evidence: Evidence) -> None:
    writer = Writer("转换模型格式 [1]。")
    await answer(writer, evidence, len(evidence.hits[0].passage.text) + 20)
    assert "第3步" in writer.prompt
    assert "第2步" not in writer.prompt
    assert "第4步" not in writer.prompt


async def test_a_source_names_the_passage_that_its_quote_stands_in(evidence: Evidence) -> None:
    found = evidence.hits[0]
    quoting_neighbour = await answer(Writer("启动推理服务，第4步 [1]。"), evidence, 6000)
    assert quoting_neighbour is not None
    source = quoting_neighbour.citations[0]
    pieces = {piece.id: piece.text for piece in (found.passage, *found.around)}
    assert source.uri == "guide.md"
    assert source.quote in pieces[source.passage_id]
    assert source.passage_id != found.passage.id
    own = await answer(Writer("转换模型格式 [1]。"), evidence, 6000)
    assert own is not None
    assert own.citations[0].passage_id == found.passage.id


def test_a_passage_that_was_found_itself_is_not_shown_twice(retriever: HybridRetriever) -> None:
    found = retriever.surrounded(retriever.search("转换模型格式 下载权重文件 启动推理服务", 4))
    passages = [hit.passage for hit in found.hits]
    shown = "".join(passage.text for passage in widened(found.hits, passages, 60_000))
    assert all(shown.count(step) == 1 for step in STEPS)


def test_the_section_comes_before_the_rest_of_the_document(retriever: HybridRetriever) -> None:
    found = retriever.surrounded(retriever.search("怎么启动推理服务", 1))
    hit = found.hits[0]
    assert hit.passage.text.startswith("第4步")
    room = len(hit.passage.text) + max(len(passage.text) for passage in hit.around) + 2
    text = widened(found.hits, [hit.passage], room)[0].text
    assert "第3步" in text
    assert "许可" not in text


def test_evidence_of_a_base_that_is_gone_stays_as_it_was(retriever: HybridRetriever) -> None:
    empty = HybridRetriever([], EMBEDDER)
    found = retriever.search("怎么转换模型格式", 2)
    assert [hit.around for hit in empty.surrounded(found).hits] == [()] * len(found.hits)


async def test_a_quoted_answer_reads_on_where_its_section_was_cut_and_cites_the_part_it_quotes(
    tmp_path: Path,
) -> None:
    (tmp_path / "docs").mkdir()
    cut = (
        "# 部署\n\n部署服务分两步做，先读完这一段再动手，不要跳过。"
        + "这里是背景介绍。" * 12
        + "\n\n部署服务的端口是 9527。\n"
    )
    (tmp_path / "docs" / "guide.md").write_text(cut, "utf-8")
    (tmp_path / "docs" / "other.md").write_text("# 其他\n\n这一段讲别的。\n", "utf-8")
    build([tmp_path / "docs"], tmp_path / "knowledge", EMBEDDER, passage_chars=130)
    retriever = HybridRetriever([open_current(tmp_path / "knowledge", "default")], EMBEDDER)
    found = retriever.search("部署服务的端口是多少", 8)
    first = next(hit for hit in found.hits if "分两步" in hit.passage.text)
    assert "9527" not in first.passage.text
    alone = replace(found, hits=(first,))
    near = retriever.surrounded(alone)
    question = Question("部署服务的端口是多少", mentioned=True)
    without, answer = quote_passages(question, alone), quote_passages(question, near)
    assert without is None or "9527" not in without.text
    assert answer is not None
    assert "9527" in answer.text
    assert answer.citations[0].passage_id == near.hits[0].around[0].id
