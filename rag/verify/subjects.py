"""What a clause begins with, as far as words tell: what it is about, up to its verb. Knows no other clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.verify.text import Span, Token
from rag.verify.verbs import AUXILIARIES, verb_forms
from rag.verify.verbs_zh import predicate

_NO_SUBJECT_EN = re.compile(r"but|if|when|because|to|it|they|he|she|this|that|you|we|i|there|unless|once|after|before")
_DETERMINERS = frozenset(("the", "a", "an", "all", "both", "our", "your"))
_SHORT = 5
_MAX_WORDS, _MAX_HAN = 7, 12
# Where a Chinese predicate begins; what stands before it is the subject.
_PREDICATE_ZH = re.compile(
    r"另|单独|额外|可以?|能够?|须|需要?|必须|应当?该?|不|未|由|被|把|将|会|是|为|有|无|没|在|于|从|向|对|用|使用|采用|利用|写入|存|含|包[含括]|免|限|凭"
    r"|按|每|自|只|仅|都|也|均|一律|则|才|已|曾|获|负责|管理|属|归|经|给|享|交|付|提供|支持|适用|当[日天]|[上中下]午|最|更|比|要|得|分别"
    r"|实行|执行|改|收取|规定|允许|禁止|参加|位于|建于|成立|设有?|通过|进行|开始|结束|具有|接受|承担|组成|来自|发生|主要|通常|一般"
    rf"|(?:{predicate()})(?![器员店站页期班人机师表单费者区处部室金权书证卡率量项方法图件线厅所局院口])"
)
_VERB_ZH = re.compile(
    rf"(?:{predicate()})(?![器员店站页期班人机师表单费者区处部室金权书证卡率量项方法图件线厅所局院口的])"
)
_NO_SUBJECT_ZH = re.compile(
    r"(?:因|由于|为了|如|若|当|凡|除|虽|尽管|但|而且|并|且|或|以及|同时|此后|随后|之后|然后|后来|其|该|此|这|那|他|她|它|我|你|您|请|即|从而|所以|因此"
    r"|另|再|又|还|也|都|就|先|首先|最后|可|须|需|应|必|不|未|由|被|把|将|会|是|为|有|无|没|在|于|从|向|对|用|使|含|包|免|限|凭|按|每|自|只|仅)"
    r"|[\d\s]"
)
_LEAD_ZH = re.compile(r"^(?:[他她它]们?的|而|但是?|其中|此外|另外|同时|对于?|至于|关于|不过|然而|[-*•·\s\d.、)])+")
_LEAD_EN = re.compile(r"^(?:and|but|while|whereas|however|at|in|on|for|of|with|the|a|an|all|both|our|your)$")


@lru_cache(maxsize=4096)
def subject(clause: Span) -> tuple[Token, ...]:
    """The tokens of its subject; none where it has none of its own, or where it cannot be told."""
    tokens = [token for token in clause.tokens if token.raw]
    if not tokens:
        return ()
    if sum(token.kind == "han" for token in tokens) * 2 >= len(tokens):
        return _chinese(clause)
    return _english(tokens)


def topic(clause: Span) -> tuple[Token, ...]:
    """What a short English clause without a verb names: "at the northern works", "for members"."""
    tokens = [token for token in clause.tokens if not _LEAD_EN.match(token.raw.lower())]
    short = 0 < len(tokens) <= _SHORT and all(token.kind in ("word", "name") for token in tokens)
    return tuple(tokens) if short and not any(is_verb(token) for token in tokens[:-1]) else ()


def is_verb(token: Token) -> bool:
    """Whether an English word may be a finite verb."""
    return token.raw.lower() in AUXILIARIES or token.text in verb_forms() or token.raw.lower() in verb_forms()


def _chinese(clause: Span) -> tuple[Token, ...]:
    lead = _LEAD_ZH.match(clause.text)
    start = lead.end() if lead else 0
    if _NO_SUBJECT_ZH.match(clause.text, start) or _VERB_ZH.match(clause.text, start):
        return ()
    match = _PREDICATE_ZH.search(clause.text, start + 1)
    stop = match.start() if match else len(clause.text)
    found = [t for t in clause.tokens if start <= t.start - clause.start < stop]
    return tuple(found[:_MAX_HAN])


def _english(tokens: Sequence[Token]) -> tuple[Token, ...]:
    determined = False
    while tokens and _LEAD_EN.match(tokens[0].raw.lower()):
        determined = tokens[0].raw.lower() in _DETERMINERS
        tokens = tokens[1:]
    for i, token in enumerate(tokens[: _MAX_WORDS + 1]):
        if _NO_SUBJECT_EN.fullmatch(token.raw.lower()):
            return ()
        if i and is_verb(token) and i + 1 < len(tokens):
            imperative = not determined and is_verb(tokens[0]) and i > 1 and token.raw.lower() not in AUXILIARIES
            return () if imperative else tuple(tokens[:i])
    return ()
