"""Examples as numbers: searched, embedded, turned into columns once, and then fitted as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.base import Embedder, Evidence, FloatArray, Question, RagError
from rag.gate.columns import COLUMNS, columns
from rag.gate.examples import LabelledExample
from rag.gate.model import Rows
from rag.gate.prior import Prior
from rag.gate.stores import ExampleStores, store_columns
from rag.gate.wording import canonical

Search = Callable[[str], Evidence]


class TrainingCancelledError(RagError):
    """Training was given up because the caller asked for it."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples as numbers, before any fit: ``base`` are the rows of `COLUMNS`, ``vectors`` the embeddings."""

    items: tuple[LabelledExample, ...]
    texts: tuple[str, ...]
    base: FloatArray
    vectors: FloatArray

    @property
    def good(self) -> NDArray[np.bool_]:
        """The labels, shape (n,)."""
        return np.array([item.good for item in self.items], bool)

    def take(self, chosen: NDArray[np.int64]) -> Examples:
        """Some of them."""
        items = tuple(self.items[i] for i in chosen)
        return Examples(items, tuple(self.texts[i] for i in chosen), self.base[chosen], self.vectors[chosen])

    def joined(self, more: Examples) -> Examples:
        """These and more."""
        base, vectors = np.concatenate([self.base, more.base]), np.concatenate([self.vectors, more.vectors])
        return Examples((*self.items, *more.items), (*self.texts, *more.texts), base, vectors)

    def rows(self, prior: Prior, stores: Examples | ExampleStores, *, same: bool = False) -> Rows:
        """With the columns of ``stores`` added; ``same``: these are the stores, so nothing counts as near itself."""
        similarities = self.vectors @ stores.vectors.T
        if same:
            similarities[self._twins()] = -np.inf
        near = store_columns(similarities, stores.good)
        weights = np.array([item.weight for item in self.items], np.float64)
        return Rows(self.texts, np.hstack([self.base, near]), prior.logit(self.base), self.good, weights)

    def _twins(self) -> NDArray[np.bool_]:
        _, number = np.unique(np.array(self.texts, object).astype(str), return_inverse=True)
        return np.asarray(number[:, None] == number[None, :])


def measure_examples(
    items: Sequence[LabelledExample], search: Search, embedder: Embedder, cancelled: Callable[[], bool] | None = None
) -> Examples:
    """Search every example and turn it into numbers: the slow part, and the same for every fit.

    Raises:
        TrainingCancelledError: ``cancelled`` said so.
    """
    base = np.zeros((len(items), len(COLUMNS)), np.float32)
    texts = tuple(canonical(item.text) for item in items)
    for number, item in enumerate(items):
        if cancelled is not None and cancelled():
            raise TrainingCancelledError("training was cancelled")
        base[number] = columns(Question(item.text), item.text, search(item.text))
    return Examples(tuple(items), texts, base, embedder.embed([item.text for item in items]))
