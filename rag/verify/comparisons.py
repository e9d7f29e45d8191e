"""Whether a claim compares two things the way its evidence does: A is longer than B, so B is shorter than A.

A comparison is read as two things, what is measured, and which has more of it. Told from the other side it is the same;
with one of the three turned it is another. It knows no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.verify.measures import comparative, han_adjective, han_measures, word_measures
from rag.verify.text import Span, read

_PART = "[^,.:;。!?()]"
_ADJECTIVE = han_adjective()
_DEGREE = "(?:更加?|还要?|要|稍微?|略微?|明显|显著|都|也|会|来得|相对|大大|远|普遍|通常|往往|一般|较)*"
_THAN_ZH = re.compile(
    rf"(?<![对相无之百])比(?![如例较赛分方率作照])(?P<y>{_PART}{{1,24}}?){_DEGREE}(?P<adj>{_ADJECTIVE})"
)
_ABOVE_ZH = re.compile(rf"(?P<adj>{_ADJECTIVE})于(?![ \d一二三四五六七八九十])(?P<y>{_PART}{{1,20}})")
_LESS_ZH = re.compile(rf"(?:不如|不及|没有|比不上)(?P<y>{_PART}{{1,16}}?)(?:那么|这么|那样|来得)?(?P<adj>{_ADJECTIVE})")
_COMPARED_ZH = re.compile(
    rf"(?:[与和跟同](?P<y>{_PART}{{1,20}}?)(?:相比|比较|比起来)|(?:相比于?|相较于?|比起)(?P<z>{_PART}{{1,20}}))[,，]?"
)
_MORE_ZH = re.compile(rf"(?:更加?|较为?|稍微?|略微?|明显|显著)(?P<adj>{_ADJECTIVE})")
_THAN_EN = re.compile(r"\bthan (?P<y>[^,.;:()]{1,60})", re.IGNORECASE)
_COMPARED_EN = re.compile(
    r"\b(?:compared (?:with|to)|in contrast to|relative to) (?P<y>[^,.;:()]{1,60})", re.IGNORECASE
)
_AS_EN = re.compile(
    r"\bnot (?:quite |nearly |even )?(?:as|so) (?P<adj>[a-z]+) as (?P<y>[^,.;:()]{1,50})", re.IGNORECASE
)
_STOP_EN = re.compile(r"\b(?:but|and|while|whereas|although|though|because|since|when|if|so)\b.*", re.IGNORECASE)
_DENIED = re.compile(r"(?:不|未必|并非|没有)[^,.]{0,3}$|(?:\bnot|n't|\bno|\bnever)(?: \w+){0,2} ?$", re.IGNORECASE)
_VERSUS = re.compile(r"\bthan\b|比|于|不如|不及|没有|相较|\bcompared\b|contrast|relative|\bas\b", re.IGNORECASE)
_VERB_EN = re.compile(r"\b(?:costs?|weighs?|weighed|takes?|took)(?: \w+)? ?$", re.IGNORECASE)
_SAME_SCALE = {"expensive": "price", "often": "frequency", "frequent": "frequency", "frequently": "frequency"} | {
    "important": "importance", "powerful": "strength", "common": "frequency"
}  # fmt: skip
Verdict = Literal["", "same", "other side", "turned"]
_ALIKE = ({"amount", "level"}, {"amount", "size"}, {"time", "speed"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """``one`` has more (``sign`` 1) or less (-1) of ``scale`` than ``other``, both by what tells them apart."""

    one: frozenset[str]
    other: frozenset[str]
    scale: str
    sign: int
    text: str
    about: frozenset[str]  # what is said in its clause


def compared(claim: Span, evidence: Sequence[Span]) -> tuple[Verdict, str]:
    """Whether the claim's comparisons are those of its evidence, and the words of one that is not.

    ``other side``: the same with the two things and the adjective exchanged. Nothing where there is no comparison, or
    none that can be laid beside one of the evidence.
    """
    if not _VERSUS.search(claim.text):
        return "", ""
    known = [row for sentence in evidence for row in comparisons(sentence)]
    judged: Verdict = ""
    for mine in comparisons(claim):
        rows = [(len(mine.about & row.about), _relation(mine, row)) for row in known if _comparable(mine, row)]
        nearest = max((near for near, relation in rows if relation), default=0)
        verdicts = {relation for near, relation in rows if relation and near == nearest}
        if verdicts == {"turned"}:
            return "turned", mine.text
        if verdicts - {"turned"}:
            judged = "same" if "same" in verdicts else "other side"
    return judged, ""


def _comparable(mine: Comparison, theirs: Comparison) -> bool:
    return mine.scale == theirs.scale or {mine.scale, theirs.scale} in _ALIKE


def _relation(mine: Comparison, theirs: Comparison) -> Verdict:
    """Whether both say the same; nothing where they are about other things."""
    straight = len(mine.one & theirs.one), len(mine.other & theirs.other)
    turned = len(mine.one & theirs.other), len(mine.other & theirs.one)
    if min(straight) and sum(straight) > sum(turned):
        return "same" if mine.sign == theirs.sign else "turned"
    if min(turned) and sum(turned) > sum(straight):
        return "other side" if mine.sign != theirs.sign else "turned"
    return ""


@lru_cache(maxsize=1024)
def comparisons(span: Span) -> tuple[Comparison, ...]:
    """The comparisons of a sentence."""
    if not _VERSUS.search(span.text):
        return ()
    found = [row for row in (*_chinese(span.text), *_english(span.text)) if row is not None]
    return tuple(row for row in found if row.one and row.other)


def _chinese(text: str) -> Iterator[Comparison | None]:
    for pattern, turn in ((_THAN_ZH, 1), (_ABOVE_ZH, 1), (_LESS_ZH, -1)):
        for match in pattern.finditer(text):
            if turn == 1 and _DENIED.search(text[: match.start()]):
                continue
            pair = _subject(text[: match.start()]), match.group("y")
            yield _made(*pair, *_turn(match, turn), pair[0] + match.group())
            for more in _MORE_ZH.finditer(text, match.end()):  # the same two things in another respect
                if not _VERSUS.search(text[match.end() : more.start()]):
                    said = re.split("[,;]", text[: more.end()])[-1]
                    yield _made(*pair, *_turn(more), said)
    for match in _COMPARED_ZH.finditer(text):
        rest = re.split("[.。;]", text[match.end() :])[0]
        for more in _MORE_ZH.finditer(rest):
            before = rest[: more.start()]
            subject = before if len(before) > 1 else text[: match.start()]
            yield _made(subject, match.group("y") or match.group("z"), *_turn(more), before + more.group())


def _turn(match: re.Match[str], turn: int = 1) -> tuple[str, int]:
    scale, sign = han_measures()[match.group("adj")]
    return scale, sign * turn


def _english(text: str) -> Iterator[Comparison | None]:
    for match in _AS_EN.finditer(text):
        word = match.group("adj").lower()
        named = next((scale for scale in (word + "er", word + "r", word) if scale in word_measures()), word)
        scale, sign = word_measures().get(named, (word, 1))
        yield _made(text[: match.start()], match.group("y"), scale, -sign, match.group())
    pair: tuple[str, str] | None = None
    if against := _COMPARED_EN.search(text):
        around = text[against.end() :] if len(text) - against.end() > against.start() else text[: against.start()]
        first = comparative().search(around)
        pair = (around[: first.start()] if first else around, against.group("y"))
    for match in comparative().finditer(text):
        than = _THAN_EN.search(text, match.end())
        between = text[match.end() : than.start()] if than else ""
        if than and not comparative().search(between) and not re.search("[,;.]", between):
            pair = (_subject(text[: match.start()]), _STOP_EN.sub("", than.group("y")))
        if pair is not None and not _DENIED.search(text[: match.start()]):
            scale, sign = _scale(match, text[: match.start()])
            yield _made(*pair, scale, sign, f"{re.split('[,;]', text[: match.start()])[-1]}{match.group()}{between}")


def _scale(match: re.Match[str], before: str) -> tuple[str, int]:
    """What an English comparative measures: "more often" how often, "more memory" how much, "costs less" the price."""
    verb = _VERB_EN.search(before)
    word = (match.group("word") or match.group("degree")).lower()
    scale, sign = word_measures()[word]
    if verb and scale in ("amount", "length", "level"):
        kind = verb.group().lower()[:4]
        if kind in ("take", "took"):
            return ("speed", -sign) if scale == "length" else ("amount", sign)
        return ("price" if kind == "cost" else "weight"), sign
    long = (match.group("long") or "").lower()
    if not long:
        return scale, sign
    if long in ("quickly", "slowly"):
        return "speed", sign if long == "quickly" else -sign
    return _SAME_SCALE.get(long, long), sign


def _subject(before: str) -> str:
    """The clause before a comparison, with what stands before it where it has hardly a word of its own."""
    clause = re.split("[,:;。]", before)[-1]
    return clause if _things(clause) else before[-60:]


def _made(one: str, other: str, scale: str, sign: int, text: str) -> Comparison | None:
    mine, theirs = _things(one), _things(other)
    if other.lstrip()[:1].isdigit():
        return None  # a bound
    return Comparison(mine - theirs, theirs - mine, scale, sign, text.strip(), _things(text) - theirs)


def _things(text: str) -> frozenset[str]:
    return frozenset(t.text for span in read(text).sentences for t in span.tokens if t.weight >= 1)
