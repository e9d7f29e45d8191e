"""Tells which words of a question name a folder of the base (``lmdeploy/``), and ranks passages by it as by a filter.

Nearly every passage of a product's folder has the product's name, some twenty times: how often says nothing of what is
asked about it. So such a word counts alike for all passages of the folder, and less for those elsewhere that have it.
It knows no text and no titles.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.base import FloatArray
from rag.index import IntArray
from rag.lexical import IdArray, LexicalIndex
from rag.manifest import DocumentEntry
from rag.pruning import Postings
from rag.tokens import classify

INSIDE = 2.0  # times the idf of the folder: what all its passages get
ELSEWHERE = 0.5  # of its BM25 score, where the word stands in a passage of another folder
_MOST_FOLDERS = 2  # levels from the top
_FEWEST = 4  # documents
_MOST = 0.7  # of all documents: more is no choice
_SHORTEST = 5  # characters of a name's beginning that stands for it
_HAVE = 0.25  # of the folder's documents, at least, have the word
_LIFT = 1.25  # so many times the share of all documents: of two products each has half of them


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The words that name folders, what passages get for each, and the folders' documents."""

    words: frozenset[str] = frozenset()
    postings: tuple[Postings, ...] = ()
    folders: tuple[IntArray, ...] = ()

    def share(self, documents: IdArray) -> FloatArray:
        """The share of the folders named that each document stands in."""
        inside = [np.isin(documents, folder) for folder in self.folders]
        return np.mean(inside, axis=0, dtype=np.float32) if inside else np.zeros(len(documents), np.float32)


NO_SCOPE = Scope()


class Folders:
    """The folders near the top of the bases, by name; a base is one too. Thread-safe.

    A name that folders of several products have (``docs``) tells none of them.
    """

    def __init__(
        self, bases: Sequence[tuple[str, Mapping[str, DocumentEntry]]], lexical: LexicalIndex, owners: IdArray
    ) -> None:
        """``bases``: the name of each and its documents by their path, in the order of their numbers in ``owners``."""
        self._lexical = lexical
        self._owners = owners
        self._told: dict[str, tuple[IntArray, Postings] | None] = {}  # by word; whoever asks anew computes the same
        paths = [(base, *uri.split("/")[:-1][:_MOST_FOLDERS]) for base, documents in bases for uri in documents]
        members: dict[str, list[int]] = {}
        parents: dict[str, set[str]] = {}
        for number, path in enumerate(paths):
            names = [name.lower() for name in path]
            for level, name in enumerate(names):
                if number not in members.setdefault(name, [])[-1:]:
                    members[name].append(number)
                parents.setdefault(name, set()).update(names[:level][-1:])
        self._by_name = {
            name: np.array(numbers)
            for name, numbers in members.items()
            if len(parents[name] - {name}) <= 1 and _FEWEST <= len(numbers) <= _MOST * len(paths)
        }

        self._names = sorted(self._by_name)

    def scope(self, terms: Iterable[str]) -> Scope:
        """The scope of a question with these plain terms; none where they name no folder."""
        if not self._by_name:
            return NO_SCOPE
        told = {term: self._tell(term) for term in terms}
        found = {term: known for term, known in told.items() if known is not None}
        if not found:
            return NO_SCOPE
        folders, postings = zip(*found.values(), strict=True)
        return Scope(frozenset(found), postings, folders)

    def _tell(self, term: str) -> tuple[IntArray, Postings] | None:
        """The documents of the folder that a word names, and what passages get for it."""
        if term not in self._told:
            documents = None if classify(term) == "number" else self._named(term)
            is_told = documents is not None and self._is_told(term, documents)
            known = (documents, self._postings(term, documents)) if documents is not None and is_told else None
            if documents is None:
                return None
            self._told[term] = known
        return self._told[term]

    def _named(self, term: str) -> IntArray | None:
        """The documents of the folder of this name, or of the only one whose name begins so."""
        if term in self._by_name or len(term) < _SHORTEST:
            return self._by_name.get(term)
        at = bisect_left(self._names, term)
        longer = [name for name in self._names[at : at + 2] if name.startswith(term)]
        return self._by_name[longer[0]] if len(longer) == 1 else None

    def _is_told(self, term: str, documents: IntArray) -> bool:
        """Whether a folder's documents speak of themselves by that word, more than others do."""
        having = np.unique(self._owners[self._lexical.passages_with(term)])
        inside = np.isin(having, documents, assume_unique=True).sum() / len(documents)
        everywhere = len(having) / (int(self._owners[-1]) + 1)
        return bool(inside >= _HAVE and inside >= _LIFT * everywhere)

    def _postings(self, term: str, documents: IntArray) -> Postings:
        own, inside = self._lexical.postings(term, 1), np.isin(self._owners, documents)
        sums = np.zeros(len(self._owners), np.float32)
        sums[own.rows] = own.data * np.float32(ELSEWHERE)
        passages = int(inside.sum())
        level = INSIDE * float(np.log1p((len(inside) - passages + 0.5) / (passages + 0.5)))
        sums[inside] = level
        rows = np.flatnonzero(sums > 0)
        return Postings(sums[rows], rows.astype(np.int32), 1, max(level, ELSEWHERE * own.most))


def names_left(names: Iterable[str], known: Collection[str]) -> list[str]:
    """The marked names without those of the words that name folders."""
    return [name for name in names if name[1:] not in known]
