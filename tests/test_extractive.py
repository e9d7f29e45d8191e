"""Quoted answers: the right sentences, verbatim, in order and whole, or none at all."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asked import asked, nearness, stem, vocabulary
from rag.base import Answer, Evidence, Hit, Passage, Term
from rag.extractive import extract
from rag.quoting import MAX_BLOCK
from rag.scoring import FEATURES, best_quote, score_units, sections
from rag.sentences import MAX_SENTENCE, split_units
from rag.tokens import tokenize

INSTALL = """# 快速开始

群答是一个群聊助手。它由社区维护。

## 安装

先准备 Python 3.11。然后运行：

```bash
pip install qunda
qunda demo
```

完成后终端里会出现示例群聊。

## 卸载

删除虚拟环境即可。"""

TABLE = """配置说明如下。

| 键 | 默认值 | 意义 |
|---|---|---|
| top_k | 8 | 检索的段落数 |
| max_age_s | 600 | 消息的最长等待时间 |
| lanes | 8 | 并行的队列数 |"""

FAQ = """Q: How do I reload the knowledge base?
A: Send /reload in the chat. It keeps the old version if the new one fails.

Q: Who may use admin commands?
A: Only the admins listed in config.ini."""

STORY = (
    "青山镇建于1923年。镇上有一座石桥。石桥由匠人周远设计，全长四十二米。"
    "它在1956年的洪水中受损。每年秋天镇上举办灯会。灯会持续三天，游客来自各地。"
)


def passage(text: str, name: str = "guide", headings: tuple[str, ...] = ()) -> Passage:
    return Passage(f"{name}#0", text, name, f"{name}.md", headings)


def ask(question: str, *passages: Passage, max_chars: int = 200, unseen: tuple[str, ...] = ()) -> Answer | None:
    """Extract from passages given best first; every term of the question is fairly rare, ``unseen`` ones more so."""
    found = set(tokenize("\n".join(p.text + " ".join(p.headings) for p in passages)))
    terms = tuple(
        Term(text, "han", int(text in found), 3.0 if text in found else 4.0)
        for text in dict.fromkeys(tokenize(question))
    )
    hits = tuple(Hit(p, 1.0 / (i + 1)) for i, p in enumerate(passages))
    return extract(Evidence(question, hits, terms=terms), max_chars=max_chars)


def text_of(answer: Answer | None) -> str:
    assert answer is not None
    return answer.text


def test_the_sentence_that_answers_is_quoted_with_its_source() -> None:
    answer = ask("石桥是谁设计的？", passage(STORY, "town"), max_chars=24)
    assert text_of(answer) == "石桥由匠人周远设计，全长四十二米。 [1]"
    assert answer is not None
    assert [(s.n, s.title, s.uri, s.passage_id) for s in answer.citations] == [(1, "town", "town.md", "town#0")]
    assert answer.citations[0].quote == "石桥由匠人周远设计，全长四十二米。"


def test_sentences_stay_in_the_order_of_the_passage_and_gaps_show() -> None:
    text = text_of(ask("灯会持续几天？镇建于哪一年？", passage(STORY), max_chars=45))
    assert text.index("1923") < text.index("三天")
    assert "……" in text


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    text = text_of(ask("哪一年在洪水中受损？", passage(STORY), max_chars=60))
    assert "石桥由匠人周远设计，全长四十二米。它在1956年的洪水中受损。" in text


def test_a_question_about_how_gets_the_steps_below_the_heading() -> None:
    text = text_of(ask("怎么安装？", passage(INSTALL)))
    assert "**安装**" in text
    assert "```bash\npip install qunda\nqunda demo\n```" in text
    assert text.index("然后运行：") < text.index("```bash")
    assert text.endswith("[1]")
    assert "虚拟环境" not in text


def test_a_heading_of_the_passage_counts_where_its_text_does_not_repeat_it() -> None:
    steps = passage("先准备 Python。然后执行脚本。", headings=("快速开始", "安装"))
    assert text_of(ask("怎么安装？", steps)).startswith("**安装**\n\n先准备 Python")


BUILD = """# Build

