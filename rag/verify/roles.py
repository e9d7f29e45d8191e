"""Whether a claim has its evidence the wrong way round: who does it to whom, from what to what, what follows from what.

Swaps are found where the words stay as they are; this looks at what stands on either side of a word that both have, so
the rest may be told in other words. It knows no list of verbs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.asked import stem
from rag.verify.text import Span, Token, read

_OTHER_VOICE = re.compile(
    r"被|由(?!\d)|受到|遭到|[把将]|\b(?:by|that|which)\b",
    re.IGNORECASE,
)
_BOTH_WAYS = re.compile(
    r"[和与跟及或、/]|相[同当连邻等接]|连接|毗邻|接壤|合作|等于|对应|并列|[又也亦]称|简称|全称|又名|即|就是"
    r"|\b(?:and|or|equals?|same|connect\w*|between|with)\b",
    re.IGNORECASE,
)
_BE = frozenset({"is", "are", "was", "were", "be", "been", "being", "get", "gets", "got"})
_VERB_LIST = """
replaces replaced supersedes superseded overrides overrode calls called depends depended requires required extends
extended contains contained includes included precedes preceded follows followed exceeds exceeded beats defeats defeated
imports imported owns owned inherits inherited acquires acquired triggers triggered blocks blocked controls controlled
manages managed limits limited outperforms outranks wraps wrapped reads validates
"""
_VERBS = frozenset(stem(verb) for verb in _VERB_LIST.split())
_DATES = frozenset("年月日号时分秒起")
_FROM_TO = (
    re.compile(
        r"[由从]([^，。,;；由从]{1,12}?)(?:提升|升级|降级|更改|修改|调整|变更|更名|改名|转变|[升改变降转调])?[为到至成]([^，。,;；]{1,12})"
    ),
    re.compile(r"\bfrom (\w[\w-]*) (?:in)?to (\w[\w-]*)", re.IGNORECASE),
)
# The cause or condition (c), and what follows from it (e).
_CAUSES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:因为|由于|如果|假如|一旦|[若当])(?P<c>[^，,。]+)[，,](?P<e>[^。]+)",
        r"(?P<e>[^，,。]{2,})[，,]?是?(?:因为|由于)(?P<c>[^，,。]+)。?$",
        r"(?P<c>[^，,。]{2,})[，,]?(?:导致|造成|引起|引发|使得|因此|所以|从而|于是)(?P<e>[^，,。]+)",
        r"^(?:because|since|if|when|whenever|once)\b(?P<c>[^,.]+),(?P<e>.+)",
        r"(?P<e>[^,.]+?),? \b(?:because(?: of)?|due to|is caused by|if|when|whenever|once)\b(?P<c>[^,.]+)",
        r"(?P<c>[^,.]+?) \b(?:causes?|caused|leads? to|led to|results? in|resulted in)\b(?P<e>[^,.]+)",
        r"(?P<c>[^,.]+?), (?:so|therefore|hence|thus)\b(?P<e>.+)",
    )
)
_NO_CAUSE = re.compile(r"除非|只有|\b(?:unless|even|only)\b", re.IGNORECASE)


def turned_round(claim: Span, evidence: Sequence[Span]) -> str:
    """The words that stand on the wrong side, or nothing."""
    for sentence in evidence:
        if (
            words := _roles(claim, sentence)
            or _from_to(claim.text, sentence.text)
            or _causes(claim.text, sentence.text)
        ):
            return words
    return ""


def _roles(claim: Span, sentence: Span) -> str:
    for clause in claim.clauses:
        for n, other in enumerate(sentence.clauses):
            one_voice = bool(_OTHER_VOICE.search(clause.text)) == bool(_OTHER_VOICE.search(other.text))
            if one_voice and (words := _exchanged(clause, other, sentence.clauses[:n])):
                return words
    return ""


def _exchanged(clause: Span, other: Span, before: Sequence[Span]) -> str:
    """What stands left of a word in the clause and right of it in the other one, where what stands right of it there
    stands left of it in the other one. One of ``before`` has the subject of a clause that begins with the word."""
    mine, theirs, known = _places(clause.tokens), _places(other.tokens), _units(other.tokens)
    for word, i in mine.items():
        j = theirs.get(word, -1)
        if i < 0 or j < 0 or _BOTH_WAYS.search(word) or _is_passive(clause, i) != _is_passive(other, j):
            continue
        size = 1 if clause.tokens[i].kind != "han" else 2
        left, right = _units(clause.tokens[:i]), _units(clause.tokens[i + size :])
        left, right = left - right, right - left
        if not left & known or not right:
            continue
        behind = _units(other.tokens[j + size :])
        subjects = [_units(other.tokens[:j])]
        if not subjects[0]:
            subjects = [_units(earlier.tokens) for earlier in before]
        for subject in subjects:
            their_left, their_right = subject - behind, behind - subject
            if left & their_right and right & their_left and not left & their_left and not right & their_right:
                return min(left & their_right)
    return ""


def _is_passive(clause: Span, at: int) -> bool:
    """Whether a form of "be" stands a little before an English word."""
    return any(token.raw.lower() in _BE for token in clause.tokens[max(at - 3, 0) : at])


def _places(tokens: tuple[Token, ...]) -> dict[str, int]:
    """Where each word, or pair of Han characters, stands; -1 where it does more than once."""
    found: dict[str, int] = {}
    for i, token in enumerate(tokens):
        word = token.text
        if token.kind == "han":
            following = tokens[i + 1] if i + 1 < len(tokens) else None
            if following is None or following.kind != "han" or token.weight + following.weight < 2:
                continue
            word += following.text
        elif not _is_verb(token):
            continue
        found[word] = -1 if word in found else i
    return found


def _is_verb(token: Token) -> bool:
    return token.kind == "word" and (token.text in _VERBS or re.fullmatch(r"[a-z]{2,}er", token.raw) is not None)


def _units(tokens: Sequence[Token]) -> set[str]:
    """What tells things apart: words, names, and pairs of Han characters; no numbers or dates."""
    units = {t.text for t in tokens if t.kind in ("word", "name") and t.weight >= 1}
    for one, two in pairwise(tokens):
        if one.kind == two.kind == "han" and min(one.weight, two.weight) >= 1 and not {one.text, two.text} & _DATES:
            units.add(one.text + two.text)
    return units


def _from_to(claim: str, evidence: str) -> str:
    for pattern in _FROM_TO:
        for mine in pattern.finditer(claim):
            start, end = mine.group(1).lower(), mine.group(2).lower()
            for theirs in pattern.finditer(evidence):
                first, second = theirs.group(1).lower(), theirs.group(2).lower()
                if second.startswith(start) and end.startswith(first) and first != second:
                    return mine.group(1)
    return ""


def _causes(claim: str, evidence: str) -> str:
    if _NO_CAUSE.search(claim) or _NO_CAUSE.search(evidence):
        return ""
    known = list(_caused(evidence))
    for cause, effect in _caused(claim):
        for their_cause, their_effect in known:
            turned = len(cause & their_effect), len(effect & their_cause)
            straight = len(cause & their_cause) + len(effect & their_effect)
            if min(turned) and sum(turned) > 2 * straight:
                return min(cause & their_effect)
    return ""


def _caused(text: str) -> Iterator[tuple[set[str], set[str]]]:
    for pattern in _CAUSES:
        for match in pattern.finditer(text.strip()):
            cause, effect = (
                {unit for span in read(match.group(name)).sentences for unit in _units(span.tokens)} for name in "ce"
            )
            yield cause - effect, effect - cause
