"""What a stranger's folders brought to light: pipes, data among documents, reasons that were lost, advice for bases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import qunda

from bot.builder import not_built
from bot.reports import report_text
from bot.watch import DocumentWatch
from rag.base import KnowledgeError, NoKnowledgeError
from rag.build import build
from rag.documents import Document, Failure, read_documents, unsupported
from rag.embedder import LexicalEmbedder
from rag.formats.pairs import table_pairs
from rag.knowledge import open_current


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    return folder


def test_a_pipe_named_like_a_document_holds_nothing_up(tmp_path: Path) -> None:
    folder = write(tmp_path, a="# A\n\ntext")
    for name in ("x.json", "x.zip", "x.pdf"):
        os.mkfifo(folder / name)
    items = list(read_documents([folder]))
    assert [item.uri for item in items if isinstance(item, Document)] == ["a.md"]
    assert {item.uri for item in items if isinstance(item, Failure)} >= {"x.zip", "x.pdf"}
    unsupported([folder])


def test_what_the_bot_keeps_itself_is_no_document_of_a_folder_around_it(tmp_path: Path) -> None:
    folder = write(tmp_path, a="# A\n\nan open text")
    write(tmp_path / "data" / "sources" / "web-x", secret="# Secret\n\nof another base")
    root = tmp_path / "data" / "knowledge"
    build([folder], root, LexicalEmbedder())
    assert list(open_current(root, "default").manifest.documents) == ["a.md"]
    build([tmp_path / "data" / "sources" / "web-x"], root, LexicalEmbedder(), base="web")
    assert list(open_current(root, "web").manifest.documents) == ["secret.md"]


def test_the_lock_file_of_an_office_program_is_none_of_the_documents(tmp_path: Path) -> None:
    folder = write(tmp_path, a="# A\n\ntext")
    (folder / "~$plan.docx").write_bytes(b"\x05user")
    assert [item.uri for item in read_documents([folder])] == ["a.md"]


def test_where_nothing_can_be_read_the_reasons_are_told(tmp_path: Path) -> None:
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7 cut")
    with pytest.raises(KnowledgeError, match=r"1 could not be read: cut\.pdf: "):
        list(read_documents([tmp_path]))


def test_a_group_hears_no_reason_of_a_base_that_it_does_not_list() -> None:
    report = not_built("hr", "there is no documents folder /srv/hr/salaries")
    assert "salaries" in report_text(report, "en") and "salaries" not in report_text(report, "en", named=False)
    assert "日志" in report_text(report, "zh", named=False)


def test_watching_sees_documents_inside_of_the_data_folder_and_what_is_to_be_left_out(tmp_path: Path) -> None:
    data, docs = tmp_path / "data", tmp_path / "data" / "docs"
    inside = DocumentWatch({"default": [docs]}, poll=False, ignored=[data])
    assert inside._may_matter(str(docs / "a.md"), docs)
    around = DocumentWatch({"default": [tmp_path]}, poll=False, ignored=[data])
    assert not around._may_matter(str(docs / "a.md"), tmp_path)
    assert around._may_matter(str(tmp_path / ".qundaignore"), tmp_path)


def test_rows_without_a_question_or_an_answer_are_counted() -> None:
    rows = [["question", "answer"], ["Q?", "A"], ["no answer here", ""], ["", "orphan"], ["", ""], ["short"]]
    assert table_pairs(rows) == ([("Q?", "A")], 3)


def test_advice_names_the_base(tmp_path: Path) -> None:
    with pytest.raises(NoKnowledgeError, match="`qunda build --base product-b`"):
        open_current(tmp_path, "product-b")
    with pytest.raises(NoKnowledgeError, match="`qunda build`"):
        open_current(tmp_path, "default")


def test_a_base_of_another_embedder_is_listed_and_shown_with_a_warning(tmp_path: Path) -> None:
    class Other(LexicalEmbedder):
        def __init__(self) -> None:
            super().__init__()
            self.id = "other"

    build([write(tmp_path / "docs", a="# A\n\ntext")], tmp_path / "data" / "knowledge", Other())
    listed = qunda("knowledge", cwd=tmp_path)
    assert listed.status == 0 and "searched by words" in listed.out, listed.out + listed.err
    shown = qunda("knowledge", "show", "a.md", cwd=tmp_path)
    assert shown.status == 0 and "text" in shown.out
