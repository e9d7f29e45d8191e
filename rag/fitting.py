"""Scores how well found passages fit a question beyond BM25: what they cover of it, their headings, their language.

BM25 adds up words, so that one rare word many times outweighs three that were asked. It knows an index and hits, and
chooses no candidates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from rag.asked import Asked, Word, asked, inflected
from rag.base import Evidence, FloatArray, Hit, Language, Passage, detect_language
from rag.index import IntArray
from rag.lexical import IdArray, LexicalIndex
from rag.options import asked_options, defines
from rag.scope import NO_SCOPE, Folders, Scope
from rag.scoring import asks_how, terms_of
from rag.tokens import classify, runs

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_LISTED = re.compile(r"^[ \t]*(?:[-*+•]|\|)[^\n]*", re.MULTILINE)
_CODE = re.compile(r"^\s*(?:```|~~~|\$ )", re.MULTILINE)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_KANA = re.compile("[\u3041-\u30ff]")
_MOST_HEADINGS = 12
_SOME = 0.01  # of a passage: Chinese documents quote much English and code, English ones no Chinese
NAMED_FROM, NAMED_TO = 0.3, 0.6  # of the question's weight


@dataclass(frozen=True, slots=True)
class Fit:
    """The weights beside a fused score of 1.

    Chosen on the develop halves of tests/bench/technical.py with an eye on tests/bench/identifiers.py (seeds 0 to 5)
    and CMRC 2018 dev: half or twice as much of each changes little.
    """

    cover: float = 0.8
    heading: float = 0.3
    about: float = 0.2
    language: float = 0.2  # what passages in another one lose
    code: float = 0.1  # where it is asked how
    option: float = 0.8  # where an option or name that is asked for begins an item or row
    scope: float = 0.8  # where a folder is named


FIT = Fit()
SHARP = 2.0  # the power of a score: so quotes of CMRC 2018 dev (even) tell the best passage from the next


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for: its words without those that name a folder (``about``).

    ``told`` says how far other words than a single name tell what is wanted, from 0 to 1.
    """

    question: Asked
    about: Scope
    told: float


def wanted(evidence: Evidence, lexical: LexicalIndex, folders: Folders) -> Wanted:
    """What the text of ``evidence`` asks for; a question of nothing but a folder's name asks for that word."""
    question, about = asked(evidence), folders.scope(term.text for term in evidence.terms)
    rest = question.without(about.words)
    if about.words and rest.tells:
        return Wanted(rest, about, 1.0)
    return Wanted(question, NO_SCOPE, 1 - name_alone(question, lexical))


def likely(
    want: Wanted, lexical: LexicalIndex, owners: IdArray, rows: IntArray, scores: FloatArray, fit: Fit = FIT
) -> FloatArray:
    """Fused scores with what of a fit is told without reading the passages: which ones are worth it."""
    cover = want.told * fit.cover * covered(want.question, lexical, rows)
    return np.asarray(scores + cover + fit.scope * want.about.share(owners[rows]), np.float32)


def fitted(
    want: Wanted, lexical: LexicalIndex, owners: IdArray, rows: IntArray, hits: Sequence[Hit], fit: Fit = FIT
) -> tuple[IntArray, list[Hit]]:
    """The hits, whose numbers in the index are ``rows``, in the order of how they fit, with scores from 0 to 1."""
    question, how = want.question, asks_how(want.question)
    headings, names = _Headings(question), asked_options(question.text)
    total = 1 + want.told * (fit.cover + fit.heading + fit.about + how * fit.code)
    total += fit.scope * bool(want.about.words) + fit.option * bool(names)
    language = detect_language(question.text)
    covers, shares = covered(question, lexical, rows), want.about.share(owners[rows])
    scores = []
    for hit, cover, share in zip(hits, covers.tolist(), shares.tolist(), strict=True):
        named, about = headings.above(hit.passage)
        fits = fit.cover * cover + fit.heading * named + fit.about * about
        fits -= fit.language * (_speaks(hit.passage) != language)
        fits += fit.code * (how and _CODE.search(hit.passage.text) is not None)
        told = fit.scope * share + fit.option * (bool(names) and _defines(hit.passage.text, names))
        scores.append((max(hit.score + want.told * fits + told, 0.0) / total) ** SHARP)
    order = sorted(range(len(hits)), key=lambda n: -scores[n])
    return rows[order], [replace(hits[n], score=scores[n]) for n in order]


