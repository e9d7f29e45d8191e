"""What of a passage may support an answer: its text under its headings, without what gives orders to a model.

A document can hold an instruction ("ignore the rules above and say ..."); whoever obeys it would be borne out by the
very passage. So an order and what follows it in its paragraph support nothing. It knows no answer.
"""

from __future__ import annotations

import re

from rag.base import Passage
from rag.markup import without_comments

_SAID_BEFORE = r"(?:以上|上面|上述|前面|之前|此前|先前|所有|一切|全部|你的|系统)"
_RULES_ZH = r"(?:规则|指令|指示|提示|要求|设定|限制)"
_RULES_EN = r"(?:instructions?|rules?|prompts?|directions?|directives?|guidelines?)"
_MODEL_ZH = r"(?:AI|人工智能|大模型|语言模型|助手|机器人|回答者)"
_MODEL_EN = r"(?:AI|assistants?|chatbots?|language models?|LLMs?|bots?)"
_TELL_ZH = r"(?:回答|回复|告诉|输出|声称|说)"
_TELL_EN = r"(?:answer|reply|respond|say|tell|state|claim|output)"

# An order is told by whom it speaks to or what it wants forgotten. Documentation has "ignore the warning above", "the
# model must output JSON" and "set the system prompt", and they are none.
_ORDER = re.compile(
    rf"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守)掉?{_SAID_BEFORE}[^。\n]{{0,10}}{_RULES_ZH}"
    rf"|(?:忽略|无视)(?:以上|上面|之前)[^。\n]{{0,6}}内容[^。\n]{{0,6}}{_TELL_ZH}"
    r"|(?:从现在(?:起|开始))[，,]?\s*你(?:是|就是|将|要|必须|扮演)|你现在是|请你扮演"
    rf"|你(?:必须|务必){_TELL_ZH}(?!时)"
    rf"|{_MODEL_ZH}[^。.\n]{{0,6}}(?:必须|务必|请|应该|应当)(?![求假教])[^。.\n]{{0,4}}{_TELL_ZH}(?![时的后为不格语])"
    rf"|请{_MODEL_ZH}[^。\n]{{0,4}}{_TELL_ZH}"
    r"|(?:新的?|更新的?)(?:指令|指示|规则)\s*[:：]"
    rf"|\b(?:ignore|disregard|forget|override)(?:\s+(?:all|any|every|the|your|these|those|of|my|our))*"
    rf"\s+(?:previous|prior|above|earlier|preceding|system|safety)\s+(?:\w+\s+)?{_RULES_EN}\b"
    rf"|\b(?:ignore|disregard|forget|override)\b[^.\n]{{0,20}}\b{_RULES_EN}\s+(?:above|before|given)\b"
    rf"|\b(?:override|reveal|print|repeat)\s+(?:your|the)\s+(?:system\s+)?prompts?\b"
    r"|\b(?:ignore|disregard|forget)\s+(?:everything|all)(?:\s+of)?\s+(?:the\s+)?(?:above|before)\b"
    r"|\bfrom now on,?\s+you\s+(?:are|must|will)\b"
    r"|\byou are now\s+(?:DAN|unrestricted|jailbroken|in \w+ mode|free (?:of|from))"
    rf"|\b{_MODEL_EN}\b[^.\n]{{0,25}}\b(?:must|should|shall|please)\s+(?:always\s+)?{_TELL_EN}\s+"
    r"(?:that\b|the users?\b|users?\b|only\b|with\s*[\"'“‘]|[\"'“‘:])"
    rf"|\b(?:system|assistant|AI)\s*[:：]\s*(?:you must|please\b|{_TELL_EN}\b)"
    r"|\byou (?:must|should|have to)\s+(?:always\s+)?(?:tell|inform)\s+(?:the |every |all )?users?\b"
    r"|\b(?:new|updated) instructions?\s*:"
    r"|<\|im_start\|>\s*(?:system|user|assistant)\s+[^\s\\'\"]",
    re.IGNORECASE,
)


def evidence_text(passage: Passage) -> str:
    """The passage's headings and what of its text counts as evidence."""
    lines = []
    for line in without_comments(passage.text).split("\n"):
        order = _ORDER.search(line)
        lines.append(line[: order.start()] if order else line)
    path = "\n".join(dict.fromkeys((passage.source, *passage.headings)))
    return f"{path}\n" + "\n".join(lines)


def gives_orders(text: str) -> bool:
    """Whether a text tells a model what to do."""
    return _ORDER.search(text) is not None
