"""Tells which words of a question name a folder of the base (``lmdeploy/``), and ranks passages by it as by a filter.

Nearly every passage of a product's folder has the product's name, some twenty times: how often says nothing of what is
asked about it. So such a word counts alike for all passages of the folder, and less for those elsewhere that have it.
It knows no text and no titles.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
_LIFT = 2.0  # so many times the share of all documents


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder's numbers of documents, and how many passages they have."""

    documents: IntArray
    passages: int


class Folders:
    """The folders near the top of the bases, by name; a base is one too.

    A name that folders of several products have (``docs``) tells none of them.
    """

    def __init__(self, bases: Sequence[tuple[str, Mapping[str, DocumentEntry]]]) -> None:
        """``bases``: the name of each and its documents by their path, in order."""
        lengths: list[int] = []
        members: dict[str, set[int]] = {}
        parents: dict[str, set[str]] = {}
        for base, documents in bases:
            for uri, entry in documents.items():
                path = [base.lower(), *uri.lower().split("/")[:-1][:_MOST_FOLDERS]]
                for level, name in enumerate(path):
                    members.setdefault(name, set()).add(len(lengths))
                    parents.setdefault(name, set()).update(path[:level][-1:])
                lengths.append(entry.passages)
        self._by_name: dict[str, Folder] = {}
        for name, numbers in members.items():
            if len(parents[name] - {name}) <= 1 and _FEWEST <= len(numbers) <= _MOST * len(lengths):
                documents_of = np.array(sorted(numbers))
                self._by_name[name] = Folder(documents_of, sum(lengths[n] for n in numbers))

    def named(self, term: str) -> Folder | None:
        """The folder of this name, or the only one whose name begins so."""
        if term in self._by_name:
            return self._by_name[term]
        if len(term) < _SHORTEST:
            return None
        longer = [name for name in self._by_name if name.startswith(term)]
        return self._by_name[longer[0]] if len(longer) == 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The words that name folders, and what passages get for it."""

    words: frozenset[str] = frozenset()
    postings: tuple[Postings, ...] = ()
    folders: tuple[Folder, ...] = ()

    def share(self, documents: IdArray) -> FloatArray:
        """The share of the folders named that each document stands in."""
        inside = [np.isin(documents, folder.documents) for folder in self.folders]
        return np.mean(inside, axis=0, dtype=np.float32) if inside else np.zeros(len(documents), np.float32)


NO_SCOPE = Scope()


def scope(lexical: LexicalIndex, owners: IdArray, folders: Folders, terms: Sequence[str]) -> Scope:
    """The scope of a question with these plain terms; none where they name no folder."""
    found: dict[str, Folder] = {}
    for term in dict.fromkeys(terms):
        if classify(term) != "number" and (folder := folders.named(term)) and _is_told(lexical, owners, folder, term):
            found[term] = folder
    if not found:
        return NO_SCOPE
    postings = [_postings(lexical, owners, term, folder) for term, folder in found.items()]
    return Scope(frozenset(found), tuple(postings), tuple(found.values()))


def _is_told(lexical: LexicalIndex, owners: IdArray, folder: Folder, term: str) -> bool:
    """Whether the folder's documents speak of themselves by that word, more than others do."""
    documents = np.unique(owners[lexical.passages_with(term)])
    inside = np.isin(documents, folder.documents, assume_unique=True).sum() / len(folder.documents)
    everywhere = len(documents) / (int(owners[-1]) + 1)
    return bool(inside >= _HAVE and inside >= _LIFT * everywhere)


def _postings(lexical: LexicalIndex, owners: IdArray, term: str, folder: Folder) -> Postings:
    own = lexical.postings(term, 1)
    sums: FloatArray = np.zeros(len(owners), np.float32)
    sums[own.rows] = own.data * np.float32(ELSEWHERE)
    inside = np.isin(owners, folder.documents)
    level = INSIDE * float(np.log1p((len(owners) - folder.passages + 0.5) / (folder.passages + 0.5)))
    sums[inside] = level
    rows = np.flatnonzero(sums > 0)
    return Postings(sums[rows], rows.astype(np.int32), 1, max(level, ELSEWHERE * own.most))


def names_left(names: Sequence[str], known: Collection[str]) -> list[str]:
    """The marked names without those of the words that name folders."""
    return [name for name in names if name[1:] not in known]
