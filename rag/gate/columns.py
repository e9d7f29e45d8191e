"""Numbers about one message: what the knowledge base has on it, and its form. Knows no labels.

None of them grows with the mere length of the message: sums are divided by what the message could have reached at most,
and counts saturate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from rag.base import Evidence, FloatArray, Question, Term
from rag.gate.wording import EMOJI, PICTURE, canonical

KNOWLEDGE = (
    "bm25_share",  # best BM25 sum over the sum of the idf of all terms: how much of the message one passage holds
    "bm25_depth",  # the same for the mean of the five best passages
    "coverage",  # share of the idf that terms of the knowledge base hold
    "best_hit",  # share of the idf that the best passages hold
    "bigrams_known",  # share of Han bigrams that the knowledge base has
    "bigrams_common",  # how common those are in the knowledge base
    "names_known",  # Latin words and identifiers that the knowledge base has, up to three
    "names_rarity",  # idf of the rarest of them
    "names_unknown",  # Latin words that it has not, up to three
    "dense",  # cosine of the nearest passage
)
FORM = (
    "question_mark",
    "question_word",
    "asks_politely",
    "asks_how",
    "picture",
    "emoji",
)
COLUMNS = KNOWLEDGE + FORM

_QUESTION_WORD = re.compile(
    r"什么|哪|吗|么|嘛|呢|咋|啥|谁|几|是否|能不能|有没有|会不会|可不可以|\b(?:how|what|why|where|which|can|does|is)\b"
)
_HOW = re.compile(r"怎么|怎样|如何|咋|为什么|为啥|请问|报错|\b(?:how|why|error)\b")
_POLITE = re.compile(r"请问|请教|大佬|求助|各位|问一?下|\bplease\b|\banyone\b")


def columns(question: Question, text: str, evidence: Evidence) -> FloatArray:
    """All columns of one message, in the order of `COLUMNS`. ``text`` is what is judged (see `standalone_text`)."""
    form = canonical(text)
    return np.array([*_knowledge(evidence), *_form(form)], np.float32)


def _knowledge(evidence: Evidence) -> Sequence[float]:
    terms = evidence.terms
    total = sum(term.idf for term in terms) or 1.0
    best, five = _bm25(evidence)
    pairs = [term for term in terms if term.kind == "han" and len(term.text) == 2]
    known_pairs = [term for term in pairs if term.df]
    names = [term for term in terms if is_name(term)]
    known_names = [term for term in names if term.df]
    return (
        best / total,
        five / total,
        sum(term.idf for term in terms if term.df) / total,
        _best_hit(evidence, total),
        len(known_pairs) / max(len(pairs), 1),
        sum(math.log1p(term.df) for term in known_pairs) / max(len(known_pairs), 1),
        float(min(len(known_names), 3)),
        max((term.idf for term in known_names), default=0.0),
        float(min(len(names) - len(known_names), 3)),
        float(evidence.dense[0]) if len(evidence.dense) else 0.0,
    )


def is_name(term: Term) -> bool:
    """Whether a term may name a product, a function or a file."""
    return term.kind in ("latin", "identifier") and len(term.text) > 1


def _bm25(evidence: Evidence) -> tuple[float, float]:
    scores = evidence.bm25
    return (float(scores[0]), float(scores[:5].mean())) if len(scores) else (0.0, 0.0)


def _best_hit(evidence: Evidence, total: float) -> float:
    """The largest share of the idf that one of the three best passages holds."""
    shares = [0.0]
    for hit in evidence.hits[:3]:
        body = f"{hit.passage.source} {' '.join(hit.passage.headings)} {hit.passage.text}".lower()
        shares.append(sum(term.idf for term in evidence.terms if term.df and term.text in body) / total)
    return max(shares)


def _form(text: str) -> Sequence[float]:
    return (
        float("?" in text),
        float(bool(_QUESTION_WORD.search(text))),
        float(bool(_POLITE.search(text))),
        float(bool(_HOW.search(text))),
        float(PICTURE in text),
        float(EMOJI in text),
    )
