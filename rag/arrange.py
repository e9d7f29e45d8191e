"""Puts found passages into the order in which they are used: copies collapsed, the right edition first.

It knows hits and their vectors, no index. What BM25 and the vectors found stays; only near-equal passages move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.base import FloatArray, Hit
from rag.cover import PASSAGES, WEIGHT, sentence_cover
from rag.duplicates import LIKELY, SAME, likely_pairs, overlap
from rag.editions import asked_editions, edition, is_asked, is_newer

_ALIKE = 0.4  # of the shingles: two editions of one section
_ALIKE_COSINE = 0.6


def lifted(hits: Sequence[Hit], question: Mapping[str, float], total: float) -> list[Hit]:
    """The hits, in their order, with the share of the question that one sentence of them holds counted in.

    ``question`` is the weight of its terms, ``total`` that of the parts of the scores so far.
    """
    covers = [sentence_cover(hit.passage.text, question) for hit in hits[:PASSAGES]] + [0.0] * len(hits[PASSAGES:])
    return [
        Hit(hit.passage, (total * hit.score + WEIGHT * cover) / (total + WEIGHT), hit.scores)
        for hit, cover in zip(hits, covers, strict=True)
    ]


def arranged(text: str, hits: Sequence[Hit], vectors: FloatArray) -> list[Hit]:
    """The hits without those that say the same as one before, an older edition behind the newer one of its kind.

    Of two editions the newer goes first, or the one that ``text`` names; they swap places, and scores with them.
    ``vectors`` (n, dim) are the hits' own, in their order.
    """
    asked = asked_editions(text)
    slots = list(range(len(hits)))
    copies: set[tuple[int, int]] = set()
    for i, j in likely_pairs(vectors, _ALIKE_COSINE):
        editions = _are_editions(hits[i], hits[j])
        if not editions and float(vectors[i] @ vectors[j]) < LIKELY:
            continue
        shared = overlap(hits[i].passage.text, hits[j].passage.text)
        if shared >= SAME:
            copies |= {(i, j), (j, i)}
        if editions and shared >= _ALIKE:
            a, b = sorted((slots.index(i), slots.index(j)))
            if _goes_first(hits[slots[b]], hits[slots[a]], asked):
                slots[a], slots[b] = slots[b], slots[a]
    kept: dict[int, Hit] = {}
    for place, number in enumerate(slots):
        same = next((one for one in kept if (one, number) in copies), None)
        if same is None:
            kept[number] = hits[number] if number == place else replace(hits[number], score=hits[place].score)
        else:
            kept[same] = replace(kept[same], copies=(*kept[same].copies, hits[number].passage.uri))
    return list(kept.values())


def _are_editions(one: Hit, other: Hit) -> bool:
    ours, theirs = edition(one.passage.uri), edition(other.passage.uri)
    return ours.document == theirs.document and ours != theirs


def _goes_first(one: Hit, other: Hit, asked: list[tuple[int, ...]]) -> bool:
    ours, theirs = edition(one.passage.uri), edition(other.passage.uri)
    wanted = is_asked(ours, asked), is_asked(theirs, asked)
    return wanted[0] if wanted[0] != wanted[1] else is_newer(ours, theirs)
