"""What is in use at one moment: for each group the retriever over its bases and its gate. Immutable, swapped whole.

A question keeps the view that it started with, so a reload never mixes two versions within one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.base import Definition, Evidence, FloatArray, Passage, Question
from rag.curated import CuratedPairs
from rag.defined import find_definitions
from rag.gate import RelevanceGate
from rag.retriever import HybridRetriever


@dataclass(frozen=True, slots=True)
class View:
    """What one group sees. ``versions`` maps each base to its version; ``top_k`` passages are searched."""

    retriever: HybridRetriever
    gate: RelevanceGate
    versions: Mapping[str, str]
    top_k: int
    pairs: CuratedPairs = field(default_factory=CuratedPairs)

    def search(self, text: str, vector: FloatArray | None = None) -> Evidence:
        """The evidence on ``text``, whose ``vector`` may be known already, in this group's bases.

        Raises:
            ModelError: the embedder failed; `search_words` does without.
        """
        return self.retriever.search(text, self.top_k, vector=vector)

    def search_words(self, text: str) -> Evidence:
        """The same without the embedder."""
        return self.retriever.search_words(text, self.top_k)

    def measure(self, text: str) -> Evidence:
        """The evidence on ``text`` as far as the gate reads it: without hits, unless they are reranked for it.

        Raises:
            ModelError: the embedder failed; `search_words` does without.
        """
        return self.retriever.measure(text, self.top_k)

    def surrounded(self, evidence: Evidence) -> Evidence:
        """The evidence with the neighbours of what was found, for an answer."""
        return self.retriever.surrounded(evidence)

    def curated(self, text: str) -> Passage | None:
        """The curated pair of this group's bases that ``text`` asks for."""
        return self.pairs.find(text)

    def definitions(self, question: Question) -> tuple[Definition, ...]:
        """The definitions in this group's sources that a question asks for."""
        return find_definitions(question, self.retriever.versions)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The views of all groups: ``groups`` holds those of groups and platforms with something of their own.

    None: none of the bases listed there can be used. Nobody falls back to bases that they do not list.
    """

    default: View | None
    groups: Mapping[str, View | None] = field(default_factory=dict)

    def view(self, group: str) -> View | None:
        """The view of ``platform:chat``: its own, else its platform's, else the default."""
        for place in (group, group.partition(":")[0]):
            if place in self.groups:
                return self.groups[place]
        return self.default
