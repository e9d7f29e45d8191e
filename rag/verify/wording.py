"""Where a claim says with a "not", an "only" or an "all" what its evidence says without it, and the other way round.

"Without consent no ..." is "only with consent", "excluded" is "not covered", "otherwise" is "if you do not", and "only
three days" is no limit but three days. It says what is the same, and knows no fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.verify.lexicon import CONDITION, LIMIT, LIMITED, NEGATION, UNIVERSAL
from rag.verify.modals import PLANNED
from rag.verify.negatives import DENYING, NEEDED, OTHERS, OTHERWISE
from rag.verify.scopes import SOME
from rag.verify.text import Span, Token

_OBJECT = 5  # tokens behind what is denied in which its object stands
_IF = re.compile(
    r"如果|假如|倘若|若|要是|一旦|的话|否则|不然|[时後后]$|\b(?:if|when|whenever|should|otherwise|given|in case)\b",
    re.IGNORECASE,
)
_SCALE = re.compile(  # "only" before an amount: as little as
    r"(?:只|仅|仅仅|只是)(?:需要?|要|用|须|有|能|可以?|占|花|剩|收|差|达|为|约|提前|为期|保留?|持续"
    r"|[\u4e00-\u9fff]{1,4}了?)?[约近]?\d"
    r"|\b(?:only|merely|just|solely)(?: \w+){0,3} \d|\b(?:only|merely|just)(?: takes?| needs?| costs?"
    r"| requires?)\b",
    re.IGNORECASE,
)
_ONLY_IF = re.compile(
    r"只有[^，,。]{1,30}[，,]?(?:才|方)|只能?[^，,。]{0,12}(?:后|时|才)|仅在[^，,。]{1,20}[后时]"
    r"|\bonly (?:if|when|once|after|with|upon|on|by|through|via|for|to|as long as|where)\b",
    re.IGNORECASE,
)
_NOT_ONLY = re.compile(
    r"不[只仅单光](?![能可限准许供])|不仅仅|不只是|并非只|\bnot (?:only|just|merely|solely)\b", re.IGNORECASE
)
_NO_UNIVERSAL = re.compile(
    r"(?:不是|并非|不|没有?|未必|未|几乎|差不多|近乎|绝大|[^以]除[^，,。]{0,8}外)(?:在|对|能|会)?(?:所有|任何"
    r"|全部|一切|总是|永远|一律|人人)"
    r"|\b(?:not|n['’]t|no|never|without|nearly|almost|virtually|practically)"
    r"(?: \w+){0,5} (?:all|always|every\w*|any\w+|immediately)\b"
    r"|\bat all\b|\ball at once\b|\bafter all\b|\babove all\b|\ball in all\b"
    r"|\bfirst of all\b|\ball (?:day|night|year)\b|\ball the same\b",
    re.IGNORECASE,
)


def limits(claim: str, evidence: str) -> bool:
    """Whether an "only" of the claim says more than its evidence does."""
    claim = _NOT_ONLY.sub(" ", claim)
    if not LIMIT.search(claim) or LIMITED.search(evidence):
        return False
    if not LIMIT.search(_SCALE.sub(" ", claim)):
        return False
    if _ONLY_IF.search(claim) and NEEDED.search(evidence):
        return False
    return not (NEGATION.search(evidence) or OTHERS.search(evidence) or DENYING.search(evidence))


def universal(claim: str) -> bool:
    """Whether a claim says "all" or "always", and not "not all" or "nearly all"."""
    return UNIVERSAL.search(_NO_UNIVERSAL.sub(" ", claim)) is not None


def denies(head: Sequence[Token], clause: Span, other: Span, sentence: Span, text: str) -> bool:
    """Whether the other clause asserts what a clause denies by a negation of ``head``; ``text`` is all evidence."""
    if not head:
        return not DENYING.search(text)
    if not _stands(head, other) or _another_thing(clause, sentence) or elsewhere(clause.text, text):
        return False
    if conditional(clause.text) and OTHERWISE.search(sentence.text):
        return False
    at = next((i for i, token in enumerate(clause.tokens) if token.start == head[0].start), 0)
    behind = clause.tokens[at : at + _OBJECT]
    if any(token.kind in ("number", "name") and token.text not in sentence.terms for token in behind):
        return False  # what is denied is another thing or amount
    denying = DENYING.search(other.text)
    return denying is None or denying.start() + other.start == _place(head, other)


def elsewhere(claim: str, evidence: str) -> bool:
    """Whether a claim denies what its evidence keeps for others, or tells "otherwise" as a condition."""
    if LIMIT.search(evidence) and (
        _ON_PURPOSE.search(evidence) or any(o not in evidence for o in OTHERS.findall(claim))
    ):
        return OTHERS.search(claim) is not None
    return bool(_ELSE.search(evidence)) and conditional(claim)


def lifted(clause: Span, claim: Span, other: Span, sentence: Span) -> bool:
    """Whether a claim without a negation may say what a clause with one says: "not without", "no longer but"."""
    if DENYING.search(clause.text) or (conditional(other.text) and OTHERWISE.search(claim.text)):
        return True
    return reworded(claim, sentence)


def reworded(claim: Span, sentence: Span) -> bool:
    """Whether a claim says "only with" for "not without", or "now B" for "no longer A but B"."""
    for one, other, needed in ((claim, sentence, _ONLY_WITH), (sentence, claim, NEEDED)):
        if twice(one) and not NEGATION.search(other.text) and (needed.search(other.text) or LIMIT.search(other.text)):
            return True
    if _NO_UNIVERSAL.search(claim.text) and SOME.search(sentence.text):
        return True  # not all, and some
    if any(
        _OUTSIDE.search(a) and _EXCLUDES.search(b)
        for a, b in ((claim.text, sentence.text), (sentence.text, claim.text))
    ):
        return True
    if _NOT_YET.search(claim.text) and PLANNED.search(sentence.text) and not _NOT_YET.search(sentence.text):
        return True
    return bool(_INSTEAD.search(sentence.text) and _NOW.search(claim.text))


_INSTEAD = re.compile(
    r"(?:不再|停止|取消|不)[^，,。]{0,20}[，,]\s*(?:改|转|换|而是|现)(?![善进造革良编写名称])"
    r"|\b(?:no longer|not)\b[^.]{0,80}\b(?:but|instead|now)\b",
    re.IGNORECASE,
)
_ONLY_WITH = re.compile(
    r"才[可能会有行]|方[可能得]|必须|须|需|凭|得先|\b(?:only|must|requir\w+|needs?|has to|have to|possible with)\b",
    re.IGNORECASE,
)
_NOT_UNTIL = re.compile(
    r"\b(?:not|n['’]t|no \w+|cannot|never)\b[^.;]{0,60}\b(?:until|before|without|unless)\b", re.IGNORECASE
)
_NOT_YET = re.compile(r"还没|还未|尚未|仍未|暂未|暂不|\byet\b|\bstill not\b", re.IGNORECASE)
_OUTSIDE = re.compile(
    r"不(?:在|属于?)[^，,。]{1,10}(?:范围|之列|之内|行列|以内)|\bnot (?:part of|covered|included)", re.IGNORECASE
)
_EXCLUDES = re.compile(
    r"不(?:包括|包含|含|涵盖|覆盖|计入)|除外|\b(?:does not|doesn['’]t|do not) (?:cover|include)|\bexclud", re.IGNORECASE
)
_NOW = re.compile(
    r"改(?=[在到为由用停乘走成从经])|换[到成为]|转[到为至]|\b(?:instead|now|moved|switched|changed)\b", re.IGNORECASE
)


def twice(span: Span) -> bool:
    """Whether a sentence has two negations of which the one is the condition of the other."""
    if _NOT_UNTIL.search(span.text) or _TWICE.search(span.text):
        return True
    return CONDITION.search(span.text) is not None and NEGATION.search(span.text) is not None


_ELSE = re.compile(r"否则|不然|默认|缺省|\b(?:otherwise|or else|defaults?)\b", re.IGNORECASE)
_ON_PURPOSE = re.compile(
    r"[若如]要|如需|要想|想要|为使|\b(?:in order|so that|if you (?:want|need|wish))\b", re.IGNORECASE
)
_TWICE = re.compile(
    r"(?:不满|未满|不到|不足|未达|未到|少于|低于)[^，,。；;]{1,14}[，,]?[^，,。]{0,6}(?:没有|不|无|禁止)"
    r"|\b(?:less|fewer|younger) than\b[^.;]{0,40}\b(?:not|no|never|cannot|n['’]t)\b|"
    r"(?:未经?|没有?|无|不|非)[^，,。；;]{1,20}[，,]?\s*(?![也且并还又更])[^，,。；;]{0,10}?"
    r"(?:不[得能可予许准会行]|[\u4e00-\u9fff]不[了到成上出起开动]|无法|无权|无须|禁止|严禁|[就则便都]不|拒绝|谢绝"
    r"|免谈)"
    r"|\b(?:without|if not|unless)\b[^.;]{0,60}\b(?:not|no|never|cannot|nobody|none|n['’]t)\b"
    r"|\b(?:no|nobody|none|nothing)\b[^.;]{0,60}\b(?:without|unless|until|before)\b",
    re.IGNORECASE,
)


def conditional(text: str) -> bool:
    """Whether a clause is a condition."""
    return _IF.search(text.rstrip("，,。. ")) is not None or CONDITION.search(text) is not None


def _another_thing(clause: Span, sentence: Span) -> bool:
    """Whether a clause names a thing that the sentence lacks, and the sentence another one."""
    mine = {token.text for token in clause.tokens if token.kind == "name"} - sentence.terms
    return bool(mine) and any(token.kind == "name" and token.text not in clause.terms for token in sentence.tokens)


def _stands(head: Sequence[Token], other: Span) -> bool:
    if head[0].kind != "han":
        return any(token.text in other.terms for token in head[:2])
    if head[0].text not in other.terms:
        return False
    pairs = [a.text + b.text for a, b in pairwise(head) if a.kind == b.kind == "han"]
    return any(pair in other.pairs for pair in pairs) or (len(head) == 1 and head[0].text in other.terms)


def _place(head: Sequence[Token], other: Span) -> int:
    return next((token.start for token in other.tokens if token.text == head[0].text), -1)
