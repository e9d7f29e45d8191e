"""Whether what was found answers a question: numbers on the match, and the small logistic model that weighs them.

The numbers exist for any base: shares of the question's weight, margins between hits, runs of its words. The
coefficients are in defaults/answerable.json, fitted by ``tests/bench/answerable.py``: numbers only, no texts. It knows
no wording of answers, makes no request and reads no other file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rag.about import begun, name_in
from rag.asked import Asked, asked, vocabulary
from rag.base import Evidence, Hit, Passage, RagError
from rag.lexical import term_weight
from rag.scoring import MAX_PASSAGES, terms_of, units_of
from rag.tokens import fold, tokenize

FEATURES = (
    "window",  # of the best two sentences that follow each other, with their headings
    "heaviest",  # of the three weightiest words, how much the best passage has
    "unknown",  # weight of the words that no passage of the base has
    "subject",  # the question's weight that the best passage has, its first words first
    "named",  # whether the question names, whole, what the first passage is about
    "begun",  # logarithm of how much of the question, from its first character on, the beginning of a passage has
    "opening",  # the most that the beginning of a passage, with its headings and title, has of the same
    "names",  # share of the names (Latin words amid Han text) and numbers that the best passage lacks
    "latin",  # the share of the weight that is Latin words, identifiers and numbers which the best passage has
    "bm25",  # the best BM25 sum over the highest that the question's terms could reach
    "common",  # idf of the terms that the best passage has, over the logarithm of the number of passages
    "margin",  # logarithm of the best BM25 sum over that of the next other document
    "depth",  # the same over that of the last hit looked at
    "run",  # logarithm of the longest run of the question's words that stands so in a passage
    "words",  # logarithm of the number of words
)
RERANK_WEIGHT = 0.5  # log-odds for each of a reranker's, whose scores are probabilities; set, not fitted
TOLD = 0.1  # of what is asked beside the name
UNTOLD = 0.15  # of 1, for a passage below headings or from the middle of a document; set, not fitted
LOOKED_AT = 8  # hits
SAME = 0.6  # share of the terms of two passages from which on one repeats the other
HALVED = 2.5  # words
_OPENING = 60  # characters
_MAX_LOGIT = 4.0
_MAX_WORDS = 200  # of the question, that runs are looked for in
_WORD = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]|[^\\W_\u3400-\u4dbf\u4e00-\u9fff]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
FILE = Path(__file__).parent / "defaults" / "answerable.json"


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regression over `FEATURES`: a ``weight`` for each deviation of ``scale`` from ``mean``.

    ``levels`` are the probabilities from which on an answer is given, by who asked: ``mention``, ``overheard`` and
    ``model`` (a language model reads the passages and abstains by itself).
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    bias: float
    levels: Mapping[str, float]

    def probability(self, features: Sequence[float], rerank: float | None = None) -> float:
        """That the passages answer; ``rerank`` is a reranker's best score. What is not known (nan) tells nothing."""
        parts = zip(self.weights, features, self.means, self.scales, strict=True)
        told = (weight * (value - mean) / scale for weight, value, mean, scale in parts if not math.isnan(value))
        logit = self.bias + sum(told)
        if rerank is not None:
            logit += RERANK_WEIGHT * _logit(rerank)
        return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """Read the file of coefficients.

        Raises:
            RagError: they belong to other features than these.
        """
        rows = data["features"]
        if tuple(rows) != FEATURES:
            raise RagError("answerable.json belongs to another version of the check; install the package again")
        weights, means, scales = (
            tuple(float(rows[name][key]) for name in FEATURES) for key in ("weight", "mean", "scale")
        )
        return cls(weights, means, scales, float(data["bias"]), dict(data["levels"]))


@cache
def default_model() -> Model:
    """The coefficients that ship with the project."""
    return Model.from_dict(json.loads(FILE.read_text("utf-8")))


def answerable(evidence: Evidence, text: str = "") -> float:
    """The probability that the passages answer; 0 where nothing is asked or found. Computes for milliseconds.

    ``text`` is the question where ``evidence.text`` begins with what it follows up on.
    """
    values = features(evidence, text)
    if values is None:
        return 0.0
    best = float(evidence.rerank[0]) if len(evidence.rerank) else None
    return default_model().probability(values, best)


def features(evidence: Evidence, text: str = "") -> tuple[float, ...] | None:
    """The numbers in the order of `FEATURES`; None where nothing is asked or found."""
    question = asked(evidence, text)
    hits = [hit for hit in evidence.hits[:LOOKED_AT] if hit.passage.text.strip()]
    if not hits or not question.tells:
        return None
    near = hits[:MAX_PASSAGES]
    had = max((_vocabulary(hit.passage) for hit in near), key=question.covered)
    values = {
        **_coverage(question, near, had),
        **_scores(evidence, hits, had),
        "names": _names(question, had),
        "named": _named(question, hits[0].passage, had),
        "begun": max(begun(question.text, hit.passage) for hit in near),
        "run": math.log1p(max(_longest_run(question.text, hit.passage) for hit in near)),
        "words": math.log(len(question.words)),
    }
    return tuple(values[name] for name in FEATURES)


def _coverage(question: Asked, hits: Sequence[Hit], had: frozenset[str]) -> dict[str, float]:
    latin = [word for word in question.words if all(form.isascii() for form in word.forms)]
    heaviest = sorted(question.words, key=lambda word: -word.weight)[:3]
    return {
        "window": max(_window(question, hit.passage) for hit in hits),
        "latin": sum(word.weight * word.found(had) for word in latin) / question.weight,
        "heaviest": sum(word.found(had) for word in heaviest) / len(heaviest),
        "subject": _first(question, had),
        "opening": max(_first(question, _opening(hit.passage)) for hit in hits),
    }


