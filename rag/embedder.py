"""The embedded default embedder: hashed character n-grams and words, without a model, a corpus or a state.

It knows nothing of passages, stores or gates. Feature hashing after Weinberger et al. 2009
(https://arxiv.org/abs/0902.2206): every feature adds its weight, with a hashed sign, to one hashed dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.tokens import COMMON_HAN, COMMON_WORDS, QUESTION_HAN, fold

DIM = 1024
MAX_CHARS = 20_000  # of one text: bounds time and memory; passages and questions are far shorter
_BATCH_CHARS = 120_000  # per vectorised step: keeps the working set within the processor's cache
_BATCH_TEXTS = 1024

LEXICAL_ID = "lexical-v1-"  # and the number of dimensions; change it whenever the vectors change

UInt64Array = NDArray[np.uint64]

_SPACE, _LATIN, _HAN = 0, 1, 2
_PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
_HAN_WEIGHT = {1: 0.8, 2: 1.0, 3: 0.4}
_LATIN_WEIGHT = {3: 0.35, 4: 0.5}
_WORD_WEIGHT = 1.5
_COMMON_FACTOR = 0.2
_QUESTION_FACTOR = 0.05


class LexicalEmbedder:
    """Unit vectors of hashed features; the same text gives the same vector in every process and on every platform."""

    def __init__(self, dim: int = DIM) -> None:
        self.dim = dim
        self.id = f"{LEXICAL_ID}{dim}"

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Embed n texts: shape (n, dim), unit rows; a text without letters or digits gives a zero row."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start, batch in _batches(texts):
            _embed_batch(batch, vectors[start : start + len(batch)])
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    start, chars, batch = 0, 0, list[str]()
    for text in texts:
        cut = fold(text[:MAX_CHARS]).lower()
        batch.append(cut)
        chars += len(cut)
        if chars >= _BATCH_CHARS or len(batch) >= _BATCH_TEXTS:
            yield start, batch
            start, chars, batch = start + len(batch), 0, []
    if batch:
        yield start, batch


def _embed_batch(texts: list[str], out: FloatArray) -> None:
    """Write the vectors of ``texts`` into ``out``, shape (len(texts), dim)."""
    # A space behind each text keeps n-grams from crossing into the next one; lone surrogates are just odd characters.
    codes = np.frombuffer(" ".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), [len(text) + 1 for text in texts])
    hashes, weights, positions = _features(codes)
    # One sort counts every feature of every text: the text's number stands in the low bits of the key.
    keys = (hashes & ~np.uint64(0xFFFF)) | owners[positions]
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)
    counts = np.diff(np.append(first, len(keys)))
    values = weights[order[first]] * (1.0 + np.log(counts))
    features, dim = keys[first], out.shape[1]
    values = np.where(features >> np.uint64(63), values, -values)
    cells = (features & np.uint64(0xFFFF)) * np.uint64(dim) + (features >> np.uint64(20)) % np.uint64(dim)
    out[:] = np.bincount(cells.astype(np.int64), values, out.size).reshape(out.shape)
    norms = np.linalg.norm(out, axis=1, keepdims=True)
    np.divide(out, norms, out=out, where=norms > 0)


def _features(codes: NDArray[np.uint32]) -> tuple[UInt64Array, NDArray[np.float64], NDArray[np.int64]]:
    """Hash, weight and start of every feature: n-grams that hold a Han character, Latin n-grams, and Latin words."""
    kinds = _kinds()[np.minimum(codes, 0x2FFFF)]
    wide = codes.astype(np.uint64)
    factors = _factors()[np.minimum(codes, 0xFFFF)]
    parts = [_words(wide, kinds)]
    filled, han = kinds != _SPACE, kinds == _HAN
    hashes, common = _mix(wide * _PRIMES[0]), factors
    for n in range(1, 5):
        if n > 1:
            if len(codes) < n:
                break
            hashes = _mix(hashes[:-1] * _PRIMES[1] + wide[n - 1 :] * _PRIMES[0])
            filled, han = filled[:-1] & (kinds[n - 1 :] != _SPACE), han[:-1] | (kinds[n - 1 :] == _HAN)
            common = common[:-1] * factors[n - 1 :]
        for chosen, weight in ((filled & han, _HAN_WEIGHT.get(n)), (filled & ~han, _LATIN_WEIGHT.get(n))):
            if weight:
                at = np.flatnonzero(chosen)
                parts.append((hashes[at], weight * common[at] ** (1.0 / n), at))
    hashes_all, weights_all, positions = zip(*parts, strict=True)
    return np.concatenate(hashes_all), np.concatenate(weights_all), np.concatenate(positions)


def _words(wide: UInt64Array, kinds: NDArray[np.uint8]) -> tuple[UInt64Array, NDArray[np.float64], NDArray[np.int64]]:
    hashes, starts = _word_hashes(wide, kinds)
    common_hashes = _common_word_hashes()
    nearest = common_hashes[np.searchsorted(common_hashes, hashes) % len(common_hashes)]
    return hashes, np.where(nearest == hashes, _WORD_WEIGHT * _COMMON_FACTOR, _WORD_WEIGHT), starts


def _word_hashes(wide: UInt64Array, kinds: NDArray[np.uint8]) -> tuple[UInt64Array, NDArray[np.int64]]:
    """A hash of every run of Latin letters and digits, and where it starts."""
    latin = kinds == _LATIN
    at = np.flatnonzero(latin)
    if not len(at):
        return np.zeros(0, np.uint64), at
    begins = np.flatnonzero(np.concatenate(([True], at[1:] != at[:-1] + 1)))
    starts = at[begins]
    offsets = at - np.repeat(starts, np.diff(np.append(begins, len(at))))
    letters = _mix(wide[at] * _PRIMES[2] + offsets.astype(np.uint64) * _PRIMES[3])
    return _mix(np.add.reduceat(letters, begins)), starts


def _mix(x: UInt64Array) -> UInt64Array:
    """The finaliser of splitmix64 (Steele et al. 2014) spreads every bit; integers wrap alike everywhere."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point counts as. Fixed ranges, not Python's Unicode tables, which change with its version."""
    kinds = np.full(0x30000, _LATIN, np.uint8)
    ascii_alnum = [c for c in range(128) if chr(c).isalnum()]
    kinds[:0xC0] = _SPACE
    kinds[ascii_alnum] = _LATIN
    for low, high in (
        (0xD7, 0xD7),
        (0xF7, 0xF7),
        (0x2000, 0x2BFF),
        (0x3000, 0x3040),
        (0xD800, 0xF8FF),
        (0xFE00, 0xFFFF),
    ):
        kinds[low : high + 1] = _SPACE
    for low, high in ((0x3005, 0x3007), (0x3041, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF)):
        kinds[low : high + 1] = _HAN
    for low, high in ((0xF900, 0xFAFF), (0x1F000, 0x1FAFF), (0x20000, 0x2FFFF)):  # emoji too: one sign says something
        kinds[low : high + 1] = _HAN
    return kinds


@cache
def _factors() -> NDArray[np.float64]:
    factors = np.ones(0x10000)
    factors[[ord(char) for char in COMMON_HAN]] = _COMMON_FACTOR
    factors[[ord(char) for char in QUESTION_HAN]] = _QUESTION_FACTOR
    return factors


@cache
def _common_word_hashes() -> UInt64Array:
    codes = np.frombuffer(COMMON_WORDS.encode("utf-32-le"), np.uint32)
    return np.sort(_word_hashes(codes.astype(np.uint64), _kinds()[codes])[0])
