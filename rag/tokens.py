"""Cuts text into search terms: Han uni- and bigrams, Latin words, numbers, and identifiers whole and in parts.

It knows no corpus: the same text gives the same terms everywhere, so stored terms stay valid as long as `TOKENIZER_ID`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache
from operator import add
from typing import Literal

TOKENIZER_ID = "uni-bi-ident-3"  # of the terms of `rag.names` too
Kind = Literal["han", "latin", "identifier", "number"]

# What stands in any text says nothing about its subject; what cannot count them in a corpus carries lists.
COMMON_HAN = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "如吗呢吧啊哪些什怎样请问谁何几"
)
COMMON_WORDS = (
    "the a an of to in is are was were be been do does did how what which who when where why can could should would "
    "i you he she it we they my your this that these those for on with and or not no if as at by from have has had "
    "there here will me"
)
QUESTION_HAN = "吗呢吧啊哪些什么怎样请问谁何几如的这个"  # the words that questions are made of, not about

_MAX_CHUNK = 120  # longer runs are blobs (base64, minified code): only their parts can be asked for
_MAX_PART = 40

# Scripts written without spaces: Han with its extensions, kana, hangul.
_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W_{_CJK}]"
_RUN = re.compile(rf"[{_CJK}]+|_*{_LETTER}(?:[._\-/\\:+]*{_LETTER})*(?:\+\+|#)?")
_HAN = re.compile(rf"[{_CJK}]")
_NUMBER = re.compile(r"v?\d+(?:[.\-]\d+)*", re.IGNORECASE)
_SEPARATOR = re.compile(r"[._\-/\\:+#]+")
_PATH = re.compile(r"[/\\:]+")
_QUALIFIER = re.compile(r"[./\\:]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:d\b)?|[^\W\dA-Za-z_]+")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def tokenize(text: str) -> list[str]:
    """The terms of ``text`` in order, repeated as often as they occur, lower-cased and with widths folded (NFKC)."""
    terms: list[str] = []
    for run in runs(text):
        if _HAN.match(run):
            terms.extend(run)
            terms.extend(map(add, run, run[1:]))
        elif len(run) <= _MAX_CHUNK:
            terms.extend(_word_terms(run))
        else:
            for part in _SEPARATOR.split(run):
                terms.extend(_word_terms(part[:_MAX_PART]))
    return terms


def classify(term: str) -> Kind:
    """What the tokenizer took a term for."""
    if not term.isascii() and _HAN.match(term):
        return "han"
    if term.isalpha():
        return "latin"
    return "number" if _NUMBER.fullmatch(term) else "identifier"


def fold(text: str) -> str:
    """``text`` with widths and compatibility forms folded (NFKC) and invisible marks (zero width, bidi) taken out."""
    return text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def runs(text: str) -> list[str]:
    """What ``text`` is made of between spaces and signs: stretches of Han characters, words, numbers, identifiers."""
    return _RUN.findall(fold(text))


@lru_cache(maxsize=65536)
def _word_terms(run: str) -> tuple[str, ...]:
    """The terms of a run without Han characters: the whole, and every part of an identifier that people ask for."""
    whole = run.strip("_").lower()
    if not whole:
        return ()
    if _NUMBER.fullmatch(whole):
        return _number_terms(whole)
    parts = name_parts(run)
    if len(parts) <= 1:
        return (whole,)
    terms = {whole: None}
    for component in (*_PATH.split(whole), *_QUALIFIER.split(whole)):
        terms[component] = None  # a file's name within its path, a method's behind its class
    names = [part for part in _SEPARATOR.split(whole) if part]
    if len(names) > 1:
        terms.update(dict.fromkeys(names))
        terms.update((f"{a}_{b}", None) for a, b in itertools.pairwise(names))  # finds a name with one part left out
    terms.update(dict.fromkeys(parts))
    return tuple(term for term in terms if len(term) > 1)


def _number_terms(whole: str) -> tuple[str, ...]:
    """``v1.2.3`` is found as ``1.2.3`` and as ``1.2``."""
    number = whole.removeprefix("v")
    pieces = number.split(".")
    return (number, ".".join(pieces[:2])) if len(pieces) > 2 else (number,)


def split_path(run: str) -> list[str]:
    """What a path or a qualified name is made of: ``cv2.imshow`` -> cv2, imshow."""
    return [name for name in _QUALIFIER.split(run) if name]


def name_parts(run: str) -> list[str]:
    """The words in an identifier: ``topdownDemo_v2`` -> topdown, demo, v, 2; ``mmdet3d`` -> mmdet, 3d."""
    parts: list[str] = []
    for name in _SEPARATOR.split(run):
        camel = _CAMEL.findall(name)
        parts.extend(part.lower() for part in (camel if "".join(camel) == name else _WORD.findall(name)))
    return parts
