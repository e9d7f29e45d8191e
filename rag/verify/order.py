"""Whether a claim puts two things into the order that its evidence puts them into: before, after, first, then.

Where the evidence does not say which comes first, the steps that it tells follow each other as they are told. It knows
no dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.verify.lexicon import NEGATION
from rag.verify.sides import left, right, units_of
from rag.verify.text import Span
from rag.verify.things import units

_ANY = re.compile(
    r"先|再|然后|随后|接着|之?后|之?前|[方才]|最后|直到|继而|\b(?:before|after|afterwards|then|first|once|until|next|prior|finally|followed"
    r"|subsequently|preced\w+|as soon as|later|earlier)\b",
    re.IGNORECASE,
)
_VERBS_ZH = "[,，]?(?:再|才|方可|方能|就|便|即可?|会|将|可以?|必须|务必|应当?|须|需要?|要|请|先|已经?|得|都)*"
_AFTER_ZH = re.compile(rf"(?:之后|以后|(?<!在)后)(?![来续者台方勤果期门悔代退]){_VERBS_ZH}")
_NO_BEFORE = "(?<![之以在目此先提向往年天日月周期小时钟当空])前(?![往台端言后者面提景缀沿期进锋任身])"
_BEFORE_ZH = re.compile(rf"(?:之前|以前|{_NO_BEFORE}){_VERBS_ZH}")
_FIRST_ZH = re.compile(r"(?<![首优预事])先(?![后前生进行])")
_THEN_ZH = re.compile(r"[,，]?(?:然后再?|随后|接着|之后|(?<!之)后[,，]?再?|再(?!次)|才)")
_LAST_ZH = re.compile(r"在前[,，]([^,.;。，；]{2,24})在后")
_IN_ZH = re.compile(r"[在于]")
_BEFORE_EN = re.compile(r"\b(?:before|prior to)\b", re.IGNORECASE)
_AFTER_EN = re.compile(r"\b(?:only after|only once|after|once|as soon as|following)\b", re.IGNORECASE)
_THEN_EN = re.compile(
    r"(?:\band )?\b(?:only then|then|afterwards|subsequently|finally|next|followed by)\b", re.IGNORECASE
)
_SEQUENCE = re.compile(
    r"^\W*(?:然后|随后|接着|之后|而后|再(?!次)|最后|继而)"
    r"|^\W*(?:and )?(?:then|afterwards|next|finally|subsequently|after that)\b",
    re.IGNORECASE,
)
_NO_ORDER = re.compile(
    r"前提|除非|如果|若|只有|须经|需经|经过|\b(?:unless|if|when|requires?|needs?|only|because|since)\b", re.IGNORECASE
)
_NUMBERED = re.compile(r"\s*(?:(?:step|步骤|第)?\s*\d+\s*(?:步|[.):、]|$))", re.IGNORECASE)
_FIGURE = re.compile(r"[\d.v]+")
_TURNED = 0.6  # of 2: how much of both has to stand there the other way round
_SPAN = re.compile(r"\W*\d+\s*(?:个?[年月日天周小分秒]|\w+)?\W*")


@dataclass(frozen=True, slots=True)
class _Pair:
    early: frozenset[str]
    late: frozenset[str]
    text: str
    firm: bool = True  # both are said to be in this order, not merely told with a "then"


def reordered(claim: Span, sentences: Sequence[Span]) -> str:
    """What the claim has come before something that it comes after, or nothing."""
    if not _ANY.search(claim.text):
        return ""
    said = _within(claim)
    if not said:
        return ""
    known = [pair for n, sentence in enumerate(sentences) for pair in _told(sentence, sentences[n - 1] if n else None)]
    for pair in said:
        straight = max((_likeness(pair.early, pair.late, other) for other in known), default=0.0)
        turned = max((_likeness(pair.late, pair.early, other) for other in known), default=0.0)
        if turned > max(straight, _TURNED) or (
            pair.firm and not straight and not turned and _against_steps(pair, sentences)
        ):
            return pair.text
    return ""


def _likeness(early: frozenset[str], late: frozenset[str], other: _Pair) -> float:
    """How much of both the other pair has; nothing where it lacks one of them."""
    first, second = len(early & other.early), len(late & other.late)
    return (first / len(early) + second / len(late)) if first and second else 0.0


@lru_cache(maxsize=1024)
def _within(span: Span) -> tuple[_Pair, ...]:
    """What comes before what within a sentence."""
    return tuple(_pairs(span))


def _pairs(span: Span) -> Iterator[_Pair]:
    text = span.text.strip()
    for early, late in (*_chinese(text), *_english(text)):
        if not _SPAN.fullmatch(early) and (pair := _pair(early, late)):
            yield pair
    first = False
    for n, clause in enumerate(span.clauses):
        earlier = span.clauses[max(n - 2, 0) : n] if first or _SEQUENCE.match(clause.text) else ()
        yield from filter(
            None, (_pair(o.text, clause.text, firm=False) for o in earlier if not NEGATION.search(o.text))
        )
        first = first or _FIRST_ZH.search(clause.text) is not None


def _chinese(text: str) -> Iterator[tuple[str, str]]:
    """The earlier and the later, as Chinese says it."""
    for match in _AFTER_ZH.finditer(text):
        one, other = left(text, match.start()), right(text, match.end())
        yield _turned(one) if not other else (one, other)
    for match in _BEFORE_ZH.finditer(text):
        one, other = left(text, match.start()), right(text, match.end())
        yield tuple(reversed(_turned(one))) if not other else (other, one)  # type: ignore[misc]
    for match in _FIRST_ZH.finditer(text):
        if then := _THEN_ZH.search(text, match.end()):
            yield text[match.end() : then.start()], right(text, then.end())
    for match in _LAST_ZH.finditer(text):
        yield left(text, match.start()), match.group(1)


def _turned(text: str) -> tuple[str, str]:
    """ "Y 在 X 之后": X, then Y."""
    place = _IN_ZH.search(text)
    return (text[place.end() :], text[: place.start()]) if place else ("", "")


def _english(text: str) -> Iterator[tuple[str, str]]:
    """The earlier and the later, as English says it."""
    for pattern, turn in ((_BEFORE_EN, True), (_AFTER_EN, False)):
        for match in pattern.finditer(text):
            one, other = left(text, match.start()), right(text, match.end())
            if len(one.split()) < 2:
                one = right(text, match.end() + len(other) + 2, whole=True)
            yield (one, other) if turn else (other, one)
    for match in _THEN_EN.finditer(text):
        yield left(text, match.start(), whole=True), right(text, match.end(), whole=True)


def _told(sentence: Span, before: Span | None) -> Iterator[_Pair]:
    """What comes before what in a sentence, and what the sentence before tells where this one begins with "then"."""
    if not _ANY.search(sentence.text):
        return
    yield from _within(sentence)
    if (
        before is not None
        and _SEQUENCE.match(sentence.text)
        and (pair := _pair(before.text, sentence.text, firm=False))
    ):
        yield pair


def _pair(early: str, late: str, firm: bool = True) -> _Pair | None:
    one, other = units_of(early), units_of(late)
    one, other = one - other, other - one
    if not all(any(not _FIGURE.fullmatch(unit) for unit in some) for some in (one, other)):
        return None  # before 3.2, after 14 days: no event
    return _Pair(one, other, early.strip()[-30:], firm) if one and other else None


def _against_steps(pair: _Pair, sentences: Sequence[Span]) -> bool:
    """Whether steps that are told one after the other have the two the other way round."""
    clauses = [(n, clause, units(clause.tokens)) for n, span in enumerate(sentences) for clause in span.clauses]
    places = []
    for some in (pair.early, pair.late):
        scores = [len(some & there) for _, _, there in clauses]
        best = max(scores, default=0)
        if best * 2 < len(some) or scores.count(best) != 1:
            return False
        places.append(scores.index(best))
    first, second = places
    if first <= second:
        return False
    steps = any(_NUMBERED.match(span.text) for span in sentences[clauses[second][0] + 1 : clauses[first][0] + 1])
    if not steps and clauses[first][0] - clauses[second][0] > 1:
        return False
    return steps or not any(_NO_ORDER.search(clause.text) for _, clause, _ in clauses[second : first + 1])
