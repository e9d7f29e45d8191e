"""Scores how well passages, and the sentences in them, answer a question, from words alone.

A linear score over seven readable features ranks the units: idf-weighted overlap as in passage ranking, with what the
sentence before has said and what stands next to the question word, and cues of the question's type as in factoid
answering. Its weights were fitted by ``tests/bench/answers.py``. It knows no budget and no wording of answers, makes no
request and reads no file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from operator import mul

from rag.asked import Asked, nearness, vocabulary
from rag.base import Hit, Language, Passage, detect_language
from rag.options import asked_options, defines
from rag.sentences import Unit, split_units
from rag.tokens import tokenize

MAX_PASSAGES = 5
UNIT_SCAN = 400  # units looked at per passage: a bound for odd input
QUOTE_CHARS = 200

_Placed = tuple[int, int, Unit, frozenset[str], int]  # hit, position, unit, its terms and number of words

# What makes a section the answer: what it has of the question, what its heading has of it, how much of the heading
# that is, the rank of its passage, and the language of the question.
COVER, NAMED, ABOUT, RANK, LANGUAGE = 4.0, 0.75, 2.0, 2.0, 1.0
NEGATED = 2.0  # what a section loses whose heading says "without" where the question does not
DEFINES = 4.0  # what an item or row gets that begins with an option or name that is asked for
DEFINED = 1.0  # and its section
NAMES = 0.3  # the part of its cover that a section loses that has none of the names asked about

_NOT = re.compile(r"不(?:使用|用|通过|依赖|需要?)|无需|\b(?:without|not using|don't|instead of)\b", re.IGNORECASE)
_HOW = re.compile(
    r"怎么|怎样|如何|步骤|命令|安装|配置|how (?:to|do|can|should)|command|install|configure|set ?up", re.IGNORECASE
)

# (what the question asks, what a sentence that answers it shows)
_CUES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(question, re.IGNORECASE), re.compile(sentence))
    for question, sentence in (
        (
            r"多少|几[个年月日次人岁种名条座部位号]|第几|多[大长高远久重快]|how (?:many|much|long|old|far|big|large)",
            r"[0-9０-９一二三四五六七八九十百千万亿两]",
        ),
        (
            r"什么时候|何时|哪一?[年天日月]|时间|年份|日期|几[年月日号]|\bwhen\b|what (?:year|date|day|time)",
            r"[0-9]{1,4}\s*[年月日:]|[一二三四五六七八九十]+[年月日]|世纪|年代|时期|朝|[0-9]{4}",
        ),
        (r"谁|哪一?[位人名]|什么人|作者|\bwho\b", r"由|[·•]|先生|女士|人|[A-Z][a-z]+"),
        (
            r"哪里|哪儿|在哪|何处|什么地方|哪[个些]?(?:国家|城市|地区|地方|省|市|县)|位于|\bwhere\b",
            r"[省市县区州国镇乡村路街岛洲/]|位于|分布|产于|地处|\b(?:in|at|under)\b",
        ),
        (r"为什么|为何|原因|\bwhy\b", r"因|由于|为了|所以|故|because|due to|since|so that"),
        (r"叫什么|称[为作]|名字|别名|俗名|又名|\bcalled\b|\bname\b", r"称|名|叫|《|“|「|\bname|\bcalled\b"),
        (r"哪[些两三几]|什么[内方]|包括|分别|\bwhich\b", r"、|包括|和|及|分别|\band\b"),
        (r"怎么|怎样|如何|how (?:to|do|can|should)", r"通过|用|首先|然后|方法|使|运行|`|\b(?:run|use|set|with)\b"),
        (r"特点|特征|特色|性质", r"特|为主|具有|呈"),
        (r"职业|身份", r"员|家|手|师|者|人|导演"),
    )
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear score of a unit.

    ``local`` is the share of the question's weight that the unit has, where a word counts the less the more units have
    it; ``novelty`` the logarithm of what the unit adds to the question; ``cue`` the number of cues met; ``rank`` the
    logarithm of its hit's score over the best one; ``near`` is like ``local``, where a word counts the less the farther
    it stands from the question word; ``carried`` is ``local`` of the unit with the one before, ``before`` of that one
    alone: a subject is mostly left out once it was named.
    """

    local: float = -1.41
    novelty: float = -0.02
    cue: float = 0.63
    rank: float = 9.68
    near: float = 3.04
    carried: float = 4.44
    before: float = -2.66
    bias: float = -4.36


WEIGHTS = Weights()


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


def score_units(question: Asked, hits: Sequence[Hit], weights: Weights = WEIGHTS) -> list[Scored]:
    """Every unit of the best passages with its score, in the order of the passages."""
    placed = [
        (i, position, unit, terms, fresh)
        for i, hit in enumerate(hits[:MAX_PASSAGES])
        for position, (unit, terms, fresh) in enumerate(units_of(hit.passage))
    ]
    shares = [[word.found(terms) for word in question.words] for _, _, _, terms, _ in placed]
    overlaps = _overlaps(question, placed, shares)
    asked_terms = frozenset().union(*(word.forms for word in question.words))
    asked = [sentence for pattern, sentence in _CUES if pattern.search(question.text)]
    how = asks_how(question)
    best = max((hit.score for hit in hits[:MAX_PASSAGES]), default=0.0)
    *factors, bias = astuple(weights)
    names, scored = asked_options(question.text), []
    for (i, position, unit, terms, fresh), (local, *others) in zip(placed, overlaps, strict=True):
        cues = sum(cue.search(unit.text) is not None for cue in asked) + (how and unit.kind in ("code", "item"))
        novelty = math.log1p(max(0, fresh - len(terms & asked_terms)))
        features = (local, novelty, float(cues), _log_ratio(hits[i].score, best), *others)
        told = defines(unit.text, unit.kind, names)
        score = _dot(features, factors) + bias + DEFINES * told
        scored.append(Scored(unit, i, position, terms, features, score, told))
    return scored


def _overlaps(
    question: Asked, placed: Sequence[_Placed], shares: Sequence[Sequence[float]]
) -> list[tuple[float, float, float, float]]:
    """For each unit, what it has of the question: `Weights` tells of ``local``, ``near``, ``carried``, ``before``."""
    local = _local_weights(question, shares)
    near = [weight * close for weight, close in zip(local, nearness(question), strict=True)]
    total = sum(near) or 1.0
    found, before, overlaps = 0.0, 0.0, []
    for k, share in enumerate(shares):
        follows = k > 0 and placed[k - 1][0] == placed[k][0] and placed[k - 1][2].path == placed[k][2].path
        before = found if follows else 0.0
        found = carried = _dot(local, share)
        if before:
            carried = _dot(local, [max(pair) for pair in zip(share, shares[k - 1], strict=True)])
        overlaps.append((found, _dot(near, share) / total, carried, before))
    return overlaps


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


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))


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


def _local_weights(question: Asked, shares: Sequence[Sequence[float]]) -> list[float]:
    """Weights that sum to 1 over the words found: idf, times how few of the units have the word."""
    counts = [sum(found[i] for found in shares) for i in range(len(question.words))]
    weights = [
        math.sqrt(word.weight) * math.log1p(len(shares) / count) if count else 0.0
        for word, count in zip(question.words, counts, strict=True)
    ]
    total = sum(weights)
    return [weight / total for weight in weights] if total else weights


def _is_whole(term: str) -> bool:
    """Han characters and Latin words, without the bigrams that repeat them."""
    return len(term) == 1 or term.isascii()
