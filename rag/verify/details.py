"""Whether a claim that is otherwise as good as a copy has a detail of its own: a clause, a phrase, one more of a list.

A sentence that is free throughout has strange words everywhere; one that follows its passage nearly word by word, and
has a whole phrase of which nothing is there, made that phrase up. It knows no thing and no list of details.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.alignment import credits
from rag.verify.colourless import colours
from rag.verify.text import Span, Token

CLAUSE = 4.0  # weight of a clause that is looked at by itself
CLAUSE_HELD = 0.3  # the share of it that the passages have to have, ...
CLAUSE_REST = 0.85  # ... where they have so much of the rest
PHRASE, WHOLLY = 4.0, 0.9  # weight of a phrase, and the share of it that stands nowhere
LONG_PHRASE, MOSTLY = 5.0, 0.75  # the same of a longer one
ADDED = 3.0  # weight of one that is mostly strange, where the claim has all else that the evidence has
REST, LEAST_REST = 0.8, 6.0  # share of the rest that is there, and its weight
USED = 0.25  # of a clause has to be in the claim where what is left of it counts
_AND = re.compile(r"以及|[和与及]|\b(?:and|as well as|plus)\b", re.IGNORECASE)
_LIST = re.compile(r"以及|[和与及、或]|\b(?:and|or|as well as|plus)\b|,(?= \w+,)", re.IGNORECASE)
SMALLEST, LONGEST_HAN, LONGEST_WORDS = 2.0, 6, 3  # of one more item of a list
ITEM_REST = 4.0  # weight of the rest beside it
_JOINS = frozenset("和与及") | {"and", "or", "but"}
_BEHIND = frozenset(
    ["的", "等", "也", "都", "均", "皆", "are", "is", "can", "may", "will", "were", "was", "have", "has"]
)
_ARTICLES = frozenset(["a", "an", "the", "its", "their", "of"])

Row = list[tuple[Token, float, float]]  # tokens, how much colour they have, how much of them is there


def added_detail(claim: Span, evidence: Sequence[Span], sentences: Sequence[Span]) -> str:
    """The clause or phrase that is the claim's own, or nothing."""
    if not evidence:
        return ""
    shares = [max(column) for column in zip(*(credits(claim, sentence) for sentence in sentences), strict=True)]
    row = list(zip(claim.tokens, colours(claim), shares, strict=True))
    return _clause(claim, shares) or _phrase(row, claim, evidence) or _listed(row, claim, evidence)


def _clause(claim: Span, shares: Sequence[float]) -> str:
    """A clause of which next to nothing is there, beside others that are there."""
    rows = [(token.start, token.weight, share) for token, share in zip(claim.tokens, shares, strict=True)]
    rows = [row for row in rows if row[1] >= 1]
    for clause in claim.clauses if len(claim.clauses) > 1 else ():
        own = [row for row in rows if clause.start <= row[0] < clause.end]
        rest = [row for row in rows if not clause.start <= row[0] < clause.end]
        weight, others = sum(row[1] for row in own), sum(row[1] for row in rest)
        if weight < CLAUSE or others < CLAUSE:
            continue
        held = sum(size * share for _, size, share in own)
        if held < CLAUSE_HELD * weight and sum(size * share for _, size, share in rest) >= CLAUSE_REST * others:
            return clause.text.strip()
    return ""


def _phrase(row: Row, claim: Span, evidence: Sequence[Span]) -> str:
    """The longest phrase without a word of the passages."""
    phrase = max(_phrases(row, claim), key=_weight, default=[])
    weight = _weight(phrase)
    strange = sum(colour for _, colour, share in phrase if not share)
    if weight < ADDED or strange < MOSTLY * weight:
        return ""
    rest = [part for part in row if part not in phrase and part[1]]
    held, total = sum(colour * share for _, colour, share in rest), _weight(rest)
    if total < LEAST_REST or held < REST * total:
        return ""
    by_itself = weight >= LONG_PHRASE or (weight >= PHRASE and strange >= WHOLLY * weight)
    if by_itself or _left(claim, evidence[0]) <= weight / 2:
        return claim.text[phrase[0][0].start - claim.start : phrase[-1][0].end - claim.start]
    return ""


