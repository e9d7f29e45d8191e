"""Batches by tokens: sorted by length, filled up to a number of padded tokens, halved when memory runs out.

It knows lengths and row numbers only, so the embedder and the reranker share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from rag.base import ModelError
from rag.neural.types import IntArray

_FULL_ROOM = 0.5  # after running out of memory, later batches are this much smaller than the one that did not fit


def plan(lengths: Sequence[int], max_tokens: int, max_rows: int = 4096) -> list[IntArray]:
    """Rows by batch, longest first: rows times the longest stays within ``max_tokens``; each batch has a row at least.

    Longest first, because then the first batch shows whether memory suffices.
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    batches: list[IntArray] = []
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        end = start + min(max_rows, max(1, max_tokens // longest))
        batches.append(order[start:end])
        start = end
    return batches


class Batcher:
    """Runs batches, and remembers the number of tokens that this device had memory for."""

    def __init__(self, max_tokens: int, name: str) -> None:
        self.max_tokens = max_tokens
        self._name = name

    def run(self, lengths: Sequence[int], step: Callable[[IntArray], None]) -> None:
        """Call ``step`` with the rows of each batch; a batch that runs out of memory is done again in halves.

        Raises:
            ModelError: a single row does not fit.
        """
        waiting = plan(lengths, self.max_tokens)[::-1]
        while waiting:
            rows = waiting.pop()
            tokens = len(rows) * max(1, int(lengths[rows[0]]))
            if tokens > self.max_tokens and len(rows) > 1:
                waiting += _halves(rows)
                continue
            try:
                step(rows)
            except (torch.OutOfMemoryError, MemoryError) as error:
                if len(rows) == 1:
                    raise ModelError(
                        f"{self._name}: no memory for one text of {tokens} tokens; lower max_tokens, "
                        "free the GPU, or write device = cpu"
                    ) from error
                self.max_tokens = max(1, int(tokens * _FULL_ROOM))
                waiting += _halves(rows)
                retry = True
            else:
                retry = False
            if retry and torch.cuda.is_available():  # outside the handler: the traceback no longer holds the tensors
                torch.cuda.empty_cache()


def _halves(rows: IntArray) -> list[IntArray]:
    middle = (len(rows) + 1) // 2
    return [rows[middle:], rows[:middle]]  # the last one is taken first