def _named(question: Asked, passage: Passage, had: frozenset[str]) -> float:
    """1 where the question names what the passage is about, 0 where it names something else, between where none tells.

    What a part of a manual is about may stand on another page. A name alone is no answer: a page about a thing that has
    nothing of what is asked of it counts as one about something else.
    """
    if name := name_in(question.text, passage):
        rest = question.without(terms_of(name))
        return 1.0 if not rest.tells or rest.covered(had) >= TOLD else 0.0
    return UNTOLD if passage.headings or passage.position > 0 else 0.0


def _names(question: Asked, had: frozenset[str]) -> float:
    lacking = [1 - word.found(had) for word in question.words if word.is_name]
    lacking += [float(number not in had) for number in set(_NUMBER.findall(fold(question.text)))]
    return sum(lacking) / len(lacking) if lacking else 0.0


def _first(question: Asked, terms: frozenset[str]) -> float:
    """The share of its weight that a text has, where a word counts half as much as one ``HALVED`` words before it."""
    weights: list[float] = [word.weight * 0.5 ** (i / HALVED) for i, word in enumerate(question.words)]
    found = (weight * word.found(terms) for weight, word in zip(weights, question.words, strict=True))
    return sum(found) / sum(weights)


def _window(question: Asked, passage: Passage) -> float:
    asked = frozenset[str]().union(*(word.forms | word.parts for word in question.words))
    units, title = [(unit.path, terms & asked) for unit, terms, _ in units_of(passage)], _title(passage) & asked
    headings: dict[tuple[str, ...], frozenset[str]] = {}
    windows = set[frozenset[str]]()  # most are alike: few words of a question stand in a sentence
    for i, (path, terms) in enumerate(units):
        if path not in headings:
            headings[path] = title.union(*(terms_of(name) & asked for name in path))
        windows.add(terms.union(headings[path], units[i + 1][1] if i + 1 < len(units) else ()))
    return max((question.covered(window) for window in windows), default=0.0)


def _scores(evidence: Evidence, hits: Sequence[Hit], had: frozenset[str]) -> dict[str, float]:
    """What the search itself says, by sums that do not depend on how long the question or how large the base is."""
    total = sum(term.idf for term in evidence.terms)
    attainable = sum(term.idf * term_weight(term.text) for term in evidence.terms)
    known = [term for term in evidence.terms if term.df]
    size = max((math.expm1(term.idf) * (term.df + 0.5) + term.df - 0.5 for term in evidence.terms), default=1.0)
    sums = [hit.scores.get("bm25", hit.score) for hit in hits]
    top, first = max(sums), hits[sums.index(max(sums))].passage
    others = [value for value, hit in zip(sums, hits, strict=True) if not _same(hit.passage, first)]
    searched = len(evidence.bm25) > 0  # by words at all: it may be switched off
    return {
        "bm25": float(evidence.bm25[0]) / attainable if searched and attainable else math.nan,
        "common": sum(term.idf for term in known if term.text in had) / math.log(max(size, 2.0) + 1),
        "unknown": 1 - sum(term.idf for term in known) / total if total else 0.0,
        "margin": _log_ratio(top, max(others, default=0.0)) if searched else math.nan,
        "depth": _log_ratio(top, min(others, default=0.0)) if searched else math.nan,
    }


def _same(one: Passage, other: Passage) -> bool:
    """Whether they are of one document, or repeat each other."""
    if one.uri == other.uri:
        return True
    a, b = _vocabulary(one), _vocabulary(other)
    return len(a & b) >= SAME * min(len(a), len(b))


def _longest_run(text: str, passage: Passage) -> int:
    """How many words of a text, at most, stand so in a passage one behind the other."""
    words, where = _WORD.findall(fold(text).lower())[:_MAX_WORDS], _spaced(passage)
    longest = length = 0
    for i in range(len(words)):
        length = max(0, length - 1)
        while i + length < len(words) and f" {' '.join(words[i : i + length + 1])} " in where:
            length += 1
        longest = max(longest, length)
    return longest


def _log_ratio(best: float, other: float) -> float:
    """Bounded: a second hit may have next to nothing."""
    return min(math.log(best / other), 2.0) if best > 0 and other > 0 else 2.0 * (best > 0)


def _logit(probability: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return min(max(math.log(p / (1 - p)), -_MAX_LOGIT), _MAX_LOGIT)


@lru_cache(maxsize=1024)
def _vocabulary(passage: Passage) -> frozenset[str]:
    headings = (terms_of(name) for name in passage.headings)
    return vocabulary(tokenize(passage.text)) | _title(passage) | frozenset[str]().union(*headings)


@lru_cache(maxsize=1024)
def _opening(passage: Passage) -> frozenset[str]:
    headings = (terms_of(name) for name in passage.headings)
    return terms_of(passage.text[:_OPENING]) | _title(passage) | frozenset[str]().union(*headings)


def _title(passage: Passage) -> frozenset[str]:
    return terms_of(f"{passage.source} {passage.uri}")


@lru_cache(maxsize=512)
def _spaced(passage: Passage) -> str:
    text = fold(f"{passage.source} {' '.join(passage.headings)} {passage.text}").lower()
    return f" {' '.join(_WORD.findall(text))} "
