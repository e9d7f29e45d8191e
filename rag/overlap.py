"""What sentences in a row have of a question's words, and of the characters that these are written with.

Words count the more the fewer of the sentences have them, and the more the closer they stand to the question word.
A text names its subject once and then leaves it out, so what was said before goes on, fading. It knows no passage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from operator import mul

from rag.asked import Asked, Word, nearness

_FADES = 0.6  # of what was said, left in the next sentence
# A character beside a question word asks with it, or joins others; alone it says nothing.
_FILLER = re.compile(
    r"什么样?|哪[里个些儿]?|谁|多少|怎[么样]?样?|吗|呢|如何|为何|几|何|请问|是|的|了|有|在|和|与|及|于"
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")

Row = tuple[float, float, float, float]  # of the words; of those near the question word; both with what was said before


def word_rows(question: Asked, terms: Sequence[frozenset[str]], follows: Sequence[bool]) -> list[Row]:
    """What each sentence, given by its terms, has of the question's words; ``follows`` says that it goes on."""
    return _rows(question, [math.sqrt(word.weight) for word in question.words], terms, follows)


def character_rows(question: Asked, terms: Sequence[frozenset[str]], follows: Sequence[bool]) -> list[Row]:
    """The same of single Han characters, and of Latin words as they are: "去世" and "逝世" share one."""
    found = dict.fromkeys(_HAN.findall(_FILLER.sub(" ", question.text)))
    characters = [Word(frozenset({character}), frozenset(), 1.0, 0.0) for character in found]
    latin = [word for word in question.words if all(form.isascii() for form in word.forms)]
    return _rows(Asked(question.text, (*characters, *latin)), [1.0] * (len(characters) + len(latin)), terms, follows)


def _rare(weights: Sequence[float], shares: Sequence[Sequence[float]]) -> list[float]:
    """Weights that sum to 1 over what was found: those given, times how few of the sentences have it."""
    counts = [sum(column) for column in zip(*shares, strict=True)] or [0.0] * len(weights)
    rare = [
        weight * math.log1p(len(shares) / count) if count else 0.0
        for weight, count in zip(weights, counts, strict=True)
    ]
    return _normal(rare)


def _rows(question: Asked, own: Sequence[float], terms: Sequence[frozenset[str]], follows: Sequence[bool]) -> list[Row]:
    shares = [[word.found(found) for word in question.words] for found in terms]
    weights = _rare(own, shares)
    closer = _normal(list(map(mul, weights, nearness(question))))
    rows: list[Row] = []
    said: list[float] = []
    for share, goes_on in zip(shares, follows, strict=True):
        said = list(map(max, said, share)) if goes_on else list(share)
        rows.append((_dot(weights, share), _dot(closer, share), _dot(weights, said), _dot(closer, said)))
        said = [_FADES * value for value in said]
    return rows


def _normal(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights] if total else weights


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return float(sum(map(mul, one, other)))
