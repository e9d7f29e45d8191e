"""The wording of messages: canonical text, its character n-grams, and a TF-IDF space over hashed features.

It knows no labels and no knowledge base. Features are 64-bit hashes of n-grams, so a space is two plain arrays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.gate.emoji import replace_emoji, without_emoji
from rag.gate.hanzi import simplify
from rag.tokens import fold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

UInt64Array = NDArray[np.uint64]

MAX_CHARS = 2_000  # of one message: what it is about stands early, and a flood must not cost time
NGRAMS = (1, 2, 3)

PICTURE, EMOJI = "\ue000", "\ue001"  # one sign each, whatever the picture or the emoji
_PICTURE = re.compile(r"\[(?:图片|视频|文件|image|picture|photo|video|file|img)\]", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_REPEATED = re.compile(r"(.)\1{3,}")


def plain(text: str) -> str:
    """What is searched: simplified characters, and no emoji beside words."""
    return without_emoji(simplify(text))


def canonical(text: str) -> str:
    """One form for what people write alike: widths and case folded, characters simplified, emoji gone or as signs."""
    text = fold(replace_emoji(_PICTURE.sub(PICTURE, plain(text[:MAX_CHARS])), EMOJI))
    return _REPEATED.sub(r"\1\1\1", _SPACES.sub(" ", text.lower())).strip()


def ngrams(text: str) -> list[str]:
    """Every n-gram of a canonical text in the order of its `hashes`; for explanations."""
    padded = f" {text} "
    return [padded[i : i + n] for n in NGRAMS for i in range(len(padded) - n + 1)]


def hashes(text: str) -> UInt64Array:
    """The hashes of all n-grams of a canonical text, repeated as often as they occur."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    rolling, parts = np.zeros(len(codes), np.uint64), []
    for n in range(1, NGRAMS[-1] + 1):
        rolling = _mix(rolling[: len(codes) - n + 1] * np.uint64(0x9E3779B97F4A7C15) + codes[n - 1 :] + np.uint64(1))
        parts.append(rolling)
    return np.concatenate(parts)


def _mix(x: UInt64Array) -> UInt64Array:
    """The finaliser of splitmix64 (Steele et al. 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """TF-IDF with sublinear counts and unit rows. ``known``: sorted hashes, ``idf``: their weights, both (dim,)."""

    known: UInt64Array
    idf: FloatArray

    @classmethod
    def fit(cls, per_text: Sequence[UInt64Array]) -> FeatureSpace:
        """The space of all features of some texts, each given as its hashes (see `hashes`)."""
        known, counts = np.unique(np.concatenate([np.unique(one) for one in per_text]), return_counts=True)
        idf = np.log((1 + len(per_text)) / (1 + counts)) + 1
        return cls(known, idf.astype(np.float32))

    def row(self, features: UInt64Array) -> tuple[NDArray[np.int64], FloatArray]:
        """Columns and values of one text's features; empty where it shares nothing with the space."""
        found, counts = np.unique(features, return_counts=True)
        if not len(self.known):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        at = np.minimum(np.searchsorted(self.known, found), len(self.known) - 1)
        hit = self.known[at] == found
        columns = at[hit]
        values = (1 + np.log(counts[hit])) * self.idf[columns]
        norm = np.linalg.norm(values)
        return columns, (values / norm if norm else values).astype(np.float32)

    def matrix(self, per_text: Sequence[UInt64Array]) -> csr_matrix:
        """The rows of some texts, shape (len(per_text), dim)."""
        from scipy.sparse import csr_matrix

        rows = [self.row(features) for features in per_text]
        starts = np.concatenate(([0], np.cumsum([len(columns) for columns, _ in rows])))
        columns = np.concatenate([c for c, _ in rows]) if rows else np.zeros(0, np.int64)
        values = np.concatenate([v for _, v in rows]) if rows else np.zeros(0, np.float32)
        return csr_matrix((values, columns, starts), shape=(len(rows), len(self.known)))
