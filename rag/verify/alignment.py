"""Finds the sentences of passages that a claim rests on, and how much of the claim they cover. Knows no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.verify.english.forms import form
from rag.verify.english.thesaurus import places, shares
from rag.verify.lexicon import SYNONYMS
from rag.verify.opposites import possible
from rag.verify.quantities import same_quantity
from rag.verify.synonyms import Sense, senses
from rag.verify.text import Span, Token

MAX_SENTENCES = 4  # that one sentence of an answer may draw on
_LONE = 0.35  # the credit of a Han character that the evidence has without its neighbours
_WORTH = 1.5  # the weight that a further sentence has to add
_WORTH_LATIN = 1.0  # a general verb
_QUANTITY = 4.0  # a number with its unit, in a sentence that shares more with the claim than these
_SHORT = 0.8  # the credit of a word of which the evidence has a form of one character
_WORD_SYNONYMS = {form(word): n for n, group in enumerate(SYNONYMS) for word in group if word.isascii()}


@dataclass(frozen=True, slots=True)
class Ground:
    """What a claim rests on: the sentences, best first, and for each token of the claim its credit from 0 to 1."""

    sentences: tuple[Span, ...]
    credits: tuple[float, ...]
    cover: float


@lru_cache(maxsize=4096)
def meanings(span: Span) -> tuple[tuple[str, int, int], ...]:
    """The groups of synonyms and the pairs of opposites that a span has words of, with their places."""
    found = [(name, sense.start, sense.end) for sense in _senses(span) for name in sense.groups]
    english = [(place.name, span.tokens[place.token].start, span.tokens[place.token].end) for place in places(span)]
    return (*((name, span.start + start, span.start + end) for name, start, end in found), *english)


@lru_cache(maxsize=4096)
def _senses(span: Span) -> tuple[Sense, ...]:
    """Its words that have a group of synonyms or an opposite, with their places in its text."""
    text = span.text.lower()
    found = list(senses(text))
    for token in span.tokens:
        if token.kind == "word" and token.text in _WORD_SYNONYMS:
            group = frozenset((str(_WORD_SYNONYMS[token.text]),))
            found.append(Sense(token.start - span.start, token.end - span.start, group, False))
    for name, side in possible(text):
        found += [Sense(m.start(), m.end(), frozenset((name,)), False) for m in side.finditer(text)]
    return tuple(found)


@lru_cache(maxsize=4096)
def _groups(span: Span) -> tuple[frozenset[str], frozenset[str]]:
    """What a span has words of: by words of two characters and more, and by those of one."""
    long, short = (
        frozenset().union(*(sense.groups for sense in _senses(span) if sense.short is one)) for one in (False, True)
    )
    return long, short


@lru_cache(maxsize=4096)
def _words(span: Span) -> tuple[tuple[Sense, tuple[int, ...]], ...]:
    """The words of a span, each with the places of its tokens."""
    numbers = {token.start - span.start: i for i, token in enumerate(span.tokens)}
    return tuple(
        (sense, tuple(numbers[at] for at in range(sense.start, sense.end) if at in numbers)) for sense in _senses(span)
    )


def ground(claim: Span, sentences: Sequence[Span], context: frozenset[str] = frozenset()) -> Ground:
    """The sentences that cover most of the claim together; ``context`` are terms that hold for all of them."""
    total = sum(token.weight for token in claim.tokens) or 1.0
    credit = [1.0 if token.text in context and token.kind != "number" else 0.0 for token in claim.tokens]
    rows = [(sentence, credits(claim, sentence)) for sentence in sentences]
    chosen: list[Span] = []
    while rows and len(chosen) < MAX_SENTENCES:
        gains = [_gain(claim.tokens, credit, row) for _, row in rows]
        best = max(range(len(rows)), key=lambda i: gains[i])
        sentence, row = rows.pop(best)
        if chosen and not _worth(claim.tokens, credit, row, gains[best]):
            if gains[best] < _WORTH:
                break
            continue
        chosen.append(sentence)
        credit = [max(pair) for pair in zip(credit, row, strict=True)]
    cover = sum(token.weight * share for token, share in zip(claim.tokens, credit, strict=True)) / total
    return Ground(tuple(chosen), tuple(credit), cover)


@lru_cache(maxsize=4096)  # the same for several rules
def credits(claim: Span, sentence: Span) -> list[float]:
    """For each token of the claim, how far the sentence has it."""
    row, tokens = [], claim.tokens
    terms, pairs = sentence.terms, sentence.pairs
    for i, token in enumerate(tokens):
        if token.text not in terms:
            row.append(0.0)
        elif token.kind != "han":
            row.append(1.0)
        else:
            before = tokens[i - 1].text if i and tokens[i - 1].kind == "han" else ""
            after = tokens[i + 1].text if i + 1 < len(tokens) and tokens[i + 1].kind == "han" else ""
            together = before + token.text in pairs or token.text + after in pairs
            alone = not (before or after)
            row.append(1.0 if together or alone else _LONE)
    for i, token in enumerate(tokens):
        if token.kind == "number" and not row[i] and any(same for _, same in same_quantity(token, claim, sentence)):
            row[i : i + 2] = [1.0] * len(row[i : i + 2])  # the number and its unit: two weeks for 14 days
    for i, share in shares(claim, sentence):
        row[i] = max(row[i], share)
    long, short = _groups(sentence)
    for sense, its_tokens in _words(claim):
        share = 0.0 if sense.groups.isdisjoint(long) else 1.0
        if not share and not sense.short and not sense.groups.isdisjoint(short):
            share = _SHORT
        for i in its_tokens if share else ():
            row[i] = max(row[i], share)
    return row


def _gain(tokens: Sequence[Token], credit: Sequence[float], row: Sequence[float]) -> float:
    gain = 0.0
    for token, old, new in zip(tokens, credit, row, strict=True):
        if new > old:
            gain += token.weight * (new - old)
    return gain


def _worth(tokens: Sequence[Token], credit: Sequence[float], row: Sequence[float], gain: float) -> bool:
    """Whether a further sentence brings more than a number or a name that happens to stand in it."""
    plain = [
        token.weight * max(0.0, new - old)
        for token, old, new in zip(tokens, credit, row, strict=True)
        if token.kind == "han" or (token.kind == "word" and not _is_name(token, tokens))
    ]
    if any(token.kind == "han" for token in tokens):
        return gain >= _WORTH and sum(plain) >= _WORTH
    about = sum(t.weight * share for t, share in zip(tokens, row, strict=True) if t is tokens[0] or t.raw.islower())
    return gain >= _WORTH and (sum(plain) >= _WORTH_LATIN or (gain >= _QUANTITY and about >= _WORTH_LATIN))


def _is_name(token: Token, tokens: Sequence[Token]) -> bool:
    """A Latin word that is capitalised or stands amid Han text."""
    return not token.raw.islower() or tokens[0].kind == "han" or tokens[-1].kind == "han"


def whole(spans: Sequence[Span], norm: str) -> Span:
    """All of a text as one span."""
    return Span(norm, 0, len(norm), tuple(token for span in spans for token in span.tokens))
