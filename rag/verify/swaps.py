"""Whether a claim puts one thing into the place of another: the evidence's words with a part exchanged.

A claim that is near to a sentence of its evidence is aligned with it. A part that is replaced by words that the
passages use elsewhere, between parts that are the same, is a swap; so are two parts that have changed places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rag.verify.alignment import credits, meanings
from rag.verify.changes import Change, changes, joined, likeness
from rag.verify.english.voice import other_voice
from rag.verify.instances import case_of
from rag.verify.kinds import other_member
from rag.verify.lexicon import PRONOUNS
from rag.verify.opposites import OPPOSITE_CHARACTERS
from rag.verify.quantities import same_quantity
from rag.verify.reckoned import reckoned
from rag.verify.text import Span, Token
from rag.verify.typed import COPIED, other_of_its_kind

_PASSIVE = re.compile(r"被|由|受到|遭到|\bby\b", re.IGNORECASE)
_BOTH_WAYS = re.compile(r"[和与跟及或、/]|\b(?:and|or|is|are|equals?)\b|等于|相同|并列", re.IGNORECASE)
_CLOSE = 0.6
_MOSTLY = 0.6  # of what was exchanged: the rest says nothing of its own
_NAMED_BEFORE = "位于 设在 设于 来自 生于 落于 业于 职于 名为 称为 叫做 作者"
_NAMED_AFTER = "公司 大学 集团 学院 医院 银行 中学 小学 协会 战役 机场 车站 先生 女士 教授 博士"
_BEFORE_NAMES, _AFTER_NAMES = frozenset(_NAMED_BEFORE.split()), frozenset(_NAMED_AFTER.split())
_NO_NAME = frozenset("该此本这那其各每某全")
_CLEARLY = 1.5  # times as much of one clause as of any other
_LONGER = 4  # characters that a name may have more than the one in whose place it stands
_FUNCTION = 0.2  # the weight below which a token is a function word
_LEADING = frozenset("在从对把被将由于为给向跟与和到按当因若如每")
_MUST = frozenset("应须需要必得当")
_ROW = re.compile(r"\|.*\|")
_NUMERALS = "一二三四五六七八九十"


def swapped(claim: Span, evidence: Sequence[Span], passage: str) -> str:
    """The words that took the place of others, or nothing; ``passage`` is all that is cited, normalised."""
    passage = _squeezed(passage)
    for sentence in evidence:
        found = [change for change in changes(claim, sentence) if change.framed and change.old and change.new]
        for change in found:
            if _is_swap(change, claim, sentence, passage) and not _told_better(change, claim, sentence, evidence):
                return change.new_text
        if name := _exchanged(found or _by_clause(claim, sentence), claim, sentence):
            return name
        if name := _turned(claim, sentence):
            return name
    return other_of_its_kind(claim, evidence)


def _is_swap(change: Change, claim: Span, sentence: Span, passage: str) -> bool:
    old, new = change.old_text, change.new_text
    if _counts(change.old) and _counts(change.new):
        return _other_count(change, claim) and not _as_much(change, claim, sentence)
    if _ROW.search(sentence.text) or _of_another_clause(change, claim, sentence):
        return False
    if frozenset(old + new) in OPPOSITE_CHARACTERS:
        return True
    if other_member(old, new):
        return True
    if set(old + new) <= _MUST:
        return False
    numbers = [any(token.kind == "number" for token in side) for side in (change.old, change.new)]
    if any(numbers) and (len(change.old + change.new) < 4 or (_is_date(change.new) and not all(numbers))):
        return False  # a number for a word: the numbers are compared by themselves
    if sum(t.weight for t in change.new) < 1 or sum(t.weight for t in change.old) < 1:
        return False
    if (
        PRONOUNS.fullmatch(old)
        or PRONOUNS.fullmatch(new)
        or _related(old, new)
        or _same_meaning(change, claim, sentence)
    ):
        return False
    if len(change.old) == len(change.new) == 1 and change.old[0].kind == change.new[0].kind == "han":
        return not _other_spelling(change, passage) and _other_character(change, sentence, passage)
    if any(len(side) < 2 and side[0].kind == "han" for side in (change.new, change.old)):
        return False  # 用 for 运行: no name is that short
    if change.crosses or _moved(change, claim, sentence):
        return False
    free = likeness(claim, sentence) < COPIED
    if free and _leads(change.new) != _leads(change.old):
        return False
    if all(token.kind != "han" for token in (*change.old, *change.new)):
        if other_voice(claim, sentence) and _reordered(change, claim, sentence):
            return False
        return _squeezed(new) in passage and not {t.text for t in change.new} <= {t.text for t in change.old}
    lost = [token for token in change.old if token.weight >= 1 and _count(token, claim) < _count(token, sentence)]
    if len(lost) * 2 < len([token for token in change.old if token.weight >= 1]):
        return False
    if _squeezed(new) in passage or _named(change):
        return True
    if free and not _like_a_name(change):
        return False
    return not set(old) & set(new) and _recurs(change, passage)  # 审批 for 批准 is another word for it


def _leads(tokens: Sequence[Token]) -> bool:
    """Whether words begin as where, when or whereto something is: 在…, which takes no name's place."""
    return tokens[0].text in _LEADING


