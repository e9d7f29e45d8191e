"""Whether a claim makes a duty of a right, a right of a prohibition, or a fact of a plan.

It looks at what a modal word of the claim is about, and how the clauses that speak of the same put it. It knows no
numbers, names or amounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.verify.alignment import credits
from rag.verify.english.forms import form
from rag.verify.lexicon import LIMIT, NEGATION
from rag.verify.modals import (
    ASKED_FOR,
    BOUND_TO,
    CERTAIN,
    CONSENT,
    DONE,
    FORBIDDEN,
    HEDGED,
    MAY,
    MUST,
    MUST_STRICT,
    NOT_DONE,
    NOT_NEEDED,
    OFTEN,
    OPTIONAL,
    PLANNED,
    SELDOM,
)
from rag.verify.negatives import NEEDED
from rag.verify.pairs import others_stage
from rag.verify.polarity import counterparts
from rag.verify.text import Span
from rag.verify.units import shared, units
from rag.verify.wording import twice

_PURPOSE = re.compile(
    r"要想|想要|如[需要]|若[要想需]|才[能可会有行]|方可|为了|之?前|后(?=[，,才方])|如果|的话|时[，,]|凭"
    r"|\b(?:to \w+,|in order|if you|only|before|when|so that)\b",
    re.IGNORECASE,
)
_CAN = re.compile(rf"{MAY.pattern}|会(?![员议计所场见展费长面话馆谈])", re.IGNORECASE)
_DUTY = re.compile(r"\b(?:mandatory|compulsory|obligatory|required)\b|强制", re.IGNORECASE)
_DUE = re.compile(r"\b(?:scheduled|planned|expected|proposed|due|set|likely) to (?:be )?([a-z]+)", re.IGNORECASE)
_HALF = 0.5


def overstated(claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether a claim says more firmly what its evidence says less firmly, or forbids."""
    return any(
        _duty_of_right(clause, evidence)
        or _right_of_duty(clause, evidence)
        or _waived(clause, evidence)
        or _allowed(clause, claim, evidence)
        or _done(clause, claim, evidence)
        or _sure(clause, evidence)
        for clause in claim.clauses
    ) or any(others_stage(clause, counterparts(clause, evidence)) for clause in claim.clauses)


