"""Vectors that need no computing: those of passages that an earlier version has, and of a build that was cut off.

It knows texts, their hashes and a file of its own, neither documents nor versions.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.base import FloatArray
from rag.embedder import LEXICAL_ID
from rag.protocols import Embedder, PassageEmbedder

KeyArray = NDArray[np.uint64]

_log = logging.getLogger(__name__)
_FORMAT = 1
_BATCH = 256  # texts per step of embedding: progress and cancelling come in between
_NO_KEYS = np.zeros((0, 2), np.uint64)


def text_keys(texts: Iterable[str]) -> KeyArray:
    """A 128-bit hash of each text, shape (n, 2); the same on every machine."""
    digests = (blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64).reshape(-1, 2)


def find(wanted: KeyArray, known: KeyArray) -> NDArray[np.int64]:
    """For each wanted key a row of ``known`` that has it, or -1."""
    if not len(known):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(known[:, 0], kind="stable")
    at = np.searchsorted(known[order, 0], wanted[:, 0])
    rows = order[np.minimum(at, len(order) - 1)]
    # Two texts with the same first half of their hash do not occur; if they did, one would be embedded once more.
    return np.where((known[rows] == wanted).all(axis=1), rows, -1).astype(np.int64)


def distinct(keys: KeyArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that hold each key once, in the order in which they come, and for every row which of those it equals."""
    _, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return first[order].astype(np.int64), place[which.reshape(-1)]


class VectorLog:
    """Vectors on disk until their version is published, so that a build that is killed goes on from them.

    Records are appended and synced batch by batch; each has a checksum, and what a kill tore is cut off. Only one
    build at a time may have it. Where it cannot be written, the build goes on without it.
    """

    def __init__(self, path: Path, embedder_id: str, dim: int) -> None:
        self._path = path
        self._head = json.dumps({"format": _FORMAT, "embedder": embedder_id, "dim": dim}).encode() + b"\n"
        self._record = np.dtype([("key", "<u8", (2,)), ("vector", "<f4", (dim,)), ("crc", "<u4")])
        self._usable = True
        self._records = self._read()

    @property
    def keys(self) -> KeyArray:
        """The hashes of the texts that an earlier build had embedded: shape (n, 2)."""
        return np.asarray(self._records["key"], np.uint64) if len(self._records) else _NO_KEYS

    def vectors(self, rows: NDArray[np.int64]) -> FloatArray:
        """Their vectors, shape (len(rows), dim)."""
        return np.asarray(self._records["vector"][rows], np.float32)

    def append(self, keys: KeyArray, vectors: FloatArray) -> None:
        """Keep a batch; it is on the disk when this returns."""
        records = np.zeros(len(keys), self._record)
        records["key"], records["vector"] = keys, vectors
        records["crc"] = [_checksum(record) for record in records]
        if not self._usable:
            return
        try:
            with self._path.open("ab") as file:
                if not file.tell():
                    file.write(self._head)
                file.write(records.tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._usable = False
            _log.warning("what is embedded cannot be kept for a build that is cut off (%s): %s", self._path, error)

    def _read(self) -> NDArray[Any]:
        nothing = np.zeros(0, self._record)
        try:
            with self._path.open("rb") as file:
                ours = file.readline(len(self._head)) == self._head
            count = (self._path.stat().st_size - len(self._head)) // self._record.itemsize
            if not ours or count < 1:
                self._path.unlink()
                return nothing
            records = np.memmap(self._path, self._record, "r", len(self._head), (count,))
            whole = next((row for row in range(count) if records[row]["crc"] != _checksum(records[row])), count)
            os.truncate(self._path, len(self._head) + whole * self._record.itemsize)
        except FileNotFoundError:
            return nothing
        except OSError as error:
            self._usable = False
            _log.warning("what an earlier build had embedded cannot be read (%s): %s", self._path, error)
            return nothing
        return records[:whole]


def _checksum(record: Any) -> int:
    return zlib.crc32(record.tobytes()[:-4])


class VectorSource:
    """Where the vectors come from that no version has: what an interrupted build left, else the embedder."""

    def __init__(self, embedder: Embedder, path: Path) -> None:
        """``path``: where finished batches are kept; not for what is computed as fast as it is written."""
        self._embedder = embedder
        self._path = path
        self._keeps = not embedder.id.startswith(LEXICAL_ID)
        self.id = embedder.id

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return self._embedder.dim

    def fill(
        self,
        vectors: FloatArray,
        rows: NDArray[np.int64],
        texts: Sequence[str],
        keys: KeyArray,
        step: Callable[[int, int], None],
    ) -> int:
        """Put the vectors of distinct texts into ``rows`` of ``vectors``; how many of them were embedded now.

        ``step`` hears of each batch.
        """
        log = VectorLog(self._path, self.id, self.dim) if self._keeps else None
        at = find(keys, log.keys if log is not None else _NO_KEYS)
        if log is not None:
            vectors[rows[at >= 0]] = log.vectors(at[at >= 0])
        embed, size = self._embedder.embed, int(getattr(self._embedder, "step_texts", _BATCH))
        if isinstance(self._embedder, PassageEmbedder):
            embed = self._embedder.embed_passages
        missing = np.flatnonzero(at < 0)
        for start in range(0, len(missing), size):
            step(start, len(missing))
            batch = missing[start : start + size]
            made = embed([texts[n] for n in batch])
            vectors[rows[batch]] = made
            if log is not None:
                log.append(keys[batch], made)
        return len(missing)

    def done(self) -> None:
        """All of it stands in a version now."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
