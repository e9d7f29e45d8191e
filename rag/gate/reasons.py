"""Words for the reasons of a decision, in Chinese and English. Knows no numbers but those it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.base import GateDecision, Language, Reason
from rag.gate.calibration import MIN_PER_CLASS
from rag.gate.context import CONTEXT_REASONS
from rag.gate.wording import EMOJI, PICTURE

if TYPE_CHECKING:
    from rag.gate.relevance import RelevanceGate

_SHOWN = 40  # characters of an example
_ALIKE = 0.4  # cosine below which an example explains nothing
_DECIDING = (*CONTEXT_REASONS, "answerable", "feedback", "curated", "defined", "greeting", "asked_by_name")
_LIKE = ("like_good", "like_bad")
_SIGNS = {"zh": {PICTURE: "[图片]", EMOJI: "[表情]"}, "en": {PICTURE: "[picture]", EMOJI: "[emoji]"}}
_WORDS: dict[str, tuple[str, str, str, str]] = {
    # name: for (zh), against (zh), for (en), against (en)
    "known_name": (
        "知识库认得“{detail}”",
        "知识库认得“{detail}”，但相关内容不多",
        "the knowledge base knows ‹{detail}›",
        "the knowledge base knows ‹{detail}›, but has little on it",
    ),
    "no_known_name": (
        "知识库有相近的内容",
        "知识库不认得其中任何专有名词",
        "the knowledge base has something close",
        "no rare term is known to the knowledge base",
    ),
    "form": ("像在提问", "不像在提问", "it is put as a question", "it is not put as a question"),
    "like_good": (
        "像该回答的例子“{detail}”（{value:.2f}）",
        "像该回答的例子“{detail}”（{value:.2f}）",
        "like the good question ‹{detail}›, {value:.2f}",
        "like the good question ‹{detail}›, {value:.2f}",
    ),
    "like_bad": (
        "像不该回答的例子“{detail}”（{value:.2f}）",
        "像不该回答的例子“{detail}”（{value:.2f}）",
        "like the bad question ‹{detail}›, {value:.2f}",
        "like the bad question ‹{detail}›, {value:.2f}",
    ),
    "unlike": (
        "不像任何不该回答的例子",
        "不像任何该回答的例子",
        "unlike the bad questions",
        "unlike the good questions",
    ),
    "worded": (
        "措辞像该回答的消息",
        "措辞像闲聊",
        "worded like messages worth an answer",
        "worded like chatter",
    ),
    "wording": (
        "措辞像该回答的消息（“{detail}”）",
        "措辞像闲聊（“{detail}”）",
        "worded like messages worth an answer (‹{detail}›)",
        "worded like chatter (‹{detail}›)",
    ),
    "meaning": ("意思像该回答的消息", "意思像闲聊", "means what good examples mean", "means what bad examples mean"),
    "reranker": (
        "重排模型认为找到的内容能回答它",
        "重排模型认为找到的内容答不了它",
        "the reranker holds that what was found answers it",
        "the reranker holds that nothing found answers it",
    ),
    "answerable": (
        "找到的段落能回答它（{value:.2f}）",
        "找到的段落答不了它（{value:.2f}）",
        "the passages found answer it, {value:.2f}",
        "the passages found do not answer it, {value:.2f}",
    ),
    "feedback": (
        "群里反馈过“{detail}”该回答（{value:.2f}）",
        "群里反馈过“{detail}”不该回答（{value:.2f}）",
        "feedback: ‹{detail}› deserves an answer, {value:.2f}",
        "feedback: ‹{detail}› deserves none, {value:.2f}",
    ),
    "curated": (
        "问答对里有“{detail}”",
        "问答对里有“{detail}”",
        "‹{detail}› has a curated answer",
        "‹{detail}› has a curated answer",
    ),
    "defined": (
        "源码里定义了“{detail}”",
        "源码里定义了“{detail}”",
        "the sources define ‹{detail}›",
        "the sources define ‹{detail}›",
    ),
    "asked_by_name": (
        "点名问“{detail}”",
        "点名问“{detail}”",
        "asks about ‹{detail}› by name",
        "asks about ‹{detail}› by name",
    ),
    "greeting": (
        "只是打招呼，像“{detail}”",
        "只是打招呼，像“{detail}”",
        "not a question to the knowledge base, like ‹{detail}›",
        "not a question to the knowledge base, like ‹{detail}›",
    ),
    "addressed_to_others": ("是对别人说的", "是对别人说的", "it addresses somebody else", "it addresses somebody else"),
    "quotes_person": (
        "引用了别人的话，在和人对话",
        "引用了别人的话，在和人对话",
        "it quotes another person",
        "it quotes another person",
    ),
    "answered_by_person": (
        "已经有人回答",
        "已经有人回答",
        "somebody has answered already",
        "somebody has answered already",
    ),
}


def explain(decision: GateDecision, language: Language, limit: int) -> list[str]:
    """Words for the reasons of a decision: those that speak for it first, what alone decides before the rest.

    An example that is hardly alike, or that another reason names already, is left out.
    """
    named = {reason.detail for reason in decision.reasons if reason.name in _DECIDING}
    told = [
        reason
        for reason in decision.reasons
        if reason.name not in _LIKE or (reason.value >= _ALIKE and reason.detail not in named)
    ]
    told.sort(key=lambda reason: ((reason.contribution >= 0) != decision.answer, reason.name not in _DECIDING))
    return [describe(reason, language) for reason in told[:limit]]


def describe(reason: Reason, language: Language) -> str:
    """Words for one reason; its name where nothing better is known."""
    name = "worded" if reason.name == "wording" and not reason.detail.strip() else reason.name
    words = _WORDS.get(name)
    if words is None:
        return name
    template = words[(0 if language == "zh" else 2) + (reason.contribution < 0)]
    detail = " ".join(reason.detail.split())
    for sign, word in _SIGNS[language].items():
        detail = detail.replace(sign, word)
    shown = detail if len(detail) <= _SHOWN else detail[: _SHOWN - 1] + "…"
    return template.format(detail=shown, value=reason.value)


def describe_gate(gate: RelevanceGate, language: Language) -> str:
    """What the decisions of a gate rest on: a sentence."""
    own = [example.good for example in gate.stores.examples if example.source != "default"]
    good, bad, need = sum(own), len(own) - sum(own), MIN_PER_CLASS
    if gate.calibrated:
        zh = f"门槛由 {len(own)} 条例子得出（该答 {good} 条，不该答 {bad} 条）。"
        en = f"The threshold follows from {len(own)} examples ({good} good, {bad} bad)."
    else:
        zh = (
            f"例子还少（该答 {good} 条，不该答 {bad} 条，各要 {need} 条），门槛先按通用经验；"
            "用 /good 和 /bad 教它，或者用 qunda label 一次标注一批。"
        )
        en = (
            f"There are few examples yet ({good} good, {bad} bad; {need} of each are needed), so the threshold "
            "follows general experience; teach it with /good and /bad, or label many at once with qunda label."
        )
    return zh if language == "zh" else en