## Build on Linux

1. Clone the repository of the tool and enter it.
2. Check the version of nvcc, which has to be 9.2 or newer.

```bash
nvcc --version
```

3. Check the version of the C compiler, which has to be 5.4 or newer.

```bash
gcc -v
```

4. Start building, which takes ten minutes or more. Then see whether all is there:

```bash
python check_version.py --compiler
```
"""


def test_a_line_brings_the_code_below_it_where_the_question_asks_how() -> None:
    how = text_of(ask("How do I check the version of the C compiler?", passage(BUILD)))
    assert "compiler, which has to be 5.4 or newer.\n\n```bash\ngcc -v\n```" in how


def test_code_of_the_section_comes_along_though_none_of_its_words_are_asked_for() -> None:
    text = """## Prepare the tool

The tool reads a folder. Preparing the tool takes a minute. The tool prepares nothing twice. The tool needs a disk.

Other sentences stand here, and there are many. They say nothing of what was asked, but they are long enough to fill
whatever room there is. One of them goes on about the weather. Another one tells of a journey by ship, of rain and of
lamps. The last one thanks those who have read so far, and wishes them well on their way through the rest of the book.

```bash
make all
```
"""
    assert "make all" in text_of(ask("How do I prepare the tool on a disk?", passage(text)))
    assert "make all" not in text_of(ask("Does the tool need a disk to be prepared twice?", passage(text)))


def test_a_command_is_not_cut_off_by_the_prose_before_it_where_the_section_as_a_whole_answers() -> None:
    prose = "One can look at what is sent before anything starts. " * 9
    text = f"## Prompt Viewer\n\n{prose}\n\nStart it so:\n\n```bash\npython viewer.py\n```\n"
    assert "python viewer.py" in text_of(ask("How do I run the prompt viewer?", passage(text)))


def test_a_table_row_is_shown_whole_with_its_header() -> None:
    text = text_of(ask("max_age_s 是什么？", passage(TABLE), max_chars=60))
    assert "| 键 | 默认值 | 意义 |\n|---|---|---|\n" in text
    assert "| max_age_s | 600 | 消息的最长等待时间 |" in text


def test_an_faq_entry_gives_its_answer_with_its_question() -> None:
    text = text_of(ask("How can I reload the knowledge base?", passage(FAQ)))
    assert "**Q: How do I reload the knowledge base?**" in text
    assert "A: Send /reload in the chat." in text


def test_passages_that_hold_little_of_the_question_give_no_answer() -> None:
    assert ask("明天股票会涨吗？", passage(STORY)) is None
    assert ask("石桥的股票代码和市盈率分别多少？", passage(STORY)) is None


@pytest.mark.parametrize("question", ["", "？？？", "😀😀", "的了吗", "what is it?"])
def test_a_question_without_content_gives_no_answer(question: str) -> None:
    assert ask(question, passage(STORY)) is None


def test_no_hits_and_blank_passages_give_no_answer() -> None:
    assert extract(Evidence("石桥")) is None
    assert ask("石桥", passage("  \n ")) is None
    assert ask("石桥", passage("# 石桥\n")) is None


def test_evidence_without_term_statistics_is_enough() -> None:
    answer = extract(Evidence("石桥是谁设计的？", (Hit(passage(STORY), 1.0),)))
    assert "周远" in text_of(answer)


def test_two_passages_get_two_marks_and_two_sources() -> None:
    other = passage("石桥的设计图保存在县档案馆。", "archive")
    answer = ask("石桥的设计图保存在哪里？谁设计石桥？", other, passage(STORY, "town"))
    assert answer is not None
    marks = [int(n) for n in re.findall(r"\[(\d)\]", answer.text)]
    assert marks == [source.n for source in answer.citations] == list(range(1, len(marks) + 1))
    assert answer.citations[0].title == "archive"


def test_latin_script_may_take_twice_the_characters() -> None:
    english = "The bridge was built by Chou. " + "It is a very long bridge over the river with many stones. " * 9
    assert 60 < len(text_of(ask("Who built the bridge?", passage(english), max_chars=100))) <= 200


def test_a_long_code_block_is_cut_between_lines_and_closed() -> None:
    code = "```python\n" + "".join(f"install_step({i})\n" for i in range(200)) + "```"
    text = text_of(ask("install_step 怎么用？", passage(code)))
    assert len(text) < MAX_BLOCK + 20
    assert text.count("```") == 2


def test_a_code_block_that_goes_on_in_the_next_passage_is_closed() -> None:
    text = text_of(ask("怎么运行 qunda？", passage("运行 qunda：\n\n```bash\nqunda demo")))
    assert text.count("```") == 2


def test_an_endless_sentence_is_shortened() -> None:
    text = text_of(ask("石桥怎么样？", passage("石桥" * 400)))
    assert len(text) <= 200
    assert "…" in text


def test_a_huge_passage_takes_a_bounded_time() -> None:
    start = time.process_time()
    ask("石桥是谁设计的？", passage(STORY * 2000))
    ask("bridge a b", passage("bridge " * 100_000))
    assert time.process_time() - start < 30  # a bound against blow-up, not a benchmark


@given(st.text(alphabet="石桥由周远设计。，；？!.\n |`-#:：a1 ", max_size=300), st.integers(20, 200))
def test_prose_never_exceeds_its_budget_and_is_verbatim(text: str, max_chars: int) -> None:
    answer = ask("石桥由谁设计", passage(text), max_chars=max_chars)
    if answer is None:
        return
    source = passage(text).text
    units = split_units(source)
    if all(unit.kind in ("sentence", "item") and not unit.heading for unit in units):
        assert len(answer.text) <= 2 * max_chars
        for quote in re.split(r"……|…|\[1\]|\n", answer.text):
            assert quote.strip() in source


@given(st.text(alphabet="甲乙。，；？!.\n |`-#:：a1 ABe.g", max_size=200))
def test_units_are_verbatim_in_order_and_do_not_overlap(text: str) -> None:
    position = 0
    for unit in split_units(text):
        assert position <= unit.start < unit.end <= len(text)
        assert unit.text in text[unit.start : unit.end]
        position = unit.end


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("他说：“走吧。”然后离开。", ["他说：“走吧。”", "然后离开。"]),
        ("It needs v1.2.3, e.g. Python. Then run it.", ["It needs v1.2.3, e.g. Python.", "Then run it."]),
        ("A line that is\nwrapped softly. Next.", ["A line that is\nwrapped softly.", "Next."]),
        ("1. Open it. Then close it.\n2. 结束。", ["1. Open it. Then close it.", "2. 结束。"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("Use config.ini here", ["Use config.ini here"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert [unit.text for unit in split_units(text)] == sentences


def test_a_sentence_too_long_to_quote_is_cut_between_clauses() -> None:
    units = split_units("，".join(f"第{i}个从句讲的是另外一件事情" for i in range(30)) + "。")
    assert len(units) > 2
    assert all(len(unit.text) <= MAX_SENTENCE for unit in units)
    assert [unit.cut for unit in units] == [True] * (len(units) - 1) + [False]


def words(question: str) -> set[str]:
    """The forms of what a question asks about."""
    return {form for word in asked(Evidence(question)).words for form in word.forms}


def test_a_command_named_like_a_question_word_is_content() -> None:
    assert "why" in words("What does /why show?")
    assert "why" not in words("Why does it show?")


def test_politeness_and_question_words_are_no_content() -> None:
    assert words("大佬们，请问一下如何安装mmcv呢？谢谢") == {"安装", "mmcv"}
    assert words("Hi, could anyone please tell me how to install it? Thanks!") == {"install"}


def test_what_is_said_beside_the_question_counts_less() -> None:
    question = asked(Evidence("灯会在哪里？我的石桥塌掉了"))
    assert question.covered(vocabulary(tokenize("灯会"))) > question.covered(vocabulary(tokenize("石桥塌掉")))


def test_a_follow_up_is_about_its_own_words_first() -> None:
    question = asked(Evidence("石桥是谁设计的？ 那灯会呢？"), "那灯会呢？")
    assert question.text == "那灯会呢？"
    assert question.covered(vocabulary(tokenize("灯会"))) > question.covered(vocabulary(tokenize("石桥")))


@pytest.mark.parametrize(
    ("one", "other"), [("install", "installation"), ("crash", "crashes"), ("store", "storing"), ("run", "running")]
)
def test_forms_of_an_english_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_a_section_that_has_little_of_the_question_is_left_out() -> None:
    text = text_of(ask("数据存在哪里？", passage("## 存在哪里\n数据存在 data 目录。\n## 升级\n数据会迁移。")))
    assert "data 目录" in text
    assert "迁移" not in text


def test_a_question_of_two_parts_gets_two_sections() -> None:
    text = text_of(
        ask("石桥是谁设计的？灯会持续几天？", passage("## 石桥\n由周远设计。\n## 灯会\n持续三天。\n## 学校\n很新。"))
    )
    assert text == "**石桥**\n\n由周远设计。 [1]\n\n**灯会**\n\n持续三天。 [1]"


def test_the_language_of_the_question_decides_between_equals() -> None:
    chinese, english = passage("## mmcv\n用 mim 装。", "zh"), passage("## mmcv\nUse mim for it.", "en")
    hits = (Hit(chinese, 1.0), Hit(english, 0.9))
    assert "Use mim" in text_of(extract(Evidence("how to install mmcv", hits)))
    assert "用 mim" in text_of(extract(Evidence("mmcv 怎么安装", hits)))


def test_rare_terms_decide_about_support() -> None:
    terms = (Term("石桥", "han", 1, 6.0), Term("镇", "han", 400, 0.8), Term("档案", "han", 0, 6.5))
    evidence = Evidence("石桥 镇 档案", (Hit(passage(STORY), 1.0),), terms=terms)
    question = asked(evidence)
    (section,) = sections(question, evidence.hits, score_units(question, evidence.hits))
    assert 0.4 < section.cover < 0.6
    assert sections(question, (), ()) == []


def test_cues_of_the_question_type_raise_the_sentence_that_shows_it() -> None:
    text = passage("石桥很美。石桥长42米。")
    evidence = Evidence("石桥有多长？", (Hit(text, 1.0),))
    plain, with_number = score_units(asked(evidence), evidence.hits)
    assert with_number.score > plain.score


def test_a_sentence_goes_on_from_the_subject_of_the_one_before() -> None:
    text = passage("石桥位于青山镇。全长42米，宽5米。每年举办灯会，约3天。")
    evidence = Evidence("石桥全长多少米？", (Hit(text, 1.0),))
    _, length, fair = score_units(asked(evidence), evidence.hits)
    assert length.score > fair.score
    alone = Evidence("石桥全长多少米？", (Hit(passage("石桥位于青山镇。\n\n## 灯会\n\n全长42米，宽5米。"), 1.0),))
    said, own = FEATURES.index("words_said"), FEATURES.index("words")
    under_a_heading = score_units(asked(alone), alone.hits)[1].features
    assert under_a_heading[said] == under_a_heading[own] and length.features[said] > length.features[own]


def test_no_sentence_is_added_that_has_nothing_of_the_question_and_continues_nothing() -> None:
    text = passage("石桥由匠人周远设计。全长四十二米。梨花开得早。牛羊成群。")
    answer = text_of(ask("石桥是谁设计的？", text))
    assert "周远" in answer and "四十二米" in answer and "牛羊" not in answer


def test_each_clause_of_a_question_has_a_question_word_of_its_own() -> None:
    near = dict(
        zip("ab", (nearness(asked(Evidence(text, ()))) for text in ("灯会几天？", "灯会几天？桥长多少？")), strict=True)
    )
    assert near["b"][: len(near["a"])] == near["a"]


def test_nothing_ends_within_what_stands_in_brackets() -> None:
    texts = [unit.text for unit in split_units("石桥（旧称木桥；学名不详）很长。它很美（真的；对）。有人（说。未完")]
    assert texts == ["石桥（旧称木桥；学名不详）很长。", "它很美（真的；对）。", "有人（说。", "未完"]


def test_words_next_to_the_question_word_count_for_more_than_the_subject() -> None:
    question = asked(Evidence("天水围河的发源地在哪里？", ()))
    near = nearness(question)
    assert near == sorted(near) and near[-1] > 2 * near[0]
    text = passage("天水围河有三条支流。那条河的发源地是九迳山。")
    evidence = Evidence("天水围河的发源地在哪里？", (Hit(text, 1.0),))
    streams, source = score_units(asked(evidence), evidence.hits)
    assert source.score > streams.score


MESSY = """# Guide

