"""Examples as numbers: searched, embedded, turned into columns once, and then fitted as often as needed.

Bad examples are also joined into long pieces of chatter, so that the model learns that length is no merit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.base import Evidence, FloatArray, RagError
from rag.gate.columns import COLUMNS, DENSE, NUMBERS_FROM_BASE, TermRow, columns
from rag.gate.examples import LabelledExample
from rag.gate.model import Rows
from rag.gate.prior import Prior
from rag.gate.reranks import RERANKS, Reranks, rerank_columns, to_score
from rag.gate.stores import ExampleStores, store_columns
from rag.gate.vocabulary import SPECIFIC, ChatterVocabulary
from rag.gate.wording import UInt64Array, canonical, hashes, plain
from rag.protocols import Embedder

_log = logging.getLogger(__name__)

Search = Callable[[str], Evidence]
Rerank = Callable[[Evidence], FloatArray]  # a reranker's scores of what was found, best first; empty where it fails

JOINED = 8  # bad examples make one piece of chatter
JOINED_WEIGHT = 0.3
_TOLD_EVERY = 50  # scored examples
COPY = 0.95  # cosine from which a neighbour in training is a copy: new messages have none


class TrainingCancelledError(RagError):
    """Training was given up because the caller asked for it."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples as numbers, before any fit: ``base`` are the rows of `COLUMNS`, ``vectors`` the embeddings, ``reranks``
    those of `RERANKS`, raw.

    ``pieces`` are joined ones; for those ``made_of`` says of which ``identities`` each is made.
    """

    items: tuple[LabelledExample, ...]
    texts: tuple[str, ...]
    wording: tuple[UInt64Array, ...]
    terms: tuple[TermRow, ...]
    base: FloatArray
    vectors: FloatArray
    reranks: FloatArray
    identities: tuple[object, ...]
    pieces: Examples | None = None
    made_of: tuple[frozenset[object], ...] = ()

    @property
    def good(self) -> NDArray[np.bool_]:
        """The labels, shape (n,)."""
        return np.array([item.good for item in self.items], bool)

    def take(self, chosen: NDArray[np.int64]) -> Examples:
        """Some of them, with the pieces that are made of these alone."""
        picks = chosen.tolist()
        identities = tuple(self.identities[i] for i in picks)
        pieces = self.pieces
        if pieces is not None:
            there = set(identities)
            pieces = pieces.take(np.array([i for i, parts in enumerate(pieces.made_of) if parts <= there], np.int64))
        return Examples(
            tuple(self.items[i] for i in picks),
            tuple(self.texts[i] for i in picks),
            tuple(self.wording[i] for i in picks),
            tuple(self.terms[i] for i in picks),
            self.base[chosen],
            self.vectors[chosen],
            self.reranks[chosen],
            identities,
            pieces,
            tuple(self.made_of[i] for i in picks) if self.made_of else (),
        )

    def joined(self, more: Examples) -> Examples:
        """These and more."""
        pieces = self.pieces.joined(more.pieces) if self.pieces and more.pieces else self.pieces or more.pieces
        return Examples(
            (*self.items, *more.items),
            (*self.texts, *more.texts),
            (*self.wording, *more.wording),
            (*self.terms, *more.terms),
            np.concatenate([self.base, more.base]),
            np.concatenate([self.vectors, more.vectors]),
            np.concatenate([self.reranks, more.reranks]),
            (*self.identities, *more.identities),
            pieces,
            (*self.made_of, *more.made_of),
        )

    def vocabulary(self) -> ChatterVocabulary:
        """The terms of the bad ones."""
        return ChatterVocabulary.fit([row for row, item in zip(self.terms, self.items, strict=True) if not item.good])

    def rows(
        self,
        prior: Prior,
        vocabulary: ChatterVocabulary,
        stores: Examples | ExampleStores,
        neural: bool,
        reranks: Reranks | None,
        *,
        same: bool,
        form: float,
    ) -> Rows:
        """With the columns that vocabulary and stores add; ``same``: they are made of these examples.

        ``reranks``: the scale of the reranker, if any. ``form``: how much of what the prior says of the form counts.
        """
        pairs = zip(self.terms, self.items, strict=True)
        specific = [vocabulary.columns(row, counted=same and not item.good) for row, item in pairs]
        numbers = [self.base[:, :NUMBERS_FROM_BASE], np.array(specific, np.float32).reshape(-1, len(SPECIFIC))]
        numbers.append(self._near(stores, same=same))
        vectors = self.vectors[:, :0]
        if neural:
            numbers.append(self.base[:, DENSE : DENSE + 1])
            vectors = self.vectors
        weights = np.array([item.weight for item in self.items], np.float64)
        prior_odds = prior.logit(self.base, form)
        ranked = self.reranks[:, :0] if reranks is None else reranks.columns(self.reranks)
        return Rows(self.wording, np.hstack(numbers), vectors, ranked, prior_odds, self.good, weights)

    def _near(self, stores: Examples | ExampleStores, *, same: bool) -> FloatArray:
        """`STORE_COLUMNS`, (n, 2). What was learnt from has no look at itself: copies would teach that all are near."""
        similarities = self.vectors @ stores.vectors.T
        if isinstance(stores, Examples):
            similarities[self._own(stores)] = -np.inf
            if same or self.made_of:
                similarities[similarities > COPY] = -np.inf
        return store_columns(similarities, stores.good)

    def _own(self, stores: Examples) -> NDArray[np.bool_]:
        """Which pairs are of equal texts, or of a piece and a part of it: those do not count as near."""
        numbers = {text: number for number, text in enumerate((*self.texts, *stores.texts))}
        ours, theirs = (np.array([numbers[text] for text in texts], np.int64) for texts in (self.texts, stores.texts))
        own = ours[:, None] == theirs[None, :]
        at = {identity: number for number, identity in enumerate(stores.identities)}
        for row, parts in enumerate(self.made_of):
            own[row, [at[part] for part in parts if part in at]] = True
        return np.asarray(own)


def measure_examples(
    items: Sequence[LabelledExample],
    search: Search,
    embedder: Embedder,
    cancelled: Callable[[], bool] | None = None,
    rerank: Rerank | None = None,
) -> Examples:
    """Search every example and turn it into numbers: the slow part, and the same for every fit.

    ``rerank`` scores the examples that `to_score` names, where ``search`` leaves that out.

    Raises:
        TrainingCancelledError: ``cancelled`` said so.
    """
    own = _measure(items, _scored(items, search, rerank), embedder, cancelled)
    bad = [number for number, item in enumerate(items) if not item.good]
    groups = [bad[start : start + JOINED] for start in range(0, len(bad) - JOINED + 1, JOINED)]
    chatter = [
        LabelledExample("。".join(items[i].text for i in group), False, JOINED_WEIGHT, items[group[0]].source)
        for group in groups
    ]
    pieces = _measure(chatter, lambda _, text: search(text), embedder, cancelled)
    made_of = tuple(frozenset(own.identities[i] for i in group) for group in groups)
    unsaid = np.full_like(pieces.reranks, np.nan)  # nobody asks a reranker about eight messages in one
    return replace(own, pieces=replace(pieces, made_of=made_of, reranks=unsaid))


def _scored(items: Sequence[LabelledExample], search: Search, rerank: Rerank | None) -> Callable[[int, str], Evidence]:
    """The search for the example with a number, with a reranker's scores where those are asked for."""
    chosen = to_score(items)
    done = 0

    def scored(number: int, text: str) -> Evidence:
        nonlocal done
        evidence = search(text)
        if rerank is None or not chosen[number]:
            return evidence
        done += 1
        if done % _TOLD_EVERY == 0:
            _log.info("the gate learns: the reranker has scored %d of %d examples", done, int(chosen.sum()))
        return replace(evidence, rerank=rerank(evidence))

    return scored


def _measure(
    items: Sequence[LabelledExample],
    search: Callable[[int, str], Evidence],
    embedder: Embedder,
    cancelled: Callable[[], bool] | None,
) -> Examples:
    base, terms = np.zeros((len(items), len(COLUMNS)), np.float32), []
    reranks = np.zeros((len(items), len(RERANKS)), np.float32)
    texts = [plain(item.text) for item in items]
    for number, text in enumerate(texts):
        if cancelled is not None and cancelled():
            raise TrainingCancelledError("training was cancelled")
        evidence = search(number, text)
        base[number] = columns(text, evidence)
        reranks[number] = rerank_columns(evidence)
        terms.append(TermRow.of(evidence.terms))
    forms = tuple(map(canonical, texts))
    wording = tuple(map(hashes, forms))
    identities = tuple(object() for _ in items)
    return Examples(tuple(items), forms, wording, tuple(terms), base, embedder.embed(texts), reranks, identities)
