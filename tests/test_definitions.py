"""Where a name is defined: recognised questions, definitions of several languages, the answer, and who gets it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from defined_sources import FILES, PYTHON
from group import make_settings, open_group, write_documents
from llm_server import LLMServer
from views import open_view

from adapters.base import Person
from bot.builder import build_base
from bot.config import load
from bot.engine.core import Core
from bot.teachings import Teachings
from rag.answer import LLMAnswerer, quote_passages
from rag.asked_definition import AskedName, asked_definition
from rag.base import Answer, Evidence, Question, detect_language
from rag.build import build
from rag.defined import definitions_answer, find_definitions
from rag.embedder import LexicalEmbedder
from rag.generator import OpenAIGenerator
from rag.knowledge import DEFINITIONS, Version, open_current


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    folder = tmp_path_factory.mktemp("definitions")
    for name, text in FILES.items():
        (folder / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / name).write_text(text, "utf-8")
    tests = folder / "docs" / "a_tests"
    tests.mkdir()
    (tests / "test_session.py").write_text("class Session:\n    pass\n", "utf-8")
    (folder / "docs" / "guide.md").write_text("# Session\n\nA Session is opened with `Session()`.\n", "utf-8")
    build([folder / "docs"], folder / "knowledge", LexicalEmbedder())
    return open_current(folder / "knowledge", "default")


def places(version: Version, text: str, mentioned: bool = True) -> list[str]:
    found = find_definitions(Question(text, mentioned=mentioned), [version])
    return [f"{one.name} {one.passage.uri}:{one.line}" for one in found]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("ClientSession 在哪里定义？", AskedName("ClientSession")),
        ("ClientSession在哪定义的", AskedName("ClientSession")),
        ("请问 aiohttp 的 ClientSession 在哪里定义？", AskedName("ClientSession", "aiohttp")),
        ("ClientSession 类的 close 方法在哪个文件里实现", AskedName("close", "ClientSession", "method")),
        ("`ClientSession.close` 的定义在哪", AskedName("ClientSession.close")),
        ("TCPConnector 的源码在哪个文件？", AskedName("TCPConnector")),
        ("哪个文件定义了 TCPConnector", AskedName("TCPConnector")),
        ("哪里可以看到 parse_url 的源码", AskedName("parse_url")),
        ("TCPConnector 这个类在哪里", AskedName("TCPConnector", kind="class")),
        ("store::Pool::take 定义在哪", AskedName("store::Pool::take")),
        ("MAX_SLOTS 这个宏在哪里定义", AskedName("MAX_SLOTS", kind="macro")),
        ("TCPConnector 在哪个文件里", AskedName("TCPConnector")),
        ("where is ClientSession defined?", AskedName("ClientSession")),
        ("where's `ClientSession.close()` implemented?", AskedName("ClientSession.close")),
        ("Where can I find the definition of TCPConnector?", AskedName("TCPConnector")),
        ("which file has class TCPConnector", AskedName("TCPConnector", kind="class")),
        ("in which file is the method close of ClientSession declared", AskedName("close", "ClientSession", "method")),
        ("where is the ClientSession class?", AskedName("ClientSession", kind="class")),
        ("show me the source of TCPConnector please", AskedName("TCPConnector")),
    ],
)
def test_a_question_for_a_definition_is_recognised(text: str, asked: AskedName) -> None:
    assert asked_definition(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "配置文件在哪里",
        "zephyr.toml 在哪里",
        "日志级别在哪里设置",
        "这个函数在哪里定义",
        "HTTP 状态码的定义是什么",
        "怎么实现单点登录",
        "where is Bob",
        "where is the config file",
        "where is it defined",
        "where is the function defined",
        "which file do I edit to change the port",
        "what is the definition of done",
        "ClientSession 怎么用",
        "",
        "where is X defined " * 100,
    ],
)
def test_another_question_is_none_for_a_definition(text: str) -> None:
    assert asked_definition(text) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("MAX_SLOTS 在哪里定义", "MAX_SLOTS pool.cpp:2"),
        ("where is clamp defined", "store::clamp pool.cpp:17"),
        ("where is store::Pool::take defined", "store::Pool::take pool.cpp:21"),
        ("kLimit 定义在哪", "store::kLimit pool.cpp:25"),
        ("which file defines Pool", "store::Pool pool.cpp:7"),
        ("where is DefaultPort defined", "DefaultPort server.go:4"),
        ("where is Server.Start implemented?", "Server.Start server.go:20"),
        ("Server 的 Start 方法在哪里实现", "Server.Start server.go:20"),
        ("where is NewServer defined", "NewServer server.go:15"),
        ("where is Client.connect defined", "Client.connect client.ts:9"),
        ("onMessage 在哪定义", "Client.onMessage client.ts:14"),
        ("where is RETRIES defined", "RETRIES client.ts:1"),
        ("where is parseUrl defined", "parseUrl client.ts:18"),
        ("Cache 类在哪里", "Cache Cache.java:4"),
        ("where is Cache.get defined", "Cache.get Cache.java:8"),
        ("where is Cache.Loader#load declared", "Cache.Loader.load Cache.java:16"),
        ("where is Queue::push defined", "Queue::push lib.rs:5"),
        ("where is serve implemented", "serve lib.rs:9"),
        ("DEFAULT_TIMEOUT 在哪里定义", "DEFAULT_TIMEOUT net/session.py:4"),
        ("where is net.session.Session defined", "Session net/session.py:7"),
        ("where is net.app.Application defined", "Application net/_app.py:2"),
        ("where is net.app.Route defined", "Route net/app_routes.py:1"),
        ("where is Session.retries defined", "Session.retries net/session.py:10"),
        ("where is Session.state defined", "Session.state net/session.py:16"),
        ("where is retry defined", "retry net/session.py:28"),
        ("where is load defined", "load net/session.py:39"),
    ],
)
def test_the_definition_is_found_at_its_line(version: Version, text: str, place: str) -> None:
    assert places(version, text, mentioned=False)[:1] == [place]


def test_what_is_only_used_mentioned_or_local_is_defined_nowhere(version: Version) -> None:
    for text in (
        "where is REGISTER defined",
        "where is wrapper defined",
        "where is overload defined",
        "use 在哪里定义",
    ):
        assert places(version, text) == [], text


def test_sources_go_before_tests_and_definitions_before_declarations(version: Version) -> None:
    assert places(version, "where is Session defined") == [
        "Session net/session.py:7",
        "Session a_tests/test_session.py:1",
    ]
    assert places(version, "Pool 类在哪里定义")[:2] == ["store::Pool pool.cpp:7", "store::Pool pool.cpp:4"]


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("where is session.CloseAll defined", "Session.close_all net/session.py:22", ""),
        ("where is newserver defined", "NewServer server.go:15", ""),
        ("where is Server.take defined", "store::Pool::take pool.cpp:21", "There is no `Server.take`"),
        ("parseUlr 在哪里定义", "parseUrl client.ts:18", "没有找到 `parseUlr`；最接近的定义"),
    ],
)
def test_other_spellings_are_for_those_who_speak_to_the_bot(version: Version, text: str, place: str, line: str) -> None:
    assert places(version, text)[0] == place
    assert places(version, text, mentioned=False) == []
    found = find_definitions(Question(text, mentioned=True), [version])
    assert line in definitions_answer(found, detect_language(text)).text


def test_the_answer_names_file_and_line_and_shows_the_code_whole(version: Version) -> None:
    answer = definitions_answer(find_definitions(Question("Queue::push 在哪里定义"), [version]), "zh")
    code = "```rust\npub fn push(&mut self, item: T) {\n    self.items.push(item);\n}\n```"
    assert answer.text == f"`Queue::push`（方法）定义在 `lib.rs` 第 5 行 [1]\n\n{code}"
    assert [(one.n, one.uri, one.title) for one in answer.citations] == [(1, "lib.rs#L5", "lib.rs line 5")]
    several = definitions_answer(find_definitions(Question("where is Session defined"), [version]), "en")
    assert "- `Session` (class): `a_tests/test_session.py`, line 1 [2]" in several.text
    assert [one.uri for one in several.citations] == ["net/session.py#L7", "a_tests/test_session.py#L1"]


def test_a_later_build_takes_definitions_over_and_drops_those_that_are_gone(tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs", {"a.py": "def kept():\n    pass\n", "b.py": "def gone():\n    pass\n"})
    for _ in range(2):
        build([docs], tmp_path / "knowledge", LexicalEmbedder())
    (docs / "b.py").write_text("\n\ndef come():\n    pass\n", "utf-8")
    build([docs], tmp_path / "knowledge", LexicalEmbedder())
    version = open_current(tmp_path / "knowledge", "default")
    asked = ("where is kept defined", "where is gone defined", "where is come defined")
    assert [places(version, text) for text in asked] == [["kept a.py:1"], [], ["come b.py:3"]]


def test_a_damaged_index_counts_as_a_damaged_version(tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs", {"a.py": "def kept():\n    pass\n"})
    first = build([docs], tmp_path / "knowledge", LexicalEmbedder()).version
    (docs / "a.py").write_text("def other():\n    pass\n", "utf-8")
    second = build([docs], tmp_path / "knowledge", LexicalEmbedder()).version
    (tmp_path / "knowledge" / "default" / second / DEFINITIONS).write_bytes(b"[")
    version = open_current(tmp_path / "knowledge", "default")
    assert version.id == first and version.warnings


def test_a_definition_in_a_repository_is_cited_at_its_page_and_line(tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs", {"a.py": "\n\ndef kept():\n    pass\n"})
    prefix, page = "git:host/owner/repo/", "https://host/owner/repo/blob/abc/"
    build([docs], tmp_path / "knowledge", LexicalEmbedder(), prefixes=[prefix], links={prefix: page})
    found = find_definitions(Question("repo.a.kept 在哪里定义"), [open_current(tmp_path / "knowledge", "default")])
    assert [one.uri for one in definitions_answer(found, "zh").citations] == [f"{page}a.py#L3"]


def test_definitions_of_a_real_package_are_found(tmp_path: Path) -> None:
    spec = find_spec("loguru")
    assert spec is not None and spec.submodule_search_locations
    shutil.copytree(spec.submodule_search_locations[0], tmp_path / "docs" / "loguru")
    build([tmp_path / "docs"], tmp_path / "knowledge", LexicalEmbedder())
    version = open_current(tmp_path / "knowledge", "default")
    (found, *_) = find_definitions(Question("where is Logger.contextualize defined?", "en"), [version])
    lines = (tmp_path / "docs" / found.passage.uri).read_text("utf-8").split("\n")
    assert found.passage.uri == "loguru/_logger.py" and lines[found.line - 1].strip().startswith("def contextualize(")


async def test_in_a_group_it_is_answered_and_what_is_defined_nowhere_is_searched_for(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_documents(tmp_path / "docs", {"session.py": PYTHON})
    build_base(settings, "default")
    open_view(settings)
    async with open_group(tmp_path, settings=settings) as group:
        overheard = await group.say("Session.close_all 在哪里定义？")
        near = await group.say("Session.closeall 在哪里定义？")
        mentioned = await group.say("Session.closeall 在哪里定义？", mentions_bot=True)
        unknown = await group.say("Frobnicator 在哪里定义？", mentions_bot=True)
        why = await group.say("/why", sender="root", quoted_id=overheard["posts"][0].id, quote="…")
        to_bob = await group.say("Session.close_all 在哪里定义？", mentions=(Person("fake", "bob", "Bob"),))
        await group.say("/bad", sender="root", quoted_id=overheard["posts"][0].id, quote="…")
        taught = await group.say("Session.close_all 在哪里定义？", sender="carol")
    assert overheard["outcome"] == mentioned["outcome"] == "answered"
    assert [c["uri"] for c in overheard["citations"]] == ["session.py#L22"]
    assert near["outcome"] == "silent" and "`Session.close_all`" in mentioned["answer"]
    assert unknown["outcome"] == "abstained"
    assert to_bob["outcome"] == taught["outcome"] == "silent"
    assert "源码里定义了“Session.close_all”" in why["replies"][0]


async def test_with_a_language_model_it_is_answered_without_a_call(tmp_path: Path) -> None:
    found = find_definitions(Question("where is kept defined"), [small(tmp_path)])
    evidence = Evidence("where is kept defined", definitions=found)
    async with LLMServer().run() as server, OpenAIGenerator(base_url=server.url, model="m", api_key="k") as generator:
        pieces = [piece async for piece in LLMAnswerer(generator).answer(Question("where is kept defined"), evidence)]
        assert not server.requests
    assert isinstance(pieces[0], Answer) and pieces == [quote_passages(Question("where is kept defined"), evidence)]


def small(folder: Path) -> Version:
    docs = write_documents(folder / "docs", {"a.py": "def kept():\n    pass\n"})
    build([docs], folder / "knowledge", LexicalEmbedder())
    return open_current(folder / "knowledge", "default")


def test_a_group_finds_only_what_its_own_bases_define(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_documents(tmp_path / name, {"a.py": f"def only_{name}():\n    pass\n"})
    (tmp_path / "config.ini").write_text(
        "[knowledge]\ndocuments = one\n[knowledge:two]\ndocuments = two\n[group:fake:g2]\nknowledge = two\n", "utf-8"
    )
    settings = load(tmp_path / "config.ini", data=tmp_path / "data", environ={})
    for base in ("default", "two"):
        build_base(settings, base)
    core = Core(settings)
    core.remake(Teachings(), True)
    asked = [Question(f"only_{name} 在哪里定义", mentioned=True) for name in ("one", "two")]
    found = [[len(core.judge(place, one).evidence.definitions) for one in asked] for place in ("fake:g1", "fake:g2")]
    core.close()
    assert found == [[1, 0], [0, 1]]
