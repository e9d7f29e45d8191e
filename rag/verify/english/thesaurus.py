"""Which groups of words and phrases that say the same a text has: "at no cost" where another has "free of charge".

The groups stand in ``thesaurus/*.txt``, written for this check. Words are compared by their families, so a group has
each word once; a phrase may be interrupted by articles and pronouns, and at ``..`` by up to three words. It knows no
claim and no evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from rag.verify.english.families import family
from rag.verify.english.forms import form
from rag.verify.english.weights import FUNCTION, GENERAL, SOME, weight
from rag.verify.lexicon import NEGATION
from rag.verify.numerals import normalise
from rag.verify.text import Span, Token, tokens_of

GAP = 3  # words that ".." stands for, at most
_FOLDER = Path(__file__).parent / "thesaurus"
_ARTICLES = frozenset("the a an your our his her its their my this that these those any".split())  # noqa: SIM905
_OPEN = ".."
_DENYING = frozenset("not no never nothing none without non cannot nor nobody neither".split())  # noqa: SIM905
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non")
_MANY = 4  # groups
_LIGHT, _VAGUE = 0.3, 0.6


class Place(NamedTuple):
    """A word of a group, or one of a phrase of it: the group's name, the token's index, and how far it stands for it.

    Words that go with anything (take, set) and words of many groups say little of which one is meant.
    """

    name: str
    token: int
    strength: float
    negated: bool = False


class _Phrase(NamedTuple):
    """The words of a phrase behind its first one, and those that a text has to have."""

    name: str
    rest: tuple[str, ...]
    negated: bool
    needed: frozenset[str]


class _Starting(NamedTuple):
    """What begins with a word: it alone, for each group with its strength and whether it denies; and phrases."""

    words: tuple[tuple[str, float, bool], ...]
    phrases: tuple[_Phrase, ...]


def groups() -> tuple[tuple[str, ...], ...]:
    """All groups, with numbers in digits."""
    found = []
    for path in sorted(_FOLDER.glob("*.txt")):
        for line in normalise(path.read_text("utf-8")).splitlines():
            if line and not line.startswith("#"):
                found.append(tuple(part.strip() for part in line.split(", ")))
    return tuple(found)


def key(token: Token) -> str:
    """What a token is compared by."""
    if token.kind != "word":
        return token.text
    word = token.raw.lower()
    return family(word) if form(word) == token.text else token.text


@lru_cache(maxsize=8192)
def places(span: Span) -> tuple[Place, ...]:
    """The words of a span that belong to groups or to a family; phrases give each of their words."""
    tokens, known = span.tokens, _phrases()
    if all(token.kind == "han" for token in tokens):
        return ()
    keys = [key(token) for token in tokens]
    found = [Place(f"~{keys[at]}", at, 1.0) for at, token in enumerate(tokens) if token.kind == "word"]
    there = frozenset(keys)
    for at, first in enumerate(keys):
        if first not in known:
            continue
        words, phrases = known[first]
        found += [Place(name, at, strength, negated) for name, strength, negated in words]
        for phrase in phrases:
            if not phrase.needed <= there:
                continue
            matched = _match(tokens, keys, phrase.rest, at)
            found += [Place(phrase.name, n, 1.0, phrase.negated) for n in matched]
    found += denied(tokens, keys)
    return tuple(found)


def denied(tokens: Sequence[Token], keys: Sequence[str]) -> Iterator[Place]:
    """What is denied by a word of its own or by part of a word: never used, unused; no cash, cashless."""
    for at, token in enumerate(tokens):
        if token.kind == "han":
            continue
        word = token.raw.lower()
        if keys[at] in _DENYING:
            behind = [n for n in range(at + 1, min(at + 5, len(tokens))) if tokens[n].weight > FUNCTION][:2]
            for n in behind:
                yield from (Place(f"!{keys[n]}", i, 1.0, True) for i in (at, n))
        elif token.kind == "word":
            rest = [word[len(prefix) :] for prefix in _PREFIXES if word.startswith(prefix)]
            rest += [word.removesuffix("less")] if word.endswith("less") else []
            yield from (Place(f"!{family(part)}", at, 1.0) for part in rest if len(part) > 3)


@lru_cache(maxsize=8192)
def _strengths(span: Span) -> dict[str, float]:
    found: dict[str, float] = {}
    for place in places(span):
        found[place.name] = max(place.strength, found.get(place.name, 0.0))
    return found


def shares(claim: Span, sentence: Span) -> Iterator[tuple[int, float]]:
    """The tokens of a claim that a sentence says in words of the same group, and how far it does so.

    Words that share several groups stand for each other the better.
    """
    own, lacking = _strengths(sentence), dict[int, float]()
    for place in places(claim):
        if place.name in own:
            lacking[place.token] = lacking.get(place.token, 1.0) * (1 - own[place.name])
    for token, lack in lacking.items():
        yield token, 1 - lack


@lru_cache(maxsize=8192)
def said_without(span: Span, other: Span) -> tuple[Token, ...]:
    """The words of phrases with a negation that the other text says without one: "at no cost" where it has "free"."""
    positive = {place.name for place in places(other) if not place.negated}
    return tuple(span.tokens[place.token] for place in places(span) if place.negated and place.name in positive)


def _match(tokens: Sequence[Token], keys: Sequence[str], rest: tuple[str, ...], at: int) -> list[int]:
    """The indices of a phrase's words, whose first stands at ``at``; none where it does not stand there."""
    found, position, gap = [at], at + 1, 0
    for wanted in rest:
        if wanted == _OPEN:
            gap = GAP
            continue
        while position < len(keys) and keys[position] != wanted:
            if tokens[position].raw.lower() not in _ARTICLES:
                gap -= 1
            if gap < 0:
                return []
            position += 1
        if position >= len(keys):
            return []
        found.append(position)
        position, gap = position + 1, 0
    return found


@cache
def _phrases() -> dict[str, _Starting]:
    """The words and phrases of all groups by their first words."""
    written = [(n, item, tuple(_words(item))) for n, group in enumerate(groups()) for item in group]
    often: Counter[tuple[str, ...]] = Counter(words for _, _, words in written if len(words) == 1)
    alone: dict[str, dict[tuple[str, float, bool], None]] = {}
    longer: dict[str, dict[_Phrase, None]] = {}
    for number, item, words in written:
        name, negated = f"={number}", NEGATION.search(item) is not None
        if len(words) == 1:
            alone.setdefault(words[0], {})[name, _strength(item, often[words]), negated] = None
        elif words:
            phrase = _Phrase(name, words[1:], negated, frozenset(words[1:]) - {_OPEN})
            longer.setdefault(words[0], {})[phrase] = None
    return {first: _Starting(tuple(alone.get(first, ())), tuple(longer.get(first, ()))) for first in alone | longer}


def _strength(item: str, times: int) -> float:
    """How far a word or phrase that is in ``times`` groups stands for one of them."""
    if " " in item or not item.isalpha():
        return 1.0
    if weight(item) <= GENERAL:
        return _LIGHT
    return _VAGUE if times > _MANY or weight(item) <= SOME else 1.0


def _words(item: str) -> Iterator[str]:
    parts = item.split()
    for part in parts:
        if part == _OPEN:
            yield part
        elif len(parts) < 3 or part not in _ARTICLES:
            yield from [family(part)] if part.isalpha() and part.islower() else map(key, tokens_of(part))