def _phrases(row: Row, claim: Span) -> list[Row]:
    """Runs of tokens of a clause that are strange or say little, without those at their edges."""
    ends = {clause.tokens[-1].end for clause in claim.clauses}
    found: list[Row] = [[]]
    for part in row:
        token, colour, share = part
        if token.kind in ("number", "name") or token.text in _JOINS or (colour and share >= 0.5):
            found.append([])
        elif colour or found[-1]:
            found[-1].append(part)
        if token.end in ends:
            found.append([])
    return [phrase for phrase in found if phrase]


def _weight(row: Row) -> float:
    return sum(colour for _, colour, _ in row)


def _left(claim: Span, sentence: Span) -> float:
    """The weight of what the claim leaves out of the clauses that it follows: a phrase may stand for it."""
    left = 0.0
    for clause in sentence.clauses:
        own, shares = colours(clause), credits(clause, claim)
        if sum(c * s for c, s in zip(own, shares, strict=True)) >= USED * (sum(own) or 1.0):
            left += sum(colour for colour, share in zip(own, shares, strict=True) if share < 0.5)
    return left


def _listed(row: Row, claim: Span, evidence: Sequence[Span]) -> str:
    """One more of a list, where the evidence has the other alone: "pressure and sugar" for "pressure"."""
    for match in _AND.finditer(claim.text):
        start, end = claim.start + match.start(), claim.start + match.end()
        before = [part for part in row if part[0].end <= start][::-1]
        behind = [part for part in row if part[0].start >= end]
        for item, other in ((_item(behind), before), (_item(before), behind)):
            if not item or not _is_there(other) or _is_listed(other[:2], evidence):
                continue
            rest = [part for part in row if part not in item and part[1]]
            if sum(colour * share for _, colour, share in rest) >= REST * _weight(rest) >= REST * ITEM_REST:
                places = sorted(part[0].start - claim.start for part in item)
                return claim.text[places[0] : places[-1] + len(max(item, key=lambda part: part[0].start)[0].raw)]
    return ""


def _item(row: Row) -> Row:
    """The strange words that a part begins with, up to a word of the passages; nothing where it is no noun."""
    found: Row = []
    for part in row:
        token, colour, share = part
        if token.text in _ARTICLES and not found:
            continue
        if found and (share == 1.0 or token.kind != found[0][0].kind) and token.weight >= 1:
            break
        if not colour or token.kind not in ("han", "word"):
            if token.text not in _BEHIND:
                return []
            break
        found.append(part)
    shares = [share for _, _, share in found]
    longest = LONGEST_HAN if found and found[0][0].kind == "han" else LONGEST_WORDS
    fits = _weight(found) >= SMALLEST and len(found) <= longest
    return found if fits and 0.0 in shares and 1.0 not in shares else []


def _is_there(row: Row) -> bool:
    """Whether a part begins with words of the passages."""
    near = row[:2] if row and row[0][0].kind == "han" else row[:1]
    return bool(near) and all(share == 1.0 and token.weight >= 1 for token, _, share in near)


def _is_listed(near: Row, evidence: Sequence[Span]) -> bool:
    """Whether the evidence has the words in a list: the strange item may be another of it in other words."""
    words = [token.raw for token, _, _ in sorted(near, key=lambda part: part[0].start)]
    text = "".join(words) if near[0][0].kind == "han" else near[0][0].raw
    reach = 12 if near[0][0].kind == "han" else 40
    for sentence in evidence:
        for match in re.finditer(re.escape(text), sentence.text, re.IGNORECASE):
            if _LIST.search(sentence.text[max(match.start() - reach, 0) : match.end() + reach]):
                return True
    return False
