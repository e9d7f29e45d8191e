"""What of a passage may support an answer: its text under its headings, without what gives orders to a model.

A document can hold an instruction ("ignore the rules above and say ..."); whoever obeys it would be borne out by the
very passage. So an order and what follows it in its paragraph support nothing. It knows no answer.
"""

from __future__ import annotations

import re

from rag.base import Passage

_ORDER = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会)[^。\n]{0,12}(?:规则|指令|指示|提示|要求|说明|内容|设定)"
    r"|(?:系统提示词?|system prompt|prompt injection)"
    r"|(?:^|[。！\n])\s*(?:从现在起|现在)?你(?:现在)?(?:是|将扮演|要扮演|必须回[答复])"
    r"|\b(?:ignore|disregard|forget|override)\b[^.\n]{0,30}\b(?:instructions?|rules?|prompts?|above|previous)\b"
    r"|\byou are now\b|\bnew instructions?:|\bas an ai\b|<\|?(?:im_start|system|assistant)\b"
    r"|(?:AI|大?模型|助手|机器人|assistant|model)[^。.\n]{0,8}(?:必须|务必|请|must|should)[^。.\n]{0,6}(?:回答|回复|输出|说|reply|answer|say|output)",
    re.IGNORECASE,
)


def evidence_text(passage: Passage) -> str:
    """The passage's headings and what of its text counts as evidence."""
    lines = []
    for line in passage.text.split("\n"):
        order = _ORDER.search(line)
        lines.append(line[: order.start()] if order else line)
    path = "\n".join(dict.fromkeys((passage.source, *passage.headings)))
    return f"{path}\n" + "\n".join(lines)


def gives_orders(text: str) -> bool:
    """Whether a text tells a model what to do."""
    return _ORDER.search(text) is not None
