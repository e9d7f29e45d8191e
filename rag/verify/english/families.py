"""The family that an English word belongs to: cancel and cancellation, approve and approval, refund and refundable.

Rules for endings, and a list for what they miss or would get wrong. Words of one family tell of the same thing, so a
claim may have another one than its evidence; nobody's family has the opposite (un-, dis-, -less). Knows no sentence.
"""

from __future__ import annotations

from functools import cache, lru_cache

from rag.verify.english.forms import kept, lemma, lines

_ENDINGS = (
    ("ization", 4), ("isation", 4), ("ability", 3), ("ibility", 3), ("ation", 3), ("ating", 3), ("ated", 3),
    ("ates", 3), ("ate", 4), ("ator", 3), ("izing", 4), ("ized", 4), ("ize", 4), ("able", 3), ("ible", 3),
    ("ically", 3),
    ("ical", 4), ("ness", 4), ("ity", 4), ("ion", 4), ("ments", 3), ("ment", 4),
)  # fmt: skip


@cache
def _listed() -> dict[str, str]:
    known: dict[str, str] = {}
    for line in lines("families.txt"):
        first, *rest = line.split()
        for word in (first, *rest):
            known.setdefault(lemma(word), "=" + first)
    return known


@lru_cache(maxsize=16384)
def family(word: str) -> str:
    """What the words of a family have in common, given one of them in lower case."""
    short = lemma(word)
    if known := _listed().get(short):
        return known
    single = word.removesuffix("s") if not word.endswith("ss") else word
    if not word.isascii() or not word.isalpha() or single in kept("derived"):
        return short
    for ending, least in _ENDINGS:
        if single.endswith(ending) and len(single) - len(ending) >= least:
            return _bare(lemma(single[: -len(ending)]))
    return short


def _bare(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
