"""Scores how well passages, and the sentences in them, answer a question, from words alone.

A linear score over five readable features ranks the units: idf-weighted overlap as in passage ranking, and cues of
the question's type as in factoid answering. Its weights were fitted by ``tests/bench/answers.py``. It knows no
budget and no wording of answers, makes no request and reads no file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.base import Evidence, Hit
from rag.sentences import Unit, split_units
from rag.tokens import tokenize

MAX_PASSAGES = 3
UNIT_SCAN = 400  # units looked at per passage: a bound for odd input
QUOTE_CHARS = 200

# Terms with one of these characters ask or connect; whether a passage has them says nothing.
_FUNCTION_CHARS = frozenset("的了是在吗呢吧啊么什哪谁怎")
_FUNCTION = re.compile(
    r"(?:a|an|the|is|are|was|were|be|been|do|does|did|can|could|should|would|will|how|what|when|where|who|whom|whose|why"
    r"|which|i|we|you|it|its|my|our|your|of|to|in|on|at|for|with|and|or|not|there|this|that|any|me|us)"
)
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

    ``local`` is the share of the question's weight that the unit has, where a term counts the less the more units have
    it; ``novelty`` the logarithm of what the unit adds to the question; ``cue`` the number of cues met; ``rank`` the
    logarithm of its hit's score over the best one; ``under``, set by hand, is ``local`` for the heading.
    """

    local: float = 4.62
    novelty: float = -0.19
    cue: float = 0.78
    rank: float = 9.27
    under: float = 2.5
    bias: float = -3.74


WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit with the index of its passage, its index within it, and its features and score."""

    unit: Unit
    passage: int
    position: int
    features: tuple[float, float, float, float, float]
    score: float


def question_terms(evidence: Evidence) -> dict[str, float]:
    """The question's content terms with their idf; an unseen one counts like one seen once, since both are rare."""
    if evidence.terms:
        known = {term.text: term.idf for term in evidence.terms}
        cap = _seen_once(max(term.idf for term in evidence.terms), min(term.df for term in evidence.terms))
        weights = {text: min(idf, cap) for text, idf in known.items()}
    else:
        weights = dict.fromkeys(tokenize(evidence.text), 1.0)
    asked = evidence.text.lower()
    return {
        text: idf
        for text, idf in weights.items()
        if idf > 0 and (f"/{text}" in asked or not _is_function(text))  # "/why" is a command, "why" is not content
    }


def support(terms: Mapping[str, float], hits: Sequence[Hit]) -> float:
    """The largest share of the question's weight, in squared idf so that rare terms decide, that one passage has."""
    total = sum(idf * idf for idf in terms.values())
    best = 0.0
    for hit in hits[:MAX_PASSAGES]:
        passage = hit.passage
        found = set(tokenize("\n".join((passage.text, passage.source, *passage.headings))))
        best = max(best, sum(idf * idf for text, idf in terms.items() if text in found))
    return best / total if total else 0.0


def score_units(
    question: str, terms: Mapping[str, float], hits: Sequence[Hit], weights: Weights = WEIGHTS
) -> list[Scored]:
    """Every unit of the best passages with its score, in the order of the passages."""
    placed = [
        (i, position, unit)
        for i, hit in enumerate(hits[:MAX_PASSAGES])
        for position, unit in enumerate(split_units(hit.passage.text)[:UNIT_SCAN])
    ]
    tokens = [tokenize(unit.text) for _, _, unit in placed]
    headings = [_headings(hits[i], unit) for i, _, unit in placed]
    local = _local_weights(terms, [{*found, *above} for found, above in zip(tokens, headings, strict=True)])
    asked = [sentence for pattern, sentence in _CUES if pattern.search(question)]
    how = _HOW.search(question) is not None
    best = max((hit.score for hit in hits[:MAX_PASSAGES]), default=0.0)
    scored = []
    for (i, position, unit), found, above in zip(placed, tokens, headings, strict=True):
        hit = hits[i]
        own = set(found)
        cues = sum(cue.search(unit.text) is not None for cue in asked) + (how and unit.kind in ("code", "item"))
        features = (
            sum(local[term] for term in own if term in local),
            math.log1p(sum(1 for term in found if term not in terms and _is_whole(term))),
            float(cues),
            math.log(max(hit.score, 1e-9) / best) if best > 0 else 0.0,
            sum(local[term] for term in above - own if term in local),
        )
        scored.append(Scored(unit, i, position, features, _score(features, weights)))
    return scored


def best_quote(text: str, claim: str) -> str:
    """The sentence of ``text`` that shares most with ``claim``: what a citation shows of its passage."""
    wanted = set(tokenize(claim))
    units = split_units(text)[:UNIT_SCAN]
    if not units:
        return text.strip()[:QUOTE_CHARS]
    shared = [len(wanted.intersection(tokenize(unit.text))) / math.sqrt(len(unit.text) + 20) for unit in units]
    return units[shared.index(max(shared))].text[:QUOTE_CHARS]


def _score(features: Sequence[float], weights: Weights) -> float:
    values = (weights.local, weights.novelty, weights.cue, weights.rank, weights.under)
    return sum(a * b for a, b in zip(features, values, strict=True)) + weights.bias


def _seen_once(highest_idf: float, df: int) -> float:
    """BM25's idf of a term in one passage, from the size of the corpus that ``highest_idf`` at ``df`` implies."""
    size = math.expm1(highest_idf) * (df + 0.5) + df - 0.5
    return math.log1p(max(size - 0.5, 0.5) / 1.5)


def _headings(hit: Hit, unit: Unit) -> frozenset[str]:
    """The terms of what a unit stands under: the passage's heading path and the unit's own heading."""
    return _terms_of("\n".join((*hit.passage.headings, unit.heading)))


@lru_cache(maxsize=4096)
def _terms_of(heading: str) -> frozenset[str]:
    return frozenset(tokenize(heading))


def _local_weights(terms: Mapping[str, float], tokens: Sequence[Collection[str]]) -> dict[str, float]:
    """Weights that sum to 1 over the question's terms found: idf, times how few of the units have the term."""
    counts = Counter(term for found in tokens for term in found if term in terms)
    weights = {term: terms[term] * math.log1p(len(tokens) / count) for term, count in counts.items()}
    total = sum(weights.values())
    return {term: weight / total for term, weight in weights.items()} if total else {}


def _is_function(term: str) -> bool:
    return _FUNCTION.fullmatch(term) is not None or not _FUNCTION_CHARS.isdisjoint(term)


def _is_whole(term: str) -> bool:
    """Han characters and Latin words, without the bigrams that repeat them."""
    return len(term) == 1 or term.isascii()
