"""Numbers about one message: what the knowledge base has on it, and its form. Knows no labels.

None of them rewards mere length. A sum over terms is divided by the square root of its number of terms and centred on
what chatter has: more terms make a verdict surer, in either direction, and say nothing by their number.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.base import Evidence, FloatArray, Term
from rag.gate.everyday import EVERYDAY
from rag.gate.wording import canonical
from rag.tokens import tokenize

KNOWLEDGE = (
    "bm25_best",  # best BM25 sum over the root of the idf of all terms; idf in units of an unseen term
    "bm25_depth",  # the same for the mean of the five best passages
    "coverage",  # share of the idf that known terms hold
    "pairs_share",  # share of the Han bigrams that the knowledge base has
    "pairs_common",  # how common those are in it: log of the number of passages, over that of all
    "pairs_known",  # known Han bigrams beyond half of them, over the root of their number
    "names_known",  # the same for Latin words and identifiers
    "terms_common",  # mean log of the number of passages, over all terms
    "names_unknown",  # Latin words that it has not, up to three
    "dense",  # cosine of the nearest passage
)
FORM = ("question_mark", "question_word", "asks_politely", "asks_how")
COLUMNS = KNOWLEDGE + FORM
DENSE = KNOWLEDGE.index("dense")
NUMBERS_FROM_BASE = DENSE  # what stands before it enters every model; the cosine does where it says more than BM25

PAIR, SINGLE, NAME, OTHER = range(4)  # groups of terms
_HALF = 0.5

_QUESTION_WORD = re.compile(
    r"什么|哪|吗|么|嘛|咋|啥|谁|是否|能不能|有没有|会不会|可不可以|\b(?:how|what|why|where|which|can|does)\b"
)
_HOW = re.compile(r"怎么|怎样|如何|咋|为什么|为啥|请问|报错|\b(?:how|why|error)\b")
_POLITE = re.compile(r"请问|请教|大佬|求助|各位|问一?下|\bplease\b|\banyone\b")


@dataclass(frozen=True, eq=False)
class TermRow:
    """The distinct terms of one message: texts, groups (n,), and log of the share of passages that have each (n,)."""

    texts: tuple[str, ...]
    groups: NDArray[np.int8]
    log_share: FloatArray

    @classmethod
    def of(cls, terms: Sequence[Term]) -> TermRow:
        """The terms of an evidence; the number of passages follows from any idf (it is BM25's)."""
        passages = _passages(terms)
        shares = [math.log((term.df + 0.5) / passages) for term in terms]
        groups = np.array([_group(term) for term in terms], np.int8)
        return cls(tuple(term.text for term in terms), groups, np.array(shares, np.float32))


def columns(text: str, evidence: Evidence) -> FloatArray:
    """All columns of one message, in the order of `COLUMNS`. ``text`` is what is judged (see `standalone_text`)."""
    return np.array([*_knowledge(evidence), *_form(canonical(text))], np.float32)


def is_name(term: Term) -> bool:
    """Whether a term may name a product, a function or a file."""
    return term.kind in ("latin", "identifier") and len(term.text) > 1 and term.text not in EVERYDAY


def _group(term: Term) -> int:
    if term.kind == "han":
        return PAIR if len(term.text) == 2 else SINGLE
    return NAME if is_name(term) else OTHER


def _passages(terms: Sequence[Term]) -> float:
    """How many passages there are, from idf = ln(1 + (n - df + .5) / (df + .5)); the rarest term is the most exact."""
    rarest = max(terms, key=lambda term: term.idf, default=None)
    return max(math.expm1(rarest.idf) * (rarest.df + 0.5) + rarest.df - 0.5, 1.0) if rarest else 1.0


def _knowledge(evidence: Evidence) -> Sequence[float]:
    terms, scores = evidence.terms, evidence.bm25
    passages = _passages(terms)
    rare = math.log1p((passages + 0.5) / 0.5)  # the idf of an unseen term: the unit, so that small bases count alike
    total = max(sum(term.idf for term in terms), rare)
    best, five = (float(scores[0]), float(scores[:5].mean())) if len(scores) else (0.0, 0.0)
    unit = math.sqrt(total * rare) * _repetition(evidence)
    pairs = [term for term in terms if term.kind == "han" and len(term.text) == 2]
    known_pairs = [term for term in pairs if term.df]
    names = [term for term in terms if is_name(term)]
    known_names = [term for term in names if term.df]
    return (
        best / unit,
        five / unit,
        sum(term.idf for term in terms if term.df) / total,
        len(known_pairs) / max(len(pairs), 1),
        sum(math.log1p(term.df) for term in known_pairs) / max(len(known_pairs), 1) / math.log1p(passages),
        (len(known_pairs) - _HALF * len(pairs)) / math.sqrt(max(len(pairs), 1)),
        (len(known_names) - _HALF * len(names)) / math.sqrt(max(len(names), 1)),
        sum(math.log1p(term.df) for term in terms) / max(len(terms), 1) / math.log1p(passages),
        float(min(len(names) - len(known_names), 3)),
        float(evidence.dense[0]) if len(evidence.dense) else 0.0,
    )


def _repetition(evidence: Evidence) -> float:
    """How often the terms stand in the text, on average by idf: BM25 counts each time, and repetition is no merit."""
    counts = Counter(tokenize(evidence.text))
    total = sum(term.idf for term in evidence.terms)
    return sum(counts.get(term.text, 1) * term.idf for term in evidence.terms) / total if total else 1.0


def _form(text: str) -> Sequence[float]:
    return (
        float("?" in text),
        float(bool(_QUESTION_WORD.search(text))),
        float(bool(_POLITE.search(text))),
        float(bool(_HOW.search(text))),
    )
