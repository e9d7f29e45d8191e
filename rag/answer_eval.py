"""Measures of answers against what should have been said: correct, abstained, cited. Knows no model and no file.

Texts are compared folded: widths, case, punctuation, white space and ``[n]`` marks do not count. An answer contains a
text where it stands in it as a whole: ``4`` does not stand in ``14`` nor in ``4.5``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag.tokens import fold

_MARK = re.compile(r"\[\d{1,3}\]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_NOISE = re.compile(r"(\d)\.(?=\d)|[\W_]+")  # the point of a number is none
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) | (?=[{_HAN}])")


@dataclass(frozen=True, slots=True)
class Expected:
    """What should be said: one of ``answers``, or nothing; ``sources``: what should be cited, each entry as the
    documents that it may mean; None where nothing is known of them."""

    answers: tuple[str, ...]
    sources: tuple[frozenset[str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What was said (None: it abstained), the uris of the documents cited, and how long that took."""

    answer: str | None
    cited: tuple[str, ...]
    ms: float


def folded(text: str) -> str:
    """A text as it is compared."""
    plain = _THOUSANDS.sub("", fold(_MARK.sub(" ", text)).casefold())
    plain = _NOISE.sub(lambda match: match.group() if match.group(1) else " ", plain)
    return _BESIDE_HAN.sub("", plain.strip())


def contains(answer: str, expected: str) -> bool:
    """Whether an answer has a text in it as a whole, both folded."""
    inner, outer = folded(expected), folded(answer)
    if not inner:
        return False
    before = r"(?<![a-z0-9])(?<![0-9]\.)" if inner[0].isascii() else ""
    after = r"(?![a-z0-9])(?!\.[0-9])" if inner[-1].isascii() else ""
    return re.search(before + re.escape(inner) + after, outer) is not None


def summarise(pairs: Sequence[tuple[Expected, Given]]) -> dict[str, float | int | dict[str, float | None] | None]:
    """The figures over all questions; None where there is nothing to take a share of.

    ``correct`` and ``exact`` are shares of the questions that have an answer, abstentions included. Citations are
    counted over questions with sources: precision over the documents that were cited, recall over those wanted, of
    which an abstention cites none.
    """
    has = [(expected, given) for expected, given in pairs if expected.answers]
    abstained = [expected for expected, given in pairs if given.answer is None]
    rightly = sum(not expected.answers for expected in abstained)
    return {
        "n": len(pairs),
        "answered": _share(len(pairs) - len(abstained), len(pairs)),
        "correct": _share(sum(_says(given, expected) for expected, given in has), len(has)),
        "exact": _share(sum(_says(given, expected, exact=True) for expected, given in has), len(has)),
        "false_abstention": _share(sum(given.answer is None for _, given in has), len(has)),
        "abstention": {
            "precision": _share(rightly, len(abstained)),
            "recall": _share(rightly, len(pairs) - len(has)),
        },
        "citation": _citation([(expected, given) for expected, given in has if expected.sources]),
        "p95_ms": percentile([given.ms for _, given in pairs], 0.95),
        "mean_chars": _share(sum(len(given.answer or "") for _, given in pairs), len(pairs) - len(abstained)),
    }


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of them do not pass."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None


def _says(given: Given, expected: Expected, *, exact: bool = False) -> bool:
    if given.answer is None:
        return False
    if exact:
        return folded(given.answer) in {folded(answer) for answer in expected.answers}
    return any(contains(given.answer, answer) for answer in expected.answers)


def _citation(pairs: Sequence[tuple[Expected, Given]]) -> dict[str, float | None]:
    cited = right = wanted = met = 0
    for expected, given in pairs:
        sources, documents = expected.sources or (), set(given.cited)
        cited += len(documents)
        right += len(documents & frozenset[str]().union(*sources))
        wanted += len(sources)
        met += sum(_any(documents, entry) for entry in sources)
    return {"precision": _share(right, cited), "recall": _share(met, wanted)}


def _any(documents: Collection[str], entry: frozenset[str]) -> bool:
    return not entry.isdisjoint(documents)


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
