"""Found passages in their final order: copies waste no room, newer editions go first, one sentence beats two halves."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.build import build
from rag.cover import sentence_cover
from rag.duplicates import SAME, overlap
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.retriever import HybridRetriever

EMBEDDER = LexicalEmbedder()
BATCH = (
    "# 显存不足\n\n显存不足时先减小批次大小，再打开梯度检查点。多卡训练时每张卡的批次大小单独计算，"
    "总的批次大小是它们的和。学习率要按总的批次大小线性缩放，否则训练可能不收敛。日志里的数值是滑动平均。\n"
)
OTHERS = {f"other{n}.md": f"# 第{n}章\n\n这里讲别的事情：第{n}种批次的命名、归档和清点。\n" for n in range(6)}


def find(folder: Path, texts: dict[str, str]) -> HybridRetriever:
    for name, text in (texts | OTHERS).items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    build([folder / "docs"], folder / "knowledge", EMBEDDER)
    return HybridRetriever([open_current(folder / "knowledge", "default")], EMBEDDER)


def test_copies_are_one_hit_and_take_no_room(tmp_path: Path) -> None:
    spaced = BATCH.replace("，", "， ").replace("显存不足时", "显存不足时\n")
    copies = {"a/oom.md": BATCH, "b/oom.md": spaced, "c/faq.md": BATCH}
    hits = find(tmp_path, copies).search("显存不足怎么减小批次大小", 4).hits
    assert len(hits) == 4
    named = [hit.passage.uri for hit in hits]
    assert len({*named} & {*copies}) == 1
    assert {named[0], *hits[0].copies} == {*copies}
    assert not any(hit.copies for hit in hits[1:])


def test_a_translation_is_no_copy(tmp_path: Path) -> None:
    english = (
        "# Out of memory\n\nReduce the batch size first (批次大小), then turn on gradient checkpointing. With several "
        "cards the batch size counts for each card, and the whole batch size is their sum.\n"
    )
    hits = find(tmp_path, {"zh/oom.md": BATCH, "en/oom.md": english}).search("批次大小 batch size", 4).hits
    assert {"zh/oom.md", "en/oom.md"} <= {hit.passage.uri for hit in hits}


def test_texts_that_differ_in_layout_alone_overlap_wholly_and_a_changed_sentence_shows() -> None:
    assert overlap("Use **A** first.\nThen B.", "use a first, then  b") == 1
    assert overlap(BATCH, BATCH) >= SAME
    assert overlap(BATCH, BATCH.replace("学习率要按总的批次大小线性缩放", "这里换成了完全不一样的另外一句话")) < SAME
    assert overlap("", "") == 1
    assert overlap("甲", "乙") == 0


@pytest.mark.parametrize(
    ("question", "first"),
    [("批次大小怎么设置", "docs/v2.0/oom.md"), ("v1.2 里批次大小怎么设置", "docs/v1.2/oom.md")],
)
def test_of_two_editions_the_newer_goes_first_or_the_one_asked_for(tmp_path: Path, question: str, first: str) -> None:
    old = BATCH.replace("梯度检查点", "梯度检查点（批次大小怎么设置都一样）")
    texts = {"docs/v1.2/oom.md": old, "docs/v2.0/oom.md": BATCH}
    hits = find(tmp_path, texts).search(question, 4).hits
    assert hits[0].passage.uri == first
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_a_changelog_keeps_its_entries_apart(tmp_path: Path) -> None:
    log = "# 更新日志\n\n## v1.2\n\n修复批次大小为零时的崩溃。\n\n## v1.3\n\n批次大小可以写成表达式。\n"
    hits = find(tmp_path, {"CHANGELOG.md": log}).search("v1.3 批次大小有什么变化", 3).hits
    assert hits[0].passage.uri == "CHANGELOG.md"


def test_words_that_meet_in_one_sentence_count_for_more_than_the_same_words_apart() -> None:
    question = {"批次": 2.0, "大小": 1.0, "设置": 1.0}
    assert sentence_cover("批次大小在这里设置。别的另说。", question) == 1
    assert sentence_cover("先讲批次。再讲大小。设置见后。", question) == 0.5
    assert sentence_cover("无关。", question) == 0
    assert sentence_cover("", question) == 0
    assert sentence_cover("批次", {}) == 0


def test_of_two_passages_with_the_same_words_the_one_that_says_them_together_is_first(tmp_path: Path) -> None:
    together = "# 甲\n\n训练中断以后可以从检查点恢复学习率。日志保存在工作目录里面，图片也一样。\n"
    apart = "# 乙\n\n训练日志，训练。中断中断。检查点检查点。恢复恢复。学习率学习率。\n"
    hits = (
        find(tmp_path, {"a_apart.md": apart, "b_together.md": together})
        .search("训练中断后怎么从检查点恢复学习率", 2)
        .hits
    )
    assert hits[0].passage.uri == "b_together.md"
