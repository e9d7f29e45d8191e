"""Whether a claim asserts what its evidence denies in other words: refuses to, is excluded, may not alone.

Clause by clause comparison (`rag.verify.polarity`) misses a negation that stands in another clause than the one that a
claim is most like, or in a verb. It knows no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.english.forms import form
from rag.verify.lexicon import LIMIT, NEGATION
from rag.verify.modals import FORBIDDEN
from rag.verify.negatives import DENYING, NEEDED
from rag.verify.polarity import Negation, counterparts, negations
from rag.verify.scopes import EXCEPTION
from rag.verify.text import Span
from rag.verify.units import shared, units
from rag.verify.wording import conditional, reworded, twice

_HALF = 0.5
_REFUSING = re.compile(
    r"\b(?:refus\w+|declin\w+|fail(?:s|ed|ing)?|unable|not|neglect\w*) to (?P<a>[a-z]{3,})"
    r"|\b(?:prevent\w*|stop(?:s|ped)?|keep|keeps|kept|block\w*|bar(?:s|red)?)(?: \w+){1,5} from (?P<b>[a-z]{3,})"
    r"|\b(?:avoid\w*|without|instead of|rather than|stop(?:s|ped)?) (?P<c>[a-z]{3,}ing)\b"
    r"|(?:拒绝|禁止|严禁|避免|防止|阻止|杜绝|放弃|停止|拒不|请勿|切勿|谢绝)(?P<d>[\u4e00-\u9fff]{2})",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"独自|单独|自行|自己|私自|擅自|一个人|独立|\b(?:alone|unaccompanied|unsupervised|by (?:your|them|him|her"
    r"|it)sel\w+|on (?:your|their|his|her) own)\b",
    re.IGNORECASE,
)
_ALSO = re.compile(r"也|同样|照样|一样|亦|均可|\b(?:also|too|as well|even|likewise|both)\b", re.IGNORECASE)


def denied(claim: Span, evidence: Sequence[Span]) -> bool:
    """Whether the evidence says no to what a claim says without any negation."""
    if NEGATION.search(claim.text) or FORBIDDEN.search(claim.text):
        return False
    return any(
        _in_a_verb(claim, sentence) or _alone(claim, sentence) or _elsewhere(claim, sentence, evidence)
        for sentence in evidence
    ) or _also(claim, evidence)


def _in_a_verb(claim: Span, sentence: Span) -> bool:
    """ "Refuses to overwrite" told as "overwrites"."""
    if _REFUSING.search(claim.text) or DENYING.search(claim.text) or conditional(claim.text):
        return False
    for match in _REFUSING.finditer(sentence.text):
        verb = next(group for group in match.groups() if group)
        if not verb.isascii():
            if verb in claim.text and sentence.text.count(verb) == 1 and shared(claim, sentence) >= _HALF:
                return True
        elif _times(verb, claim) and _times(verb, sentence) == 1:
            return shared(claim, sentence) >= _HALF
    return False


def _times(verb: str, span: Span) -> int:
    return sum(token.text == form(verb.lower()) for token in span.tokens)


def _alone(claim: Span, sentence: Span) -> bool:
    """ "Children may not ride alone" told as "children can ride by themselves"."""
    if not _ALONE.search(claim.text) or NEEDED.search(claim.text):
        return False
    return any(
        (no := FORBIDDEN.search(clause.text)) is not None
        and (own := _ALONE.search(clause.text, no.end())) is not None
        and own.start() - no.end() < 30
        and bool(units(claim) & units(sentence))
        for clause in sentence.clauses
    )


def _elsewhere(claim: Span, sentence: Span, evidence: Sequence[Span]) -> bool:
    """Whether a clause of a sentence that has much of the claim denies something that the claim asserts."""
    if twice(sentence) or shared(claim, sentence) < _HALF or reworded(claim, sentence) or LIMIT.search(claim.text):
        return False
    if DENYING.search(claim.text) and not DENYING.search(sentence.text):
        return False
    for clause in sentence.clauses:
        if conditional(clause.text) or LIMIT.search(clause.text):
            continue
        for negation in negations(clause):
            words = _what(negation)
            if words and _has(claim, words) and not _asserted(words, evidence):
                return True
    return False


def _what(negation: Negation) -> str:
    """What a negation is about: a word, or two Han characters side by side."""
    head = negation.head
    if not head or head[0].weight < 1:
        return ""
    if head[0].kind == "word":
        return head[0].text
    if len(head) > 1 and head[0].kind == head[1].kind == "han" and head[0].end == head[1].start:
        return head[0].text + head[1].text
    return ""


def _has(span: Span, words: str) -> bool:
    return words in units(span) if words.isascii() else words in span.text


def _asserted(words: str, evidence: Sequence[Span]) -> bool:
    """Whether the evidence has the words somewhere without a negation."""
    for sentence in evidence:
        for clause in sentence.clauses:
            if _has(clause, words) and words not in {_what(n) for n in negations(clause)}:
                return True
    return False


def _also(claim: Span, evidence: Sequence[Span]) -> bool:
    """What is not covered told as covered too, and "only on weekdays" as "on Sundays too"."""
    if (
        not _ALSO.search(claim.text)
        or LIMIT.search(claim.text)
        or DENYING.search(claim.text)
        or NEEDED.search(claim.text)
    ):
        return False
    for clause in claim.clauses:
        also = _ALSO.search(clause.text)
        if not also:
            continue
        near = counterparts(clause, evidence)
        item = _nearest(clause, clause.text.rfind(also.group()))
        near = [row for row in near if item in row[0].text.lower()] or near
        if near and all(_says_no(clause, other, sentence) for other, sentence in near):
            return True
    return False


def _nearest(clause: Span, place: int) -> str:
    """The word, or the two Han characters, right before a place of a clause."""
    before = [token for token in clause.tokens if token.end <= clause.start + place]
    if len(before) > 1 and before[-1].kind == before[-2].kind == "han":
        return before[-2].text + before[-1].text
    return before[-1].raw.lower() if before else ""


def _says_no(clause: Span, other: Span, sentence: Span) -> bool:
    if _ALSO.search(sentence.text) or twice(sentence):
        return False
    limit = LIMIT.search(other.text)
    if limit:
        few = units(other, limit.end())
        return (
            not few <= units(clause) and bool(units(clause) - units(sentence)) and bool(units(clause) & units(sentence))
        )
    no = NEGATION.search(other.text) or FORBIDDEN.search(other.text) or EXCEPTION.search(other.text)
    return no is not None and shared(clause, other) >= _HALF
