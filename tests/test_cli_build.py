"""`qunda build` and `qunda knowledge` as processes: odd files, missing folders, damaged versions, interruptions."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import environment, finish, prepare, qunda, start

from bot.config import load
from rag.knowledge import read_current, version_names

BASE = Path("data") / "knowledge" / "default"


def current(folder: Path) -> Path:
    return folder / BASE / read_current(folder / BASE.parent, "default")


def damage(version: Path) -> None:
    """Half of the passages gone, as after a copy that was cut off."""
    passages = version / "passages.jsonl"
    passages.write_bytes(passages.read_bytes()[: passages.stat().st_size // 2])


def test_bad_files_are_told_one_by_one_while_the_build_goes_on(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# 安装\n\n用 pip 安装。\n", "utf-8")
    (docs / "latin1.txt").write_bytes("Müßiggänger äöü ÄÖÜ çédille".encode("latin-1"))
    (docs / "empty.md").write_text("")
    (docs / "blank.md").write_text(" \n\n\t\n")
    (docs / "binary.md").write_bytes(bytes(range(256)) * 40)
    (docs / "huge.txt").write_text("many words " * 20_000)
    (docs / "tune.mp3").write_bytes(b"ID3")
    (docs / "gone.md").symlink_to(docs / "nix.md")
    done = qunda("build", "docs", "--set", "knowledge.max_file_mb=0.1", cwd=tmp_path)
    assert done.status == 0
    reasons = dict(line.removeprefix("✗ ").split(": ", 1) for line in done.out.splitlines() if line.startswith("✗"))
    assert set(reasons) == {"latin1.txt", "empty.md", "blank.md", "binary.md", "huge.txt", "gone.md"}
    assert "save it as UTF-8" in reasons["latin1.txt"]
    assert (reasons["empty.md"], reasons["blank.md"]) == ("empty", "empty")
    assert "binary" in reasons["binary.md"]
    assert "0.2 MB, over the limit of 0.1 MB (max_file_mb" in reasons["huge.txt"]
    assert "points to nothing" in reasons["gone.md"]
    assert "! skipped 1 .mp3: not a supported format\n" in done.out
    assert "1 documents, 1 passages" in done.out and "6 failed" in done.out
    listed = json.loads(qunda("knowledge", "--json", cwd=tmp_path).out)[0]
    assert {failure["uri"]: failure["reason"] for failure in listed["failed"]} == reasons
    shown = qunda("knowledge", cwd=tmp_path).out
    assert all(f"✗ {uri}: {reason}" in shown for uri, reason in reasons.items())


def test_a_document_that_is_kept_with_a_reservation_is_told_everywhere(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "page.docx").write_text("<!doctype html><html><body><h1>Hi</h1><p>Read me.</p></body></html>", "utf-8")
    line = "~ page.docx: mislabelled: it is a html file named .docx, and was read as html"
    done = qunda("build", "docs", cwd=tmp_path)
    assert line in done.out and "1 read in part" in done.out
    assert line in qunda("build", "docs", cwd=tmp_path).out
    assert line in qunda("knowledge", cwd=tmp_path).out
    listed = json.loads(qunda("knowledge", "--json", cwd=tmp_path).out)[0]
    assert [(one["uri"], listed["failed"]) for one in listed["partial"]] == [("page.docx", [])]


def test_what_is_of_no_supported_type_is_counted_by_suffix(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "below").mkdir(parents=True)
    (docs / "good.md").write_text("# 安装\n\n用 pip 安装。\n", "utf-8")
    for name in ("a.odt", "b.ODT", "below/c.odt", "d.doc", "Makefile", ".hidden.odt"):
        (docs / name).write_bytes(b"x")
    said = "! skipped 3 .odt, 1 without a suffix, 1 .doc: not a supported format"
    assert said in qunda("build", "docs", cwd=tmp_path).out.splitlines()
    report = json.loads(qunda("build", "docs", "--json", cwd=tmp_path).out)
    assert dict(report["skipped"]) == {".odt": 3, ".doc": 1, "": 1}


def test_a_line_end_in_a_file_name_breaks_no_line(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.md").write_text("# A\n\ntext\n", "utf-8")
    (tmp_path / "docs" / "two\nlines.md").write_text("")
    for arguments in (["build", "docs"], ["knowledge"]):
        assert "✗ two\\nlines.md: empty" in qunda(*arguments, cwd=tmp_path).out.splitlines()


def test_passages_from_several_bases_stand_below_the_name_of_theirs(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert "[default]" not in qunda("knowledge", "show", "install.md", cwd=tmp_path).out
    assert qunda("build", "docs", "--base", "other", cwd=tmp_path).status == 0
    lines = qunda("knowledge", "show", "install.md", cwd=tmp_path).out.splitlines()
    assert lines[0] == "[default]" and "[other]" in lines
    rows = json.loads(qunda("knowledge", "show", "install.md", "--json", cwd=tmp_path).out)
    assert {row["base"] for row in rows} == {"default", "other"}


def test_all_files_and_failures_are_listed_by_base(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "good.md").write_text("# [x] 更多\n\n更多内容。\n", "utf-8")
    (tmp_path / "more" / "bad.md").write_text("")
    assert qunda("build", "more", "--base", "other", cwd=tmp_path).status == 0
    lines = qunda("knowledge", "files", cwd=tmp_path).out.splitlines()
    assert lines[0].startswith("[default] ") and "install.md · 安装 Zephyrlink" in "\n".join(lines)
    other = lines[next(n for n, line in enumerate(lines) if line.startswith("[other] ")) :]
    assert other[1:] == ["good.md · [x] 更多 1 passages", "✗ bad.md: empty"]
    assert "✗ [other] bad.md: empty" in qunda("knowledge", cwd=tmp_path).out
    rows = {row["base"]: row for row in json.loads(qunda("knowledge", "--json", cwd=tmp_path).out)}
    assert [file["uri"] for file in rows["default"]["files"]] == ["config.md", "install.md"]
    assert rows["other"]["files"] == [{"uri": "good.md", "title": "[x] 更多", "passages": 1}]


def test_no_room_where_the_output_goes_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    prepare(tmp_path)
    command = [sys.executable, "-m", "bot", "knowledge"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "no space is left on the disk" in done.stderr and str(tmp_path / "data") in done.stderr
    assert "free some space" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "nix"], "there is no documents folder"),
        (["build", "bare"], "no documents in"),
        (["build", "odd"], "1 could not be read"),
        (["build", "--set", "knowledge.documents="], "[knowledge] documents is empty"),
        (["build"], "[knowledge] documents is empty"),
    ],
)
def test_without_documents_nothing_is_built_and_the_old_version_stays(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "a.md").write_text("")
    prepare(tmp_path / "home")
    shutil.copytree(tmp_path / "home" / "data", tmp_path / "data")
    before = current(tmp_path)
    done = qunda(*arguments, cwd=tmp_path)
    assert (done.status, said in done.err, done.out) == (1, True, ""), done.err
    assert current(tmp_path) == before


def test_a_second_build_takes_only_what_changed_and_json_says_so(tmp_path: Path) -> None:
    config = prepare(tmp_path)
    assert "nothing has changed (2 documents" in qunda("build", "--config", config, cwd=tmp_path).out
    (tmp_path / "docs" / "new.md").write_text("# 新\n\n新的内容。", "utf-8")
    (tmp_path / "docs" / "install.md").unlink()
    report = json.loads(qunda("build", "--config", config, "--json", cwd=tmp_path).out)
    assert {key: report[key] for key in ("added", "changed", "removed", "documents", "unchanged_build")} == {
        "added": 1,
        "changed": 0,
        "removed": 1,
        "documents": 2,
        "unchanged_build": False,
    }


def test_several_folders_and_a_base_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.md").write_text(f"# {name}\n\ntext of {name}", "utf-8")
    assert qunda("build", "a", "b", "--base", "both", cwd=tmp_path).status == 0
    rows = {row["base"]: row for row in json.loads(qunda("knowledge", "--json", cwd=tmp_path).out)}
    assert rows["both"]["documents"] == 2
    assert "qunda build" in rows["default"]["error"]
    wrong = qunda("knowledge", "--base", "bth", cwd=tmp_path)
    assert (wrong.status, "there are: both, default" in wrong.err) == (2, True)


def test_a_damaged_version_falls_back_to_the_last_good_one_and_everybody_says_so(tmp_path: Path) -> None:
    config = prepare(tmp_path)
    good = current(tmp_path).name
    (tmp_path / "docs" / "more.md").write_text("# 更多\n\n更多内容。", "utf-8")
    assert qunda("build", cwd=tmp_path).status == 0
    bad = current(tmp_path)
    damage(bad)
    said = f"using version {good}, the last good one"
    asked = qunda("ask", "怎么安装 Zephyrlink", "--json", cwd=tmp_path)
    assert (asked.status, said in asked.err) == (0, True)
    assert json.loads(asked.out)["outcome"] == "answered"
    assert said in qunda("knowledge", cwd=tmp_path).out
    assert said in qunda("knowledge", "show", "install.md", cwd=tmp_path).err
    doctor = qunda("doctor", "--quiet", cwd=tmp_path)
    assert f"version {bad.name} is damaged (passages.jsonl" in doctor.out and said in doctor.out
    built = qunda("build", cwd=tmp_path)
    assert (built.status, said in built.out) == (0, True)
    assert current(tmp_path).name not in (good, bad.name)
    assert qunda("ask", "怎么安装 Zephyrlink", cwd=tmp_path).err == ""
    assert config.is_file()


def test_a_half_written_version_is_never_used(tmp_path: Path) -> None:
    prepare(tmp_path)
    good = current(tmp_path)
    half = good.with_name("29990101T000000-0000")
    shutil.copytree(good, half)
    (half / "manifest.json").unlink()
    (half.parent / "CURRENT").write_text(half.name + "\n")
    rows = json.loads(qunda("knowledge", "--json", cwd=tmp_path).out)
    assert rows[0]["version"] == good.name
    assert "manifest.json is missing" in rows[0]["warnings"][0]


def test_without_any_good_version_the_error_names_the_build(tmp_path: Path) -> None:
    prepare(tmp_path)
    damage(current(tmp_path))
    for arguments in (["ask", "hi"], ["knowledge", "show", "install.md"]):
        done = qunda(*arguments, cwd=tmp_path)
        assert (done.status, "qunda build" in done.err, done.err.count("\n")) == (1, True, 1), done.err
    listed = qunda("knowledge", cwd=tmp_path)
    assert "none usable" in listed.out and "is damaged" in listed.out
    assert qunda("doctor", "--quiet", cwd=tmp_path).status == 1


def test_knowledge_of_another_embedder_is_told_and_a_build_mends_it(tmp_path: Path) -> None:
    prepare(tmp_path)
    version = current(tmp_path)
    _retell(version, embedder="bge-m3")
    for arguments in (["ask", "hi"], ["doctor", "--quiet"], ["knowledge"]):
        done = qunda(*arguments, cwd=tmp_path)
        assert "was built with the embedder bge-m3" in done.out + done.err
        assert "qunda build" in done.out + done.err
        assert done.status == (0 if arguments == ["knowledge"] else 1)
    built = qunda("build", cwd=tmp_path)
    assert "everything was rebuilt: the embedder changed from bge-m3 to" in built.out
    assert qunda("ask", "怎么安装", cwd=tmp_path).status == 0


def _retell(version: Path, **changes: str) -> None:
    """Change a manifest as another program would have written it."""
    from rag.intact import manifest_checksum

    body = json.loads((version / "manifest.json").read_text("utf-8"))
    del body["checksum"]
    body |= changes
    (version / "manifest.json").write_text(json.dumps({**body, "checksum": manifest_checksum(body)}), "utf-8")


def test_the_lists_of_good_and_bad_questions_are_looked_at(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "good.json").write_text("[]")
    (tmp_path / "bad.json").write_text('{"a": 1}')
    built = qunda("build", cwd=tmp_path)
    assert built.status == 0
    assert "! good questions" in built.out and "holds no question" in built.out
    assert "✗ bad questions" in built.out and "write a list of questions" in built.out
    asked = qunda("ask", "怎么安装 Zephyrlink", cwd=tmp_path)
    assert (asked.status, "write a list of questions" in asked.err) == (0, True)
    doctor = qunda("doctor", "--quiet", cwd=tmp_path)
    assert (doctor.status, "! good questions" in doctor.out, "✗ bad questions" in doctor.out) == (1, True, True)


def test_passages_of_a_file_and_the_nearest_names_on_a_miss(tmp_path: Path) -> None:
    prepare(tmp_path)
    shown = qunda("knowledge", "show", "install.md", cwd=tmp_path).out
    assert "#0 install.md" in shown and "pip install zephyrlink" in shown
    passages = json.loads(qunda("knowledge", "show", "install.md", "--json", cwd=tmp_path).out)
    assert set(passages[0]) == {
        *("base", "id", "uri", "source", "headings", "place", "position", "start", "end", "text")
    }
    missed = qunda("knowledge", "show", "instal.md", cwd=tmp_path)
    assert (missed.status, "did you mean install.md" in missed.err) == (1, True)
    assert "it has, for example, config.md, install.md" in qunda("knowledge", "show", "zzz", cwd=tmp_path).err


def test_an_interrupted_build_leaves_the_old_version_and_no_traceback(tmp_path: Path) -> None:
    prepare(tmp_path)
    before = current(tmp_path)
    docs = tmp_path / "many"
    docs.mkdir()
    for number in range(400):
        (docs / f"{number}.md").write_text(f"# {number}\n\n" + f"word{number} 端口 设置 " * 400, "utf-8")
    lock = tmp_path / BASE / ".lock"
    lock.unlink(missing_ok=True)
    process = start("build", "many", cwd=tmp_path)
    while not lock.exists() or not lock.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert (done.status, done.out) == (130, "")
    assert current(tmp_path) == before
    assert [name for name in (tmp_path / BASE).iterdir() if name.name.startswith(".") and name.is_dir()] == []
    assert version_names(tmp_path / BASE.parent, "default") == [before.name]
    assert load(tmp_path / "config.ini").knowledge["default"].documents == ("docs",)


@pytest.mark.parametrize("name", ["", ".", "..", "../../evil", "a/b", "/tmp/evil", "a b"])
def test_a_name_that_leads_out_of_the_data_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext\n", "utf-8")
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    done = qunda("build", "docs", "--base", name, cwd=tmp_path)
    assert done.status == 2
    assert "letters, digits" in done.err
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} == before
