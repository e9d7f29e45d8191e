"""Documents of Feishu as sources: wikis, folders and single ones, from the stand-in platform to a citation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from command_line import qunda
from feishu_platform import Fault, FeishuPlatform
from feishu_platform_documents import Doc, Library, document_of, text_block
from hypothesis import given
from hypothesis import strategies as st

from adapters.feishu import documents as documents_module
from adapters.feishu.blocks import to_markdown
from bot.config import Settings, load
from bot.sources.base import Fetched, Limits, Shelf, SourceError
from bot.sources.entries import FeishuEntry, parse_entry
from bot.sources.feishu import fetch_documents


@pytest.fixture
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FeishuPlatform]:
    monkeypatch.setattr(documents_module, "PER_S", 1000.0)
    monkeypatch.setattr(documents_module, "PER_MIN", 100_000.0)
    async with FeishuPlatform() as platform:
        yield platform


def library_of(platform: FeishuPlatform) -> Library:
    library = platform.world.library
    assert isinstance(library, Library)
    return library


class Bench:
    """Settings for the platform, and a shelf to fetch to."""

    def __init__(self, platform: FeishuPlatform, folder: Path) -> None:
        world = platform.world
        self.env = {"QUNDA_FEISHU_APP_ID": world.app_id, "QUNDA_FEISHU_APP_SECRET": world.app_secret}
        self.env |= {"QUNDA_FEISHU_DOMAIN": platform.domain, "NO_PROXY": "127.0.0.1"}
        (folder / "config.ini").write_text("[knowledge]\ndocuments = feishu:wiki/7000000000000000001\n", "utf-8")
        self.settings: Settings = load(folder / "config.ini", environ=self.env)
        self.shelf = Shelf(folder / "sources", "feishu-x")

    async def fetch(self, entry: str, **limits: float) -> Fetched:
        parsed = parse_entry(entry)
        assert isinstance(parsed, FeishuEntry)
        return await fetch_documents(
            self.settings,
            parsed,
            self.shelf,
            Limits(**limits),
            lambda done, total: None,  # type: ignore[arg-type]
        )

    def texts(self) -> dict[str, str]:
        return {path.name: path.read_text("utf-8") for path in sorted(self.shelf.folder.iterdir())}


@pytest.fixture
def bench(platform: FeishuPlatform, tmp_path: Path) -> Bench:
    return Bench(platform, tmp_path)


SPACE = "7000000000000000001"


def simple(token: str, title: str, text: str) -> Doc:
    return document_of(token, title, text_block(f"{token}-1", 2, text))


async def test_a_wiki_is_read_with_all_that_is_below(platform: FeishuPlatform, bench: Bench) -> None:
    library = library_of(platform)
    library.add(simple("doxTop001", "入职 指南", "第一天领电脑。"), space=SPACE)
    library.add(simple("doxLow001", "VPN", "Use the blue client."), space=SPACE, parent="wikdoxTop001")
    for n in range(60):
        library.add(simple(f"doxM{n:05}", f"Note {n}", f"note {n}"), space=SPACE, parent="wikdoxLow001")
    library.add(Doc("bitable1", "表", kind="bitable"), space=SPACE)
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    texts = bench.texts()
    assert len(texts) == 62 and texts["入职-指南-Top001.md"] == "# 入职 指南\n\n第一天领电脑。\n"
    assert fetched.links["VPN-Low001.md"].endswith("/wiki/wikdoxLow001")
    assert fetched.notes == ["not read, since only documents and sheets are: 1 bitable"]
    below = await bench.fetch("https://acme.feishu.cn/wiki/wikdoxLow001")
    assert below.documents == 61 and below.links["VPN-Low001.md"] == "https://acme.feishu.cn/wiki/wikdoxLow001"


async def test_what_was_not_edited_is_not_read_again(platform: FeishuPlatform, bench: Bench) -> None:
    library = library_of(platform)
    docs = [library.add(simple(f"dox0000{n}", f"Doc {n}", f"text {n}"), space=SPACE) for n in range(3)]
    await bench.fetch(f"feishu:wiki/{SPACE}")
    assert len(platform.calls("/blocks")) == 3
    docs[1].edit(simple("dox00001", "Doc 1", "another text").blocks)
    library.remove("dox00002")
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    assert len(platform.calls("/blocks")) == 4
    assert bench.texts() == {"Doc-0-x00000.md": "# Doc 0\n\ntext 0\n", "Doc-1-x00001.md": "# Doc 1\n\nanother text\n"}
    assert fetched.detail == "2 documents, 1 new or changed"


async def test_a_single_document_is_read_by_its_revision(platform: FeishuPlatform, bench: Bench) -> None:
    doc = library_of(platform).add(simple("doxAlone1", "Alone", "first"))
    for _ in range(2):
        fetched = await bench.fetch("feishu:docx/doxAlone1")
    assert len(platform.calls("/blocks")) == 1 and fetched.links["Alone-Alone1.md"].endswith("/docx/doxAlone1")
    doc.edit(simple("doxAlone1", "Alone", "second").blocks)
    await bench.fetch("feishu:docx/doxAlone1")
    assert "second" in bench.texts()["Alone-Alone1.md"]


async def test_a_folder_is_read_with_its_folders_shortcuts_and_sheets(platform: FeishuPlatform, bench: Bench) -> None:
    library = library_of(platform)
    library.add(simple("dox0000a", "A", "text a"), folder="fldTop")
    target = {"target_type": "docx", "target_token": "dox0000a"}
    library.folders["fldTop"] += [
        {"token": "fldLow", "name": "Low", "type": "folder"},
        {"token": "fldTop", "name": "itself", "type": "folder"},
        {"token": "x1", "name": "again", "type": "shortcut", "shortcut_info": target},
        {"token": "p1", "name": "x.png", "type": "file"},
    ]  # fmt: skip
    rows = [["Model", "Flow"], ["P1", 10], ["P|2", None], [], [[{"text": "see ", "type": "text"}, {"link": "u"}], 1.5]]
    library.add(Doc("sht0000b", "Rates", kind="sheet", sheets={"Sheet1": rows, "hidden": [["x"]]}), folder="fldLow")
    fetched = await bench.fetch("feishu:folder/fldTop")
    table = "| Model | Flow |\n| --- | --- |\n| P1 | 10 |\n| P\\|2 |  |\n| see u | 1.5 |"
    assert bench.texts() == {
        "A-x0000a.md": "# A\n\ntext a\n",
        "Rates-t0000b.md": f"# Rates\n\n## Sheet1\n\n{table}\n",
    }
    assert fetched.links["A-x0000a.md"] == "https://acme.feishu.cn/docx/dox0000a"
    assert fetched.notes == ["not read, since only documents and sheets are: 1 file"]


async def test_a_document_that_is_not_shared_is_named_and_the_rest_is_read(
    platform: FeishuPlatform, bench: Bench
) -> None:
    library = library_of(platform)
    secret = library.add(simple("dox0000s", "Secret", "for the board"), space=SPACE)
    library.add(simple("dox0000o", "Open", "for all"), space=SPACE)
    await bench.fetch(f"feishu:wiki/{SPACE}")
    assert len(bench.texts()) == 2
    secret.edit(secret.blocks)
    secret.shared = False
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    [(what, reason)] = fetched.failed_items
    assert what.startswith("Secret (") and "share it with the app" in reason and "1770032" in reason
    assert list(bench.texts()) == ["Open-x0000o.md"]


async def test_a_missing_permission_is_named_and_what_was_read_stays(platform: FeishuPlatform, bench: Bench) -> None:
    library = library_of(platform)
    doc = library.add(simple("dox0000a", "A", "text a"), space=SPACE)
    await bench.fetch(f"feishu:wiki/{SPACE}")
    library.granted.discard("docx")
    doc.edit(doc.blocks)
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    assert "docx:document:readonly" in fetched.failed_items[0][1] and len(bench.texts()) == 1
    library.granted.discard("wiki")
    with pytest.raises(SourceError, match="wiki:wiki:readonly"):
        await bench.fetch(f"feishu:wiki/{SPACE}")
    library.granted.add("wiki")
    library.closed_spaces.add(SPACE)
    with pytest.raises(SourceError, match="make the app a member of the wiki space"):
        await bench.fetch(f"feishu:wiki/{SPACE}")
    library.granted.add("docx")
    with pytest.raises(SourceError, match="it is gone"):
        await bench.fetch("feishu:docx/doxNoSuch1")
    assert len(bench.texts()) == 1


async def test_a_platform_that_asks_to_slow_down_is_waited_for(platform: FeishuPlatform, bench: Bench) -> None:
    library_of(platform).add(simple("dox0000a", "A", "text a"), space=SPACE)
    slow = Fault(status=429, code=99991400, headers={"x-ogw-ratelimit-reset": "0.1"})
    platform.fail(slow, "/blocks", times=2)
    platform.fail(Fault(status=502, html=True), "/nodes", times=1)
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    assert (fetched.documents, fetched.failed_items) == (1, [])


async def test_a_document_that_fails_for_now_keeps_its_last_copy(
    platform: FeishuPlatform, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    doc = library_of(platform).add(simple("dox0000a", "A", "text a"), space=SPACE)
    await bench.fetch(f"feishu:wiki/{SPACE}")
    doc.edit(doc.blocks)
    monkeypatch.setattr(documents_module, "ATTEMPTS", 1)
    platform.fail(Fault(status=500, html=True), "/blocks", times=5)
    fetched = await bench.fetch(f"feishu:wiki/{SPACE}")
    assert (fetched.documents, len(fetched.failed_items), len(bench.texts())) == (1, 1, 1)


async def test_documents_are_built_and_cited_by_their_address(platform: FeishuPlatform, tmp_path: Path) -> None:
    bench = Bench(platform, tmp_path)
    text = "Hold the blue lever for ten seconds to drain the boiler."
    library_of(platform).add(simple("dox0000a", "Boiler", text), space=SPACE)
    run = ("--config", tmp_path / "config.ini")
    built = await asyncio.to_thread(qunda, "build", *run, cwd=tmp_path, env=bench.env)
    assert f"✓ feishu:wiki/{SPACE}: 1 documents, 1 new or changed" in built.out, built.out + built.err
    question = ("ask", "--mention", "--json", "how do I drain the boiler")
    asked = await asyncio.to_thread(qunda, *question, *run, cwd=tmp_path, env=bench.env)
    assert json.loads(asked.out)["citations"][0]["uri"].endswith("/wiki/wikdox0000a")
    bare = await asyncio.to_thread(qunda, "build", *run, "--data", tmp_path / "other", cwd=tmp_path)
    assert (bare.status, "set [feishu] app_id" in bare.err) == (1, True)


# --- blocks ---


def test_every_kind_of_block_becomes_markdown() -> None:
    bold = {"content": "bold", "text_element_style": {"bold": True}}
    code = {"content": "x = 1", "text_element_style": {"inline_code": True}}
    link = {"content": "site", "text_element_style": {"link": {"url": "https%3A%2F%2Fa.io%2Fx"}}}
    mixed = text_block("b2", 2, "plain ")
    mixed["text"]["elements"] += [{"text_run": bold}, {"text_run": {"content": " "}}, {"text_run": code}]
    mixed["text"]["elements"] += [{"text_run": {"content": " "}}, {"text_run": link}]
    mixed["text"]["elements"] += [
        {"mention_doc": {"title": " Other page", "url": "u"}},
        {"equation": {"content": "a^2"}},
    ]
    python = text_block("b8", 14, "def f():\n    return 1\n")
    python["code"]["style"] = {"language": 49, "wrap": True}
    done, todo = text_block("b9", 17, "done"), text_block("b10", 17, "open")
    done["todo"]["style"] = {"done": True}
    cells = [text_block(f"t{n}", 2, text, of=f"c{n}") for n, text in enumerate(["Model", "Flow", "P1", "a|b"])]
    holders = [{"block_id": f"c{n}", "block_type": 32, "parent_id": "tb", "children": [f"t{n}"]} for n in range(4)]
    table = {"block_id": "tb", "block_type": 31, "parent_id": "", "children": [f"c{n}" for n in range(4)]}
    table["table"] = {"cells": [f"c{n}" for n in range(4)], "property": {"row_size": 2, "column_size": 2}}
    callout = {"block_id": "co", "block_type": 19, "parent_id": "", "callout": {"emoji_id": "x"}, "children": ["co1"]}
    quote = {"block_id": "qc", "block_type": 34, "parent_id": "", "children": ["qc1"]}
    doc = document_of(
        "dox", "Title",
        text_block("b1", 3, "First"), mixed,
        text_block("b3", 12, "one", children=["b4"]), text_block("b4", 12, "below", of="b3"),
        text_block("b5", 12, "two"), text_block("b6", 13, "first"), text_block("b7", 13, "second"),
        python, done, todo, table, *holders, *cells,
        callout, text_block("co1", 2, "Mind this.", of="co"), quote, text_block("qc1", 2, "Said.", of="qc"),
        text_block("b11", 2, "# no heading"), {"block_id": "d", "block_type": 22, "parent_id": "", "divider": {}},
        {"block_id": "i", "block_type": 27, "parent_id": "", "image": {"token": "t"}},
    )  # fmt: skip
    assert to_markdown(doc.title, doc.blocks).split("\n\n") == [
        "# Title",
        "## First",
        "plain **bold** `x = 1` [site](https://a.io/x) Other page$a^2$",
        "- one\n  - below\n- two",
        "1. first\n2. second",
        "```python\ndef f():\n    return 1\n```",
        "- [x] done\n- [ ] open",
        "| Model | Flow |\n| --- | --- |\n| P1 | a\\|b |",
        "Mind this.",
        "> Said.",
        "\\# no heading\n",
    ]


_BLOCKS = st.lists(
    st.fixed_dictionaries(
        {"block_id": st.sampled_from("abcde"), "block_type": st.integers(0, 60)},
        optional={
            "children": st.lists(st.sampled_from("abcde"), max_size=4) | st.none(),
            "text": st.none()
            | st.just({"elements": None})
            | st.just({"elements": [{}, {"text_run": {"content": "x"}}]}),
            "table": st.none() | st.just({"property": {"column_size": 2}, "cells": ["a", "b", "z"]}),
        },
    ),
    max_size=6,
)


@given(_BLOCKS)
def test_no_shape_of_blocks_raises_or_goes_on_for_ever(blocks: list[dict[str, object]]) -> None:
    assert isinstance(to_markdown("t", [{"block_id": "p", "block_type": 1, "children": ["a", "b"]}, *blocks]), str)
