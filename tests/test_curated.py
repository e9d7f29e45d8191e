"""Curated pairs: their question brings their answer, word for word or nearly so; another question never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.builder import build_base
from bot.config import load
from bot.models import make_embedder
from bot.teachings import Teachings
from bot.views import ViewMaker
from rag.answer import LLMAnswerer, quote_passages
from rag.base import Answer, Evidence, GateDecision, Passage, Question
from rag.build import build
from rag.curated import CuratedPairs
from rag.documents import Document
from rag.embedder import LexicalEmbedder
from rag.formats.base import Limits
from rag.formats.pairs import convert
from rag.gate import LabelledExample, RelevanceGate, default_examples, train_gate
from rag.knowledge import open_current
from rag.passages import cut
from rag.retriever import HybridRetriever

FAQ = """[
 {"question": "怎么重置管理员密码？", "answer": "运行 `zephyr reset-admin`，\\n按提示输入 [新密码]。"},
 {"q": "How do I reset the admin password?", "a": "Run `zephyr reset-admin`."},
 {"question": "Zephyr 3.5 支持 Python 3.11 吗？", "answer": "支持。"},
 {"question": "可以退款吗", "answer": "七天内可以。"},
 {"question": "怎么开启自动更新", "answer": "在设置里打开。"},
 {"question": "A1 型号的保修期是多久", "answer": "两年。"},
 {"question": "如何把人民币换成美元", "answer": "到柜台办理。"},
 {"问题": "怎么办", "答案": "打电话。"}
]"""


def pairs() -> CuratedPairs:
    converted = convert(FAQ.encode(), "faq.json", Limits())
    return CuratedPairs(cut(Document("faq.json", "faq.json", converted.text, "d", converted.places, True)))


PAIRS = pairs()


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("怎么重置管理员密码？", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("怎么重置管理员密码", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("怎麼重置管理員密碼？", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("请问一下，如何重置管理员密码呢？？", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("大佬们好 怎样重置管理员密码啊", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("老师们，怎样重置管理员密码", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("可以退款么", "七天内可以。"),
        ("@小助手 怎么重置管理员密码", "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。"),
        ("how do i RESET the admin password", "Run `zephyr reset-admin`."),
        ("Hi, how can I reset my admin password, please?", "Run `zephyr reset-admin`."),
        ("ｚｅｐｈｙｒ　3.5 支持 python 3.11 吗", "支持。"),
        ("能退款吗", None),
        ("可不可以退款", None),
        ("怎么办", "打电话。"),
    ],
)
def test_a_question_in_other_dress_finds_its_answer(asked: str, answer: str | None) -> None:
    found = PAIRS.find(asked)
    assert (found.text.partition("\n\n")[2] if found else None) == answer


@pytest.mark.parametrize(
    "asked",
    [
        "怎么重置管理员密码以外的密码？",
        "怎么重置普通用户密码？",
        "怎么不重置管理员密码？",
        "怎么重置管理员账号？",
        "为什么重置管理员密码？",
        "谁能重置管理员密码？",
        "how do i reset the user password",
        "how do i not reset the admin password",
        "why reset the admin password",
        "zephyr 3.6 支持 python 3.11 吗",
        "zephyr 35 支持 python 3.11 吗",
        "zephyr 3.5 支持 python 3.12 吗",
        "zephyr 3.5 不支持 python 3.11 吗",
        "zephyr-x 3.5 支持 python 3.11 吗",
        "不可以退款吗",
        "可以退款",
        "老师怎么重置管理员密码",
        "可以退货吗",
        "怎么关闭自动更新",
        "怎么开启自动备份",
        "A2 型号的保修期是多久",
        "A1 型号的保修期不是两年吗",
        "如何把美元换成人民币",
        "怎么",
        "请问",
        "",
        "密码",
        "怎么重置管理员密码？我试过了 reset-admin，不行",
        "x" * 5000,
    ],
)
def test_another_question_that_shares_words_finds_nothing(asked: str) -> None:
    assert PAIRS.find(asked) is None


def test_two_pairs_that_ask_the_same_are_told_apart_by_their_wording_or_not_at_all() -> None:
    first = Passage("1", "# 怎么安装\n\n用 pip。", "f", "f", question="怎么安装驱动")
    second = Passage("2", "# 请问如何安装驱动呢\n\n用 apt。", "f", "f", question="请问如何安装驱动呢")
    both = CuratedPairs([first, second])
    assert both.find("怎么安装驱动？") is first
    assert both.find("请问如何安装驱动呢") is second
    assert CuratedPairs([first, first]).find("如何安装驱动") is first


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[HybridRetriever, CuratedPairs]:
    folder = tmp_path_factory.mktemp("faq")
    (folder / "docs").mkdir()
    (folder / "docs" / "faq.json").write_text(FAQ, "utf-8")
    (folder / "docs" / "admin.md").write_text("# 管理员\n\n管理员可以重置普通用户的密码。\n", "utf-8")
    build([folder / "docs"], folder / "knowledge", LexicalEmbedder(64))
    version = open_current(folder / "knowledge", "default")
    return HybridRetriever([version], LexicalEmbedder(64)), CuratedPairs(version.pairs)


def evidence(built: tuple[HybridRetriever, CuratedPairs], text: str) -> Evidence:
    from dataclasses import replace

    return replace(built[0].search(text, 5), curated=built[1].find(text))


class Refusing:
    """A generator that must not be asked."""

    def stream(self, prompt: object) -> object:
        raise AssertionError("the model was asked")


async def test_the_curated_answer_comes_verbatim_and_cited_ahead_of_both_answerers(
    built: tuple[HybridRetriever, CuratedPairs],
) -> None:
    question = Question("请问如何重置管理员密码", mentioned=True)
    found = evidence(built, question.text)
    told = [piece async for piece in LLMAnswerer(Refusing()).answer(question, found)]  # type: ignore[arg-type]
    quoted = quote_passages(question, found)
    assert told == [quoted]
    assert isinstance(quoted, Answer)
    assert quoted.text == "运行 `zephyr reset-admin`，\n按提示输入 [新密码]。 [1]"
    assert [(source.uri, source.title) for source in quoted.citations] == [("faq.json", "faq.json")]


def decide(built: tuple[HybridRetriever, CuratedPairs], text: str, *own: LabelledExample) -> GateDecision:
    gate: RelevanceGate = train_gate(
        [*default_examples(), *own],
        lambda one: built[0].search(one, 5),
        LexicalEmbedder(64),
        unwanted_per_1000=20,
        expected_share=0.1,
    )
    return gate.decide(Question(text), evidence(built, text))


def test_overheard_talk_that_asks_a_curated_question_passes_the_gate_unless_somebody_taught_otherwise(
    built: tuple[HybridRetriever, CuratedPairs],
) -> None:
    decision = decide(built, "可以退款吗")
    assert decision.answer
    assert "curated" in [reason.name for reason in decision.reasons]
    taught = decide(built, "可以退款吗", LabelledExample("可以退款吗", False, source="group"))
    assert not taught.answer
    assert "curated" not in [reason.name for reason in decide(built, "可以退货吗").reasons]


def test_a_group_gets_the_curated_answers_of_its_own_bases_alone(tmp_path: Path) -> None:
    for name, answer in (("one", "甲。"), ("two", "乙。")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "faq.csv").write_text(f"问题,答案\n{name} 号仓库在哪里？,{answer}\n", "utf-8")
    (tmp_path / "config.ini").write_text(
        "[knowledge]\ndocuments = one\n[knowledge:two]\ndocuments = two\n[group:fake:g2]\nknowledge = two\n", "utf-8"
    )
    settings = load(tmp_path / "config.ini", data=tmp_path / "data", environ={})
    for base in ("default", "two"):
        build_base(settings, base)
    maker = ViewMaker(settings, make_embedder(settings))
    snapshot = maker.snapshot(maker.open_bases(), Teachings())
    assert snapshot is not None
    asked = ("one 号仓库在哪里", "two 号仓库在哪里")
    found = [[snapshot.view(place).curated(text) for text in asked] for place in ("fake:g1", "fake:g2")]
    assert [[pair is not None for pair in pairs] for pairs in found] == [[True, False], [False, True]]