def _like_a_name(change: Change) -> bool:
    """Whether new words may be a name in another's place: about as long, and without a number or function words."""
    if len(change.new) > len(change.old) + _LONGER or any(token.kind == "number" for token in change.new):
        return False
    return all(token.weight >= _FUNCTION for token in change.new)


def _moved(change: Change, claim: Span, sentence: Span) -> bool:
    """Whether the words stand elsewhere in the sentence and not in the same place: told in another order."""
    if not all(_count(t, claim) <= _count(t, sentence) for t in change.new):
        return False
    follows = joined((*change.new, *change.after[:1]))
    return likeness(claim, sentence) < _CLOSE or not change.after or follows not in joined(sentence.tokens)


def _of_another_clause(change: Change, claim: Span, sentence: Span) -> bool:
    """Whether the claim is rather about another clause, one that has the words in the same place."""
    follows = joined((*change.new, *change.after[:1]))
    if not change.after or len(claim.clauses) > 1:
        return False
    own = others = 0.0
    for clause in sentence.clauses:
        if clause.start <= change.old[0].start < clause.end:
            own = _shared(claim, clause)
        elif follows in joined(clause.tokens):
            others = max(others, _shared(claim, clause))
    return others > _CLEARLY * own


def _shared(claim: Span, clause: Span) -> float:
    return sum(t.weight * share for t, share in zip(claim.tokens, credits(claim, clause), strict=True))


def _reordered(change: Change, claim: Span, sentence: Span) -> bool:
    """Whether both sides still have what has changed places: "the server stores the key", "it is stored there"."""
    return all(_count(t, claim) <= _count(t, sentence) for t in change.new if t.weight >= 1) and all(
        _count(t, sentence) <= _count(t, claim) for t in change.old if t.weight >= 1
    )


def _is_date(tokens: Sequence[Token]) -> bool:
    return all(token.kind == "number" or token.text in "年月日时起" for token in tokens)


def _counts(tokens: Sequence[Token]) -> bool:
    return any(token.kind == "number" for token in tokens) or (len(tokens) == 1 and tokens[0].text in _NUMERALS)


def _told_better(change: Change, claim: Span, sentence: Span, evidence: Sequence[Span]) -> bool:
    """Whether a number is another sentence's, which has more of the claim."""
    if not (_counts(change.old) and _counts(change.new)):
        return False
    new = {token.text for token in change.new if token.kind == "number"}
    here = sum(credits(claim, sentence))
    return any(
        new <= other.numbers and sum(credits(claim, other)) > here for other in evidence if other is not sentence
    )


def _by_clause(claim: Span, sentence: Span) -> list[Change]:
    """The changes of each clause against the clause that it is most like."""
    found: list[Change] = []
    for clause in claim.clauses:
        other = max(sentence.clauses, key=lambda other: likeness(clause, other))
        found += [change for change in changes(clause, other) if change.framed and change.old and change.new]
    return found


def _other_count(change: Change, claim: Span) -> bool:
    """Whether a number gave way to another one."""
    old = {_value(token) for token in change.old} - {""}
    new = {_value(token) for token in change.new} - {""}
    return bool(old - new - claim.numbers and new - old)


def _as_much(change: Change, claim: Span, sentence: Span) -> bool:
    """Whether all numbers of a change are as much as what the sentence has, in another unit."""
    return all(
        any(equal for _, equal in same_quantity(token, claim, sentence))
        or reckoned(token, claim, [sentence])
        or case_of(token, claim, [sentence])
        for token in change.new
        if token.kind == "number"
    )


def _value(token: Token) -> str:
    if token.kind == "number":
        return token.text
    return str(_NUMERALS.index(token.text) + 1) if token.kind == "han" and token.text in _NUMERALS else ""


def _other_character(change: Change, sentence: Span, passage: str) -> bool:
    """Whether one changed character makes another word of the passages of a word."""
    left, right = joined(change.before[-1:]), joined(change.after[:1])
    made = [text for text in (left + change.new_text, change.new_text + right) if len(text) == 2]
    own = _squeezed(sentence.text)
    return any(text in passage and text not in own for text in made) or _recurs(change, passage)


def _other_spelling(change: Change, passage: str) -> bool:
    """Whether the passages write a long word both ways, as a name from another language."""
    framed = joined(change.before[-2:]) + change.new_text + joined(change.after[:1])
    return len(framed) >= 4 and framed in passage


