"""Exact search by a matrix product and topk through torch, on a GPU where there is one. Knows rows, no texts."""

from __future__ import annotations

import threading

import numpy as np
import torch

from rag.base import FloatArray, ModelError
from rag.neural.device import pick_device, translated
from rag.neural.types import IntArray

_PART_ROWS = 262_144  # copied at a time: a memory map is not read as a whole


class TorchIndex:
    """On a GPU it finds candidates in half precision and ranks them in float32. Thread-safe: searches take turns.

    Raises:
        ModelError: the device has no room for the vectors.
    """

    def __init__(self, vectors: FloatArray, device: str = "auto") -> None:
        self._vectors = vectors
        self._device = pick_device(device)
        self._lock = threading.Lock()
        self._half = self._device.type == "cuda"
        try:
            self._rows = torch.empty(
                vectors.shape, dtype=torch.float16 if self._half else torch.float32, device=self._device
            )
            for start in range(0, len(vectors), _PART_ROWS):
                part = np.array(vectors[start : start + _PART_ROWS], np.float32)
                self._rows[start : start + _PART_ROWS] = torch.from_numpy(part).to(self._device)
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"the GPU has no room for {len(vectors):,} vectors: free it, or search on the CPU"
            ) from error

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vector: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `rag.index.VectorIndex.search`."""
        from rag.index import best

        # Half precision may swap neighbours, and topk settles ties as it likes: a margin, then the exact scores.
        wanted = min(2 * k + 16, len(self)) if k > 0 else 0
        if wanted < 1:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        with self._lock, torch.inference_mode(), translated("the vectors on the GPU"):
            query = torch.from_numpy(np.array(vector, np.float32)).to(self._device, self._rows.dtype)
            rows = np.sort((self._rows @ query).topk(wanted).indices.cpu().numpy())
        scores = self.cosines(vector, rows)
        order = best(scores, k)
        return rows[order], scores[order]

    def cosines(self, vector: FloatArray, rows: IntArray) -> FloatArray:
        """See `rag.index.VectorIndex.cosines`."""
        return np.asarray(self._vectors[rows] @ vector, np.float32)
