"""Passages: they cover the document, know their place, and never cut what must stay whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.base import Passage
from rag.documents import Document
from rag.passages import cut


def passages(text: str, limit: int = 200, uri: str = "a.md") -> list[Passage]:
    return cut(Document(uri, "Title", text, "d"), limit)


PROSE = "This sentence is written to fill some space. " * 8

blocks = st.one_of(
    st.sampled_from(["# A", "## B b", "Title\n=====", "Sub\n---", "- item one\n- item two", "1. first\n   more", ""]),
    st.sampled_from(
        ["| a | b |\n|---|---|\n| 1 | 2 |", "<table>\n<tr><td>x</td></tr>\n</table>", "```py\n# no\nx = 1\n```"]
    ),
    st.sampled_from(["```", "~~~", "<table>", "|", "#", "-", "===", PROSE, "长文本。" * 80, "a" * 500]),
    st.text(max_size=60),
)


@given(st.lists(blocks, max_size=14), st.integers(20, 400), st.sampled_from(["a.md", "a.txt"]))
def test_passages_cover_the_document_in_order_and_their_offsets_are_right(
    parts: list[str], limit: int, uri: str
) -> None:
    text = "\n".join(parts)
    found = passages(text, limit, uri)
    for passage in found:
        head = passage.text.removesuffix(text[passage.start : passage.end])
        assert passage.text == head + text[passage.start : passage.end]
        assert not head or (head in text[: passage.start] and head.count("\n") == 2 and head.lstrip().startswith("|"))
    assert [p.position for p in found] == list(range(len(found)))
    end = 0
    for passage in found:
        assert not text[end : passage.start].strip()
        end = passage.end
    assert not text[end:].strip()


@given(st.lists(st.text(alphabet="ab |`", min_size=1, max_size=60), min_size=1, max_size=30), st.integers(20, 100))
def test_code_is_cut_between_lines_only(lines: list[str], limit: int) -> None:
    text = "~~~\n" + "\n".join(lines) + "\n~~~\n"
    starts = {0} | {i + 1 for i, char in enumerate(text) if char == "\n"}
    for passage in passages(text, limit):
        line_start = text.rfind("\n", 0, passage.start) + 1
        assert not text[line_start : passage.start].strip()
        assert any(not text[passage.end : start].strip() for start in starts | {len(text)} if start >= passage.end)


@given(st.integers(2, 60), st.integers(1, 80))
def test_table_rows_stay_whole(rows: int, width: int) -> None:
    row = "| " + "x" * width + " | y |"
    for passage in passages("\n".join([row] * rows), 120):
        assert set(passage.text.split("\n")) == {row}


def test_a_short_file_is_one_passage() -> None:
    text = "# A\n\none\n\n# B\n\ntwo\n\n## C\n\nthree"
    (only,) = passages(text)
    assert only.text == text
    assert only.headings == ("A",)


def test_passages_know_their_heading_path() -> None:
    text = f"# Guide\n\n{PROSE}\n\n## Install\n\n{PROSE}\n\n### On Linux\n\n{PROSE}\n\n## Use\n\n{PROSE}\n"
    paths = list(dict.fromkeys(p.headings for p in passages(text, 250)))
    assert paths == [("Guide",), ("Guide", "Install"), ("Guide", "Install", "On Linux"), ("Guide", "Use")]


def test_a_heading_stays_with_what_follows_it() -> None:
    found = passages(f"{PROSE}\n\n## Next\n\n{PROSE}", 370)
    assert [p.text.startswith("## Next") for p in found] == [False, True]


def test_setext_headings_count_and_rules_do_not() -> None:
    found = passages(f"Top\n===\n\n{PROSE}\n\nSub part\n---\n\n{PROSE}\n\n---\n\n{PROSE}", 370)
    assert found[-1].headings == ("Top", "Sub part")


def test_a_hash_in_code_or_plain_text_is_no_heading() -> None:
    assert passages(f"```\n# no\n{PROSE}\n```\n{PROSE}", 200)[-1].headings == ()
    assert passages(f"# no\n{PROSE}\n{PROSE}", 200, "a.txt")[-1].headings == ()


def test_long_prose_is_cut_at_the_end_of_a_sentence() -> None:
    found = passages("这是一个用来测试的句子。" * 60, 100, "a.txt")
    assert all(p.text.endswith("。") and len(p.text) <= 100 for p in found)


def test_a_long_line_of_code_makes_one_long_passage() -> None:
    line = "x" * 5000
    assert line in {p.text for p in passages(f"```\n{line}\n{line}y\n```")} | {
        p.text[4:] for p in passages(f"```\n{line}\n```")
    }


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "字" * 1_000_000,
        "|x\n" * 200_000,
        "# [" * 100_000,
        "`" * 500_000,
        "- a\n" * 100_000,
        "<table>" * 50_000,
    ],
    ids=["letters", "han", "rows", "brackets", "ticks", "items", "tables"],
)
def test_a_megabyte_of_anything_is_cut(text: str) -> None:
    found = passages(text, 800)
    assert sum(len("".join(p.text.split())) for p in found) == len("".join(text.split()))


def test_an_empty_text_has_no_passages() -> None:
    assert passages("") == []
    assert passages(" \n\n\t") == []
