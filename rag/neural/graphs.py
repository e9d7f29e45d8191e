"""One short text at a time as a replayed CUDA graph: the launches of a dozen layers cost more than their work.

Knows token ids; each bucket of lengths has a graph, captured when it is first needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rag.neural.packing import Packed
from rag.neural.types import IdArray

BUCKETS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)


@dataclass(frozen=True, slots=True)
class _Captured:
    """``staged`` is pinned, ``inputs`` what the graph reads, ``output`` what it writes and ``result`` its pinned copy.

    Inputs are the ids and positions of a whole bucket and three bounds: the text, then the rest as a text of its own.
    """

    graph: Any
    staged: torch.Tensor
    inputs: torch.Tensor
    output: torch.Tensor
    result: torch.Tensor


class QueryGraphs:
    """Thread-safe. Replays on a stream of its own that overtakes batches and answers; ``lock`` guards ``run``."""

    def __init__(
        self, run: Callable[[Packed], torch.Tensor], first: int, device: torch.device, lock: threading.Lock
    ) -> None:
        self._run = run
        self._first = first
        self._device = device
        self._running = lock
        self._lock = threading.Lock()
        self._stream = torch.cuda.Stream(device, priority=-1)  # the lower number goes first
        self._captured: dict[int, _Captured] = {}

    def takes(self, ids: IdArray) -> bool:
        """Whether the text is short enough."""
        return 0 < len(ids) <= BUCKETS[-1]

    def __call__(self, ids: IdArray) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The vector of one text, shape (dim,)."""
        with self._lock, torch.cuda.stream(self._stream):
            return self._replay(ids)

    def _replay(self, ids: IdArray) -> np.ndarray[Any, np.dtype[np.float32]]:
        size = next(bucket for bucket in BUCKETS if bucket >= len(ids))
        captured = self._captured.get(size)
        if captured is None:
            with self._running:
                captured = self._captured[size] = self._capture(size)
        staged = captured.staged.numpy()
        staged[: len(ids)] = ids
        staged[2 * size :] = (0, len(ids), size)
        captured.inputs.copy_(captured.staged, non_blocking=True)
        captured.graph.replay()
        captured.result.copy_(captured.output, non_blocking=True)
        self._stream.synchronize()
        return captured.result.numpy()[0].copy()

    def _capture(self, size: int) -> _Captured:
        staged = torch.zeros(2 * size + 3, dtype=torch.int32).pin_memory()
        staged[size : 2 * size] = torch.arange(size, dtype=torch.int32) + self._first
        staged[2 * size :] = torch.tensor([0, size, size], dtype=torch.int32)
        inputs = staged.to(self._device)
        for _ in range(2):  # libraries choose their kernels and take their workspace before the capture
            self._vector(inputs, size)
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        # Other threads may allocate meanwhile: only this one is held to what a capture allows.
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            output = self._vector(inputs, size)
        return _Captured(graph, staged, inputs, output, torch.empty(output.shape).pin_memory())

    def _vector(self, inputs: torch.Tensor, size: int) -> torch.Tensor:
        ids, positions, bounds = inputs.split([size, size, 3])
        return self._run(Packed(ids[None].long(), positions[None].long(), bounds, size))[:1]
