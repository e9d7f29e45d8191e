"""Whether what a claim gives as the cause of something is its cause in the evidence: not another one, and not none.

Two facts that stand side by side are no cause and effect. It knows no world.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.verify.sides import left, right, units_of, words_of
from rag.verify.text import Span
from rag.verify.things import units

_FOR_ZH = re.compile(r"(?:因为|由于|鉴于|因(?![此而素果故子特应]))")
_IS_ZH = re.compile(r"(?:是|原因是|原因在于|主要是|正是|[,，]主要|之所以[^,.;。]{2,40}[,，])$")
_COMMA = re.compile("[,，]")
_BREAK_ZH = re.compile(r"[,，]|而(?!且)")
_MAKES_ZH = re.compile(r"[,，]?(?:而|从而|进而)?(?:导致|造成|引起|引发|致使|促使|使得|招致)了?")
_SO_ZH = re.compile(r"[,，](?:因此|所以|因而|故此?(?![障事乡])|于是|为此|以致于?)")
_FOR_EN = re.compile(
    r"(?:\b(?:mainly|largely|partly|only|simply|chiefly) )?\b(?:because of|because|due to|owing to|as a result of"
    r"|thanks to|on account of|caused by)\b",
    re.IGNORECASE,
)
_MAKES_EN = re.compile(
    r"(?:\bwhich )?\b(?:caus(?:es?|ed|ing)(?! by)|leads? to|led to|leading to|results? in|resulted in|resulting in)\b",
    re.IGNORECASE,
)
_SO_EN = re.compile(r", (?:and )?(?:so|therefore|hence|thus|consequently|as a result)\b(?! that| of)", re.IGNORECASE)
# Words by which a text may give a cause or a condition without saying so; beside them nothing is called invented.
_CAUSAL = re.compile(
    r"因|由于|导致|造成|引[起发]|使|令|致|所以|从而|于是|故(?![障事乡宫])|鉴于|为了?|受|影响|如果|若|一旦|只要"
    r"|当(?![年月日天时地前代中局])|则|就|会|否则|以便?|避免|防止|需|须|表示|表明|说明|意味|意思|是指"
    r"|\b(?:because|due|owing|caus\w+|so|therefore|hence|thus|consequently|result\w*|lead\w*|led|since|as|for|if|when\w*"
    r"|once|unless|otherwise|reason\w*|had|to (?!the\b|an?\b|its\b|their\b|his\b|\d)|by|mak(?:es?|ing)|made|let"
    r"|without|requir\w+|need\w*|thanks|means?|meaning|indicates?|signals?)\b",
    re.IGNORECASE,
)
_SAME = 0.3  # of a cause, by characters and words
_CLEAR = 0.5  # of an effect
_LOOSE = 0.2  # of an effect that is told in other words, where the cause is the same
_PLAIN = 0.6  # of an effect that stands there, and of a cause that does not


@dataclass(frozen=True, slots=True)
class _Cause:
    cause: frozenset[str]
    effect: frozenset[str]
    text: str
    happens: frozenset[str]  # the effect by pairs of characters


def invented_cause(claim: Span, sentences: Sequence[Span]) -> str:
    """What the claim gives as a cause and the evidence does not, or nothing."""
    said = _causes(claim.text)[:2]
    if not said:
        return ""
    known = [(cause, sentence) for sentence in sentences for cause in _causes(sentence.text)]
    for mine in said:
        same = [row for row in known if _share(mine.happens, row[0].happens) >= _CLEAR]
        alike = [other for other, _ in known if _share(mine.happens, other.happens) >= _LOOSE]
        if any(_share(mine.cause, other.cause) >= _SAME for other in alike):
            continue
        if any(_share(mine.cause, _of(sentence)) >= _CLEAR for _, sentence in same):
            continue  # one of several that the sentence tells
        if any(min(_share(mine.cause, words), _share(mine.effect, words)) >= _PLAIN for words in map(_of, sentences)):
            continue  # the sentence sets them side by side itself: "it is closed: the water is changed"
        if same or _side_by_side(mine, sentences) or _unheard(mine, sentences):
            return mine.text
    return ""


@lru_cache(maxsize=1024)
def _causes(text: str) -> tuple[_Cause, ...]:
    """What a sentence says to be the cause of what, in so many words."""
    found = []
    for cause, effect in (*_chinese(text), *_english(text)):
        mine, theirs = words_of(cause), words_of(effect)
        if mine - theirs and theirs - mine:
            found.append(_Cause(mine - theirs, theirs, cause, units_of(effect)))
    return tuple(found)


def _chinese(text: str) -> Iterator[tuple[str, str]]:
    for match in _FOR_ZH.finditer(text):
        before = text[: match.start()]
        if _IS_ZH.search(before) or (before.endswith((",", "，")) and not _BREAK_ZH.search(text, match.end())):
            yield right(text, match.end()), before.rstrip(",，是")
        elif stop := (_BREAK_ZH if match.group() == "因" else _COMMA).search(text, match.end()):
            yield text[match.end() : stop.start()], right(text, stop.end(), whole=True)
    for match in _MAKES_ZH.finditer(text):
        yield left(text, match.start()), right(text, match.end())
    for match in _SO_ZH.finditer(text):
        yield left(text, match.start(), whole=True), right(text, match.end(), whole=True)


def _english(text: str) -> Iterator[tuple[str, str]]:
    for match in _FOR_EN.finditer(text):
        effect, cause = left(text, match.start(), whole=True), right(text, match.end(), whole=True)
        if len(effect.split()) < 2:
            cause, _, effect = cause.partition(",")
        yield cause, effect
    for match in _MAKES_EN.finditer(text):
        yield left(text, match.start(), whole=True), right(text, match.end(), whole=True)
    for match in _SO_EN.finditer(text):
        yield left(text, match.start(), whole=True), right(text, match.end(), whole=True)


def _side_by_side(mine: _Cause, sentences: Sequence[Span]) -> bool:
    """Whether the effect stands in the evidence, and nothing near it is said to be the cause of anything."""
    there = [(_share(mine.effect, words), _share(mine.cause, words), n) for n, words in enumerate(map(_of, sentences))]
    effects = [n for effect, _, n in there if effect >= _CLEAR]
    if not effects:
        return False
    near = {m for n in effects for m in (n - 1, n, n + 1) if 0 <= m < len(sentences)}
    near |= {n for _, cause, n in there if cause >= _CLEAR}
    return not any(_CAUSAL.search(sentences[n].text) for n in near)


def _unheard(mine: _Cause, sentences: Sequence[Span]) -> bool:
    """Whether the effect stands in one sentence, and most of the cause nowhere."""
    there = [_of(span) for span in sentences]
    if max((_share(mine.effect, words) for words in there), default=0.0) < _PLAIN:
        return False
    said, known = units_of(mine.text), frozenset().union(*(units(span.tokens) for span in sentences))
    everything = frozenset().union(*there)
    return len(said) > 2 and _share(said, known) <= 1 - _PLAIN and _share(words_of(mine.text), everything) <= _PLAIN


def _of(span: Span) -> frozenset[str]:
    return frozenset(token.text for token in span.tokens if token.weight >= 1)


def _share(some: frozenset[str], there: frozenset[str]) -> float:
    return len(some & there) / max(len(some), 1)