def _recurs(change: Change, passage: str) -> bool:
    """Whether the replaced words are a name, as far as words tell: the passages use them more than once."""
    old = joined(change.before[-1:]) + change.old_text + joined(change.after[:1])
    return change.old[0].kind == "han" and len(change.old_text) <= 6 and len(old) >= 3 and passage.count(old) > 1


def _named(change: Change) -> bool:
    """Whether the slot is one that names fill: behind "situated in", or before "company"."""
    if any(token.kind != "han" or token.text in _NO_NAME for token in (change.old[0], change.new[0])):
        return False
    return joined(change.before) in _BEFORE_NAMES or joined(change.after) in _AFTER_NAMES


def _count(token: Token, span: Span) -> int:
    return sum(other.text == token.text for other in span.tokens)


def _squeezed(text: str) -> str:
    return re.sub(r"[\s·•]", "", text.lower())


def _exchanged(changes: Sequence[Change], claim: Span, sentence: Span) -> str:
    """Two parts that stand in each other's place."""
    if bool(_PASSIVE.search(claim.text)) != bool(_PASSIVE.search(sentence.text)):
        return ""
    for i, one in enumerate(changes):
        for other in changes[i + 1 :]:
            if one.crosses or other.crosses or sum(t.weight for t in (*one.new, *other.new)) < 1:
                continue
            taken = _same(one.old_text, other.new_text), _same(one.new_text, other.old_text)
            pronoun = PRONOUNS.fullmatch(other.old_text) or PRONOUNS.fullmatch(one.old_text)
            if all(taken) or (any(taken) and pronoun):
                between = claim.text[one.new[-1].end - claim.start : other.new[0].start - claim.start]
                if not _BOTH_WAYS.fullmatch(between.strip()):
                    return one.new_text
    return ""


def _turned(claim: Span, sentence: Span) -> str:
    """X v Y in the evidence and Y v X in the claim, each within a clause, with the same verb between."""
    if bool(_PASSIVE.search(claim.text)) != bool(_PASSIVE.search(sentence.text)):
        return ""
    mine, theirs = claim.tokens, sentence.tokens
    words, own = [token.text for token in theirs], [token.text for token in mine]
    for size in (4, 3, 2, 1):
        places: dict[tuple[str, ...], list[int]] = {}
        for j in range(1, len(words) - size):
            places.setdefault(tuple(words[j : j + size]), []).append(j)
        for i in range(1, len(mine) - size):
            same = places.get(tuple(own[i : i + size]), ())
            verb = mine[i : i + size]
            if not same or sum(t.weight for t in verb) < 1.5 or _BOTH_WAYS.search(joined(verb)):
                continue
            left, right = _beside(mine, i - 1, -1), _beside(mine, i + size, 1)
            if not left or not right or left == right:
                continue
            if any(_beside(theirs, j - 1, -1) == right and _beside(theirs, j + size, 1) == left for j in same):
                return left
    return ""


def _beside(tokens: Sequence[Token], at: int, step: int) -> str:
    """What stands there: a word, or two Han characters; nothing where it is no content."""
    if not 0 <= at < len(tokens):
        return ""
    if tokens[at].kind != "han" and tokens[at].weight >= 1:
        return tokens[at].text
    other = at + step
    if not 0 <= other < len(tokens) or (tokens[at].kind == "han") != (tokens[other].kind == "han"):
        return ""
    pair = tokens[min(at, other) : max(at, other) + 1]
    return joined(pair) if sum(token.weight for token in pair) >= 1 else ""


def _related(old: str, new: str) -> bool:
    """One is a part or a short form of the other."""
    short, long = sorted((old, new), key=len)
    if short in long:
        return True
    rest = iter(long)
    return len(short) > 1 and all(character in rest for character in short)


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short in long and (len(short) > 1 or (len(short) == 1 and len(long) < 3))


def _same_meaning(change: Change, claim: Span, sentence: Span) -> bool:
    """Whether words that say the same make up most of both sides."""
    mine, yours = _meant(change.new, claim), _meant(change.old, sentence)
    shared = mine.keys() & yours.keys()
    return bool(shared) and all(
        _share(side, {place for name in shared for place in meant[name]}) >= _MOSTLY
        for side, meant in ((change.new, mine), (change.old, yours))
    )


def _meant(tokens: Sequence[Token], span: Span) -> dict[str, list[tuple[int, int]]]:
    """The groups of synonyms that tokens have words of, and where; a word may go a little beyond them."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in meanings(span):
        if start < tokens[-1].end and end > tokens[0].start:
            found.setdefault(name, []).append((start, end))
    return found


def _share(tokens: Sequence[Token], places: Collection[tuple[int, int]]) -> float:
    """How much of the tokens' weight the places have."""
    inside = sum(t.weight for t in tokens if any(start <= t.start < end for start, end in places))
    return inside / sum(t.weight for t in tokens)
