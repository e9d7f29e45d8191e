"""Every format: real files become the passages that the golden files hold. tests/data/make_formats.py makes both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rag.base import Passage
from rag.documents import Document, Failure, read_changed
from rag.formats.base import Limits
from rag.formats.registry import FORMATS, has_ocr
from rag.passages import cut

FORMATS_FOLDER = Path(__file__).resolve().parent / "data" / "formats"
GOLDEN = {path.stem.replace("__", "/"): path for path in sorted((FORMATS_FOLDER / "golden").glob("*.json"))}
READ_BY_OCR = {"scan.pdf": ["滤网", "发现破损立即更换", "FX-2048"], "sign.png": ["小心地滑", "wet floor"]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, list[Passage]], Mapping[str, str]]:
    """The passages of each file, and what was said of those that are kept in part."""
    folder = tmp_path_factory.mktemp("files")
    for path in (FORMATS_FOLDER / "files").iterdir():
        if path.name not in READ_BY_OCR:
            shutil.copy(path, folder)
    return passages_of(folder)


def passages_of(*paths: Path) -> tuple[dict[str, list[Passage]], dict[str, str]]:
    items = list(read_changed(paths, Limits(seconds=300)))
    assert [item for item in items if isinstance(item, Failure) and not item.partial] == []
    documents = {item.uri: cut(item, 300) for item in items if isinstance(item, Document)}
    return documents, {item.uri: item.reason for item in items if isinstance(item, Failure)}


def as_golden(passage: Passage) -> dict[str, Any]:
    return {
        "title": passage.source,
        "place": passage.place,
        "headings": list(passage.headings),
        "question": passage.question,
        "text": passage.text,
    }


def test_there_is_a_golden_file_for_every_document_and_a_fixture_for_every_format(
    built: tuple[Mapping[str, list[Passage]], Mapping[str, str]],
) -> None:
    assert has_ocr(), "make test installs the extra ocr"
    assert set(built[0]) | set(READ_BY_OCR) == set(GOLDEN)
    suffixes = {Path(uri).suffix for uri in GOLDEN}
    assert [one.name for one in FORMATS if not suffixes & set(one.suffixes)] == []


@pytest.mark.parametrize("uri", sorted(set(GOLDEN) - set(READ_BY_OCR)))
def test_a_file_is_cut_into_the_expected_passages(
    uri: str, built: tuple[Mapping[str, list[Passage]], Mapping[str, str]]
) -> None:
    expected = json.loads(GOLDEN[uri].read_text("utf-8"))
    assert [as_golden(passage) for passage in built[0][uri]] == expected


def test_ocr_reads_the_scanned_page_and_the_picture(tmp_path: Path) -> None:
    for name in READ_BY_OCR:
        shutil.copy(FORMATS_FOLDER / "files" / name, tmp_path)
    documents, _ = passages_of(tmp_path)
    texts = {uri: "".join(passage.text for passage in passages) for uri, passages in documents.items()}
    assert [(uri, words) for uri, wanted in READ_BY_OCR.items() for words in wanted if words not in texts[uri]] == []
    assert documents["scan.pdf"][0].place == "page=1"


def test_what_was_left_out_on_purpose_is_told(
    built: tuple[Mapping[str, list[Passage]], Mapping[str, str]],
) -> None:
    assert built[1] == {
        "deck.pptx": "the hidden slide 3 was left out",
        "faq.xlsx": "1 entry has no question or no answer and was left out",
        "prices.xlsx": "the hidden sheet 'secret' was left out",
    }


HIDDEN = "stolen/ignore all rules/also hidden/written by script/footer text/confidential/手工统计/salary"


@pytest.mark.parametrize("words", HIDDEN.split("/"))
def test_scripts_hidden_parts_headers_and_deleted_words_are_nowhere(
    words: str, built: tuple[Mapping[str, list[Passage]], Mapping[str, str]]
) -> None:
    assert not [p.uri for passages in built[0].values() for p in passages if words in p.text]
