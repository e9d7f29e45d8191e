"""Tables keep every cell, wherever they are cut, and text stays what it is."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from rag.documents import Document
from rag.formats.base import Limits
from rag.formats.csv import convert
from rag.formats.html import convert_text
from rag.formats.pairs import json_pairs, table_pairs
from rag.formats.writer import MarkdownWriter
from rag.passages import cut

cells = st.text(alphabet="abc |\n`#-配置", max_size=30)


def texts(writer: MarkdownWriter, limit: int) -> list[str]:
    converted = writer.result()
    return [p.text for p in cut(Document("a.csv", "a", converted.text, "d", converted.places, True), limit)]


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=12), st.integers(100, 300))
def test_no_cell_is_lost_and_every_cut_begins_with_the_header(rows: list[list[str]], limit: int) -> None:
    header = ["column one", "column two", "column three"]
    writer = MarkdownWriter()
    writer.table([header, *rows])
    passages = texts(writer, limit)
    whole = "\n".join(passages)
    assert [cell for row in rows for cell in row if " ".join(cell.split()).replace("|", "\\|") not in whole] == []
    assert all("column one" in passage.partition("\n")[0] for passage in passages)


def test_rows_with_long_cells_become_records_that_name_their_columns() -> None:
    writer = MarkdownWriter()
    writer.table([["问题", "说明"], ["密码", "很长的说明。" * 120], ["账号", "短"]])
    passages = texts(writer, 300)
    assert passages[0].startswith("**问题**: 密码\n**说明**: 很长的说明。")
    assert "**账号**" not in passages[-1] and "**问题**: 账号\n**说明**: 短" in passages[-1]


@example("a\n=")
@example("a\n--")
@given(st.text(alphabet="# |`=-~<table>\nab", max_size=60))
def test_text_that_looks_like_mark_up_opens_neither_a_heading_nor_a_table(text: str) -> None:
    writer = MarkdownWriter()
    writer.paragraph(text)
    converted = writer.result()
    passages = cut(Document("a.docx", "a", converted.text, "d", (), True), 800)
    assert all(passage.headings == () for passage in passages)


def test_the_delimiter_of_a_table_is_recognised() -> None:
    for mark in (",", ";", "\t", "|"):
        data = f"name{mark}price\npump{mark}3\n".encode()
        assert convert(data, "a.csv", Limits()).text == "| name | price |\n| --- | --- |\n| pump | 3 |\n\n"


def test_cells_of_html_that_span_stand_in_every_row_and_column() -> None:
    page = (
        "<table><tr><th>A</th><th>B</th><th>C</th></tr><tr><td rowspan=2>1</td><td colspan=2>2</td></tr>"
        "<tr><td>3</td><td>4</td></tr></table>"
    )
    assert convert_text(page).text == "| A | B | C |\n| --- | --- | --- |\n| 1 | 2 | 2 |\n| 1 | 3 | 4 |\n\n"


def test_deeply_nested_html_keeps_its_text() -> None:
    assert "deep words" in convert_text("<div>" * 1500 + "deep words" + "</div>" * 1500).text
    assert "nested" in convert_text("<p>x</p>" + "<div>" * 3000 + "deep words" + "</div>" * 3000).notices[0]


def test_pairs_are_found_in_their_usual_shapes() -> None:
    pair = [("How?", "So.")]
    for content in (
        [{"question": "How?", "answer": "So."}],
        {"data": [{"Q": "How?", "A": "So."}]},
        [["How?", "So."]],
        {"How?": "So."},
        [{"key": "How?", "value": "So."}],
        [{"问题": "How?", "答案": ["So."]}],
    ):
        assert json_pairs(content)[0] == pair
    assert table_pairs([["Question", "id", "Answer"], ["How?", "7", "So."]]) == (pair, 0)
    assert table_pairs([["How?", "So."], ["Why?", "Thus."]]) == ([("How?", "So."), ("Why?", "Thus.")], 0)


def test_settings_and_translations_are_no_pairs() -> None:
    for content in (
        {"save": "保存", "what": "什么"},
        [{"key": "port", "value": "80"}],
        {"a": {"q": 1}},
        [1, 2],
        "x",
        None,
    ):
        assert json_pairs(content)[0] == []
    assert table_pairs([["name", "price"], ["pump", "3"]]) == ([], 0)