def _duty_of_right(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "May work from home" told as "must work from home"."""
    must = MUST.search(clause.text)
    if not must or NEGATION.search(clause.text) or _PURPOSE.search(clause.text):
        return False
    near = [row for row in counterparts(clause, evidence) if MAY.search(row[0].text) or MUST.search(row[0].text)]
    done = units(clause) if _DUTY.search(must.group()) else units(clause, must.end())
    return bool(near) and all(
        (may := MAY.search(other.text)) is not None
        and not BOUND_TO.search(other.text)
        and bool(done & units(other, may.end()))
        for other, _ in near
    )


def _right_of_duty(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "Must wear a helmet" told as "helmets are optional"."""
    if not OPTIONAL.search(clause.text) or any(OPTIONAL.search(sentence.text) for sentence in evidence):
        return False
    near = counterparts(clause, evidence)
    return bool(near) and all(MUST_STRICT.search(other.text) and shared(clause, other) >= _HALF for other, _ in near)


def _waived(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "With the consent of the head" told as "no consent is needed"."""
    for match in NOT_NEEDED.finditer(clause.text):
        behind = clause.text[match.end() :].lstrip()
        consent = CONSENT.match(behind) or CONSENT.match(behind[2:] if behind[:1] > "\u3000" else behind)
        if not consent:
            continue
        asked = [other for s in evidence for other in s.clauses if CONSENT.search(other.text)]
        if asked and not any(NOT_NEEDED.search(other.text) and not twice(other) for other in asked):
            return any(ASKED_FOR.search(other.text) for other in asked)
    return False


def _allowed(clause: Span, claim: Span, evidence: Sequence[Span]) -> bool:
    """ "Not transferable" told as "can be passed on", and "not admitted" as "may use"."""
    may = _CAN.search(clause.text)
    if not may or NEGATION.search(claim.text) or FORBIDDEN.search(claim.text):
        return False
    needed = set(NEEDED.findall(claim.text)) - {"with", "后", "之后", "after"}
    subject, predicate = units(clause, 0, may.start()), units(clause, may.end())
    for sentence in evidence:
        if twice(sentence) or (needed and NEEDED.search(sentence.text)):
            continue
        for other in sentence.clauses:
            no = FORBIDDEN.search(other.text)
            if no is None or MAY.search(other.text[no.end() :]):
                continue
            if _same_verb(clause.text[may.end() :], other.text[no.end() :]) and subject & units(sentence):
                return True
            elsewhere = frozenset[str]().union(*(units(c) for c in sentence.clauses if c is not other))
            shut_out = subject & units(other, no.end()) - elsewhere  # what is forbidden it: may not hold the large one
            before = (units(c) for c in sentence.clauses if c.start < other.start)
            there = units(sentence) if shut_out else units(other).union(*before)
            own = shut_out or subject & units(other) - elsewhere
            if own and predicate and len(predicate & there) >= _HALF * len(predicate):
                return True
    return False


def _same_verb(allowed: str, forbidden: str) -> bool:
    """Whether two Chinese verbs begin alike, behind their modal words: 可以转给, 不可转让."""
    verb = re.match(r"[将把被再]?([\u4e00-\u9fff])", forbidden.strip())
    return verb is not None and re.match(rf"[将把被再]?{verb.group(1)}", allowed.strip()) is not None


def _done(clause: Span, claim: Span, evidence: Sequence[Span]) -> bool:
    """ "Is planned for a later release" told as "is available"."""
    if NOT_DONE.search(claim.text):
        return False
    if _has_happened(clause, evidence):
        return True
    if not DONE.search(clause.text):
        return False
    mine = units(clause)
    for sentence in evidence:
        for other in sentence.clauses:
            if PLANNED.search(other.text):
                rest = frozenset[str]().union(*(units(c) for s in evidence for c in s.clauses if c is not other))
                if (mine & units(other)) - rest and (_past(clause.text) or not _future_alone(other.text)):
                    return True
    return False


def _has_happened(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "Is scheduled to open" told as "opened"."""
    past = {token.text for token in clause.tokens if token.kind == "word" and token.raw.endswith("ed")}
    return bool(past) and any(
        form(match.group(1).lower()) in past for sentence in evidence for match in _DUE.finditer(sentence.text)
    )


def _past(text: str) -> bool:
    return (
        re.search(
            r"已|现|如今|目前|了|\b(?:already|now|was|were|been|since|had|did|(?:has|have) \w+(?:ed|en|n|t))\b", text
        )
        is not None
    )


def _future_alone(text: str) -> bool:
    """Whether nothing but a "will" makes it a plan."""
    return PLANNED.search(re.sub(r"将(?:于|在|会|来|陆续|逐步)|即将|\bwill\b", " ", text)) is None


def _sure(clause: Span, evidence: Sequence[Span]) -> bool:
    """ "Usually" or "may" told as "always", and "seldom" as "usually"."""
    often, certain = OFTEN.search(clause.text), CERTAIN.search(clause.text)
    if not (often or certain) or NEGATION.search(clause.text):
        return False
    near = list(_near(clause, evidence))
    if often and not SELDOM.search(clause.text):
        seldom = [other for other in near if SELDOM.search(other.text) and not OFTEN.search(other.text)]
        if seldom and len(seldom) == len(near):
            return True
    hedged = HEDGED.search(CERTAIN.sub(" ", clause.text))
    return bool(certain and near and not hedged) and all(
        HEDGED.search(other.text) and not CERTAIN.search(other.text) and not LIMIT.search(other.text) for other in near
    )


def _near(clause: Span, evidence: Sequence[Span]) -> Iterator[Span]:
    return (other for other, _ in counterparts(clause, evidence) if sum(credits(clause, other)) > 0)