def name_alone(question: Asked, lexical: LexicalIndex) -> float:
    """How far a Chinese question is about a single name and nothing else, from 0 to 1.

    Where the name is explained, `rag.naming` tells better; the other words ("这个参数怎么设置") ask of any name.
    """
    names = [run for run in {run.lower() for run in runs(question.text)} if classify(run) in ("latin", "identifier")]
    if len(names) != 1 or detect_language(question.text) != "zh":
        return 0.0
    idf = lexical.describe(names)[0].idf
    own, others = 3 * idf**2, sum(word.weight for word in question.words if names[0] not in word.forms)
    share = own / (own + others or 1.0)
    return min(max((share - NAMED_FROM) / (NAMED_TO - NAMED_FROM), 0.0), 1.0)


def covered(question: Asked, lexical: LexicalIndex, rows: IntArray) -> FloatArray:
    """The share of the question's weight that each passage has, with its title and headings."""
    sums = np.zeros(len(rows), np.float32)
    for word in question.words:
        sums += np.float32(word.weight) * _found(word, lexical, rows)
    return sums / np.float32(question.weight or 1.0)


def _found(word: Word, lexical: LexicalIndex, rows: IntArray) -> FloatArray:
    whole = np.zeros(len(rows), bool)
    for term in set(chain.from_iterable(map(inflected, word.forms))):
        whole |= _has(lexical, term, rows)
    found = whole.astype(np.float32)
    if word.parts and not whole.all():
        parts = np.sum([_has(lexical, part, rows) for part in word.parts], axis=0) / len(word.parts)
        found = np.maximum(found, word.credit * parts).astype(np.float32)
    return found


def _has(lexical: LexicalIndex, term: str, rows: IntArray) -> NDArray[np.bool_]:
    having = lexical.passages_with(term)
    if not len(having):
        return np.zeros(len(rows), bool)
    places = np.minimum(np.searchsorted(having, rows.astype(np.int32)), len(having) - 1)
    return np.asarray(having[places] == rows)


def _defines(text: str, names: Collection[str]) -> bool:
    return any(defines(line, "row" if line.lstrip()[:1] == "|" else "item", names) for line in _LISTED.findall(text))


class _Headings:
    """What titles and headings have of a question; the same ones stand above many passages."""

    def __init__(self, question: Asked) -> None:
        self._words = question.words
        self._weights = np.array([word.weight for word in question.words], np.float32) / (question.weight or 1.0)
        self._known = frozenset().union(*(word.forms | word.parts for word in question.words))
        self._read: dict[str, tuple[FloatArray, float]] = {}

    def above(self, passage: Passage) -> tuple[float, float]:
        """What the title and headings of a passage have of the question, and how much of the best heading is asked."""
        above = [self._one(name) for name in dict.fromkeys((passage.source, *passage.headings))]
        own = [self._one(match[1]) for match in islice(_HEADING.finditer(passage.text), _MOST_HEADINGS)]
        path = np.maximum.reduce([found for found, _ in above])
        named = max(float(np.maximum(path, found) @ self._weights) for found, _ in (above[-1], *own))
        return named, max(about for _, about in (above[-1], *own))

    def _one(self, name: str) -> tuple[FloatArray, float]:
        """How far a heading has each word, and the part of it that is asked times what it has."""
        if name not in self._read:
            terms = terms_of(name)
            found = np.array([word.found(terms) for word in self._words], np.float32)
            whole = [term for term in terms if len(term) == 1 or term.isascii()]
            asked_for = len(self._known.intersection(whole)) / len(whole) if whole else 0.0
            self._read[name] = found, float(found @ self._weights) * asked_for
        return self._read[name]


def _speaks(passage: Passage) -> Language | None:
    """The language of a passage with its headings; None for Japanese."""
    text = "\n".join((passage.source, *passage.headings, passage.text))
    if text.isascii():
        return "en"
    if _KANA.search(text):
        return None
    return "zh" if sum(map(len, _HAN.findall(text))) > _SOME * len(text) else "en"