[![badge](https://img.example/b.svg)](https://example.org) <div align="center"><img src="a.png"/></div>

## Install the tool

```{warning}
See the [install guide](docs/install.md#top) before you install the tool.
```

- Install <b>tool</b>&nbsp;with {ref}`pip`. <!-- hidden -->

<table><tr>
<td>install the tool</td>
</tr></table>

```{toctree}
install
```
"""


def test_mark_up_that_a_chat_cannot_show_is_taken_out() -> None:
    text = text_of(ask("How do I install the tool?", passage(MESSY)))
    assert text == (
        "**Install the tool**\n\nSee the install guide before you install the tool.\n\n- Install tool with `pip`. [1]"
    )


def test_a_passage_that_begins_inside_a_code_block_is_read_so() -> None:
    text = "    port=8080,\n)\n```\n\nThe port is open to all.\n\n```bash\nopen --port 8080\n```"
    kinds = [(unit.kind, unit.open) for unit in split_units(text, continues=True)]
    assert kinds == [("code", True), ("sentence", False), ("code", False)]


def test_a_passage_that_begins_inside_an_html_table_goes_on_behind_it() -> None:
    assert [unit.text for unit in split_units("<td>a</td>\n</table>\nText.", continues=True)] == ["Text."]


def test_a_line_that_announces_what_is_not_quoted_is_left_out() -> None:
    steps = "## 安装工具\n先准备环境。\n可以使用以下命令：\n\n```bash\n" + "x" * 2000 + "\n```"
    assert text_of(ask("怎么安装工具？", passage(steps))) == "**安装工具**\n\n先准备环境。 [1]"


def test_table_rows_without_their_header_become_items() -> None:
    rows = Passage("a", "| max_age_s | 600 | 最长等待时间 |\n| lanes | 8 | 队列数 |", "t", "t.md", ("键",), 3)
    assert text_of(ask("max_age_s 是什么？", rows)).startswith("**键**\n\n- max_age_s · 600 · 最长等待时间")


def test_the_best_quote_is_the_sentence_that_shares_most() -> None:
    assert best_quote(STORY, "灯会持续三天") == "灯会持续三天，游客来自各地。"
    assert best_quote("# 只有标题", "x") == "# 只有标题"


def test_bold_type_of_which_half_is_not_quoted_loses_its_mark() -> None:
    text = text_of(ask("quant_policy 设成几？", passage("## 量化\n**规定 `quant_policy=4` 表示 int4。它也能是 8。**")))
    assert text.count("**") % 2 == 0


def test_a_sentence_of_which_only_the_first_word_would_be_quoted_is_left_out() -> None:
    long = ", ".join(f"the case number {i} of batch size is described elsewhere" for i in range(12))
    text = text_of(
        ask("batch size scaling rule?", passage(f"The scaling rule follows the batch size. However, {long}."))
    )
    assert "However [" not in text and "However …" not in text


def test_a_section_about_doing_without_is_not_how_to_do_it() -> None:
    text = "## 不使用 MIM 安装 MMCV\n手动指定 url。\n## 使用 MIM 安装 MMCV\n运行 mim install。"
    assert "mim install" in text_of(ask("怎么用 mim 安装 mmcv？", passage(text)))
    assert "手动指定" in text_of(ask("不用 mim 怎么安装 mmcv？", passage(text)))
