"""Reads the conditions of a sentence: under which (when ticked, within a period, for members), and what holds then.

It knows no claim and no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.verify.text import Span

_W = r"[^，,。；;：:！!？?\n]"  # within a clause
_START = r"(?:^|(?<=[，,：:]))"
_REST = r"(?P<e>[^。；;]+)"
_IF = (
    r"(?:如果|假如|倘若|假使|要是|如遇|如需|除非|只有|只要|一旦|凡是?|若(?!干)"
    r"|(?<![假例比譬犹正有诸])如(?![何此下图上同]))"
)
_PERIOD = (
    r"(?:期内|期后|期满|以内|以后|之前|之后|以前|以上|以下|超过|不足|[不未]?满(?= ?\d)|逾期"
    r"|(?<!\d)\d{1,3}个?(?:工作日|小时|分钟|[日天周月年秒])内)"
)
_WHEN = r"(?:^\s*|[,;:] )(?:if|when|whenever|once|unless|where|should|provided(?: that)?|as long as|in case)\b"
_MODAL = (
    r"(?:may|can|must|should|will|gets?|receives?|pays?|qualify|qualifies|(?:is|are) (?:entitled|allowed|exempt))\b"
)
_LATE = (
    r"(?:if|when|once|unless|provided(?: that)?|as long as|except|only with|only for|only after|only during|only on"
    r"|for non-|on (?:mon|tues|wednes|thurs|fri|satur|sun|week)days?|from \w+ (?:to|until)|at weekends|during)\b"
)
_DAYS = (
    r"(?:每?(?:周|星期)[1-7一二三四五六日天末](?:[至到~-](?:周|星期)?[1-7一二三四五六日天])?"
    r"|\d+月至\d+月|(?<![\d个 ])工作日|节假日|[春夏秋冬]季)"
)
_LEAVE = r"(?:同意|批准|授权|许可|审核|审批|认证|实名)(?:通过)?[之以]?后"
_LEADING = (
    r"(?:on|in|during|at|with|without|under|outside|within) [^,.;]{2,40}(?=,)"
    r"|on \w+days?|from \w+ (?:to|until|through) \w+|in (?:spring|summer|autumn|fall|winter)|at (?:night|weekends)"
)
_UP_TO = r"(?:of )?(?:up to|under|over|above|below|aged|more than|less than|at least)"
_VERB = r"(?:is|are|can|may|must|gets?|pays?|has|have|will|receives?|qualify|qualifies|need|needs)\b"
_EVEN = re.compile(r"即使|即便|哪怕|甚至|无论|不管|\beven\b", re.IGNORECASE)
# c: the condition; e: what holds then.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_IF}(?P<c>{_W}{{2,40}}?)(?:[，,]|则|就|方可|才能?|便){_REST}",
        rf"(?P<c>{_W}{{2,30}}?)(?:的话|的情况下|期间|期内|(?<!小)时|以后|之后|以前|之前|(?<![长记作学读使患笔业])者|的)[，,]{_REST}",
        rf"(?P<c>{_W}{{2,16}}?)(?:期内|期间|(?<!小)时)(?!间|候|长|刻|效|限)(?P<e>{_W}{{4,}})",
        rf"{_START}(?P<c>{_W}{{0,12}}{_PERIOD}{_W}{{0,10}})[，,]{_REST}",
        rf"(?P<c>{_W}{{1,14}}(?:以上|以下|以内|以外|之外))(?:的|者)?(?=须|需|应|可|方|要|由|必|不|免)(?P<e>{_W}{{3,}})",
        rf"(?P<c>(?<!\d)\d[^，,。；;]{{0,4}}(?:以上|以下))[的者]?(?P<e>{_W}{{4,}})",
        rf"(?P<c>{_W}{{2,20}}?)的(?=按|可|须|应|由|需|免|将|则|不予|不得|最多|最高)(?P<e>{_W}{{4,}})",
        rf"(?P<c>{_W}{{2,30}}?{_LEAVE})[，,]?{_REST}",
        rf"在(?P<c>{_W}{{2,16}}?(?:模式|环境|状态|情况|条件|版本|权限))[下中里]?[，,]?(?P<e>{_W}{{3,}})",
        rf"(?P<c>{_W}{{0,10}}[未不]?满 ?\d{_W}{{0,8}}?)[的者](?P<e>{_W}{{4,}})",
        rf"(?P<e>{_W}{{2,40}}?)(?:仅限|仅供|只限|只供|专供|限(?![制额度价速期时])(?:于)?)(?P<c>{_W}{{2,}})",
        rf"(?:须|需|必须|要|经|凭|持)(?P<c>{_W}{{2,40}}?)[，,]?(?:方可|方能|才可以?|才能)(?P<e>{_W}{{2,}})",
        rf"(?P<c>{_DAYS})(?P<e>{_W}{{3,}})",
        rf"{_WHEN}(?P<c>[^,.;]+),(?P<e>[^.;]+)",
        rf"\b(?:who|that|which)\b(?P<c> \w+ [^,.;]{{0,80}}?) (?P<e>{_MODAL}[^.;]+)",
        r"(?P<e>[^.;,]{1,80}?) (?:who|whose|that)\b(?P<c>[^,.;]+)(?=[.;]|$)",
        rf"^\s*(?P<c>{_LEADING}),? (?P<e>[^.;]+)",
        rf"\b(?P<c>{_UP_TO} [^\w\s]?\d[\w.,%]*(?: \w+)?) (?P<e>{_VERB}[^.;]+)",
        rf"(?P<e>[^.;,]{{1,120}}?),? \b(?:only )?{_LATE}(?P<c>[^,.;]+)",
    )
)
# That something else holds otherwise.
_NUMBERED = r"[未不]?满 ?\d|超过 ?\d|\d[^，,。；;]{0,4}(?:以上|以下|内)|至少|最少|不少于"
_CONTRAST = re.compile(
    rf"{_NUMBERED}|否则|反之|其余|其他|其它|不然|相反|只有|仅|除非|方可|方能|才[能可会]|例外|除外|{_LEAVE}"
    r"|\b(?:at least|at most|no more than|more than|over|under|less than|fewer than) \d"
    r"|\b(?:otherwise|instead|only|unless|except\w*|without|other|others|rather|provided|as long as)\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\s*(?:否则|反之|其余|其他|其它|不然|相反"
    r"|(?:otherwise|others?|(?:in|on|at|for|with|under) (?:all |any )?other|the rest|instead"
    r"|larger|smaller|older|younger|higher|lower|longer|shorter|later|earlier)\b"
    r"|(?:in|on|at|during|from|outside) [^.;]*(?:\b(?:not|must|ha(?:s|ve) to|only)\b|n['’]t\b))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, and what holds under it."""

    given: Span
    then: Span


@lru_cache(maxsize=2048)
def conditions(sentence: Span) -> tuple[Condition, ...]:
    """The conditions of a sentence, in order of their kinds."""
    return tuple(_read(sentence))


def is_essential(sentence: Span, following: Span | None) -> bool:
    """Whether a sentence with a condition says, or the following one does, that something else holds without it."""
    if _CONTRAST.search(sentence.text):
        return True
    return following is not None and _OTHERWISE.match(following.text) is not None


def _read(sentence: Span) -> Iterator[Condition]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(sentence.text):
            given, then = (_part(sentence, *match.span(name)) for name in "ce")
            if given.tokens and then.tokens and not _EVEN.search(sentence.text, max(match.start() - 8, 0), match.end()):
                yield Condition(given, then)


def _part(sentence: Span, start: int, end: int) -> Span:
    first, last = start + sentence.start, end + sentence.start
    tokens = tuple(token for token in sentence.tokens if first <= token.start < last)
    return Span(sentence.text[start:end], first, last, tokens)
