"""Gives found passages their neighbours in the document: a list is cut from its heading, a step from the next one.

It knows how passages are numbered within a document; what is done with neighbours is the answerer's matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.base import Evidence, Hit, Passage

if TYPE_CHECKING:
    from rag.knowledge import Version

HITS = 4  # the first ones; further down is what hardly fits a prompt
REACH = 1  # passages before and behind


def surrounded(evidence: Evidence, versions: Mapping[str, Version]) -> Evidence:
    """The evidence with the neighbours of its first hits; ``versions`` by the name of their base."""
    hits = [replace(hit, around=_around(hit.passage, versions)) for hit in evidence.hits[:HITS]]
    return replace(evidence, hits=(*hits, *evidence.hits[HITS:]))


def widened(
    hits: Sequence[Hit], shown: Sequence[Passage], max_chars: int, *, beyond_section: bool = True
) -> list[Passage]:
    """``shown``, passages of ``hits``, each with the neighbours that still fit into ``max_chars`` together.

    Neighbours of the same section come first, in the order of the hits, then, ``beyond_section``, others of the
    document. None is shown twice. A widened passage keeps its id; its text is that of the document, but for blank
    space.
    """
    taken: dict[str, list[Passage]] = {passage.id: [passage] for passage in shown}
    used = set(taken)
    left = max_chars - sum(len(passage.text) for passage in shown)
    for hit, neighbour in sorted(_offers(hits), key=lambda offer: not _is_same_section(offer[0].passage, offer[1])):
        if not beyond_section and not _is_same_section(hit.passage, neighbour):
            continue
        size = len(neighbour.text) + 2
        if hit.passage.id in taken and neighbour.id not in used and size <= left:
            taken[hit.passage.id].append(neighbour)
            used.add(neighbour.id)
            left -= size
    return [_joined(passage, taken[passage.id]) for passage in shown]


def home(passage: Passage, hits: Sequence[Hit], quote: str) -> Passage:
    """The passage that a quote of a widened one stands in: itself, else the neighbour that has the quote."""
    hit = next((hit for hit in hits if hit.passage.id == passage.id), None)
    return passage if hit is None or quote in hit.passage.text else neighbour_with(hit, quote)


def neighbour_with(hit: Hit, quote: str) -> Passage:
    """The neighbour that has a quote, else the hit's own passage."""
    return next((neighbour for neighbour in hit.around if quote in neighbour.text), hit.passage)


def _offers(hits: Sequence[Hit]) -> Iterator[tuple[Hit, Passage]]:
    for hit in hits:
        behind_first = sorted(hit.around, key=lambda passage: passage.position < hit.passage.position)
        yield from ((hit, neighbour) for neighbour in behind_first)


def _around(passage: Passage, versions: Mapping[str, Version]) -> tuple[Passage, ...]:
    base = passage.id.partition("/")[0]
    version = versions.get(base)
    entry = version.manifest.documents.get(passage.uri) if version else None
    if version is None or entry is None:
        return ()
    places = range(max(0, passage.position - REACH), min(entry.passages, passage.position + REACH + 1))
    return tuple(version.passage(entry.first + place) for place in places if place != passage.position)


def _is_same_section(one: Passage, other: Passage) -> bool:
    """Whether one stands under the heading of the other, or below it."""
    short, long = sorted((one.headings, other.headings), key=len)
    return long[: len(short)] == short


def _joined(passage: Passage, pieces: Sequence[Passage]) -> Passage:
    if len(pieces) == 1:
        return passage
    ordered = sorted(pieces, key=lambda piece: piece.position)
    first, text = ordered[0], ordered[0].text
    for before, behind in pairwise(ordered):
        text += _between(before, behind) + behind.text
    return replace(
        passage,
        text=text,
        headings=first.headings,
        position=first.position,
        start=first.start,
        end=ordered[-1].end,
    )


def _between(before: Passage, behind: Passage) -> str:
    """The blank space between two neighbours, as far as their places tell: one line end within code or a table."""
    gap = behind.start - before.end if before.end else 2
    return ("", "\n", "\n\n")[max(0, min(gap, 2))]
