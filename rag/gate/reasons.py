"""Words for the reasons of a decision, in Chinese and English. Knows no numbers but those it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.base import Language, Reason

if TYPE_CHECKING:
    from rag.gate.relevance import RelevanceGate

_SHOWN = 40  # characters of an example
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
        "最接近的该回答的例子“{detail}”并不很像（{value:.2f}）",
        "like the good question ‹{detail}›, {value:.2f}",
        "the nearest good question ‹{detail}› is not near, {value:.2f}",
    ),
    "like_bad": (
        "最接近的不该回答的例子“{detail}”并不很像（{value:.2f}）",
        "像不该回答的例子“{detail}”（{value:.2f}）",
        "the nearest bad question ‹{detail}› is not near, {value:.2f}",
        "like the bad question ‹{detail}›, {value:.2f}",
    ),
    "wording": (
        "措辞像该回答的消息（“{detail}”）",
        "措辞像闲聊（“{detail}”）",
        "worded like messages worth an answer (‹{detail}›)",
        "worded like chatter (‹{detail}›)",
    ),
    "meaning": ("意思像该回答的消息", "意思像闲聊", "means what good examples mean", "means what bad examples mean"),
    "feedback": (
        "群里反馈过“{detail}”该回答（{value:.2f}）",
        "群里反馈过“{detail}”不该回答（{value:.2f}）",
        "feedback: ‹{detail}› deserves an answer, {value:.2f}",
        "feedback: ‹{detail}› deserves none, {value:.2f}",
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


def describe(reason: Reason, language: Language) -> str:
    """Words for one reason; its name where nothing better is known."""
    words = _WORDS.get(reason.name)
    if words is None:
        return reason.name
    template = words[(0 if language == "zh" else 2) + (reason.contribution < 0)]
    detail = " ".join(reason.detail.split())
    shown = detail if len(detail) <= _SHOWN else detail[: _SHOWN - 1] + "…"
    return template.format(detail=shown, value=reason.value)


def describe_gate(gate: RelevanceGate, language: Language) -> str:
    """What the decisions of a gate rest on."""
    used = gate.examples_used
    if gate.calibrated:
        zh, en = f"按 {used} 条例子校准", f"calibrated on {used} examples"
    else:
        zh = f"例子还少（{used} 条），先按通用经验判断；用 /good 和 /bad 教它"
        en = f"few examples yet ({used}), so general experience decides; teach it with /good and /bad"
    return zh if language == "zh" else en
