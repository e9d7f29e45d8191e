"""Whether a claim puts one thing into the place of another: the evidence's words with a part exchanged.

A claim that is near to a sentence of its evidence is aligned with it token by token. A part that is replaced by words that
the passages use elsewhere, between parts that are the same, is a swap; so are two parts that have changed places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.verify.alignment import meanings
from rag.verify.lexicon import PRONOUNS
from rag.verify.text import Span, Token

LONGEST = 14  # tokens of a part that may have been swapped
CONTEXT = 2  # tokens that have to be the same beside it
_PASSIVE = re.compile(r"被|由|受到|遭到|\bby\b", re.IGNORECASE)
_BOTH_WAYS = re.compile(r"[和与跟及或、/]|\b(?:and|or|is|are|equals?)\b|等于|相同|并列", re.IGNORECASE)
_NUMERALS = frozenset("一二两三四五六七八九十百千")


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the evidence (``old``) in whose place the claim has another (``new``)."""

    old: tuple[Token, ...]
    new: tuple[Token, ...]

    @property
    def old_text(self) -> str:
        return _joined(self.old)

    @property
    def new_text(self) -> str:
        return _joined(self.new)


def swapped(claim: Span, evidence: Sequence[Span], passage: str) -> str:
    """The words that took the place of others, or nothing; ``passage`` is all that is cited, normalised."""
    for sentence in evidence:
        changes = _changes(claim, sentence)
        for change in changes:
            if _is_swap(change, claim, sentence, passage):
                return change.new_text
        if name := _exchanged(changes, claim, sentence):
            return name
        if name := _turned(claim, sentence):
            return name
    return ""


def _changes(claim: Span, sentence: Span) -> list[Change]:
    """The parts that differ between parts that are the same (or where both begin or end)."""
    old, new = sentence.tokens, claim.tokens
    matcher = SequenceMatcher(None, [token.text for token in old], [token.text for token in new], autojunk=False)
    codes = matcher.get_opcodes()
    changes = []
    for n, (kind, a, b, c, d) in enumerate(codes):
        if kind != "replace" or max(b - a, d - c) > LONGEST:
            continue
        before = codes[n - 1][2] - codes[n - 1][1] if n and codes[n - 1][0] == "equal" else 0
        after = codes[n + 1][2] - codes[n + 1][1] if n + 1 < len(codes) and codes[n + 1][0] == "equal" else 0
        begins = a == 0 or c == 0 or _starts_clause(sentence, old[a]) and _starts_clause(claim, new[c])
        ends = (b == len(old) and d == len(new)) or (
            _ends_clause(sentence, old[b - 1]) and _ends_clause(claim, new[d - 1])
        )
        if (before >= CONTEXT or begins) and (after >= CONTEXT or ends) and before + after >= CONTEXT:
            changes.append(Change(tuple(old[a:b]), tuple(new[c:d])))
    return changes


def _is_swap(change: Change, claim: Span, sentence: Span, passage: str) -> bool:
    old, new = change.old_text, change.new_text
    numerals = [set(text) & _NUMERALS for text in (old, new)]
    if len(old) == len(new) == 1 and all(numerals):
        return True
    if {t.text for t in change.old if t.kind == "number"} and {t.text for t in change.new if t.kind == "number"}:
        lost = [t for t in change.old if t.kind == "number" and t.text not in claim.numbers]
        gained = [t for t in change.new if t.kind == "number" and t.text not in {x.text for x in change.old}]
        return bool(lost and gained)
    content = [token for token in change.new if token.weight >= 1]
    if not content or sum(token.weight for token in content) < 2 or not any(t.weight >= 1 for t in change.old):
        return False
    if PRONOUNS.fullmatch(old) or PRONOUNS.fullmatch(new) or _related(old, new):
        return False
    if _same_meaning(change, claim, sentence):
        return False
    lost = [token for token in change.old if token.weight >= 1 and not _kept(token, claim)]
    return len(lost) * 2 >= len([t for t in change.old if t.weight >= 1]) and _elsewhere(change, sentence, passage)


def _elsewhere(change: Change, sentence: Span, passage: str) -> bool:
    """Whether the new words stand in the passages, as they are."""
    return re.sub(r"\s", "", change.new_text) in re.sub(r"[\s·•]", "", passage.lower())


def _exchanged(changes: Sequence[Change], claim: Span, sentence: Span) -> str:
    """Two parts that stand in each other's place."""
    if bool(_PASSIVE.search(claim.text)) != bool(_PASSIVE.search(sentence.text)):
        return ""
    for i, one in enumerate(changes):
        for other in changes[i + 1 :]:
            if _same(one.old_text, other.new_text) and _same(one.new_text, other.old_text):
                between = claim.text[one.new[-1].end - claim.start : other.new[0].start - claim.start]
                if not _BOTH_WAYS.fullmatch(between.strip()):
                    return one.new_text
    return ""


def _turned(claim: Span, sentence: Span) -> str:
    """X v Y in the evidence and Y v X in the claim, each within a clause, with the same verb between."""
    if bool(_PASSIVE.search(claim.text)) != bool(_PASSIVE.search(sentence.text)):
        return ""
    mine, theirs = [t.text for t in claim.tokens], [t.text for t in sentence.tokens]
    for size in (4, 3, 2, 1):
        for i in range(2, len(mine) - size - 1):
            verb = claim.tokens[i : i + size]
            if sum(t.weight for t in verb) < 1.5 or _BOTH_WAYS.search(_joined(verb)):
                continue
            for j in range(2, len(theirs) - size - 1):
                if theirs[j : j + size] != mine[i : i + size]:
                    continue
                left, right = mine[i - 2 : i], mine[i + size : i + size + 2]
                if left == theirs[j + size : j + size + 2] and right == theirs[j - 2 : j] and left != right:
                    return _joined(claim.tokens[i - 2 : i])
    return ""


def _related(old: str, new: str) -> bool:
    """One is a part or a short form of the other."""
    short, long = sorted((old, new), key=len)
    if short in long:
        return True
    rest = iter(long)
    return len(short) > 1 and all(character in rest for character in short)


def _same(one: str, other: str) -> bool:
    return (
        bool(one)
        and bool(other)
        and (one == other or (len(one) > 1 and len(other) > 1 and (one in other or other in one)))
    )


def _same_meaning(change: Change, claim: Span, sentence: Span) -> bool:
    mine = {name for name, start, end in meanings(claim) if start < change.new[-1].end and end > change.new[0].start}
    yours = {
        name for name, start, end in meanings(sentence) if start < change.old[-1].end and end > change.old[0].start
    }
    return bool(mine & yours)


def _kept(token: Token, claim: Span) -> bool:
    """Whether the claim has a token of the evidence somewhere else."""
    return token.text in claim.terms


def _joined(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)


def _starts_clause(span: Span, token: Token) -> bool:
    return any(clause.tokens[0] is token for clause in span.clauses)


def _ends_clause(span: Span, token: Token) -> bool:
    return any(clause.tokens[-1] is token for clause in span.clauses)
