"""Whether a claim says of a thing what its evidence says of another one that it tells apart from it.

"Silver members get free returns" where only platinum members do; "both A and B can" where B's clause says otherwise. A
part of the claim that stands in clauses about a rival alone belongs to that one. It knows no grammar of the claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.verify.lexicon import NEGATION
from rag.verify.subjects import is_verb, subject
from rag.verify.text import Span
from rag.verify.things import Rival, Things, things, units

FOREIGN = 2.0  # weight of what belongs to another thing
_SHARE = 0.3  # of what the claim says
_WORD = 2.0
_BETWEEN = 5.0  # weight of what stands between two things that are told together
_TOGETHER = re.compile(r"[和与及、]|以及|都|\b(?:and|both|as well as|or)\b", re.IGNORECASE)
_BOTH = re.compile(r"都(?!市)|均|\bboth\b", re.IGNORECASE)
_BACK = re.compile(
    r"同样|亦|也[^许]|前者|上述|\b(?:that|this|those|such|so|likewise|same|also|too|one|ones|similarly)\b"
)
_APART = re.compile(
    r"分别|各自|不同|比|而|则|区别|相比|\b(?:respectively|than|differ\w*|unlike|whereas|while|but|compared)\b",
    re.IGNORECASE,
)


def misattributed(claim: Span, sentences: Sequence[Span]) -> str:
    """What the claim says of a thing that belongs to a rival of it, or nothing."""
    known = things(tuple(sentences))
    if not known.rivals:
        return ""
    before: set[str] = set()
    for clause in claim.clauses:
        held = _held(frozenset().union(*(r.keys for some in known.rivals.values() for r in some.values())), clause)
        named = {name for name in known.rivals if _named(name, held, known)} if held else set()
        if not named and not subject(clause):
            named = before
        if named and not _APART.search(clause.text):
            for name in sorted(named):
                if words := _foreign(name, clause, held, known):
                    return words
        before = named
    return ""


def _held(keys: frozenset[str], clause: Span) -> frozenset[str]:
    """Those of the keys that a clause has."""
    text = clause.text.lower()
    return frozenset(key for key in keys if (key in clause.terms if key.isascii() else key in text))


def _named(name: str, held: frozenset[str], known: Things) -> bool:
    """Whether a clause names a thing by what tells it from each of its rivals."""
    return any(
        _has(rival.keys, held) and (rival.kind != "beside" or _has(rival.others, held))
        for rival in known.rivals[name].values()
    )


def _has(keys: frozenset[str], held: frozenset[str]) -> bool:
    """Whether half of the keys of a thing are among those held."""
    return bool(keys & held) and len(keys & held) * 2 >= len(keys)


def _foreign(name: str, clause: Span, held: frozenset[str], known: Things) -> str:
    """The words of a clause that stand in clauses about rivals of the thing alone."""
    others = {}
    for other, rival in known.rivals[name].items():
        if not _has(rival.keys, held):
            return ""
        both = _has(rival.others, held)
        if _joined(rival, clause) if both else _may_stand(rival, clause):
            others[other] = rival
    if not others or not _about(name, known):
        return ""
    said = {unit for unit in units(clause.tokens) if not _names(unit, name, others)}
    strange = {unit for unit in said if _belongs(unit, name, others, known)}
    together = _BOTH.search(clause.text) is not None and any(_has(r.others, held) for r in others.values())
    if not _enough(strange, said, together) or _denied(clause, strange, others, known):
        return ""
    return max(sorted(strange), key=len)


def _joined(rival: Rival, clause: Span) -> bool:
    """Whether the two things stand beside each other with an "and" between them."""
    text = clause.text.lower()
    ends = [
        (match.start(), match.end(), side)
        for side, keys in ((0, rival.keys), (1, rival.others))
        for key in keys
        for match in re.finditer(re.escape(key), text)
    ]
    for _, end, side in ends:
        for other_start, _, other_side in ends:
            if side != other_side and end <= other_start and _TOGETHER.search(text, end, other_start):
                between = [t for t in clause.tokens if end <= t.start - clause.start < other_start]
                if sum(t.weight for t in between) <= _BETWEEN and not any(is_verb(t) for t in between):
                    return True
    return False


def _may_stand(rival: Rival, clause: Span) -> bool:
    """Whether a thing that is alone in a clause is its subject, where only that tells what it is."""
    if rival.kind == "alike":
        return True
    if rival.kind == "beside":
        return False
    text = "".join(token.text for token in subject(clause)) or clause.text[:8].lower()
    return any(key in text for key in rival.keys)


def _about(name: str, known: Things) -> bool:
    """Whether clauses are about the thing, and none of them refers back to what was said of another one."""
    own = [clause for clause in known.clauses if clause.owner == name]
    return bool(own) and not any(_BACK.search(clause.text) for clause in own)


def _names(unit: str, name: str, others: dict[str, Rival]) -> bool:
    """Whether a unit is part of the name of one of the things."""
    return any(unit in text for text in (name, *others))


def _belongs(unit: str, name: str, others: dict[str, Rival], known: Things) -> bool:
    """Whether every clause that has the unit is about a rival and does not name the thing."""
    found = [clause for clause in known.clauses if unit in clause.units]
    return bool(found) and all(
        clause.owner in others and not _has((keys := others[clause.owner].keys), _held(keys, clause.span))
        for clause in found
    )


def _enough(strange: set[str], said: set[str], together: bool) -> bool:
    """Whether it is more than a word by chance; "both" and 都 say it of each of them in so many words."""
    weight, total = (sum(1.0 if not unit.isascii() else _WORD for unit in some) for some in (strange, said))
    return (weight >= FOREIGN and weight >= _SHARE * total) or (together and weight >= 1)


def _denied(clause: Span, strange: set[str], others: dict[str, Rival], known: Things) -> bool:
    """Whether the claim says that the thing has it not, as may be concluded."""
    if not NEGATION.search(clause.text):
        return False
    there = [other for other in known.clauses if other.owner in others and other.units & strange]
    return not all(NEGATION.search(other.text) for other in there)
