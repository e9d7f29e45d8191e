"""Recognises questions for the place where something is defined, in Chinese and English: whose name, of which kind.

Tight patterns; whether there is such a name is for others to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHARS = 200
# Looked for first: all but a few messages are let go for what they lack.
_ZH_WORDS = re.compile(
    r"定义|实现|声明|源码|代码|文件|类|函数|方法|接口|结构体|枚举|宏|量|字段|命名空间|class|func", re.I
)
_ZH_ASKS = re.compile(r"哪|什么|[找查看贴发]|显示")
_EN_WORDS = re.compile(
    r"\b(?:defin|implement|declar|source|code|live|file|module|class|func|method|interface|struct|enum|macro|trait|type"
    r"|const|variable|field|namespace)",
    re.IGNORECASE,
)
_EN_ASKS = re.compile(r"\b(?:where|which|what|find|show|give|go to|jump to|look up)\b", re.IGNORECASE)
_HAN = re.compile("[\u4e00-\u9fff]")
_KINDS = {
    "class": "class",
    "类": "class",
    "function": "function",
    "func": "function",
    "函数": "function",
    "method": "method",
    "方法": "method",
    "interface": "interface",
    "接口": "interface",
    "struct": "struct",
    "结构体": "struct",
    "enum": "enum",
    "枚举": "enum",
    "macro": "macro",
    "宏": "macro",
    "trait": "trait",
    "type": "type",
    "类型": "type",
    "constant": "constant",
    "常量": "constant",
    "variable": "variable",
    "变量": "variable",
    "field": "field",
    "字段": "field",
    "namespace": "module",
    "命名空间": "module",
}
_NO_NAME_WORDS = """
it this that these those they the a an is are was in of file files code source which what where one defined definition
implementation something everything bug error function
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split()) | frozenset(_KINDS)
_ID = r"~?[A-Za-z_$][A-Za-z0-9_$]*(?:(?:\.|::|#|->|/)~?[A-Za-z_$][A-Za-z0-9_$]*)*"
_Q = r"[`'\"“”‘’「」]{0,2}"
_N = rf"{_Q}(?<![A-Za-z0-9_$.:/-])(?P<name>{_ID})(?![A-Za-z0-9_$-])(?:\(\))?{_Q}"
_OWNER = rf"{_Q}(?<![A-Za-z0-9_$.:/-])(?P<owner>{_ID}){_Q}"
_ZH_K = r"类型|类|函数|方法|接口|结构体|枚举|宏|常量|变量|字段|命名空间"
_EN_K = "class|function|func|method|interface|struct|enum|macro|trait|type|constant|variable|field|namespace"
_K = rf"(?:(?P<kind>{_ZH_K}|{_EN_K}))"
_ZH_OWNER = rf"(?:{_OWNER}\s*(?:{_ZH_K})?\s*(?:的|里的?|中的?)\s*)?"
_ZH_N = rf"{_ZH_OWNER}(?:{_K}\s*)?{_N}\s*(?:这个)?\s*(?P<after>{_ZH_K}|{_EN_K})?\s*"
_EN_N = (
    rf"(?:the\s+)?(?:{_K}\s+)?{_N}(?:\s+(?P<after>{_EN_K}))?(?:\s+(?:of|in|from)\s+(?:the\s+)?(?:class\s+)?{_OWNER})?"
)
_PLACE = r"(?:哪里|哪儿|哪个(?:源|代码)?(?:文件|模块|地方|包)|什么(?:文件|地方)|哪一?行|哪)(?:里面|里|中)?"
_DOES = r"(?:定义|实现|声明)"
_TEXT = r"(?:定义|实现|声明|源代码|源码|代码)"
_END = r"[\s?？。.!！~,，]*(?:[呢呀啊吗嘛哦的]|谢谢|please|thanks|thank you)*[\s?？。.!！~]*$"


def _compiled(*patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(pattern + _END, re.IGNORECASE) for pattern in patterns]


