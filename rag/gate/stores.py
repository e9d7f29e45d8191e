"""The vector stores of good and bad examples: how near a message is to either. Knows no model and no knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.gate.examples import LabelledExample

STORE_COLUMNS = ("like_good", "like_bad")  # mean cosine of the nearest few examples of either store
TOP = 3
SPARSE = 8  # a vector with a smaller share of dimensions filled, as hashed features have, is multiplied by those alone


@dataclass(frozen=True, eq=False)
class ExampleStores:
    """Examples with their unit vectors, shape (n, dim)."""

    examples: tuple[LabelledExample, ...]
    vectors: FloatArray

    @cached_property
    def good(self) -> NDArray[np.bool_]:
        """Which examples are good, shape (n,)."""
        return np.array([example.good for example in self.examples], bool)

    def similarities(self, vector: FloatArray | None) -> FloatArray:
        """Cosine to every example, shape (n,); zeros where there is no vector."""
        if vector is None or not len(self.examples):
            return np.zeros(len(self.examples), np.float32)
        filled = np.flatnonzero(vector)
        if len(filled) * SPARSE > len(vector):
            return np.asarray(self.vectors @ vector, np.float32)
        return np.asarray(vector[filled] @ self._by_dimension[filled], np.float32)

    @cached_property
    def _by_dimension(self) -> FloatArray:
        """The vectors, shape (dim, n): a few dimensions of all lie together."""
        return np.ascontiguousarray(self.vectors.T)

    def nearest(self, similarities: FloatArray, good: bool) -> tuple[LabelledExample, float] | None:
        """The nearest good or bad example with its cosine, given the cosines to all."""
        chosen = np.flatnonzero(self.good == good)
        if not len(chosen):
            return None
        best = int(chosen[similarities[chosen].argmax()])
        return self.examples[best], float(similarities[best])

    def extended(self, examples: Sequence[LabelledExample], vectors: FloatArray) -> ExampleStores:
        """These stores and more."""
        return ExampleStores((*self.examples, *examples), np.concatenate([self.vectors, vectors]))


def store_columns(similarities: FloatArray, good: NDArray[np.bool_]) -> FloatArray:
    """`STORE_COLUMNS` for rows of similarities, (m, n) -> (m, 2). -inf marks pairs that do not count."""
    return np.stack([_top_mean(similarities[:, good]), _top_mean(similarities[:, ~good])], axis=1)


def _top_mean(similarities: FloatArray) -> FloatArray:
    k = min(TOP, similarities.shape[1])
    if not k:
        return np.zeros(len(similarities), np.float32)
    top = np.partition(similarities, -k, axis=1)[:, -k:]
    counted = np.isfinite(top)
    return np.asarray(np.where(counted, top, 0).sum(1) / np.maximum(counted.sum(1), 1), np.float32)
