"""Ranks passages by the names that a question holds: where they are shown, and what is left of one with a part missing.

Of a name of two parts a single word is left (``token`` of ``verification_token``), and hundreds of passages may show
names that have it. A name that few documents show says which document is meant: so a document counts by the names that
lead to the word, each the less the more documents show it. It knows no text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.base import FloatArray
from rag.index import IntArray, best
from rag.lexical import IdArray, LexicalIndex
from rag.names import PARTIAL, asked_names
from rag.pruning import Postings, Ranked
from rag.scope import NO_SCOPE, Scope, names_left

DOCUMENT_WEIGHT = 6.0  # of a name with a part missing in the whole document: seeds 0 to 4 of tests/bench/identifiers.py
PAIR_WEIGHT = 60.0  # of the names of two parts that lead to a word: seeds 1 to 8; 30 does nearly as well
PLAIN_SHARE = 0.5  # of the plain terms where they tell what is wanted
_MORE_DOCUMENTS = 8  # the first ones by such names are candidates even where BM25 ranks all their passages low


def ranked(
    lexical: LexicalIndex,
    owners: IdArray,
    text: str,
    terms: Sequence[str],
    plain: Ranked,
    wanted: int,
    about: Scope = NO_SCOPE,
    told: float = 0.0,
) -> Ranked:
    """The ``plain`` ranking of a question's ``terms``, or the one that counts its folders (``about``) and names, too.

    ``told`` is how far other words than a single name tell what is wanted.
    """
    names = names_left(lexical.known(asked_names(text, terms)), about.words)
    rest = [term for term in terms if term not in about.words]
    if about.words:
        plain = lexical.search(rest, wanted, about.postings)
    if not names:
        return plain
    return mixed(ranked_by_names(lexical, owners, rest, names, wanted, about.postings), plain, PLAIN_SHARE * told)


def ranked_by_names(
    lexical: LexicalIndex,
    owners: IdArray,
    terms: Sequence[str],
    names: Sequence[str],
    wanted: int,
    folders: Sequence[Postings] = (),
) -> Ranked:
    """The passages by the plain ``terms``, the marked ``names`` and ``folders``; ``owners`` are their documents."""
    by_passage = lexical.search([*terms, *names], wanted, folders)
    partial = [name for name in names if name.startswith(PARTIAL)]
    if not partial:
        return by_passage
    more = DOCUMENT_WEIGHT * lexical.by_document(partial, owners)

    def at(rows: IntArray) -> FloatArray:
        sums = by_passage.at(rows)
        return np.where(sums > 0, sums + more[owners[rows]], np.float32(0))

    leads, shown = _leads(lexical, owners, partial)
    rows = by_passage.rows
    if len(shown):
        first = owners[rows[np.argmax(at(rows))]]
        leads[first] = leads.max()  # what the question's other words tell stays first
        more += PAIR_WEIGHT * leads
        rows = np.union1d(rows, shown).astype(np.int64)
    sums = at(rows)
    order = best(sums, len(sums))
    return Ranked(rows[order], sums[order], at)


def mixed(one: Ranked, other: Ranked, share: float) -> Ranked:
    """Two rankings of the same passages, each by its best sum; ``share`` is the weight of the ``other``."""
    if not len(one.rows) or not len(other.rows) or share <= 0:
        return one

    def at(rows: IntArray) -> FloatArray:
        sums = (1 - share) * one.at(rows) / one.sums[0] + share * other.at(rows) / other.sums[0]
        return np.asarray(sums, np.float32)

    rows = np.union1d(one.rows, other.rows).astype(np.int64)
    sums = at(rows)
    order = best(sums, len(sums))
    return Ranked(rows[order], sums[order], at)


def _leads(lexical: LexicalIndex, owners: IdArray, partial: Sequence[str]) -> tuple[FloatArray, IntArray]:
    """How much the names that lead to words of a question say for each document, and the passages of the first ones."""
    sums, rows = np.zeros(int(owners[-1]) + 1 if len(owners) else 0, np.float32), [np.zeros(0, np.int64)]
    for name in partial:
        rarity, shown = by_pairs(lexical, owners, name.removeprefix(PARTIAL))
        sums += np.log1p(rarity)
        rows.append(shown[np.isin(owners[shown], best(rarity, _MORE_DOCUMENTS))])
    return sums, np.concatenate(rows)


def by_pairs(lexical: LexicalIndex, owners: IdArray, word: str) -> tuple[FloatArray, IntArray]:
    """What the names of ``word`` and one other part say for each document, and the passages that show one.

    A name that n documents show counts 1 / n² in each of them: together they have less of it than a document alone.
    """
    documents = int(owners[-1]) + 1 if len(owners) else 0
    shown = [lexical.passages_of(number).astype(np.int64) for number in lexical.pairs.get(word, ())]
    if not shown:
        return np.zeros(documents, np.float32), np.zeros(0, np.int64)
    rows = np.concatenate(shown)
    which = np.repeat(np.arange(len(shown)), [len(one) for one in shown])
    known = np.unique(which * documents + owners[rows])  # each name once in each document
    spread = np.bincount(known // documents, minlength=len(shown))
    weights = 1.0 / spread[known // documents].astype(np.float64) ** 2
    return np.bincount(known % documents, weights, documents).astype(np.float32), np.unique(rows)
