"""Measures of a search over ranks of distinct documents: recall@k, MRR and nDCG. Knows no index and no file.

A question names what is relevant, each entry as the documents that it may mean (a bare file name can be several). A
document fulfils one entry at most, and an entry is fulfilled once, so that no measure can pass 1. Definitions: Manning,
Raghavan, Schütze, *Introduction to Information Retrieval*, chapter 8, with relevance being yes or no.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

CUTS = (1, 5)
NDCG_DOCUMENTS = 10


@dataclass(frozen=True, slots=True)
class Ranks:
    """The ranks (from 1, rising) at which entries were fulfilled, of ``wanted`` entries."""

    found: tuple[int, ...]
    wanted: int


def distinct(uris: Sequence[str]) -> list[str]:
    """The documents of a list of passages, each at its best place."""
    return list(dict.fromkeys(uris))


def matching(entry: str, uris: Collection[str]) -> frozenset[str]:
    """The documents that ``entry`` may mean: that uri, else those whose path ends with it."""
    return frozenset({entry}) if entry in uris else frozenset(uri for uri in uris if uri.endswith(f"/{entry}"))


def rank(documents: Sequence[str], relevant: Sequence[Collection[str]]) -> Ranks:
    """Where the entries of ``relevant`` stand in ``documents``, best first; the narrowest entry takes a document."""
    left = sorted(relevant, key=len)
    found = []
    for place, uri in enumerate(documents, 1):
        for number, entry in enumerate(left):
            if uri in entry:
                del left[number]
                found.append(place)
                break
    return Ranks(tuple(found), len(relevant))


def recall(ranks: Ranks, k: int) -> float:
    """The share of what is relevant among the first ``k`` documents."""
    return sum(place <= k for place in ranks.found) / ranks.wanted


def reciprocal_rank(ranks: Ranks) -> float:
    """One divided by the rank of the first relevant document, 0 where there is none."""
    return 1 / ranks.found[0] if ranks.found else 0.0


def ndcg(ranks: Ranks, k: int = NDCG_DOCUMENTS) -> float:
    """Discounted gain of the first ``k`` documents, as a share of that of a perfect order."""
    best = sum(1 / math.log2(place + 1) for place in range(1, min(ranks.wanted, k) + 1))
    return sum(1 / math.log2(place + 1) for place in ranks.found if place <= k) / best


def summarise(questions: Sequence[Ranks]) -> dict[str, float]:
    """The means over all questions, of which there is at least one."""
    means = {f"recall@{k}": [recall(ranks, k) for ranks in questions] for k in CUTS}
    means |= {"mrr": list(map(reciprocal_rank, questions)), "ndcg": list(map(ndcg, questions))}
    return {name: sum(values) / len(values) for name, values in means.items()}
