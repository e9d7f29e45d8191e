"""The values of the rag package: what is asked, what was found, what was decided, what was answered.

It imports nothing of ours. Arrays are float32 unless a docstring says otherwise.

Errors::

    RagError
      KnowledgeError        a knowledge version cannot be built, read or published
        NoKnowledgeError    there is no usable version at all: run `qunda build`
      ModelError            an embedder, reranker or local model cannot be loaded or used
      GeneratorError        a generator failed; ``kind`` says how
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Language = Literal["zh", "en"]
FloatArray = NDArray[np.float32]


class RagError(Exception):
    """Anything that the rag package could not do; the message names the fix."""


class KnowledgeError(RagError):
    """A knowledge version cannot be built, read or published."""


class NoKnowledgeError(KnowledgeError):
    """There is no usable knowledge version."""


class ModelError(RagError):
    """A model cannot be loaded or used."""


GeneratorFault = Literal[
    "timeout", "auth", "rate_limit", "bad_reply", "empty", "cut_off", "unreachable", "server", "config"
]


class GeneratorError(RagError):
    """A generator failed.

    ``kind`` is one of: ``timeout``, ``auth`` (401 or 403), ``rate_limit`` (429), ``bad_reply`` (not the protocol, HTML
    for instance), ``empty``, ``cut_off`` (the stream died half way), ``unreachable``, ``server`` (5xx), ``config``.
    """

    def __init__(self, kind: GeneratorFault, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Passage:
    """The cited unit: a stretch of one document.

    ``source`` is the document's title, ``uri`` its path below the documents folder, ``headings`` the heading path that
    it stands under, ``position`` its index in the document, ``start`` and ``end`` its offsets in the document's text,
    ``link`` the address that readers find the document at, empty where it has none, ``place`` where in the file it is,
    as a link has it (``page=3``), ``question`` that of a curated pair.
    """

    id: str
    text: str
    source: str
    uri: str
    headings: tuple[str, ...] = ()
    position: int = 0
    start: int = 0
    end: int = 0
    place: str = ""
    question: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its fused score, and the normalised score of each retriever that found it.

    ``copies`` are the documents of found passages that say the same and were left out for it. ``around`` are the
    passages before and behind it in its document, where they were asked for (see `rag.surroundings`).
    """

    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    around: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation, oldest first in a `Question`."""

    speaker: str
    text: str
    is_bot: bool = False
    same_sender: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A message as the gate and the answer look at it; the bot's assistant makes it from a message with its context.

    ``mentioned``: the bot was addressed. ``addressed_to_others``: somebody else was. ``quotes_person``: it quotes a
    human. ``answered_by_person``: a human has already answered it. ``picture_text``: what was read in its pictures.
    ``rewritten``: what a model made of a follow-up, so
    that it stands alone; ``keywords``: what it would search for besides. Both are empty unless they are needed.
    ``quote_only``: no language model is to be asked.
    """

    text: str
    language: Language = "zh"
    mentioned: bool = False
    addressed_to_others: bool = False
    quotes_person: bool = False
    answered_by_person: bool = False
    quoted_text: str = ""
    picture_text: str = ""
    history: tuple[Turn, ...] = ()
    rewritten: str = ""
    keywords: tuple[str, ...] = ()
    quote_only: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the question as the knowledge base knows it.

    ``idf`` is BM25's inverse document frequency (natural logarithm; the idf of an unseen term when ``df`` is 0),
    ``df`` the number of passages with it, ``kind`` what the tokenizer took it for.
    """

    text: str
    kind: Literal["han", "latin", "identifier", "number"]
    df: int
    idf: float


Match = Literal["exact", "case", "elsewhere", "near"]


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a source defines a name: its kind, its line from 1, its first lines, the passage that it begins in.

    ``match`` says how near its name is to ``asked``: the same, the same but for case and underscores, one that belongs
    to something else, one edit away. ``total``: how many there are.
    """

    name: str
    kind: str
    line: int
    code: str
    passage: Passage
    match: Match = "exact"
    asked: str = ""
    total: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the knowledge base has on a text: searched once, shared by gate and answer.

    ``hits`` are fused, best first. ``bm25`` and ``dense`` are raw scores (BM25 sums; cosines), best first, shape (k,)
    with k <= top_k; they are empty where that retriever is off. ``vector`` is the embedding of the text, shape (dim,),
    or None where no embedder is configured. ``terms`` are the distinct terms of the text in order. ``rerank`` are a
    reranker's scores of the hits, best first; empty without one, or where it failed. ``curated`` is the curated pair
    that the text asks for, ``definitions`` are those of a name whose place in the sources it asks for.
    """

    text: str
    hits: tuple[Hit, ...] = ()
    bm25: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    dense: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    vector: FloatArray | None = None
    terms: tuple[Term, ...] = ()
    rerank: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    curated: Passage | None = None
    definitions: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision: a named feature, its contribution in log-odds, and what it refers to.

    ``detail`` is data (an example's text, a term), never a sentence; `rag.gate` words it in the asker's language.
    """

    name: str
    contribution: float
    value: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether to answer. ``probability`` is calibrated at the expected share; ``reasons``: strongest first."""

    answer: bool
    probability: float
    threshold: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One cited passage of an answer; ``n`` is the number that stands in the text as ``[n]``."""

    n: int
    title: str
    uri: str
    quote: str
    passage_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a piece of a written answer when it was verified.

    ``fate``: ``kept``, ``moved`` (kept with other marks), ``plain`` (states no fact) or ``dropped``. ``reason`` names
    what was wrong and ``detail`` the words at fault; ``marks`` are the numbers of the passages in the prompt.
    """

    text: str
    fate: Literal["kept", "moved", "plain", "dropped"]
    reason: str = ""
    detail: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A text with ``[n]`` marks and the sources that they name, in the order of n.

    ``verdict`` says how it was verified; it is empty where the text stands in the documents word for word.
    """

    text: str
    citations: tuple[Source, ...] = ()
    verdict: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Abstention:
    """A written answer that was not given: why, and what became of its pieces."""

    reason: str
    verdict: tuple[Checked, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """What a prompt asks of a server that can hold a model to a JSON schema: another system text, and the schema."""

    system: str
    name: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat prompt: a system text and alternating turns, the last one the user's.

    A generator that cannot do ``structured`` output leaves that out.
    """

    system: str
    turns: tuple[tuple[Literal["user", "assistant"], str], ...]
    structured: Schema | None = None


_BASE_NAME = re.compile(r"\w[\w.-]{0,63}")


def is_base_name(name: str) -> bool:
    """Whether a knowledge base may be called so: letters, digits, ``-``, ``_`` and ``.``; it names a folder."""
    return _BASE_NAME.fullmatch(name) is not None


_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_LATIN_WORD = re.compile("[A-Za-z]+")


def detect_language(text: str) -> Language:
    """The language to answer in: Chinese as soon as Han characters are a fair part of the letters."""
    han = sum(map(len, _HAN.findall(text)))
    latin_words = len(_LATIN_WORD.findall(text))
    return "zh" if han and han >= latin_words / 2 else ("en" if latin_words else "zh")
