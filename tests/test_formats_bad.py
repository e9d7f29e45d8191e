"""Files that cannot be read, or not wholly: each is named with its reason, and the rest of the folder is read."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from pdf_files import Picture, Text, pdf

from bot.cli.build import skipped_line
from rag.documents import Document, Failure, read_changed, unsupported
from rag.formats import pdf as pdf_format
from rag.formats import registry
from rag.formats.base import ConversionError, Limits
from rag.formats.registry import FORMATS
from rag.passages import cut

FILES = Path(__file__).resolve().parent / "data" / "formats" / "files"
BY_NAME = {one.name: one for one in FORMATS}
LIMITS = Limits(seconds=60)
LINE = Text(72, 700, "The valve has to be opened slowly.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.md").write_text("# Setup\n\nInstall it.\n", "utf-8")
    return tmp_path


def read(folder: Path, limits: Limits = LIMITS) -> tuple[dict[str, Document], dict[str, Failure]]:
    items = list(read_changed([folder], limits))
    documents = {item.uri: item for item in items if isinstance(item, Document)}
    assert "good.md" in documents
    return documents, {item.uri: item for item in items if isinstance(item, Failure)}


def locked_office() -> bytes:
    """The head of an OLE container, and the name of the stream that a password-protected office file is in."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 480


