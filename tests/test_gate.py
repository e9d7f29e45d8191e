"""The relevance gate decides, explains, learns from one example and keeps its promises about the dial."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.base import Evidence, Hit, Passage, Question, RagError, Term, Turn
from rag.embedder import LexicalEmbedder
from rag.gate import (
    LabelledExample,
    RelevanceGate,
    default_examples,
    describe,
    gate_key,
    load_gate,
    read_examples,
    save_gate,
    standalone_text,
    train_gate,
)
from rag.gate.stores import ExampleStores
from rag.protocols import Gate
from rag.tokens import classify, tokenize

EMBEDDER = LexicalEmbedder()
PASSAGES = (
    "安装 qunda：先装 Python 3.11，再运行 make demo。Windows 上请用 WSL。",
    "配置文件 config.ini 放在工作目录，unwanted_per_1000 调节群里多余的回答。",
    "飞书机器人需要 app_id 和 app_secret，权限不够时会报错 99991672。",
    "知识库用 qunda build 构建，支持 md 和 txt，构建失败会保留旧版本。",
    "How to deploy qunda with Docker: docker compose up -d, then open the logs.",
    "向量检索用 faiss，BM25 用 bm25s，融合权重 dense_weight 可以设为零。",
)


class TinySearch:
    """BM25 over a handful of passages, as the real retriever reports it."""

    def __init__(self) -> None:
        self.documents = [set(tokenize(text)) for text in PASSAGES]

    def __call__(self, text: str) -> Evidence:
        terms = []
        for term in dict.fromkeys(tokenize(text)):
            df = sum(term in document for document in self.documents)
            idf = math.log(1 + (len(PASSAGES) - df + 0.5) / (df + 0.5))
            terms.append(Term(term, classify(term), df, idf))
        scores = np.array([sum(t.idf for t in terms if t.text in document) for document in self.documents], np.float32)
        order = [i for i in np.argsort(-scores, kind="stable") if scores[i] > 0]
        hits = tuple(Hit(Passage(str(i), PASSAGES[i], f"d{i}", f"d{i}.md"), float(scores[i])) for i in order)
        vector = EMBEDDER.embed([text])[0]
        return Evidence(text, hits, scores[order], np.zeros(0, np.float32), vector, tuple(terms))


SEARCH = TinySearch()
GOOD = ("config.ini 放在哪里", "怎么用 docker 部署 qunda", "app_secret 报错 99991672 怎么办", "dense_weight 怎么设置")
BAD = ("今天吃什么", "哈哈哈哈笑死", "谁要拼车去机场", "这个月工资发了吗", "晚上一起打球", "股票又跌了")


def examples(source: str = "file") -> list[LabelledExample]:
    return [LabelledExample(t, True, source=source) for t in GOOD] + [
        LabelledExample(t, False, source=source) for t in BAD
    ]


def trained(more: list[LabelledExample] | None = None, dial: float = 50) -> RelevanceGate:
    return train_gate(
        [*default_examples(), *examples(), *(more or [])], SEARCH, EMBEDDER, unwanted_per_1000=dial, expected_share=0.1
    )


@pytest.fixture(scope="module")
def gate() -> RelevanceGate:
    return trained()


def ask(gate: RelevanceGate, text: str, **context: object) -> bool:
    return decide(gate, text, **context).answer


def decide(gate: RelevanceGate, text: str, **context: object):  # type: ignore[no-untyped-def]
    question = Question(text, **context)  # type: ignore[arg-type]
    return gate.decide(question, SEARCH(standalone_text(question)))


def test_a_gate_fulfils_the_protocol(gate: RelevanceGate) -> None:
    assert isinstance(gate, Gate)


def test_a_question_of_the_knowledge_base_scores_above_chatter(gate: RelevanceGate) -> None:
    good = decide(gate, "请问 qunda 怎么在 Windows 上安装？").probability
    assert good > 5 * decide(gate, "今天天气真好").probability


def test_without_any_example_the_prior_decides_and_says_so() -> None:
    gate = train_gate([], SEARCH, EMBEDDER, unwanted_per_1000=20, expected_share=0.1)
    assert not gate.calibrated
    assert gate.examples_used == 0
    assert "/good" in gate.note("en")
    assert decide(gate, "config.ini 怎么配置").probability > decide(gate, "哈哈哈").probability


@pytest.mark.parametrize("context", ["addressed_to_others", "quotes_person", "answered_by_person"])
def test_a_message_that_is_not_for_the_bot_stays_silent_and_says_why(gate: RelevanceGate, context: str) -> None:
    decision = decide(gate, GOOD[1], **{context: True})
    assert not decision.answer
    assert decision.reasons[0].name == context


def test_a_mention_is_answered_although_it_addresses_others_too(gate: RelevanceGate) -> None:
    assert ask(gate, GOOD[1], mentioned=True, addressed_to_others=True)


def test_a_one_word_product_name_with_a_mention_is_answered(gate: RelevanceGate) -> None:
    assert ask(gate, "qunda", mentioned=True)


@pytest.mark.parametrize("greeting", ["你好", "hello", "谢谢", "早上好"])
def test_a_greeting_with_a_mention_is_no_question_to_the_knowledge_base(gate: RelevanceGate, greeting: str) -> None:
    assert not ask(gate, greeting, mentioned=True)


def test_a_bad_example_silences_its_message_at_once_and_only_in_its_group(gate: RelevanceGate) -> None:
    text = "怎么用 docker 部署 qunda"
    assert ask(gate, text)
    other = gate.with_examples([LabelledExample(text, False, source="group")])
    assert not ask(other, text)
    assert ask(gate, text)
    assert other.examples_used == gate.examples_used + 1


def test_a_good_example_lets_its_message_through_at_once(gate: RelevanceGate) -> None:
    text = "老王的梗是什么意思"
    assert not ask(gate, text)
    assert ask(gate.with_examples([LabelledExample(text, True, source="group")]), text)


def test_training_twice_gives_the_same_decisions(gate: RelevanceGate) -> None:
    again = trained()
    for text in (*GOOD, *BAD, "随便一句话"):
        assert decide(again, text) == decide(gate, text)


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=60), low=st.floats(0.1, 500), more=st.floats(0, 400))
def test_raising_the_dial_never_silences_what_a_lower_one_answered(text: str, low: float, more: float) -> None:
    evidence = SEARCH(text)
    lower = SHARED.with_dial(low).decide(Question(text), evidence)
    higher = SHARED.with_dial(low + more).decide(Question(text), evidence)
    assert higher.answer or not lower.answer
    assert higher.probability == lower.probability


SHARED = trained()


@pytest.mark.parametrize("text", ["", " ", "😀😀😀", "\u202e\u0000\x07", "啊" * 100_000, "a" * 100_000, "\ud800"])
def test_odd_text_is_decided_and_stays_silent(gate: RelevanceGate, text: str) -> None:
    decision = decide(gate, text)
    assert not decision.answer
    assert 0 <= decision.probability <= 1


def test_a_follow_up_is_judged_with_what_it_continues() -> None:
    history = (Turn("a", "怎么用 docker 部署 qunda 0.5", same_sender=True), Turn("b", "我也想知道"))
    assert (
        standalone_text(Question("那 0.6 版本呢？", history=history)) == "怎么用 docker 部署 qunda 0.5 那 0.6 版本呢？"
    )
    assert standalone_text(Question("哈哈哈", history=history)) == "哈哈哈"
    assert standalone_text(Question("這個怎麼用呢", quoted_text="config.ini")) == "config.ini 这个怎么用呢"


def test_reasons_are_worded_in_both_languages(gate: RelevanceGate) -> None:
    reasons = decide(gate, "今天吃什么呀").reasons
    words = {language: [describe(reason, language) for reason in reasons] for language in ("zh", "en")}
    assert any("今天吃什么" in line and line.startswith("like the bad question") for line in words["en"])
    assert any("像不该回答的例子" in line for line in words["zh"])


def test_a_saved_gate_decides_as_before(gate: RelevanceGate, tmp_path: Path) -> None:
    save_gate(gate, tmp_path / "gates" / "x")
    read = load_gate(tmp_path / "gates" / "x", EMBEDDER)
    for text in (*GOOD, *BAD):
        assert decide(read, text) == decide(gate, text)
    assert [path.name for path in (tmp_path / "gates").iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["gate.json", "idf.npy", "examples.npy"])
@pytest.mark.parametrize("cut", [0, 40, None])
def test_a_damaged_gate_is_refused(gate: RelevanceGate, tmp_path: Path, name: str, cut: int | None) -> None:
    save_gate(gate, tmp_path / "x")
    path = tmp_path / "x" / name
    data = path.read_bytes()
    path.unlink()
    if cut is not None:
        path.write_bytes(data[:cut])
    with pytest.raises(RagError, match="train it anew"):
        load_gate(tmp_path / "x", EMBEDDER)


def test_the_key_of_a_gate_changes_with_all_that_it_follows_from() -> None:
    one = gate_key(["default/1"], examples(), EMBEDDER)
    assert one == gate_key(["default/1"], examples(), EMBEDDER)
    assert one != gate_key(["default/2"], examples(), EMBEDDER)
    assert one != gate_key(["default/1"], examples()[1:], EMBEDDER)
    assert one != gate_key(["default/1"], examples(), LexicalEmbedder(256))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1}', "an object"),
        ('["a", 3]', "entry 2 is a number"),
        ("[", "not JSON"),
        ("[" + "9" * 5000 + "]", "not JSON"),
        ("\xff", "not UTF-8"),
    ],
)
def test_examples_of_a_wrong_shape_are_refused_with_the_fix(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(RagError, match=says):
        read_examples(path, good=False)


def test_examples_are_read_as_the_ancestor_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "good_questions.json"
    path.write_text(json.dumps(["怎么装", "  ", "how to build"], ensure_ascii=False), "utf-8-sig")
    assert [example.text for example in read_examples(path, good=True)] == ["怎么装", "how to build"]
    path.write_text("[]")
    assert read_examples(path, good=True) == []


def test_labels_of_a_chat_are_read_as_examples(tmp_path: Path) -> None:
    path = tmp_path / "chat.labelled.jsonl"
    path.write_text(
        '{"text": "怎么装", "answer": true, "block": 3}\r\n\r\n{"text": "早", "answer": false}', "utf-8-sig"
    )
    assert [(e.text, e.good) for e in read_examples(path, good=True)] == [("怎么装", True)]
    assert [(e.text, e.good) for e in read_examples(path, good=False)] == [("早", False)]
    path.write_text('{"text": "怎么装", "answer": true}\n{"text": "早", "answer": "no"}\n', "utf-8")
    with pytest.raises(RagError, match="line 2"):
        read_examples(path, good=True)


def test_training_stops_when_it_is_cancelled() -> None:
    calls = iter([False, False])
    cancelled: Callable[[], bool] = lambda: next(calls, True)  # noqa: E731
    with pytest.raises(RagError, match="cancelled"):
        train_gate(examples(), SEARCH, EMBEDDER, unwanted_per_1000=20, expected_share=0.1, cancelled=cancelled)


def test_hashed_and_dense_vectors_have_the_cosines_of_a_plain_product() -> None:
    examples = tuple(default_examples()[:40])
    vectors = EMBEDDER.embed([example.text for example in examples])
    stores = ExampleStores(examples, vectors)
    dense = np.random.default_rng(0).normal(size=vectors.shape[1]).astype(np.float32)
    for vector in (*vectors[:5], dense, np.zeros_like(dense)):
        np.testing.assert_allclose(stores.similarities(vector), vectors @ vector, atol=1e-5)
    assert not stores.similarities(None).any()
