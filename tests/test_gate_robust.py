"""The gate on several hundred passages: how a message is written, and how long it is, decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from gate_knowledge import PRODUCTS, chatter, fresh_gate, questions, searcher, taught_gate
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.base import GateDecision, Question
from rag.gate import LabelledExample, RelevanceGate, default_examples, standalone_text
from rag.gate.hanzi import _SIMPLIFIED, _TRADITIONAL

GATES = {"fresh": fresh_gate, "taught": taught_gate}
CLEAR = 1.0  # log-odds from the threshold
SLIP = 2.0  # for a typo, which may hit the very name that is asked for

OTHER_TALK = (
    "早上好各位，又是搬砖的一天",
    "中午有人一起去吃麻辣烫吗",
    "昨晚那个绝杀看得我差点把邻居吵醒",
    "孩子发烧了，我先撤了",
    "理发师又把我剪毁了",
    "有没有人想换工作的，我们在招人",
    "求推荐一部好看的悬疑剧",
    "@小陈 下午的会记得来",
    "did anybody catch the match last night?",
    "my flight got delayed again, stuck at the airport",
    "who's in for board games on Sunday?",
    "rent went up again, this city is crazy",
    "my dog ate my sock this morning",
    "any good podcasts you can recommend?",
    "anyone selling a used bike?",
    "congrats on the new house!",
)
STORIES = (
    "上个月公司组织去海边团建，大巴开了四个小时，到了才发现酒店没有热水，大家只好去隔壁的澡堂。第二天本来要去捡贝壳，一早就下雨，"
    "在房间里打了一天扑克，我输了三百块，回来的路上还有两个同事晕车吐了，下次再也不报名了。",
    "我爷爷今年八十六了，每天五点起床去公园打太极，回来路上买豆浆油条，然后听一上午京剧。前两天他突然说想学发语音，我教了一个下午，"
    "结果他给全家每个人发了十几条六十秒的，我妈听得哭笑不得。",
    "昨晚小区停电，从七点一直停到十一点，没有空调，一家人点着蜡烛坐在阳台上聊天。弟弟讲了大学追女生的故事，爸爸讲了年轻时下乡的事情，"
    "感觉好久没有这样坐在一起说话了。",
    "买房真让人头大，看了二十多套，不是楼层太高就是采光不好，好不容易看中一套，房东又临时涨价五万。中介天天打电话催，老婆说要学区房，"
    "妈妈说要离她近一点，现在每天做梦都在看房子。",
    "Last weekend my sister got married in a tiny village by the sea. The band arrived two hours late, the cake melted "
    "in the sun, and my uncle gave a speech that nobody could hear because of the wind, but everyone danced till four.",
    "I finally started running again after a long winter. The first two kilometres were fine, then a dog chased me "
    "through the park, I lost one of my gloves, and it began to snow. When I got home I was soaked but happy.",
    "Our landlord decided to renovate the bathroom in the middle of July. For three weeks we showered at the gym, the "
    "workers drank all our coffee, and in the end they installed the door the wrong way round.",
    "The train stopped in the middle of nowhere for three hours because of a fallen tree. People shared their snacks, "
    "an old man played the harmonica, and two students organised a chess tournament in the corridor.",
)


def decide(gate: RelevanceGate, text: str, **context: object) -> GateDecision:
    question = Question(text, **context)  # type: ignore[arg-type]
    return gate.decide(question, searcher()(standalone_text(question)))


def margin(gate: RelevanceGate, text: str) -> float:
    """Log-odds above the threshold."""
    decision = decide(gate, text)
    return _logit(decision.probability) - _logit(decision.threshold)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def clear_cases(gate: RelevanceGate, least: float) -> list[tuple[str, bool]]:
    """Messages that are decided by a wide margin: questions that were not learnt, and talk."""
    texts = [*questions(11, 3), *OTHER_TALK, *STORIES]
    margins = [(text, margin(gate, text)) for text in texts]
    return [(text, value > 0) for text, value in margins if abs(value) > least]


def traditional(text: str) -> str:
    table: dict[str, str] = {}
    for old, new in zip(_TRADITIONAL, _SIMPLIFIED, strict=True):
        table.setdefault(new, old)
    return "".join(table.get(char, char) for char in text)


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


WRITINGS: dict[str, Callable[[str], str]] = {
    "traditional": traditional,
    "full width": full_width,
    "upper case": str.upper,
    "lower case": str.lower,
    "emoji": lambda text: f"🙏{text}😂😂[捂脸]",
    "one emoji within": lambda text: text.replace(" ", "👍 ", 1),
    "spaces": lambda text: f"  {text.replace(' ', '   ')} ",
    "marks": lambda text: text.rstrip("?？") + "？？？",
}


@pytest.mark.parametrize("kind", GATES)
def test_unseen_questions_are_answered_and_talk_is_not(kind: str) -> None:
    gate = GATES[kind]()
    asked = questions(11, 3)
    answered = sum(decide(gate, text).answer for text in asked)
    assert answered >= (0.6 if kind == "fresh" else 0.9) * len(asked)
    assert not any(decide(gate, text).answer for text in OTHER_TALK)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("story", STORIES)
def test_a_long_message_off_the_subject_stays_silent(kind: str, times: int, story: str) -> None:
    assert not decide(GATES[kind](), story * times).answer


@pytest.mark.parametrize("kind", GATES)
def test_much_talk_in_one_message_stays_silent(kind: str) -> None:
    for talk in ("\n".join(OTHER_TALK), "\n".join(STORIES), "。".join(chatter()[:40])):
        assert not decide(GATES[kind](), talk).answer


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("name", [*PRODUCTS, "Qunda", "dataset_root", "飞书", "config.ini"])
def test_a_name_alone_is_answered_where_the_bot_is_mentioned(kind: str, name: str) -> None:
    assert decide(GATES[kind](), name, mentioned=True).answer


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("writing", WRITINGS)
def test_another_way_of_writing_flips_no_clear_case(kind: str, writing: str) -> None:
    gate = GATES[kind]()
    cases = clear_cases(gate, CLEAR)
    assert sum(answer for _, answer in cases) >= 10
    assert sum(not answer for _, answer in cases) >= 20
    flipped = [text for text, answer in cases if decide(gate, WRITINGS[writing](text)).answer != answer]
    assert not flipped


@pytest.mark.parametrize("kind", GATES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_typo_flips_no_clear_case(kind: str, data: st.DataObject) -> None:
    gate = GATES[kind]()
    text, answer = data.draw(st.sampled_from(clear_cases_for_typos(kind)))
    within_words = [at for at in range(1, len(text) - 1) if " " not in text[at : at + 2]]
    at = data.draw(st.sampled_from(within_words))
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    dropped = text[:at] + text[at + 1 :]
    typed = data.draw(st.sampled_from([swapped, dropped]))
    assert decide(gate, typed).answer == answer


_CLEAR_CASES: dict[str, list[tuple[str, bool]]] = {}


def clear_cases_for_typos(kind: str) -> list[tuple[str, bool]]:
    if kind not in _CLEAR_CASES:
        _CLEAR_CASES[kind] = clear_cases(GATES[kind](), SLIP)
    assert {answer for _, answer in _CLEAR_CASES[kind]} == {True, False}
    return _CLEAR_CASES[kind]


@pytest.mark.parametrize(
    "text", [questions(11, 3)[0], OTHER_TALK[0], "周末的活动几点开始", "how is the workshop going?"]
)
def test_one_message_gets_two_verdicts_in_two_groups(text: str) -> None:
    gate = taught_gate()
    here = gate.with_examples([LabelledExample(text, True, source="group")])
    there = gate.with_examples([LabelledExample(text, False, source="group")])
    assert (decide(here, text).answer, decide(there, text).answer) == (True, False)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(list(GATES)),
    text=st.sampled_from([*questions(11, 3), *OTHER_TALK, *STORIES]),
    mentioned=st.booleans(),
    low=st.floats(0.01, 900),
    more=st.floats(0, 900),
)
def test_raising_the_dial_never_silences(kind: str, text: str, mentioned: bool, low: float, more: float) -> None:
    lower = decide(GATES[kind]().with_dial(low), text, mentioned=mentioned)
    higher = decide(GATES[kind]().with_dial(low + more), text, mentioned=mentioned)
    assert higher.answer or not lower.answer
    assert higher.probability == lower.probability


@pytest.mark.parametrize("source", ["file", "group", "shared"])
def test_a_message_almost_equal_to_a_bad_example_stays_silent(source: str) -> None:
    gate = taught_gate()
    asked = [text for text in questions(11, 3) if decide(gate, text).answer][:6]
    assert len(asked) == 6
    for text in asked:
        told = gate.with_examples([LabelledExample(text, False, source=source)])
        assert not decide(told, text).answer
        assert not decide(told, text.rstrip("？?") + "啊").answer
        assert not decide(told, f"{text}😂").answer


@pytest.mark.parametrize("kind", GATES)
def test_the_reasons_add_up_to_what_moved_the_score(kind: str) -> None:
    gate = GATES[kind]().with_examples([LabelledExample(OTHER_TALK[3], False, source="group")])
    rest = []
    for text in (*questions(40, 0), *OTHER_TALK, *STORIES):
        question = Question(text)
        evidence = searcher()(standalone_text(question))
        told = sum(reason.contribution for reason in gate.decide(question, evidence).reasons)
        rest.append(gate.score(question, evidence) - told)
    assert max(rest) - min(rest) < 1e-3


def test_the_shipped_examples_speak_both_languages() -> None:
    for good in (True, False):
        texts = [example.text for example in default_examples() if example.good == good]
        chinese = sum(any("\u4e00" <= char <= "\u9fff" for char in text) for text in texts)
        assert min(chinese, len(texts) - chinese) >= 0.35 * len(texts)