BAD = {
    "locked.pdf": (lambda: pdf([[LINE]], password="secret"), "password-protected: save it without"),
    "truncated.pdf": (lambda: (FILES / "manual.pdf").read_bytes()[:300], "truncated or damaged"),
    "locked.docx": (locked_office, "password-protected: save it without"),
    "old.docx": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 800, "before 2007: save it as .docx"),
    "truncated.docx": (lambda: (FILES / "report.docx").read_bytes()[:9000], "truncated or damaged"),
    "truncated.xlsx": (lambda: (FILES / "prices.xlsx").read_bytes()[:3000], "truncated or damaged"),
    "truncated.pptx": (lambda: (FILES / "deck.pptx").read_bytes()[:20000], "truncated or damaged"),
    "truncated.png": (lambda: (FILES / "sign.png").read_bytes()[:900], "truncated or damaged"),
    "truncated.ipynb": (lambda: (FILES / "notebook.ipynb").read_bytes()[:100], "truncated or damaged"),
    "truncated.zip": (lambda: (FILES / "bundle.zip").read_bytes()[:300], "truncated or damaged"),
    "text.docx": (lambda: b"just text", "mislabelled or damaged: no docx file"),
    "picture.txt": (lambda: (FILES / "sign.png").read_bytes(), "it is a png file named .txt"),
    "empty.pdf": (lambda: b"", "empty"),
    "blank.pdf": (lambda: pdf([[]]), "all of its pages are blank"),
    "empty.html": (lambda: b"<html><body><script>x()</script></body></html>", "empty"),
    "broken.json": (lambda: b'{"question": "a?", "answer": ', "no JSON"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_file_is_named_with_its_reason_and_the_rest_is_read(folder: Path, name: str) -> None:
    make, reason = BAD[name]
    (folder / name).write_bytes(make())
    documents, failures = read(folder)
    assert list(documents) == ["good.md"]
    assert reason in failures[name].reason
    assert not failures[name].partial


def test_a_mislabelled_document_is_read_as_what_it_is_and_reported(folder: Path) -> None:
    (folder / "really.docx").write_bytes((FILES / "manual.pdf").read_bytes())
    (folder / "page.txt").write_bytes((FILES / "report.docx").read_bytes())
    documents, failures = read(folder)
    assert "Tokens expire after thirty days" in documents["really.docx"].text
    assert failures["really.docx"].partial
    assert "it is a pdf file named .docx" in failures["really.docx"].reason
    assert "华东区增长最快" in documents["page.txt"].text


def test_a_zip_bomb_is_refused_and_its_neighbours_in_the_archive_are_read(folder: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.txt", b"0" * (30 << 20))
        archive.writestr("small.md", "# Small\n")
    (folder / "pack.zip").write_bytes(out.getvalue())
    documents, failures = read(folder)
    assert "zip bomb" in failures["pack.zip/big.txt"].reason
    assert "pack.zip/small.md" in documents


def test_an_office_file_that_unpacks_to_a_bomb_is_refused(folder: Path) -> None:
    out = io.BytesIO((FILES / "report.docx").read_bytes())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/x.xml", b"0" * (30 << 20))
    (folder / "bomb.docx").write_bytes(out.getvalue())
    assert "zip bomb" in read(folder)[1]["bomb.docx"].reason


def test_archives_are_bounded_in_depth_members_and_size(folder: Path) -> None:
    data = b"# Deep\n"
    for name in ("deep.md", "c.zip", "b.zip"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, data)
            for n in range(3 if name == "b.zip" else 0):
                archive.writestr(f"n{n}.md", f"# {n}\n" + "x" * 400)
        data = out.getvalue()
    (folder / "a.zip").write_bytes(data)
    _, failures = read(folder)
    assert "2 deep" in failures["a.zip/b.zip/c.zip"].reason
    assert "limit is 2" in read(folder, Limits(members=2))[1]["a.zip"].reason
    assert "unpacks to more than" in read(folder, Limits(expanded_mb=0.0006))[1]["a.zip"].reason


def test_a_member_cannot_lead_out_of_its_archive(folder: Path) -> None:
    with zipfile.ZipFile(folder / "up.zip", "w") as archive:
        archive.writestr("../../etc/up.md", "# Up\n")
    assert "up.zip/etc/up.md" in read(folder)[0]


def test_a_locked_member_is_reported(folder: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.md", "# A\n")
    data = bytearray(out.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (folder / "locked.zip").write_bytes(data)
    assert "password-protected" in read(folder)[1]["locked.zip/a.md"].reason


def test_a_table_of_100000_rows_is_cut_within_the_limit_and_the_rest_is_reported(folder: Path) -> None:
    with (folder / "big.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "stock"])
        writer.writerows((n, f"part {n}", n % 7) for n in range(100_000))
    documents, failures = read(folder, Limits(cells=60_000, seconds=60))
    assert "only its first 20,000 rows were read" in failures["big.csv"].reason
    assert failures["big.csv"].partial
    passages = cut(documents["big.csv"])
    assert all(passage.text.startswith("| id | name | stock |\n") for passage in passages)
    rows = [line for passage in passages for line in passage.text.splitlines()[2:]]
    assert len(rows) == 19_999 and len(set(rows)) == 19_999


def test_a_sheet_of_many_rows_is_cut_at_the_limit_too(folder: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Big")
    for n in range(3000):
        sheet.append([n, n + 1])
    book.save(folder / "big.xlsx")
    documents, failures = read(folder, Limits(cells=2000, seconds=60))
    assert "sheet 'Big': only its first 1,000 rows" in failures["big.xlsx"].reason
    assert "| 998 | 999 |" in documents["big.xlsx"].text


def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_format, "has_ocr", lambda: False)


def test_without_ocr_the_readable_pages_are_kept_and_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ocr(monkeypatch)
    scan = Picture(8, 8, bytes(64))
    converted = pdf_format.convert(pdf([[LINE], scan, scan]), "mixed.pdf", Limits())
    assert "opened slowly" in converted.text
    assert converted.notices == ("2 of 3 pages (2-3) scanned, not read: pip install 'qunda[ocr]' reads them",)
    with pytest.raises(ConversionError, match=r"1 of 1 pages \(1\) scanned.*qunda\[ocr\]"):
        pdf_format.convert(pdf([scan]), "scan.pdf", Limits())


def test_a_garbled_text_layer_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    without_ocr(monkeypatch)
    with pytest.raises(ConversionError, match="garbled text layer"):
        pdf_format.convert(pdf([[LINE]], garbled=True), "odd.pdf", Limits())


def test_500_scanned_pages_are_read_to_the_limit_and_reported(folder: Path) -> None:
    data = pdf([[LINE], *[Picture(8, 8, bytes(64))] * 500])
    (folder / "scans.pdf").write_bytes(data)
    documents, failures = read(folder, Limits(ocr_pages=1, seconds=120))
    assert "opened slowly" in documents["scans.pdf"].text
    assert "499 of 501 pages (3-501) scanned, not read" in failures["scans.pdf"].reason
    assert "ocr_pages" in failures["scans.pdf"].reason


def test_pages_beyond_the_limit_are_reported(folder: Path) -> None:
    (folder / "long.pdf").write_bytes(
        pdf([[LINE, Text(72, 680, f"Part {n}, of its own.")] for n in ("one", "two", "three", "four", "five")])
    )
    documents, failures = read(folder, Limits(pages=3))
    assert documents["long.pdf"].text.count("of its own") == 3
    assert "only the first 3 of 5 pages" in failures["long.pdf"].reason


def test_json_without_questions_is_left_out_and_counted(folder: Path) -> None:
    (folder / "package.json").write_text('{"name": "x", "scripts": {"a": "b"}, "save": "保存"}', "utf-8")
    (folder / "words.json").write_text('{"save": "保存", "open": "打开", "what": "什么"}', "utf-8")
    documents, failures = read(folder)
    assert (list(documents), failures) == (["good.md"], {})
    assert unsupported([folder]) == {".json without question-answer pairs": 2}


def test_a_member_with_a_name_of_odd_bytes_is_printable(folder: Path) -> None:
    with zipfile.ZipFile(folder / "odd.zip", "w") as archive:
        archive.writestr("xxxx.md", "# Odd\n")
    data = (folder / "odd.zip").read_bytes().replace(b"xxxx", "说明".encode("gb18030"))
    (folder / "odd.zip").write_bytes(data)
    assert "odd.zip/说明.md" in read(folder)[0]


def test_code_without_any_definition_is_one_passage(folder: Path) -> None:
    for name in ("plain.sh", "plain.java", "plain.py"):
        (folder / name).write_text("set -e\n", "utf-8")
    documents, failures = read(folder)
    assert failures == {}
    assert [len(cut(documents[name])) for name in ("plain.sh", "plain.java", "plain.py")] == [1, 1, 1]


def test_a_damaged_sheet_is_left_out_and_the_others_are_read(folder: Path) -> None:
    with zipfile.ZipFile(FILES / "prices.xlsx") as whole, zipfile.ZipFile(folder / "half.xlsx", "w") as half:
        for name in whole.namelist():
            data = whole.read(name)
            half.writestr(name, data[:200] if name == "xl/worksheets/sheet1.xml" else data)
    documents, failures = read(folder)
    assert "Mia" in documents["half.xlsx"].text
    assert "sheet '价格' is damaged" in failures["half.xlsx"].reason


def test_without_ocr_pictures_are_counted_with_the_fix_and_read_once_it_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ocr = BY_NAME["pdf"].id
    monkeypatch.setattr(registry, "has_ocr", lambda: False)
    (folder / "sign.png").write_bytes((FILES / "sign.png").read_bytes())
    documents, failures = read(folder)
    assert (list(documents), failures) == (["good.md"], {})
    skipped = unsupported([folder])
    assert skipped == {".png": 1}
    assert skipped_line(list(skipped.items())).endswith("pip install 'qunda[ocr]' reads the text in pictures")
    assert BY_NAME["pdf"].id != with_ocr  # so that scanned files are read anew


def test_columns_beyond_the_limit_are_reported(folder: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Wide").append([f"c{n}" for n in range(300)])
    book.save(folder / "wide.xlsx")
    documents, failures = read(folder)
    assert "only the first 256 columns" in failures["wide.xlsx"].reason
    assert "c255" in documents["wide.xlsx"].text
