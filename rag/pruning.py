"""Finds the passages with the highest sums over a question's posting lists without adding up all of the long ones.

MaxScore (Turtle and Flood 1995, https://doi.org/10.1016/0306-4573(95)00020-H) by whole lists: those that can add the
most are added up, up to a budget; the rest, common words, are looked up for the passages that are best so far. The
result is exact where the rest cannot lift another passage among them, which is nearly always. It knows no terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.index import IntArray, best

BUDGET = 1_000_000  # postings added up in full: about 5 ms; a base of 15,000 passages stays below it for any question
FINISHED = 4096  # passages looked up in the rest


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """A term's scores ``data`` (n,) of the passages ``rows`` (n,), rising; ``times`` it was asked, ``most`` it adds."""

    data: FloatArray
    rows: NDArray[np.int32]
    times: int
    most: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """The best rows with their sums, best first; ``at`` gives the sums of any rows."""

    rows: IntArray
    sums: FloatArray
    at: Callable[[IntArray], FloatArray]


def rank_full(sums: FloatArray, k: int) -> Ranked:
    """The best ``k`` of sums that are there for all passages."""
    rows = best(sums, k)
    rows = rows[sums[rows] > 0]
    return Ranked(rows, sums[rows], lambda wanted: sums[wanted])


def rank_pruned(lists: Sequence[Postings], passages: int, k: int) -> Ranked:
    """The best ``k`` by the sums over ``lists``."""
    order = sorted(lists, key=lambda one: -one.most)
    spent = np.cumsum([len(one.rows) for one in order])
    taken = max(1, int(np.searchsorted(spent, BUDGET, side="right")))
    sums = np.zeros(passages, np.float32)
    for one in order[:taken]:
        sums[one.rows] += one.data * np.float32(one.times)
    likely = best(sums, max(FINISHED, 4 * k))
    likely = np.sort(likely[sums[likely] > 0])
    whole = sums[likely] + sums_at(order[taken:], likely)
    chosen = best(whole, k)
    return Ranked(likely[chosen], whole[chosen], lambda wanted: sums[wanted] + sums_at(order[taken:], wanted))


def sums_at(lists: Sequence[Postings], rows: IntArray) -> FloatArray:
    """The sums of ``rows`` over ``lists``, by looking each row up."""
    sums = np.zeros(len(rows), np.float32)
    for one in lists:
        if len(one.rows):
            places = np.minimum(np.searchsorted(one.rows, rows.astype(np.int32)), len(one.rows) - 1)
            sums += np.where(one.rows[places] == rows, one.data[places] * np.float32(one.times), np.float32(0))
    return sums