_ZH = _compiled(
    rf"{_ZH_N}是?(?:在|从)?{_PLACE}\s*被?{_DOES}",
    rf"{_ZH_N}是?被?{_DOES}(?:在|于)\s*{_PLACE}",
    rf"{_ZH_N}的?\s*{_TEXT}(?:是|放|写)?(?:在|位于)\s*{_PLACE}",
    rf"{_ZH_N}的\s*{_TEXT}\s*在?{_PLACE}(?:可以|能)?(?:找到?|看到?|有)?",
    rf"{_PLACE}\s*(?:有|是)?{_DOES}(?:了|的)?\s*{_ZH_N}",
    rf"(?:在)?{_PLACE}(?:可以|能)?(?:找到?|看到?|有)\s*{_ZH_N}的?\s*{_TEXT}",
    rf"(?:找|查|看|显示|贴|发)(?:一?下|看|出)?\s*{_ZH_N}的\s*(?:定义|源代码|源码|实现)",
    rf"{_ZH_N}(?:是)?(?:在|位于)\s*哪(?:一)?个(?:源|代码)?文件(?:里面|里|中)?",
)
_EN = _compiled(
    rf"where(?:['’]s|\s+is|\s+are|\s+was|\s+do\s+(?:we|you)|\s+does\s+\w+)?\s+{_EN_N}\s+(?:get\s+|being\s+)?"
    r"(?:defined?|implement(?:ed)?|declared?)(?:\s+in\s+the\s+(?:code|source|repo\w*))?",
    r"(?:where|in\s+(?:which|what)\s+(?:file|module))\s+(?:can|do|could|would|should)\s+(?:i|we|you|one)\s+"
    rf"(?:find|see|look\s+at)\s+(?:the\s+)?(?:definition|implementation|declaration|source(?:\s+code)?|code)\s+(?:of|for)\s+{_EN_N}",
    rf"where(?:['’]s|\s+is)\s+the\s+(?:definition|implementation|declaration|source(?:\s+code)?|code)\s+(?:of|for)\s+{_EN_N}",
    r"(?:which|what)\s+(?:source\s+)?(?:file|module)\s+(?:has|contains|defines|implements|declares|holds)\s+"
    rf"(?:the\s+(?:definition|implementation|source(?:\s+code)?)\s+(?:of|for)\s+)?{_EN_N}",
    rf"(?:in\s+)?(?:which|what)\s+(?:source\s+)?(?:file|module)\s+is\s+{_EN_N}(?:\s+(?:defined|implemented|declared))?(?:\s+in)?",
    rf"(?:find|show(?:\s+me)?|give\s+me|go\s+to|jump\s+to|look\s+up)\s+(?:the\s+)?(?:definition|implementation|source(?:\s+code)?)\s+(?:of|for)\s+{_EN_N}",
    rf"where\s+does\s+{_EN_N}\s+live(?:\s+in\s+the\s+(?:code|source|repo\w*))?",
    rf"{_EN_N}\s+is\s+(?:defined|implemented|declared)\s+(?:where|in\s+(?:which|what)\s+(?:file|module))",
)
# Without a word of defining, only with the word for its kind beside the name.
_ZH_KINDLY = _compiled(rf"{_ZH_N}在\s*{_PLACE}")
_EN_KINDLY = _compiled(rf"where(?:['’]s|\s+is)\s+{_EN_N}")


@dataclass(frozen=True, slots=True)
class AskedName:
    """A name that is asked for; ``owner``: what it is said to belong to, ``kind``: what it is called. Either may be
    empty."""

    name: str
    owner: str = ""
    kind: str = ""


def asked_definition(text: str) -> AskedName | None:
    """The name whose definition a text asks for, or None."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        return None
    if _HAN.search(text):
        is_likely, plain, kindly = _ZH_WORDS.search(text) and _ZH_ASKS.search(text), _ZH, _ZH_KINDLY
    else:
        is_likely, plain, kindly = _EN_WORDS.search(text) and _EN_ASKS.search(text), _EN, _EN_KINDLY
    return (_matched(text, plain) or _matched(text, kindly, needs_kind=True)) if is_likely else None


def _matched(text: str, patterns: list[re.Pattern[str]], *, needs_kind: bool = False) -> AskedName | None:
    for pattern in patterns:
        match = pattern.search(text)
        if match is None or match["name"].lower() in _NO_NAMES:
            continue
        kind = _KINDS.get((match["kind"] or match["after"] or "").lower(), "")
        if kind or not needs_kind:
            return AskedName(match["name"], match["owner"] or "", kind)
    return None
