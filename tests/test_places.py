"""Citations lead to the page, slide, sheet or line that a passage stands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answer import quote_passages
from rag.base import Passage, Question
from rag.build import build
from rag.embedder import LexicalEmbedder
from rag.knowledge import open_current
from rag.places import cited
from rag.retriever import HybridRetriever

FILES = Path(__file__).resolve().parent / "data" / "formats" / "files"


@pytest.mark.parametrize(
    ("uri", "place", "text", "title", "leads_to"),
    [
        ("manual.pdf", "page=3", "阀门要慢慢打开", "manual.pdf 第 3 页", "manual.pdf#page=3"),
        ("manual.pdf", "page=3", "Open it slowly", "manual.pdf page 3", "manual.pdf#page=3"),
        ("deck.pptx", "slide=2", "预算", "deck.pptx 第 2 张幻灯片", "deck.pptx#slide=2"),
        ("a.xlsx", "sheet=Unit prices", "Prices", "a.xlsx sheet Unit prices", "a.xlsx#sheet=Unit%20prices"),
        ("tool.py", "L15", "Count", "tool.py line 15", "tool.py#L15"),
        ("guide.md", "set-up", "Run it", "guide.md", "guide.md"),
        ("faq.json", "qa=3", "Run it", "faq.json", "faq.json"),
        ("https://example.org/a", "set-up", "Run it", "https://example.org/a", "https://example.org/a#set-up"),
        ("https://example.org/a", "", "Run it", "https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_citation_names_the_place_in_the_language_of_the_passage(
    uri: str, place: str, text: str, title: str, leads_to: str
) -> None:
    source = cited(1, Passage("p", text, uri, uri, place=place), "quote")
    assert (source.title, source.uri) == (title, leads_to)


def test_an_answer_from_a_pdf_cites_its_page(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "manual.pdf").write_bytes((FILES / "manual.pdf").read_bytes())
    build([tmp_path / "docs"], tmp_path / "knowledge", LexicalEmbedder(64))
    retriever = HybridRetriever([open_current(tmp_path / "knowledge", "default")], LexicalEmbedder(64))
    text = "When do tokens expire?"
    answer = quote_passages(Question(text, "en", mentioned=True), retriever.search(text, 5))
    assert answer is not None
    assert "thirty days" in answer.text
    assert [(source.title, source.uri) for source in answer.citations] == [("manual.pdf page 2", "manual.pdf#page=2")]
