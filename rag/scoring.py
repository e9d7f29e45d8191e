"""Scores how well passages, and the sentences in them, answer a question, from words alone.

A linear score over readable features ranks the units: overlap weighed by rarity as in passage ranking, with what the
sentences before have said and what stands next to the question word (`rag.overlap`), and cues of what is asked for as
in factoid answering (`rag.cues`). Its weights are in defaults/scoring.json, fitted by ``tests/bench/answers.py``:
numbers only, no texts. It knows no budget and no wording of answers, makes no request and reads no other file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from operator import mul
from pathlib import Path

from rag.about import names_it
from rag.asked import Asked, vocabulary
from rag.base import Hit, Language, Passage, RagError, detect_language
from rag.cues import TYPES
from rag.cues import shown as cues_shown
from rag.options import asked_options, defines
from rag.overlap import character_rows, word_rows
from rag.sentences import Unit, split_units
from rag.tokens import tokenize

MAX_PASSAGES = 5
UNIT_SCAN = 400  # units looked at per passage: a bound for odd input
QUOTE_CHARS = 200

# What makes a section the answer: what it has of the question, what its heading has of it, how much of the heading
# that is, the rank of its passage, and the language of the question.
COVER, NAMED, ABOUT, RANK, LANGUAGE = 4.0, 0.75, 2.0, 2.0, 1.0
ABOUT_IT = 1.0  # more where the question names, whole, what the passage is about
NEGATED = 2.0  # what a section loses whose heading says "without" where the question does not
DEFINES = 8.0  # what an item or row gets that begins with an option or name that is asked for
DEFINED = 1.0  # and its section
NAMES = 0.3  # the part of its cover that a section loses that has none of the names asked about

_NOT = re.compile(r"不(?:使用|用|通过|依赖|需要?)|无需|\b(?:without|not using|don't|instead of)\b", re.IGNORECASE)
_HOW = re.compile(
    r"怎么|怎样|如何|步骤|命令|安装|配置|how (?:to|do|can|should)|command|install|configure|set ?up", re.IGNORECASE
)


# The score of a unit is a sum of these, each by its weight.
FEATURES = (
    "rank",  # the logarithm of its hit's score over the best one
    "novelty",  # the logarithm of how many words it adds to the question
    "opening",  # 1 at the beginning of its passage, then 1/2, 1/3 ...
    *("words", "words_near", "words_said", "words_near_said"),  # `rag.overlap.Row`
    *("characters", "characters_near", "characters_said", "characters_near_said"),
    "told",  # the share of what is asked for that it has words for
    *TYPES,  # of answer that is asked for and that it shows
)
_OWN = [i for i, name in enumerate(FEATURES) if name in ("words", "characters", "told", *TYPES)]
Weights = Mapping[str, float]
FILE = Path(__file__).parent / "defaults" / "scoring.json"
BLOCK = 1.0  # more for a block of code or an item where it is asked how; set, not fitted


@cache
def default_weights() -> Weights:
    """The weights that ship with the project, by the name of their feature."""
    data = json.loads(FILE.read_text("utf-8"))
    if tuple(data) != FEATURES:
        raise RagError("scoring.json belongs to another version of the scorer; install the package again")
    return {name: float(weight) for name, weight in data.items()}


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit of hit number ``passage``, its place among the units there, its terms, features and score."""

    unit: Unit
    passage: int
    position: int
    terms: frozenset[str]
    features: tuple[float, ...]
    score: float
    defines: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The units of one passage under one heading.

    ``cover`` is the share of the question's weight that they and their headings have, ``score`` how well they answer.
    ``headings`` are the terms of the heading path and the title, ``terms`` those of the units and the nearest heading.
    """

    passage: int
    path: tuple[str, ...]
    units: tuple[Scored, ...]
    cover: float
    headings: frozenset[str]
    terms: frozenset[str]
    score: float


def asks_how(question: Asked) -> bool:
    """Whether steps or commands are wanted."""
    return _HOW.search(question.text) is not None


def shares(unit: Scored) -> bool:
    """Whether a unit has anything of the question, or shows what it asks for."""
    return any(unit.features[i] > 0 for i in _OWN)


def score_units(question: Asked, hits: Sequence[Hit], weights: Weights | None = None) -> list[Scored]:
    """Every unit of the best passages with its score, in the order of the passages."""
    placed = [
        (i, position, *analysed)
        for i, hit in enumerate(hits[:MAX_PASSAGES])
        for position, analysed in enumerate(units_of(hit.passage))
    ]
    terms = [found for _, _, _, found, _ in placed]
    follows = [False, *(a[0] == b[0] and a[2].path == b[2].path for a, b in pairwise(placed))][: len(placed)]
    overlaps = zip(word_rows(question, terms, follows), character_rows(question, terms, follows), strict=True)
    cues = cues_shown(question.text, [unit.text for _, _, unit, _, _ in placed])
    asked_terms = frozenset().union(*(word.forms for word in question.words))
    best = max((hit.score for hit in hits[:MAX_PASSAGES]), default=0.0)
    by_name, how, names = weights or default_weights(), asks_how(question), asked_options(question.text)
    factors = [by_name[name] for name in FEATURES]
    scored = []
    for (i, position, unit, found, words), (by_word, by_character), cue in zip(placed, overlaps, cues, strict=True):
        novelty = math.log1p(max(0, words - len(found & asked_terms)))
        rank = _log_ratio(hits[i].score, best)
        features = (rank, novelty, 1 / (1 + position), *by_word, *by_character, *cue)
        told = defines(unit.text, unit.kind, names)
        score = sum(map(mul, features, factors)) + BLOCK * (how and unit.kind in ("code", "item")) + DEFINES * told
        scored.append(Scored(unit, i, position, found, features, score, told))
    return scored


def sections(question: Asked, hits: Sequence[Hit], scored: Sequence[Scored]) -> list[Section]:
    """The units by passage and heading, best section first."""
    places: dict[tuple[int, tuple[str, ...]], list[Scored]] = {}
    for unit in scored:
        places.setdefault((unit.passage, unit.unit.path), []).append(unit)
    best = max((hit.score for hit in hits[:MAX_PASSAGES]), default=0.0)
    language = detect_language(question.text)
    found = [
        _section(question, hits[i], best, language, i, path, units)
        for (i, path), units in places.items()
        if not all(unit.unit.open for unit in units)
    ]
    return sorted(found, key=lambda section: (-section.score, section.passage, section.units[0].position))


def _section(
    question: Asked, hit: Hit, best: float, language: Language, passage: int, path: tuple[str, ...], units: list[Scored]
) -> Section:
    own = frozenset().union(*(unit.terms for unit in units))
    nearest = terms_of(path[-1]) if path else frozenset()
    headings = frozenset().union(
        terms_of(f"{hit.passage.source} {hit.passage.uri}"), *(terms_of(name) for name in path)
    )
    cover = question.covered(own | headings) * (1 - NAMES * question.lacking(own | headings))
    named = question.covered(nearest)
    words = [term for term in nearest if _is_whole(term)]
    about = sum(any(term in word.forms or term in word.parts for word in question.words) for term in words)
    score = (
        COVER * cover
        + NAMED * named
        + ABOUT * named * (about / len(words) if words else 0.0)
        + RANK * _log_ratio(hit.score, best)
        + DEFINED * any(unit.defines for unit in units)
        + LANGUAGE * (_language(hit.passage) == language)
        + ABOUT_IT * names_it(question.text, hit.passage)
        - NEGATED * (bool(path) and _NOT.search(path[-1]) is not None and _NOT.search(question.text) is None)
    )
    return Section(passage, path, tuple(units), cover, headings, own | nearest, score)


def best_quote(text: str, claim: str) -> str:
    """The sentence of ``text`` that shares most with ``claim``: what a citation shows of its passage."""
    wanted = set(tokenize(claim))
    units = split_units(text)[:UNIT_SCAN]
    if not units:
        return text.strip()[:QUOTE_CHARS]
    shared = [len(wanted.intersection(tokenize(unit.text))) / math.sqrt(len(unit.text) + 20) for unit in units]
    return units[shared.index(max(shared))].text[:QUOTE_CHARS]


def _log_ratio(score: float, best: float) -> float:
    return math.log(max(score, 1e-9) / best) if best > 0 else 0.0


def units_of(passage: Passage) -> tuple[tuple[Unit, frozenset[str], int], ...]:
    """The units of a passage, each with its terms and with how many words it has."""
    return _analysed(passage.text, passage.headings, passage.position > 0)


@lru_cache(maxsize=256)  # the same passages answer again and again
def _analysed(text: str, headings: tuple[str, ...], continues: bool) -> tuple[tuple[Unit, frozenset[str], int], ...]:
    """The units of a passage, each with its terms and with how many words it has."""
    result = []
    for unit in split_units(text, headings, continues=continues)[:UNIT_SCAN]:
        terms = tokenize(unit.text)
        result.append((unit, vocabulary(terms), sum([len(term) == 1 or term.isascii() for term in terms])))
    return tuple(result)


@lru_cache(maxsize=1024)
def _language(passage: Passage) -> Language:
    """The language of a passage's prose."""
    prose = "".join(unit.text for unit, _, _ in units_of(passage) if unit.kind != "code")
    return detect_language(prose or passage.text)


@lru_cache(maxsize=4096)
def terms_of(heading: str) -> frozenset[str]:
    return vocabulary(tokenize(heading))


def _is_whole(term: str) -> bool:
    """Han characters and Latin words, without the bigrams that repeat them."""
    return len(term) == 1 or term.isascii()
