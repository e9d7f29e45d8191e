"""What is in use at one moment: for each group the retriever over its bases and its gate. Immutable, swapped whole.

A question keeps the view that it started with, so a reload never mixes two versions within one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.base import Evidence, Passage, Retriever
from rag.curated import CuratedPairs
from rag.gate import RelevanceGate


@dataclass(frozen=True, slots=True)
class View:
    """What one group sees. ``versions`` maps each base to its version; ``top_k`` passages are searched."""

    retriever: Retriever
    gate: RelevanceGate
    versions: Mapping[str, str]
    top_k: int
    pairs: CuratedPairs = field(default_factory=CuratedPairs)

    def search(self, text: str) -> Evidence:
        """The evidence on ``text`` in this group's bases."""
        return self.retriever.search(text, self.top_k)

    def curated(self, text: str) -> Passage | None:
        """The curated pair of this group's bases that ``text`` asks for."""
        return self.pairs.find(text)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The views of all groups: ``groups`` holds those of groups and platforms with something of their own."""

    default: View
    groups: Mapping[str, View] = field(default_factory=dict)

    def view(self, group: str) -> View:
        """The view of ``platform:chat``: its own, else its platform's, else the default."""
        return self.groups.get(group) or self.groups.get(group.partition(":")[0]) or self.default
