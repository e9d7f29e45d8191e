"""Keeps trained gates, in memory and on disk, so that none is trained twice. Knows no groups and no training.

A gate follows from versions and examples. Until one is trained for a new version, that of the version before can stand
in: it weighs the same evidence, and a saved file need not wait for a training.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from loguru import logger

from rag.base import RagError
from rag.gate import LabelledExample, RelevanceGate
from rag.gate.storage import gate_key, load_gate, save_gate
from rag.protocols import Embedder

SPARE_GATES = 8


class Gates:
    """Not thread-safe: one thread makes views at a time."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._folder = folder
        self._embedder = embedder
        self._kept: dict[str, RelevanceGate] = {}
        self._of_before: dict[str, RelevanceGate] = {}  # by bases and examples, whatever their versions
        self._used: set[str] = set()  # those of the latest snapshot
        self._lenient = False
        self.lent = False

    def begin(self, *, lenient: bool) -> None:
        """A new snapshot is made. ``lenient``: a gate of the version before will do; ``lent`` tells whether one did."""
        self._used.clear()
        self._lenient, self.lent = lenient, False

    def get(
        self,
        bases: Sequence[str],
        versions: Sequence[str],
        examples: Sequence[LabelledExample],
        train: Callable[[], tuple[RelevanceGate, bool]],
        reranker: str = "",
    ) -> RelevanceGate:
        """The gate of these versions and examples: kept, or trained now. ``train`` says whether to write it to disk.

        ``reranker``: what scored the passages.
        """
        names = [f"{base}/{version}" for base, version in zip(bases, versions, strict=True)]
        key = gate_key(names, examples, self._embedder, reranker)
        like = gate_key(bases, examples, self._embedder, reranker)
        self._used.add(key)
        if key not in self._kept:
            folder = self._folder / key
            gate = self._read(folder)
            if gate is None and self._lenient and like in self._of_before:
                self.lent = True
                return self._of_before[like]
            self._kept[key] = gate or self._trained(folder, train)
        self._of_before[like] = self._kept[key]
        return self._kept[key]

    def tidy(self, views: int) -> None:
        """Forget what has not been used for long, and delete old gates from the disk.

        Those in use are kept, and a few more, for whoever undoes an example.
        """
        for gates in (self._kept, self._of_before):
            if len(gates) > 4 * (views + 1):
                gates.clear()
        try:
            folders = [folder for folder in self._folder.iterdir() if folder.name not in self._used]
            folders.sort(key=lambda folder: folder.stat().st_mtime)
        except OSError:  # another process is clearing away, or there is nothing yet
            return
        for folder in folders[:-SPARE_GATES]:
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, folder: Path) -> RelevanceGate | None:
        """The gate that an earlier process trained on the same things."""
        if not folder.is_dir():
            return None
        try:
            return load_gate(folder, self._embedder)
        except RagError as error:
            logger.warning("{}", error)
            return None

    @staticmethod
    def _trained(folder: Path, train: Callable[[], tuple[RelevanceGate, bool]]) -> RelevanceGate:
        gate, whole = train()
        try:
            if whole:
                save_gate(gate, folder)
        except RagError as error:  # it works without being kept
            logger.warning("{}", error)
        return gate
