"""BM25 over counted terms: counting, pooling several bases, scoring with bm25s.

It knows term numbers and counts, no files; `rag.tokens` makes the terms. Counts are kept apart from scores, so that
another set of passages (an incremental build, bases pooled for one group) is scored without tokenising again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray, Term
from rag.names import PAIR, PARTIAL, SHOWN, pairs_by_part
from rag.pruning import BUDGET, Postings, Ranked, rank_full, rank_pruned
from rag.spelling import mended
from rag.tokens import COMMON_HAN, QUESTION_HAN, classify, tokenize

# Chosen on the even paragraphs of CMRC 2018 dev (tests/bench/retrieval.py).
K1 = 1.2
B = 0.5
# The weights keep a question's own words ("怎么用") from outweighing its subject where few passages are Chinese. They
# are part of the stored scores: change `TOKENIZER_ID` with them.
_WEIGHTS = {"han": 1.0, "identifier": 3.0, "latin": 2.0, "number": 1.0}
# How far a name in code or a heading, and one with a part left out, count beside plain terms: chosen on seeds 0 to 4 of
# tests/bench/identifiers.py, where doubling or halving either changes little.
_MARKED_WEIGHTS = {SHOWN: 1.5, PARTIAL: 6.0, PAIR: 1.0}
MOST_MENDED = 12
_SCORED_AT_ONCE = 50_000  # passages: bounds the memory of a large build
_QUESTION, _COMMON = frozenset(QUESTION_HAN), frozenset(COMMON_HAN)
_HAN_UNIGRAM_WEIGHT = 0.7
_QUESTION_WEIGHT = 0.15  # a Han term with a character of a question word
_COMMON_WEIGHT = 0.5  # a Han bigram of two common characters

IdArray = NDArray[np.int32]
OffsetArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class TermCounts:
    """The distinct terms of n passages as one sparse matrix by rows.

    ``ids`` (int32) and ``counts`` (uint16) hold passage i's terms at ``offsets[i]:offsets[i + 1]``; ``lengths``
    (int32) is the number of all its terms, repeated ones included.
    """

    ids: IdArray
    counts: NDArray[np.uint16]
    offsets: OffsetArray
    lengths: IdArray

    def __len__(self) -> int:
        return len(self.lengths)

    def select(self, first: int, last: int) -> TermCounts:
        """The passages ``first`` to ``last`` (exclusive)."""
        start, end = int(self.offsets[first]), int(self.offsets[last])
        offsets = self.offsets[first : last + 1] - start
        return TermCounts(self.ids[start:end], self.counts[start:end], offsets, self.lengths[first:last])


def concatenate(parts: Sequence[TermCounts]) -> TermCounts:
    """All passages of ``parts``, in order; their ids must mean the same terms."""
    shifts = np.cumsum([0, *(len(part.ids) for part in parts)])
    return TermCounts(
        np.concatenate([np.zeros(0, np.int32), *(part.ids for part in parts)]),
        np.concatenate([np.zeros(0, np.uint16), *(part.counts for part in parts)]),
        np.concatenate(
            [np.zeros(1, np.int64), *(part.offsets[1:] + shift for part, shift in zip(parts, shifts, strict=False))]
        ),
        np.concatenate([np.zeros(0, np.int32), *(part.lengths for part in parts)]),
    )


class Vocabulary:
    """Terms and their numbers; grows while texts are counted."""

    def __init__(self, terms: Iterable[str] = ()) -> None:
        self.ids: dict[str, int] = {term: number for number, term in enumerate(terms)}

    def __len__(self) -> int:
        return len(self.ids)

    def count(self, texts: Iterable[str], names: Iterable[Sequence[str]] = ()) -> TermCounts:
        """Count the terms of passages, numbering new ones; ``names`` (`rag.names`) make no passage longer."""
        ids: list[int] = []
        counts: list[int] = []
        ends, lengths = [0], []
        numbers = self.ids
        for text, marked in zip(texts, chain(names, repeat(())), strict=False):
            terms = Counter(tokenize(text))
            lengths.append(terms.total())
            terms.update(marked)
            ids.extend([numbers.setdefault(term, len(numbers)) for term in terms])
            counts.extend(terms.values())
            ends.append(len(ids))
        return TermCounts(
            np.array(ids, np.int32),
            np.minimum(counts, 65535).astype(np.uint16),
            np.array(ends, np.int64),
            np.array(lengths, np.int32),
        )


def compact(terms: Sequence[str], counts: TermCounts) -> tuple[list[str], TermCounts]:
    """Leave out the terms that no passage has and renumber the rest."""
    used = np.bincount(counts.ids, minlength=len(terms)) > 0
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    kept = [terms[number] for number in np.flatnonzero(used).tolist()]
    return kept, TermCounts(renumbered[counts.ids], counts.counts, counts.offsets, counts.lengths)


def pool(parts: Sequence[tuple[Mapping[str, int], TermCounts]]) -> tuple[dict[str, int], TermCounts]:
    """Several bases as one: a common vocabulary, and counts whose statistics are those of all passages together."""
    numbers: dict[str, int] = {}
    renumbered: list[TermCounts] = []
    for ids, counts in parts:
        to = np.zeros(max(len(ids), 1), np.int32)
        for term, number in ids.items():
            to[number] = numbers.setdefault(term, len(numbers))
        renumbered.append(TermCounts(to[counts.ids], counts.counts, counts.offsets, counts.lengths))
    return numbers, concatenate(renumbered)


@dataclass(frozen=True, eq=False)
class BM25Arrays:
    """BM25 scores by term: ``data`` (float32) and ``rows`` (int32) of term t stand at ``starts[t]:starts[t + 1]``."""

    data: FloatArray
    rows: IdArray
    starts: OffsetArray
    passages: int


def score_terms(counts: TermCounts, ids: Mapping[str, int]) -> BM25Arrays:
    """Lucene's BM25 (Kamphuis et al. 2020) of every term in every passage, times the weight of the term.

    bm25s computes the same passage by passage in Python; at 15,000 passages this takes a tenth of its time.
    """
    from scipy.sparse import csr_matrix

    frequencies = np.bincount(counts.ids, minlength=len(ids))
    idf = _idf(len(counts), frequencies)
    idf *= np.fromiter(map(term_weight, ids), np.float64, len(ids))
    lengths = counts.lengths / max(float(counts.lengths.mean()) if len(counts) else 0.0, 1e-9)
    penalty, weights = (K1 * (1 - B + B * lengths)).astype(np.float32), idf.astype(np.float32)
    scores = np.empty(len(counts.ids), np.float32)
    for first in range(0, len(counts), _SCORED_AT_ONCE):
        last = min(first + _SCORED_AT_ONCE, len(counts))
        part = slice(int(counts.offsets[first]), int(counts.offsets[last]))
        tf = counts.counts[part].astype(np.float32)
        spread = np.repeat(penalty[first:last], np.diff(counts.offsets[first : last + 1]))
        scores[part] = weights[counts.ids[part]] * tf / (tf + spread)
    by_term = csr_matrix((scores, counts.ids, counts.offsets), shape=(len(counts), len(ids))).tocsc()
    return BM25Arrays(by_term.data, by_term.indices.astype(np.int32), by_term.indptr.astype(np.int64), len(counts))


def term_weight(term: str) -> float:
    """What a term counts beside its idf."""
    if term[0] in _MARKED_WEIGHTS:
        return _MARKED_WEIGHTS[term[0]]
    kind = classify(term)
    if kind != "han":
        return _WEIGHTS[kind]
    if not _QUESTION.isdisjoint(term):
        return _QUESTION_WEIGHT * (_HAN_UNIGRAM_WEIGHT if len(term) == 1 else 1.0)
    if len(term) == 1:
        return _HAN_UNIGRAM_WEIGHT
    return _COMMON_WEIGHT if _COMMON.issuperset(term) else 1.0


def _idf(passages: int, frequencies: NDArray[Any]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.log1p((passages - frequencies + 0.5) / (frequencies + 0.5))
    return result


class LexicalIndex:
    """Scores all passages for a text. Thread-safe."""

    def __init__(self, ids: Mapping[str, int], arrays: BM25Arrays) -> None:
        self._ids = ids
        self._arrays = arrays

    def __len__(self) -> int:
        return self._arrays.passages

    @cached_property
    def _bm25(self) -> Any:
        import bm25s

        model = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
        arrays = self._arrays
        model.scores = {
            "data": arrays.data,
            "indices": arrays.rows,
            "indptr": arrays.starts,
            "num_docs": arrays.passages,
        }
        model.nonoccurrence_array = None
        return model

    def scores(self, terms: Iterable[str]) -> FloatArray:
        """The BM25 score of every passage, shape (n,); a term counts as often as it is given."""
        known = [number for number in map(self._ids.get, terms) if number is not None]
        if not known or not self._arrays.passages:
            return np.zeros(self._arrays.passages, np.float32)
        return np.asarray(self._bm25.get_scores_from_ids(known), np.float32)

    def search(self, terms: Iterable[str], k: int, more: Sequence[Postings] = ()) -> Ranked:
        """The ``k`` passages with the highest scores above 0, without scoring all of a large base.

        ``more`` counts like further terms.
        """
        given = [term for term in terms if term in self._ids]
        asked = Counter(given)
        if sum(map(self._passages_with, asked)) + sum(len(one.rows) for one in more) <= BUDGET:
            sums = self.scores(given)
            for one in more:
                sums[one.rows] += one.data
            return rank_full(sums, k)
        return rank_pruned([*(self.postings(term, times) for term, times in asked.items()), *more], len(self), k)

    def postings(self, term: str, times: int) -> Postings:
        """The scores of a term that some passage has."""
        arrays, number = self._arrays, self._ids[term]
        part = slice(int(arrays.starts[number]), int(arrays.starts[number + 1]))
        idf = float(_idf(arrays.passages, np.array(part.stop - part.start)))
        return Postings(arrays.data[part], arrays.rows[part], times, times * idf * term_weight(term))

    def mended(self, terms: Iterable[str]) -> list[str]:
        """The terms, with what no passage has but what looks like a slip of the finger put right.

        Of a text with many unknown words only the first ones: it is about something else, and must not cost time.
        """
        given = list(terms)
        unknown = [term for term in dict.fromkeys(given) if term not in self._ids][:MOST_MENDED]
        right = {term: mended(term, self._passages_with) for term in unknown}
        return [right.get(term, term) for term in given]

    def by_document(self, terms: Iterable[str], owners: IdArray) -> FloatArray:
        """The BM25 sums of whole documents over ``terms``, shape (documents,); ``owners`` are the passages' documents.

        How often a term stands in a passage is told by its score there: a document has it as often as its passages.
        """
        documents = int(owners[-1]) + 1 if len(owners) else 0
        sums = np.zeros(documents, np.float32)
        for one in (self.postings(term, 1) for term in self.known(terms)):
            frequencies = np.bincount(owners[one.rows], one.data, documents) / max(float(one.data.max()), 1e-9)
            idf = _idf(documents, np.array(np.count_nonzero(frequencies)))
            sums += (idf * frequencies / (frequencies + 1)).astype(np.float32)
        return sums

    def known(self, terms: Iterable[str]) -> list[str]:
        """The terms that some passage has."""
        return [term for term in terms if term in self._ids]

    def _passages_with(self, term: str) -> int:
        number = self._ids.get(term)
        return 0 if number is None else int(self._arrays.starts[number + 1] - self._arrays.starts[number])

    def passages_with(self, term: str) -> IdArray:
        """The passages that have the term, rising."""
        number = self._ids.get(term)
        return np.zeros(0, np.int32) if number is None else self.passages_of(number)

    def passages_of(self, number: int) -> IdArray:
        """The passages that have the term of this number."""
        return self._arrays.rows[int(self._arrays.starts[number]) : int(self._arrays.starts[number + 1])]

    @cached_property
    def pairs(self) -> dict[str, list[int]]:
        """See `rag.names.pairs_by_part`."""
        return pairs_by_part(self._ids)

    def describe(self, terms: Iterable[str]) -> tuple[Term, ...]:
        """The distinct terms in order, with what the passages know of them."""
        starts = self._arrays.starts
        distinct = list(dict.fromkeys(terms))
        numbers = [self._ids.get(term) for term in distinct]
        frequencies = [0 if number is None else int(starts[number + 1]) - int(starts[number]) for number in numbers]
        idf = _idf(self._arrays.passages, np.array(frequencies, np.float64))
        return tuple(
            Term(term, classify(term), frequency, float(value))
            for term, frequency, value in zip(distinct, frequencies, idf, strict=True)
        )
