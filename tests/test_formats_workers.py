"""Workers: a file that hangs, crashes, eats memory or takes too long fails alone, and what is known is not parsed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import openpyxl
import pytest
from pdf_files import Text, pdf

from rag.documents import Document, Failure, Unchanged, read_changed
from rag.formats import pdf as pdf_format
from rag.formats import xlsx
from rag.formats.base import ConversionError, Converted, Limits
from rag.formats.pool import WorkerPool
from rag.formats.registry import FORMATS

FILES = Path(__file__).resolve().parent / "data" / "formats" / "files"
BY_NAME = {one.name: one for one in FORMATS}
LIMITS = Limits(seconds=60)
LINE = Text(72, 700, "The valve has to be opened slowly.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.md").write_text("# Setup\n\nInstall it.\n", "utf-8")
    return tmp_path


def read(folder: Path) -> tuple[dict[str, Document], dict[str, Failure]]:
    items = list(read_changed([folder], LIMITS))
    documents = {item.uri: item for item in items if isinstance(item, Document)}
    return documents, {item.uri: item for item in items if isinstance(item, Failure)}


@pytest.fixture
def faulty_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    """Workers whose converter of csv files does what the file says, for one worker process at a time."""
    (tmp_path / "faulty_worker.py").write_text(
        "import os, sys, time\n"
        "from rag.formats import csv, worker\n"
        "from rag.formats.base import Converted\n"
        "plain = csv.convert\n"
        "def convert(data, name, limits):\n"
        "    if name == 'hangs.csv':\n"
        "        time.sleep(600)\n"
        "    if name == 'crashes.csv':\n"
        "        os.abort()\n"
        "    if name == 'eats.csv':\n"
        "        return plain(bytes(8 << 30), name, limits)\n"
        "    if name == 'raises.csv':\n"
        "        raise ZeroDivisionError('odd')\n"
        "    if name == 'looks.csv':\n"
        "        return Converted(str([n for n in os.environ if n.startswith('QUNDA')] + sys.path[:1]))\n"
        "    if name == 'lacks.csv':\n"
        "        raise ImportError('no', name='pptx')\n"
        "    return plain(data, name, limits)\n"
        "csv.convert = convert\n"
        "worker.main()\n",
        "utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    with WorkerPool(Limits(seconds=1), 1, "faulty_worker") as pool:
        yield pool


def test_a_file_that_hangs_crashes_or_eats_memory_fails_alone(faulty_pool: WorkerPool) -> None:
    faults = ("hangs", "crashes", "eats", "raises", "lacks")
    names = [name for fault in faults for name in (f"{fault}.csv", "good.csv")]
    futures = [faulty_pool.submit(BY_NAME["csv"], name, b"a,b\n1,2\n") for name in names]
    told = []
    for future in futures:
        try:
            told.append(future.result().text.splitlines()[0])
        except ConversionError as error:
            told.append(str(error))
    assert told[1::2] == ["| a | b |"] * len(faults)
    reasons = ("longer than 1 s", "signal 6", "memory", "ZeroDivisionError", "package pptx is missing: pip install")
    assert [(said, reason) for said, reason in zip(told[::2], reasons, strict=True) if reason not in said] == []


def test_a_worker_is_told_no_secrets_and_imports_nothing_from_where_we_stand(
    faulty_pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUNDA_LLM_API_KEY", "secret")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    seen = faulty_pool.submit(BY_NAME["csv"], "looks.csv", b"a,b\n").result().text
    assert "QUNDA" not in seen and "here" not in seen and "''" not in seen


def test_closing_a_pool_ends_a_worker_that_hangs(faulty_pool: WorkerPool) -> None:
    future = faulty_pool.submit(BY_NAME["csv"], "hangs.csv", b"")
    faulty_pool.close()
    assert future.cancelled() or isinstance(future.exception(), ConversionError)


def test_what_is_known_is_not_parsed_again_and_a_known_failure_is_told_again(folder: Path) -> None:
    (folder / "manual.pdf").write_bytes((FILES / "manual.pdf").read_bytes())
    (folder / "bad.pdf").write_bytes(b"%PDF-1.5 nothing")
    documents, failures = read(folder)
    known = {uri: document.digest for uri, document in documents.items()}
    again = list(read_changed([folder], Limits(seconds=60), known, failures))
    assert [type(item) for item in again] == [Failure, Unchanged, Unchanged]
    assert again[0] is failures["bad.pdf"]
    other = list(read_changed([folder], Limits(seconds=60, pages=1), known, failures))
    assert [type(item) for item in other] == [Failure, Unchanged, Document, Failure]


def test_a_reason_that_lies_in_the_machine_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: WorkerPool, *_: object) -> Future[Converted]:
        future: Future[Converted] = Future()
        future.set_exception(ConversionError("the package pptx is missing", lasting=False))
        return future

    (folder / "manual.pdf").write_bytes((FILES / "manual.pdf").read_bytes())
    with monkeypatch.context() as patched:
        patched.setattr(WorkerPool, "submit", broken)
        failures = read(folder)[1]
    assert "missing" in failures["manual.pdf"].reason
    again = list(read_changed([folder], LIMITS, {}, failures))
    assert "manual.pdf" in [item.uri for item in again if isinstance(item, Document)]


def test_a_pdf_and_a_workbook_keep_what_was_read_in_time() -> None:
    limits = Limits(seconds=0)
    read_in_time = pdf_format.convert(pdf([[LINE]] * 3), "long.pdf", limits)
    assert read_in_time.notices == ("only the first 1 of 3 pages were read in time (max_file_s in [knowledge])",)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Big")
    for n in range(2500):
        sheet.append([n])
    out = io.BytesIO()
    book.save(out)
    assert "only its first 999 rows were read in time" in xlsx.convert(out.getvalue(), "big.xlsx", limits).notices[0]
